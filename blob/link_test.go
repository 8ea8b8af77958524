package blob_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

var (
	linkTime  = time.Unix(1_800_000_000, 0)
	linkKeyA  = blob.LinkKey{ID: "a", Secret: []byte("0123456789abcdef0123456789abcdef")}
	linkKeyB  = blob.LinkKey{ID: "b", Secret: []byte("another secret of thirty-two bytes")}
	wholeLink = blob.Link{
		Method: "GET", Key: "attachments/acme/m 1/Résumé+final?.pdf", Expires: linkTime.Add(time.Hour),
		Disposition: "attachment", Filename: "Résumé & more=100%.pdf", Subject: "7f3c0a52-1b6e-8d11-9c3a-0123456789ab",
	}
)

// linkSigner returns a signer whose clock stands at *now.
func linkSigner(tb testing.TB, now *time.Time, keys ...blob.LinkKey) *blob.LinkSigner {
	tb.Helper()
	if len(keys) == 0 {
		keys = []blob.LinkKey{linkKeyA}
	}
	s, err := blob.NewLinkSigner(keys, &blob.LinkSignerOptions{Now: func() time.Time { return *now }})
	require.NoError(tb, err)
	return s
}

func TestLinkRoundTrip(t *testing.T) {
	now := linkTime
	s := linkSigner(t, &now)
	for name, l := range map[string]blob.Link{
		"everything": wholeLink,
		"least":      {Method: "PUT", Key: "k", Expires: linkTime.Add(time.Hour)},
		"longest": {
			Method: "PROPPATCH", Key: strings.Repeat("k", 255), Expires: linkTime.Add(time.Hour),
			Disposition: "attachment", Filename: strings.Repeat("é", 127), Subject: strings.Repeat("ü", 64),
		},
	} {
		t.Run(name, func(t *testing.T) {
			query, err := s.Sign(l)
			require.NoError(t, err)
			got, err := s.Verify(l.Method, l.Key, query)
			require.NoError(t, err)
			require.Equal(t, l, got)
		})
	}
}

func TestLinkQueryIsCanonical(t *testing.T) {
	now := linkTime
	query, err := linkSigner(t, &now).Sign(wholeLink)
	require.NoError(t, err)
	// Known answer: computed apart from this code, with Python's hmac module.
	require.Equal(t, "expires=1800003600&disposition=attachment"+
		"&filename=R%C3%A9sum%C3%A9%20%26%20more%3D100%25.pdf"+
		"&id=7f3c0a52-1b6e-8d11-9c3a-0123456789ab&kid=a"+
		"&sig=RfhcjMNQDjJgR38DsHlLaquDH9yMjfyUExRRswK8qQU", query)
}

func TestLinkQuerySaysNothingOfWhatIsNotSet(t *testing.T) {
	now := linkTime
	query, err := linkSigner(t, &now).Sign(blob.Link{Method: "GET", Key: "k", Expires: linkTime.Add(time.Hour)})
	require.NoError(t, err)
	require.Regexp(t, `^expires=1800003600&kid=a&sig=[A-Za-z0-9_-]{43}$`, query)
}

func TestLinkVerifyDoesNotReadALongQuery(t *testing.T) {
	now := linkTime
	s := linkSigner(t, &now)
	long := strings.Repeat("filename=%41%42&", 1<<16)
	require.Zero(t, testing.AllocsPerRun(10, func() {
		if _, err := s.Verify("GET", "k", long); err == nil {
			t.Error("accepted")
		}
	}))
}

func TestLinkHeadUsesTheGetLink(t *testing.T) {
	now := linkTime
	s := linkSigner(t, &now)
	get, err := s.Sign(wholeLink)
	require.NoError(t, err)
	l, err := s.Verify("HEAD", wholeLink.Key, get)
	require.NoError(t, err)
	require.Equal(t, "GET", l.Method)
	for _, method := range []string{"", "get", "POST", "DELETE", "PUT", "OPTIONS", "GET "} {
		_, err = s.Verify(method, wholeLink.Key, get)
		require.ErrorIs(t, err, blob.ErrLinkInvalid, method)
	}
}

func TestLinkLifetimeEdges(t *testing.T) {
	now := linkTime.Add(300 * time.Millisecond)
	s := linkSigner(t, &now)
	const week = 7 * 24 * time.Hour
	for _, c := range []struct {
		lifetime time.Duration
		ok       bool
	}{
		{-time.Hour, false}, {0, false}, {59 * time.Second, false},
		{60*time.Second - time.Millisecond, true}, // the caller's clock was read a moment earlier
		{60 * time.Second, true}, {time.Hour, true}, {week, true},
		{week + time.Second, false}, {1 << 62, false},
	} {
		l := wholeLink
		l.Expires = now.Add(c.lifetime)
		_, err := s.Sign(l)
		if c.ok {
			require.NoError(t, err, c.lifetime)
		} else {
			require.ErrorIs(t, err, blob.ErrLinkInvalid, c.lifetime)
		}
	}
	l := wholeLink
	l.Expires = time.Time{}
	_, err := s.Sign(l)
	require.ErrorIs(t, err, blob.ErrLinkInvalid, "a link without an end")
}

func TestLinkExpires(t *testing.T) {
	now := linkTime
	s := linkSigner(t, &now)
	query, err := s.Sign(wholeLink)
	require.NoError(t, err)

	now = wholeLink.Expires.Add(-time.Nanosecond)
	_, err = s.Verify("GET", wholeLink.Key, query)
	require.NoError(t, err)

	now = wholeLink.Expires
	_, err = s.Verify("GET", wholeLink.Key, query)
	require.ErrorIs(t, err, blob.ErrLinkExpired)
	_, err = s.Verify("GET", wholeLink.Key+"x", query)
	require.ErrorIs(t, err, blob.ErrLinkInvalid, "a forger learns nothing from the date")
}

func TestLinkKeyRotation(t *testing.T) {
	now := linkTime
	before, during, after := linkSigner(t, &now, linkKeyA), linkSigner(t, &now, linkKeyB, linkKeyA), linkSigner(t, &now, linkKeyB)
	old, err := before.Sign(wholeLink)
	require.NoError(t, err)
	young, err := during.Sign(wholeLink)
	require.NoError(t, err)
	require.Contains(t, young, "&kid=b&", "the first key signs")

	verify := func(s *blob.LinkSigner, query string) error {
		_, err := s.Verify("GET", wholeLink.Key, query)
		return err
	}
	require.NoError(t, verify(during, old))
	require.NoError(t, verify(during, young))
	require.NoError(t, verify(after, young))
	require.ErrorIs(t, verify(after, old), blob.ErrLinkInvalid)
	require.ErrorIs(t, verify(before, young), blob.ErrLinkInvalid)

	sameName := linkSigner(t, &now, blob.LinkKey{ID: "a", Secret: linkKeyB.Secret})
	require.ErrorIs(t, verify(sameName, old), blob.ErrLinkInvalid, "the secret counts, not its name")
	require.ErrorIs(t, verify(during, strings.Replace(young, "kid=b", "kid=a", 1)), blob.ErrLinkInvalid)
}

func TestLinkSignRefuses(t *testing.T) {
	now := linkTime
	s := linkSigner(t, &now)
	for name, change := range map[string]func(*blob.Link){
		"no method":          func(l *blob.Link) { l.Method = "" },
		"lower-case method":  func(l *blob.Link) { l.Method = "get" },
		"HEAD alone":         func(l *blob.Link) { l.Method = "HEAD" },
		"odd method":         func(l *blob.Link) { l.Method = "GET\n" },
		"disposition":        func(l *blob.Link) { l.Disposition = `attachment; filename="x"` },
		"filename not UTF-8": func(l *blob.Link) { l.Filename = "\xff" },
		"filename control":   func(l *blob.Link) { l.Filename = "a\r\nSet-Cookie: b" },
		"filename too long":  func(l *blob.Link) { l.Filename = strings.Repeat("f", 256) },
		"subject control":    func(l *blob.Link) { l.Subject = "\x00" },
		"subject too long":   func(l *blob.Link) { l.Subject = strings.Repeat("s", 129) },
	} {
		l := wholeLink
		change(&l)
		_, err := s.Sign(l)
		require.ErrorIs(t, err, blob.ErrLinkInvalid, name)
	}
	for _, key := range []string{"", "a//b", "../a", "a\x00"} {
		l := wholeLink
		l.Key = key
		_, err := s.Sign(l)
		require.ErrorIs(t, err, blob.ErrInvalidKey, key)
		_, err = s.Verify("GET", key, "expires=1800003600&kid=a&sig=x")
		require.ErrorIs(t, err, blob.ErrLinkInvalid, key)
	}
}

func TestNewLinkSignerRefuses(t *testing.T) {
	good := linkKeyA.Secret
	for name, keys := range map[string][]blob.LinkKey{
		"no key":           nil,
		"no id":            {{ID: "", Secret: good}},
		"id with &":        {{ID: "a&b", Secret: good}},
		"id not ASCII":     {{ID: "é", Secret: good}},
		"id too long":      {{ID: strings.Repeat("a", 33), Secret: good}},
		"no secret":        {{ID: "a"}},
		"short secret":     {{ID: "a", Secret: good[:31]}},
		"zero secret":      {{ID: "a", Secret: make([]byte, 32)}},
		"repeating secret": {{ID: "a", Secret: bytes.Repeat([]byte("xyz"), 20)}},
		"one id twice":     {linkKeyA, linkKeyB, {ID: "a", Secret: linkKeyB.Secret}},
		"one bad key":      {linkKeyA, {ID: "b"}},
	} {
		_, err := blob.NewLinkSigner(keys, nil)
		require.Error(t, err, name)
	}
	for _, opts := range []blob.LinkSignerOptions{{MinLifetime: -1}, {MaxLifetime: time.Second}, {MaxLifetime: -time.Hour}} {
		_, err := blob.NewLinkSigner([]blob.LinkKey{linkKeyA}, &opts)
		require.Error(t, err)
	}
}

func TestLinkSecretsDoNotPrint(t *testing.T) {
	secret := "a-secret-that-must-not-be-printed-anywhere"
	key := blob.LinkKey{ID: "a", Secret: []byte(secret)}
	s, err := blob.NewLinkSigner([]blob.LinkKey{key}, nil)
	require.NoError(t, err)
	query, err := s.Sign(blob.Link{Method: "GET", Key: "k", Expires: time.Now().Add(time.Hour)})
	require.NoError(t, err)

	var out bytes.Buffer
	for _, v := range []any{key, &key, []blob.LinkKey{key}, s, *s} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("m", "v", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "v", v)
		b, err := json.Marshal(v)
		require.NoError(t, err)
		out.Write(b)
	}
	_, _, err2 := strings.Cut(query, "sig=")
	require.True(t, err2)
	for _, form := range []string{"%s", "%x", "%X", "%d"} {
		require.NotContains(t, out.String(), strings.Trim(fmt.Sprintf(form, key.Secret), "[]"))
	}
	require.NotContains(t, out.String(), "YS1zZWNyZXQ", "base64 of the secret")
}

func TestLinkCallerMayForgetTheSecret(t *testing.T) {
	now := linkTime
	secret := bytes.Clone(linkKeyA.Secret)
	s := linkSigner(t, &now, blob.LinkKey{ID: "a", Secret: secret})
	clear(secret)
	query, err := s.Sign(wholeLink)
	require.NoError(t, err)
	_, err = linkSigner(t, &now).Verify("GET", wholeLink.Key, query)
	require.NoError(t, err)
}

func TestRedactQuery(t *testing.T) {
	now := linkTime
	query, err := linkSigner(t, &now).Sign(wholeLink)
	require.NoError(t, err)
	_, sig, _ := strings.Cut(query, "&sig=")
	require.Equal(t, "expires=1800003600&disposition=attachment&filename=REDACTED&id=7f3c0a52-1b6e-8d11-9c3a-0123456789ab&kid=a&sig=REDACTED",
		blob.RedactQuery(query))

	for _, tampered := range []string{
		"SIG=" + sig, "%73ig=" + sig, "sig" + sig, sig, sig + "=1", "id=" + sig, "kid=" + sig, "sig%3D" + sig,
		"X-Amz-Signature=" + sig, "&&sig=" + sig, "expires=1;sig=" + sig, "a=b\nsig=" + sig,
	} {
		got := blob.RedactQuery(tampered)
		require.NotContains(t, got, sig, tampered)
		require.NotContains(t, got, "\n")
	}
	require.Equal(t, "X-Amz-Date=REDACTED&X-Amz-Signature=REDACTED", blob.RedactQuery("X-Amz-Date=1&X-Amz-Signature=2"))
	require.Empty(t, blob.RedactQuery(""))
	require.Less(t, len(blob.RedactQuery(strings.Repeat("a=1&", 1<<20))), 1<<12)
}
