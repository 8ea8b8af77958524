package webui

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// LocalOnly keeps other web sites away from a host that has no login because
// it serves one machine. A page elsewhere may not change anything (cross-site
// request forgery), nor reach this host under a name of its own that it has
// pointed here (DNS rebinding). origins are pages elsewhere that may change
// things, such as "https://app.example.com"; "*", which CORS knows, names none.
func LocalOnly(next http.Handler, origins ...string) (http.Handler, error) {
	protection := http.NewCrossOriginProtection()
	for _, origin := range origins {
		if origin == "*" {
			continue
		}
		if err := protection.AddTrustedOrigin(origin); err != nil {
			return nil, err
		}
	}
	inner := protection.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLocal(r.Host) {
			http.Error(w, "this host answers to localhost and loopback addresses only", http.StatusMisdirectedRequest)
			return
		}
		inner.ServeHTTP(w, r)
	}), nil
}

// isLocal tells names that always mean this machine from those that a stranger
// could have registered.
func isLocal(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && addr.IsLoopback()
}
