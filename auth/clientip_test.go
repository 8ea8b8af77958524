package auth_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/auth"
)

func proxies(tb testing.TB, texts ...string) auth.Proxies {
	tb.Helper()
	p, err := auth.ParseProxies(texts...)
	require.NoError(tb, err)
	return p
}

func from(peer string, forwarded ...string) *http.Request {
	r := request("GET", "/")
	r.RemoteAddr = peer
	r.Header["X-Forwarded-For"] = forwarded
	return r
}

func TestClientIP(t *testing.T) {
	trusted := proxies(t, "10.0.0.0/8", "fd00::/8", "192.0.2.7")
	for name, c := range map[string]struct {
		r    *http.Request
		want string
	}{
		"direct":                     {from("203.0.113.5:1234"), "203.0.113.5"},
		"stranger forges the header": {from("203.0.113.5:1234", "198.51.100.1"), "203.0.113.5"},
		"one proxy":                  {from("10.0.0.1:80", "203.0.113.5"), "203.0.113.5"},
		"client forges an entry":     {from("10.0.0.1:80", "198.51.100.1, 203.0.113.5"), "203.0.113.5"},
		"client forges a proxy":      {from("10.0.0.1:80", "10.9.9.9, 203.0.113.5"), "203.0.113.5"},
		"two proxies":                {from("10.0.0.1:80", "198.51.100.1, 203.0.113.5, 10.0.0.2"), "203.0.113.5"},
		"two lines":                  {from("10.0.0.1:80", "198.51.100.1", "203.0.113.5, 10.0.0.2"), "203.0.113.5"},
		"empty elements":             {from("10.0.0.1:80", "203.0.113.5,, ,"), "203.0.113.5"},
		"only proxies":               {from("10.0.0.1:80", "10.0.0.3, 10.0.0.2"), "10.0.0.3"},
		"no header":                  {from("10.0.0.1:80"), "10.0.0.1"},
		"garbage":                    {from("10.0.0.1:80", "203.0.113.5, <script>"), "10.0.0.1"},
		"garbage behind a proxy":     {from("10.0.0.1:80", "unknown, 10.0.0.2"), "10.0.0.2"},
		"with a port":                {from("10.0.0.1:80", "203.0.113.5:4711"), "203.0.113.5"},
		"IPv6":                       {from("[fd00::1]:80", "2001:db8::5"), "2001:db8::5"},
		"IPv6 with a port":           {from("[fd00::1]:80", "[2001:db8::5]:4711"), "2001:db8::5"},
		"IPv6 in brackets":           {from("[fd00::1]:80", "[2001:db8::5]"), "2001:db8::5"},
		"IPv4 mapped peer":           {from("[::ffff:10.0.0.1]:80", "203.0.113.5"), "203.0.113.5"},
		"IPv4 mapped entry":          {from("10.0.0.1:80", "::ffff:203.0.113.5, ::ffff:10.0.0.2"), "203.0.113.5"},
		"zone":                       {from("[fe80::1%eth0]:80"), "fe80::1"},
		"single address trusted":     {from("192.0.2.7:80", "203.0.113.5"), "203.0.113.5"},
		"its neighbour is not":       {from("192.0.2.8:80", "203.0.113.5"), "192.0.2.8"},
		"unix socket":                {from("@", "203.0.113.5"), "invalid IP"},
		"very long entry":            {from("10.0.0.1:80", strings.Repeat("1", 1<<20)), "10.0.0.1"},
	} {
		require.Equal(t, c.want, trusted.ClientIP(c.r).String(), name)
	}
	endless := from("10.0.0.1:80", "203.0.113.5"+strings.Repeat(", 10.0.0.2", 100))
	require.Equal(t, "10.0.0.2", trusted.ClientIP(endless).String(), "a chain of proxies ends somewhere")
	require.Equal(t, "10.0.0.1", auth.Proxies(nil).ClientIP(from("10.0.0.1:80", "203.0.113.5")).String(), "none are trusted by default")
	for _, text := range []string{"", "proxy.test", "10.0.0.0/99", "fe80::1%eth0", "10.0.0.1:80"} {
		_, err := auth.ParseProxies(text)
		require.ErrorIs(t, err, auth.ErrConfig, text)
	}
}

// Whatever the client writes before what the proxy appends, the answer is what
// the proxy has seen.
func FuzzClientIP(f *testing.F) {
	trusted := proxies(f, "10.0.0.0/8")
	for _, seed := range []string{"", "1.2.3.4", "10.0.0.9, 1.2.3.4", ",,,", "[::1]:x", "\x00", "1.2.3.4,", "fe80::1%25eth0"} {
		f.Add(seed, "")
		f.Add("1.1.1.1", seed)
	}
	want := netip.MustParseAddr("203.0.113.5")
	f.Fuzz(func(t *testing.T, line, begin string) {
		require.Equal(t, want, trusted.ClientIP(from("10.0.0.1:80", line, begin+", 203.0.113.5")))
		require.Equal(t, want, trusted.ClientIP(from("10.0.0.1:80", line, begin+",203.0.113.5:99, 10.1.1.1")))
		require.Equal(t, want, trusted.ClientIP(from("203.0.113.5:1", line, begin)))
		_ = trusted.ClientIP(from("10.0.0.1:80", line, begin))
		_ = trusted.ClientIP(from(line, begin))
	})
}
