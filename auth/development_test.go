package auth_test

import (
	"fmt"
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/auth"
)

func TestDevelopmentModeStartsOnLoopbackOnly(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	j := &journal{}
	_, err = auth.NewDevelopmentAuthenticator(listener.Addr(), &auth.AuthenticatorOptions{Logger: j.logger()})
	require.NoError(t, err)
	require.Contains(t, j.text(), "DEVELOPMENT MODE")

	everywhere, err := net.Listen("tcp", ":0")
	require.NoError(t, err)
	defer everywhere.Close()
	for _, addr := range []net.Addr{
		everywhere.Addr(), nil, (*net.TCPAddr)(nil), &net.TCPAddr{Port: 80}, &net.TCPAddr{IP: net.IPv4zero}, &net.TCPAddr{IP: net.IPv6unspecified}, &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1)},
		&net.UnixAddr{Name: "/run/x.sock", Net: "unix"}, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)},
	} {
		_, err := auth.NewDevelopmentAuthenticator(addr, nil)
		require.ErrorIs(t, err, auth.ErrConfig, fmt.Sprint(addr))
	}
}

func TestDevelopmentModeBelievesThisMachineOnly(t *testing.T) {
	a, err := auth.NewDevelopmentAuthenticator(&net.TCPAddr{IP: net.IPv6loopback, Port: 8080}, nil)
	require.NoError(t, err)
	handler := a.Handler(auth.RequireRole("user")(http.HandlerFunc(whoami)))
	local := func(headers ...string) *http.Request {
		r := request("GET", "http://localhost:8080/", headers...)
		r.RemoteAddr = "127.0.0.1:5555"
		return r
	}
	identity := []string{"X-Tenant-ID", tenantA, "X-User-ID", userA}
	require.JSONEq(t, fmt.Sprintf("[%q,%q]", tenantA, userA), do(handler, local(identity...)).Body.String())

	for name, c := range map[string]struct {
		headers []string
		status  int
	}{
		"nobody":          {nil, 401},
		"no user":         {identity[:2], 401},
		"no tenant":       {identity[2:], 401},
		"not a UUID":      {[]string{"X-Tenant-ID", "acme", "X-User-ID", userA}, 401},
		"twice":           {append([]string{"X-Tenant-ID", tenantB}, identity...), 400},
		"admin":           {append([]string{"X-User-Role", "admin"}, identity...), 403}, // authenticated, but not in the role that the handler wants
		"unknown role":    {append([]string{"X-User-Role", "root"}, identity...), 403},
		"X-Forwarded-For": {append([]string{"X-Forwarded-For", "127.0.0.1"}, identity...), 403},
		"Forwarded":       {append([]string{"Forwarded", "for=127.0.0.1"}, identity...), 403},
		"Via":             {append([]string{"Via", "1.1 proxy"}, identity...), 403},
		"X-Real-IP":       {append([]string{"X-Real-IP", "127.0.0.1"}, identity...), 403},
	} {
		require.Equal(t, c.status, do(handler, local(c.headers...)).Code, name)
	}

	open, err := auth.NewDevelopmentAuthenticator(&net.TCPAddr{IP: net.IPv6loopback, Port: 8080}, &auth.AuthenticatorOptions{Public: []string{"/"}})
	require.NoError(t, err)
	anyone := open.Handler(http.HandlerFunc(whoami))
	require.Equal(t, 200, do(anyone, local()).Code)
	require.Equal(t, 400, do(anyone, local("X-User-ID", userA, "X-User-ID", userB)).Code, "on a public route too, what is sent is checked")

	remote := local(identity...)
	remote.RemoteAddr = "192.0.2.1:5555"
	requireError(t, do(handler, remote), 403, "forbidden")
	for _, host := range []string{"evil.test:8080", "evil.test", "", "localhost.evil.test", "192.0.2.1"} {
		rebound := local(identity...)
		rebound.Host = host
		requireError(t, do(handler, rebound), 403, "forbidden")
	}
	for _, host := range []string{"localhost", "127.0.0.1:8080", "[::1]:8080"} {
		fine := local(identity...)
		fine.Host = host
		require.Equal(t, 200, do(handler, fine).Code, host)
	}
}
