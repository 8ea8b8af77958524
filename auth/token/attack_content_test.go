package token_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/token"
)

// In this half of the table the signature is right. What it signs is not.

func (t *attackTable) signed(name, payload string, want error) {
	t.add(name, forge(head("HS256", "hs"), payload, hs(t.h.secret)), want)
}

func (t *attackTable) changed(name string, want error, changes map[string]any) {
	t.signed(name, payload(changes), want)
}

// replaced puts a raw JSON value in the place of a claim.
func (t *attackTable) replaced(claim, value string, want error) {
	t.signed(fmt.Sprintf("%s %.20s", claim, value), with(payload(map[string]any{claim: nil}), fmt.Sprintf("%q:%s", claim, value)), want)
}

func (t *attackTable) times() {
	now := time.Now().Unix()
	t.changed("expired", token.ErrExpired, map[string]any{"exp": now - 3600, "iat": now - 7200, "nbf": now - 7200})
	t.changed("expired a second beyond the leeway", token.ErrExpired, map[string]any{"exp": now - 31})
	t.changed("not yet valid", token.ErrNotYetValid, map[string]any{"nbf": now + 900})
	t.changed("issued in the future", token.ErrNotYetValid, map[string]any{"iat": now + 900})
	t.changed("never expires", token.ErrClaims, map[string]any{"exp": nil})
	t.changed("expires in a year", token.ErrLifetime, map[string]any{"exp": now + 365*86400})
	t.changed("expires in milliseconds", token.ErrClaims, map[string]any{"exp": (now + 3600) * 1000})
	t.changed("lives too long", token.ErrLifetime, map[string]any{"iat": now - 48*3600})
	for _, claim := range []string{"exp", "nbf", "iat"} {
		for _, value := range []string{
			`null`, `"9999999999"`, `true`, `[1]`, `{}`, `-1`, `0`, `1e400`, `9223372036854775808`, `""`, `"never"`, `1e300`, `-0.0`,
		} {
			t.replaced(claim, value, token.ErrClaims)
		}
	}
}

func (t *attackTable) mistypedClaims() {
	for _, claim := range []string{"tenant_id", "user_id", "role", "jti", "iss", "sub"} {
		for _, value := range []string{
			`null`, `1`, `true`, `["a"]`, `{"a":"b"}`, `""`, `"a\u0000b"`, `"a\nb"`, `"` + strings.Repeat("x", 257) + `"`,
		} {
			t.replaced(claim, value, token.ErrClaims)
		}
	}
	for _, claim := range []string{"tenant_id", "user_id", "role"} {
		t.changed("without "+claim, token.ErrClaims, map[string]any{claim: nil})
	}
}

func (t *attackTable) duplicates() {
	for _, claim := range []string{"tenant_id", "user_id", "role"} {
		capitals := fmt.Sprintf(`%q:"x"`, strings.ToUpper(claim))
		t.signed(claim+" twice", with(t.good, fmt.Sprintf(`%q:"x"`, claim)), token.ErrMalformed)
		t.signed(claim+" twice, once in capitals", with(t.good, capitals), token.ErrMalformed)
		t.signed(claim+" only in capitals", with(payload(map[string]any{claim: nil}), capitals), token.ErrClaims)
		t.signed(claim+" twice, once escaped", with(t.good, fmt.Sprintf(`"\u00%x%s":"x"`, claim[0], claim[1:])), token.ErrMalformed)
	}
	t.signed("exp twice", with(t.good, `"exp":99999999999`), token.ErrMalformed)
	t.signed("aud twice", with(t.good, `"aud":"other"`), token.ErrMalformed)
	header := head("HS256", "hs")
	for _, member := range []string{`"alg":"none"`, `"Alg":"none"`, `"kid":"rs"`, `"\u006bid":"rs"`} {
		t.add("header twice "+member, forge(with(header, member), t.good, hs(t.h.secret)), token.ErrMalformed)
	}
}

func (t *attackTable) issuersAndAudiences() {
	t.changed("other issuer", token.ErrIssuer, map[string]any{"iss": "https://evil.test"})
	t.changed("issuer with a slash more", token.ErrIssuer, map[string]any{"iss": issuerA + "/"})
	t.changed("no issuer", token.ErrIssuer, map[string]any{"iss": nil})
	t.changed("other audience", token.ErrAudience, map[string]any{"aud": "other"})
	t.changed("no audience", token.ErrAudience, map[string]any{"aud": nil})
	t.changed("other audiences", token.ErrAudience, map[string]any{"aud": []string{"other", ours + "x"}})
	t.changed("no audience in the array", token.ErrAudience, map[string]any{"aud": []string{}})
	t.changed("audience a number", token.ErrClaims, map[string]any{"aud": 7})
	t.changed("audience an object", token.ErrClaims, map[string]any{"aud": map[string]string{ours: ours}})
	t.changed("audience with a number", token.ErrClaims, map[string]any{"aud": []any{ours, 7}})
	t.changed("revoked", token.ErrRevoked, map[string]any{"jti": "revoked"})
	t.changed("revocation list down", token.ErrUnavailable, map[string]any{"jti": "down"})
	t.changed("bound to a key", token.ErrType, map[string]any{"cnf": map[string]string{"jkt": "x"}})
}

func (t *attackTable) brokenPayloads() {
	for name, text := range map[string]string{
		"array": `[]`, "string": `"x"`, "number": `1`, "null": `null`, "empty": ``, "two": t.good + t.good, "single quotes": `{'role':'admin'}`,
		"comment": t.good + "//", "trailing comma": t.good[:len(t.good)-1] + ",}", "cut": t.good[:len(t.good)-1],
		"byte order mark": "\ufeff" + t.good, "broken UTF-8": with(t.good, "\"x\":\"\xff\""), "bare word": with(t.good, `"x":NaN`),
		"65 members": with(t.good, members(60)), "too deep": with(t.good, `"x":`+strings.Repeat("[", 3000)),
	} {
		t.signed("payload "+name, text, token.ErrMalformed)
	}
	t.signed("payload empty object", `{}`, token.ErrClaims)
}

func (t *attackTable) headers() {
	header := head("HS256", "hs")
	for name, text := range map[string]string{
		"array": `["HS256"]`, "string": `"HS256"`, "null": `null`, "broken": `{"alg":"HS256"`, "trailing": `{"alg":"HS256"}x`,
		"65 members": with(header, members(62)), "deep": with(header, `"x":`+strings.Repeat(`{"x":`, 500)),
	} {
		t.add("header "+name, forge(text, t.good, hs(t.h.secret)), token.ErrMalformed)
	}
	for _, typ := range []string{"JWE", "dpop+jwt", "logout+jwt", "secevent+jwt", "text/plain", "application/json"} {
		t.add("typ "+typ, forge(fmt.Sprintf(`{"alg":"HS256","kid":"hs","typ":%q}`, typ), t.good, hs(t.h.secret)), token.ErrType)
	}
	t.add("typ a number", forge(`{"alg":"HS256","kid":"hs","typ":1}`, t.good, hs(t.h.secret)), token.ErrClaims)
	for _, member := range []string{`"cty":"JWT"`, `"zip":"DEF"`, `"enc":"A128GCM"`} {
		t.add("header "+member, forge(with(header, member), t.good, hs(t.h.secret)), token.ErrType)
	}
}

// critical: extensions of which the verifier under attack knows one, "known",
// and only the value 1 of it.
func (t *attackTable) critical() {
	header := head("HS256", "hs")
	for name, crit := range map[string]string{
		"unknown": `["urn:x"],"urn:x":1`, "b64": `["b64"],"b64":false`, "empty": `[]`, "alg": `["alg"]`, "exp": `["exp"],"exp":1`,
		"absent": `["known"]`, "twice": `["known","known"],"known":1`, "one unknown of two": `["known","urn:x"],"known":1,"urn:x":1`,
		"refused by its extension": `["known"],"known":2`,
	} {
		t.add("crit "+name, forge(with(header, `"crit":`+crit), t.good, hs(t.h.secret)), token.ErrCritical)
	}
	for _, crit := range []string{`"exp"`, `null`, `1`, `{}`, `[1]`, `[null]`, `[""]`} {
		t.add("crit "+crit, forge(with(header, `"crit":`+crit), t.good, hs(t.h.secret)), token.ErrClaims)
	}
}

// spellings of a good token, and parts of one.
func (t *attackTable) spellings() {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	sign := hs(t.h.secret)
	valid := forge(head("HS256", "hs"), t.good, sign)
	part := strings.Split(valid, ".")
	signedParts := func(header, payload string) string {
		return header + "." + payload + "." + b64(sign(header+"."+payload))
	}
	cut := len(valid) - 1
	otherBits := valid[:cut] + string(alphabet[strings.IndexByte(alphabet, valid[cut])|1]) // decodes alike, if one is not strict
	for name, raw := range map[string]string{
		"nothing": "", "one dot": ".", "two dots": "..", "three dots": "...",
		"one part": part[0], "two parts": part[0] + "." + part[1], "four parts": valid + ".x", "five parts": part[0] + ".a.b.c.d",
		"ends in a dot": valid + ".", "begins with a dot": "." + valid,
		"no signature": part[0] + "." + part[1] + ".", "no header": "." + part[1] + "." + part[2], "no payload": signedParts(part[0], ""),
		"padded header": part[0] + "==." + part[1] + "." + part[2], "padded signature": valid + "=", "padded payload": signedParts(part[0], part[1]+"="),
		"standard base64":       signedParts(base64.StdEncoding.EncodeToString([]byte(`{"alg":"HS256","kid":"hs","x":"~~~???"}`)), part[1]),
		"other bits at the end": otherBits, "line break in the signature": valid[:cut-4] + "\n" + valid[cut-4:], "line break at the end": valid + "\r\n",
		"line break in the header": "\n" + valid, "line break in the payload": signedParts(part[0], part[1][:8]+"\r\n"+part[1][8:]),
		"space before": " " + valid, "space after": valid + " ", "tab": valid + "\t", "zero byte": valid + "\x00",
		"Bearer before": "Bearer " + valid, "quoted": `"` + valid + `"`, "list": valid + "," + valid, "not base64": "!!!.???.###",
		"full-width dots": strings.ReplaceAll(valid, ".", "．"), "percent": strings.ReplaceAll(valid, ".", "%2E"),
		"JSON serialisation":      fmt.Sprintf(`{"payload":%q,"signatures":[{"protected":%q,"signature":%q}]}`, part[1], part[0], part[2]),
		"flattened serialisation": fmt.Sprintf(`{"payload":%q,"protected":%q,"signature":%q}`, part[1], part[0], part[2]),
	} {
		t.add(name, raw, token.ErrMalformed)
	}
}

func (t *attackTable) giants() {
	valid := forge(head("HS256", "hs"), t.good, hs(t.h.secret))
	t.add("8 KiB and one byte", valid+strings.Repeat("A", 8<<10+1-len(valid)), token.ErrTooLarge)
	t.add("16 MiB of dots", strings.Repeat(".", 16<<20), token.ErrTooLarge)
	t.add("16 MiB of header", strings.Repeat("A", 16<<20)+".e30.AA", token.ErrTooLarge)
	t.add("signed and large", forge(head("HS256", "hs"), with(t.good, `"x":"`+strings.Repeat("x", 8<<10)+`"`), hs(t.h.secret)), token.ErrTooLarge)
	t.add("8 KiB of dots", strings.Repeat(".", 8<<10), token.ErrMalformed)
	t.add("8 KiB of open brackets", b64([]byte(strings.Repeat("[", 6000)))+".e30.AA", token.ErrMalformed)
}

// members returns n members for a JSON object.
func members(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`"m%d":%d`, i, i))
	}
	return strings.Join(all, ",")
}
