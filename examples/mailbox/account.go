package mailbox

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/emersion/go-imap/v2/imapclient"
)

// account is an IMAP URL taken apart.
type account struct {
	scheme, host, port, folder string
	user, password             string
	encrypted                  bool // from the first byte
}

// parseAccount reads imap(s)://user:password@host:port/folder. Its errors do
// not quote the URL, for what cannot be parsed may hold half a password.
func parseAccount(spec, password string) (account, error) {
	u, err := url.Parse(spec)
	if err != nil {
		return account{}, errors.New("mailbox: malformed IMAP URL: want imaps://user:password@host/folder, special characters percent-encoded")
	}
	acc := account{
		scheme: strings.ToLower(u.Scheme), host: u.Hostname(), user: u.User.Username(),
		folder: cmp.Or(strings.TrimPrefix(u.Path, "/"), "INBOX"),
	}
	acc.encrypted = acc.scheme == "imaps"
	acc.port = cmp.Or(u.Port(), map[bool]string{true: "993", false: "143"}[acc.encrypted])
	acc.password, _ = u.User.Password()
	acc.password = cmp.Or(acc.password, password)
	switch {
	case acc.host == "":
		return account{}, errors.New("mailbox: IMAP URL without a host")
	case acc.user == "":
		return account{}, fmt.Errorf("mailbox: %s: URL without a user", acc.location())
	case acc.password == "":
		return account{}, fmt.Errorf("mailbox: %s: no password", acc.location())
	}
	return acc, nil
}

// location names the folder and nobody.
func (a account) location() string {
	u := url.URL{Scheme: a.scheme, Host: net.JoinHostPort(a.host, a.port), Path: "/" + a.folder}
	return u.String()
}

// redact drops an error whose text quotes the password, as a server's might.
func (a account) redact(err error) error {
	if strings.Contains(err.Error(), a.password) {
		return errors.New("refused; the server's answer is withheld because it quotes the password")
	}
	return err
}

func (a account) dial(ctx context.Context, opts Options) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, opts.Timeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(a.host, a.port))
	if err != nil || !a.encrypted {
		return conn, err
	}
	secured := tls.Client(conn, a.tlsConfig(opts))
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return secured, nil
}

// start begins to speak IMAP, and upgrades to TLS first where the password
// would otherwise leave this machine in the clear.
func (a account) start(conn net.Conn, opts Options) (*imapclient.Client, error) {
	if a.encrypted || opts.AllowPlaintext || isLoopback(a.host) {
		return imapclient.New(conn, nil), nil
	}
	return startTLS(conn, a.tlsConfig(opts))
}

func startTLS(conn net.Conn, config *tls.Config) (*imapclient.Client, error) {
	client, err := imapclient.NewStartTLS(conn, &imapclient.Options{TLSConfig: config})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPlaintext, err)
	}
	return client, nil
}

func (a account) tlsConfig(opts Options) *tls.Config {
	config := opts.TLSConfig.Clone() // nil stays nil
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	config.ServerName = cmp.Or(config.ServerName, a.host)
	return config
}

// isLoopback looks at the name alone: who resolves it may lie.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
