package auth

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/token"
)

// The headers of development mode. Nothing else ever reads them.
const (
	HeaderTenant = "X-Tenant-ID"
	HeaderUser   = "X-User-ID"
	HeaderRole   = "X-User-Role" // "user" if it is absent
)

// NewDevelopmentAuthenticator returns an Authenticator that believes the
// headers X-Tenant-ID, X-User-ID and X-User-Role, for a developer's machine
// without an issuer. listener is the address the server really listens on, from
// net.Listener.Addr; anything but TCP on a loopback address is ErrConfig, so
// that a server which others can reach does not start.
//
// It also refuses each request that did not begin on this machine: one from
// another address, one that a proxy passed on, and one for another host name,
// as a web page sends it that has pointed its own name here (DNS rebinding).
func NewDevelopmentAuthenticator(listener net.Addr, opts *AuthenticatorOptions) (*Authenticator, error) {
	address, ok := listener.(*net.TCPAddr)
	if !ok || address == nil || !address.IP.IsLoopback() {
		return nil, fmt.Errorf("%w: development mode needs a loopback listener, not %v", ErrConfig, listener)
	}
	if opts != nil && opts.Logger != nil {
		opts.Logger.Warn("DEVELOPMENT MODE: callers are believed without proof", slog.String("listener", address.String()))
	}
	return newAuthenticator(opts, believeHeaders)
}

func believeHeaders(r *http.Request) (token.Claims, error) {
	if !isLoopback(r.RemoteAddr) || !isLoopback(r.Host) {
		return token.Claims{}, fmt.Errorf("%w: from or for elsewhere", ErrDevelopment)
	}
	for name := range r.Header {
		if strings.HasPrefix(name, "X-Forwarded-") || name == "Forwarded" || name == "Via" || name == "X-Real-Ip" {
			return token.Claims{}, fmt.Errorf("%w: came through a proxy", ErrDevelopment)
		}
	}
	claims := token.Claims{Role: "user"}
	for name, field := range map[string]*string{HeaderTenant: &claims.TenantID, HeaderUser: &claims.UserID, HeaderRole: &claims.Role} {
		switch values := r.Header.Values(name); len(values) {
		case 0:
		case 1:
			*field = values[0]
		default:
			return token.Claims{}, fmt.Errorf("%w: %s twice", ErrAuthorization, name)
		}
	}
	if claims.TenantID == "" || claims.UserID == "" {
		return token.Claims{}, ErrNoCredentials
	}
	return claims, nil
}

// isLoopback reports whether hostport, with or without a port, is this machine.
func isLoopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.Unmap().IsLoopback()
}
