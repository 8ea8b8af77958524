package clamd

import (
	"fmt"
	"net"
	"net/url"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

const defaultPort = "3310"

// target is where a clamd listens.
type target struct {
	network string // "tcp" or "unix"
	address string // host:port, or a path
	host    string // for TLS; "" means none is spoken
}

func (t target) String() string { return t.network + " " + t.address }

func parseAddress(s string) (target, error) {
	u, err := url.Parse(s)
	if err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return target{}, badAddress(s)
	}
	if u.Scheme == "unix" {
		if u.Host != "" || u.Path == "" {
			return target{}, badAddress(s)
		}
		return target{network: "unix", address: u.Path}, nil
	}
	host, port := u.Hostname(), u.Port()
	if host == "" || u.Path != "" || u.Scheme != "tcp" && u.Scheme != "tls" {
		return target{}, badAddress(s)
	}
	if port == "" {
		port = defaultPort
	}
	t := target{network: "tcp", address: net.JoinHostPort(host, port)}
	if u.Scheme == "tls" {
		t.host = host
	}
	return t, nil
}

func badAddress(s string) error {
	return fmt.Errorf("%w: address %.100q: want tcp://host:port, tls://host:port or unix:///path", scan.ErrConfig, s)
}
