package blob_test

import (
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// request is what reaches Verify.
type request struct{ method, key, query string }

// mutations each make a different request out of a valid one, or return it as
// it is where they do not apply.
var mutations = map[string]func(r *rand.Rand, q request) request{
	"query: one bit": func(r *rand.Rand, q request) request {
		b := []byte(q.query)
		b[r.IntN(len(b))] ^= 1 << r.IntN(8)
		q.query = string(b)
		return q
	},
	"query: another byte": func(r *rand.Rand, q request) request {
		b := []byte(q.query)
		b[r.IntN(len(b))] = byte(r.IntN(256))
		q.query = string(b)
		return q
	},
	"query: byte dropped": func(r *rand.Rand, q request) request {
		i := r.IntN(len(q.query))
		q.query = q.query[:i] + q.query[i+1:]
		return q
	},
	"query: byte added": func(r *rand.Rand, q request) request {
		i := r.IntN(len(q.query) + 1)
		q.query = q.query[:i] + string("a0=&%+;#?. "[r.IntN(11)]) + q.query[i:]
		return q
	},
	"query: case of a letter": func(r *rand.Rand, q request) request {
		i := r.IntN(len(q.query))
		q.query = q.query[:i] + swapCase(q.query[i:i+1]) + q.query[i+1:]
		return q
	},
	"query: case of a name": func(r *rand.Rand, q request) request {
		return withPairs(q, func(p []string) []string {
			i := r.IntN(len(p))
			name, value, _ := strings.Cut(p[i], "=")
			p[i] = strings.ToUpper(name) + "=" + value
			return p
		})
	},
	"query: cut": func(r *rand.Rand, q request) request {
		q.query = q.query[:r.IntN(len(q.query))]
		return q
	},
	"query: parameter twice": func(r *rand.Rand, q request) request {
		return withPairs(q, func(p []string) []string { return append(p, p[r.IntN(len(p))]) })
	},
	"query: parameter before its own": func(r *rand.Rand, q request) request {
		return withPairs(q, func(p []string) []string {
			other := []string{"expires=9999999999", "id=other", "filename=a.exe", "kid=a", "disposition=inline"}[r.IntN(5)]
			return append([]string{other}, p...)
		})
	},
	"query: parameter dropped": func(r *rand.Rand, q request) request {
		return withPairs(q, func(p []string) []string {
			i := r.IntN(len(p))
			return append(p[:i], p[i+1:]...)
		})
	},
	"query: order": func(r *rand.Rand, q request) request {
		return withPairs(q, func(p []string) []string {
			r.Shuffle(len(p), func(i, j int) { p[i], p[j] = p[j], p[i] })
			return p
		})
	},
	"query: unknown parameter": func(r *rand.Rand, q request) request {
		return withPairs(q, func(p []string) []string {
			i := r.IntN(len(p) + 1)
			extra := []string{"", "x", "x=", "utm_source=mail", "="}[r.IntN(5)]
			return append(p[:i:i], append([]string{extra}, p[i:]...)...)
		})
	},
	"query: one byte percent-encoded": func(r *rand.Rand, q request) request {
		i := r.IntN(len(q.query))
		q.query = q.query[:i] + percent(q.query[i], r.IntN(2) == 0) + q.query[i+1:]
		return q
	},
	"query: encoded again": func(r *rand.Rand, q request) request {
		q.query = []string{url.QueryEscape(q.query), url.PathEscape(q.query), strings.ReplaceAll(q.query, "%20", "+"),
			strings.ReplaceAll(q.query, "&", ";"), strings.ReplaceAll(q.query, "&", "&amp;")}[r.IntN(5)]
		return q
	},
	"expires: another number": func(r *rand.Rand, q request) request {
		return withValue(q, "expires", func(v string) string {
			return []string{v + "0", "0" + v, "+" + v, " " + v, v + ".0", "-" + v, "9223372036854775807", "99999999999999999999", "0x6b49d210", ""}[r.IntN(10)]
		})
	},
	"sig: last bits of the base64": func(r *rand.Rand, q request) request {
		const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
		return withValue(q, "sig", func(v string) string {
			last := strings.IndexByte(alphabet, v[len(v)-1]) // 4 bits count, 2 decode to nothing
			return v[:len(v)-1] + string(alphabet[last&^3|1+r.IntN(3)])
		})
	},
	"sig: another alphabet": func(r *rand.Rand, q request) request {
		return withValue(q, "sig", func(v string) string {
			return []string{v + "=", v + "==", strings.NewReplacer("-", "+", "_", "/").Replace(v) + "=", "", strings.Repeat("A", 43), v + v}[r.IntN(6)]
		})
	},
	"method": func(r *rand.Rand, q request) request {
		q.method = []string{"PUT", "POST", "DELETE", "get", "Get", "GET ", "", "OPTIONS", "GE"}[r.IntN(9)]
		return q
	},
	"key: one bit": func(r *rand.Rand, q request) request {
		b := []byte(q.key)
		b[r.IntN(len(b))] ^= 1 << r.IntN(8)
		q.key = string(b)
		return q
	},
	"key: case": func(r *rand.Rand, q request) request {
		i := r.IntN(len(q.key))
		q.key = q.key[:i] + swapCase(q.key[i:i+1]) + q.key[i+1:]
		return q
	},
	"key: something around it": func(r *rand.Rand, q request) request {
		q.key = []string{"/" + q.key, q.key + "/", "./" + q.key, q.key + "/..", q.key + "\x00", q.key + "%00", " " + q.key, "../" + q.key, q.key + "?", q.key[1:]}[r.IntN(10)]
		return q
	},
	"key: slash re-spelled": func(r *rand.Rand, q request) request {
		q.key = strings.Replace(q.key, "/", []string{"//", "\\", "%2f", "%2F", "/./", "\u2215", "\uff0f"}[r.IntN(7)], 1)
		return q
	},
	"boundary between key and query": func(r *rand.Rand, q request) request {
		n := r.IntN(min(4, len(q.key)))
		q.key, q.query = q.key[:len(q.key)-n], q.key[len(q.key)-n:]+q.query
		return q
	},
}

// TestLinkMutationsAreRefused changes valid links in 10,000 ways, spread over
// every kind above, and lets none pass.
func TestLinkMutationsAreRefused(t *testing.T) {
	const perKind = 500 // × 23 kinds
	now := linkTime
	s := linkSigner(t, &now)
	r := rand.New(rand.NewPCG(1, 2))
	tried := 0
	for name, mutate := range mutations {
		changed := 0
		for range 50 * perKind {
			q := randomRequest(t, r, s)
			m := mutate(r, q)
			if m == q || (q.method == "GET" && m.method == "HEAD" && m.key == q.key && m.query == q.query) {
				continue // not a mutation
			}
			l, err := s.Verify(m.method, m.key, m.query)
			require.ErrorIs(t, err, blob.ErrLinkInvalid, "%s: %+v became %+v", name, q, m)
			require.Zero(t, l)
			if changed++; changed == perKind {
				break
			}
		}
		require.Equal(t, perKind, changed, "%s hardly ever applies", name)
		tried += changed
	}
	require.GreaterOrEqual(t, tried, 10_000)
}

// TestLinkPartsCannotBeSwapped crosses the parts of two valid links.
func TestLinkPartsCannotBeSwapped(t *testing.T) {
	now := linkTime
	s := linkSigner(t, &now, linkKeyA, linkKeyB)
	r := rand.New(rand.NewPCG(3, 4))
	for range 1000 {
		one, two := randomRequest(t, r, s), randomRequest(t, r, s)
		if one.key != two.key {
			_, err := s.Verify(one.method, two.key, one.query)
			require.ErrorIs(t, err, blob.ErrLinkInvalid)
		}
		onePairs, twoPairs := strings.Split(one.query, "&"), strings.Split(two.query, "&")
		for i := range min(len(onePairs), len(twoPairs)) {
			crossed := append([]string(nil), onePairs...)
			if crossed[i] == twoPairs[i] {
				continue
			}
			crossed[i] = twoPairs[i]
			_, err := s.Verify(one.method, one.key, strings.Join(crossed, "&"))
			require.ErrorIs(t, err, blob.ErrLinkInvalid)
		}
	}
}

// TestLinkFieldsCannotFlow moves characters from one field into its neighbour,
// which a signature over plainly joined fields would not notice.
func TestLinkFieldsCannotFlow(t *testing.T) {
	now := linkTime
	s := linkSigner(t, &now)
	seen := map[string]blob.Link{}
	for _, split := range []int{0, 1, 2, 3} {
		for _, l := range []blob.Link{
			{Method: "GET", Key: "k" + "abc"[:split], Filename: "abc"[split:]},
			{Method: "GET", Key: "k", Filename: "abc"[:split], Subject: "abc"[split:]},
			{Method: "GET" + "ABC"[:split], Key: "ABC"[split:] + "k"},
		} {
			l.Expires = linkTime.Add(time.Hour)
			query, err := s.Sign(l)
			require.NoError(t, err)
			_, sig, _ := strings.Cut(query, "sig=")
			if other, ok := seen[sig]; ok {
				require.Equal(t, other, l, "one signature for two links")
			}
			seen[sig] = l
		}
	}
}

func randomRequest(tb testing.TB, r *rand.Rand, s *blob.LinkSigner) request {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	l := blob.Link{
		Method:      pick("GET", "GET", "PUT", "DELETE"),
		Key:         "attachments/" + pick("acme", "Beta", "gamma.co") + "/" + pick("m1", "M-2", "<3@x>") + "/" + pick("a.pdf", "Über uns.docx", "x+y.zip"),
		Expires:     linkTime.Add(time.Minute + time.Duration(r.IntN(600_000))*time.Second),
		Disposition: pick("", "inline", "attachment"),
		Filename:    pick("", "a b.pdf", "50% & more.txt", "日本語.xlsx"),
		Subject:     pick("", "0193c1a2-77aa-7cc1-8d5e-aaaaaaaaaaaa", "Ab"),
	}
	query, err := s.Sign(l)
	require.NoError(tb, err)
	got, err := s.Verify(l.Method, l.Key, query)
	require.NoError(tb, err)
	require.Equal(tb, l, got)
	return request{l.Method, l.Key, query}
}

func withPairs(q request, change func([]string) []string) request {
	q.query = strings.Join(change(strings.Split(q.query, "&")), "&")
	return q
}

func withValue(q request, name string, change func(string) string) request {
	return withPairs(q, func(pairs []string) []string {
		for i, p := range pairs {
			if n, v, _ := strings.Cut(p, "="); n == name {
				pairs[i] = n + "=" + change(v)
			}
		}
		return pairs
	})
}

func swapCase(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsUpper(r) {
			return unicode.ToLower(r)
		}
		return unicode.ToUpper(r)
	}, s)
}

func percent(c byte, upper bool) string {
	const digits = "0123456789abcdef"
	s := "%" + string(digits[c>>4]) + string(digits[c&15])
	if upper {
		s = strings.ToUpper(s)
	}
	return s
}
