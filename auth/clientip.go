package auth

import (
	"fmt"
	"iter"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are the addresses from which X-Forwarded-For is believed: the host's
// own reverse proxies. None are trusted by default.
type Proxies []netip.Prefix

// ParseProxies reads addresses and prefixes: "10.0.0.7", "fd00::/8".
func ParseProxies(texts ...string) (Proxies, error) {
	var p Proxies
	for _, text := range texts {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			addr, errAddr := netip.ParseAddr(text)
			if errAddr != nil || addr.Zone() != "" {
				return nil, fmt.Errorf("%w: %q is neither an address nor a prefix", ErrConfig, text)
			}
			prefix = netip.PrefixFrom(addr, addr.BitLen())
		}
		p = append(p, prefix.Masked())
	}
	return p, nil
}

// maxHops bounds how many proxies in a row are believed.
const maxHops = 32

// ClientIP returns the address the request comes from: the peer, or, if that
// is a trusted proxy, the last address in X-Forwarded-For that is none. What
// stands before it the client may have written himself, so it is not read. The
// zero Addr means that there is no address, as on a unix socket.
func (p Proxies) ClientIP(r *http.Request) netip.Addr {
	client := parsePeer(r.RemoteAddr)
	if !p.contains(client) {
		return client
	}
	hops := 0
	for entry := range fromTheEnd(r.Header["X-Forwarded-For"]) {
		previous := parsePeer(entry)
		if !previous.IsValid() {
			break // written by no proxy of ours: the one that passed it on is all we know
		}
		client = previous
		if hops++; hops == maxHops || !p.contains(client) {
			break
		}
	}
	return client
}

// passedOn reports whether a trusted proxy sent the request.
func (p Proxies) passedOn(r *http.Request) bool { return p.contains(parsePeer(r.RemoteAddr)) }

func (p Proxies) contains(addr netip.Addr) bool {
	return addr.IsValid() && slices.ContainsFunc(p, func(prefix netip.Prefix) bool { return prefix.Contains(addr) })
}

// fromTheEnd yields the elements of a list, the last first. Several header
// lines are one list, and empty elements do not count (RFC 9110, sections 5.3
// and 5.6.1).
func fromTheEnd(lines []string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, line := range slices.Backward(lines) {
			for comma := len(line); comma >= 0; {
				line = line[:comma]
				comma = strings.LastIndexByte(line, ',')
				if entry := strings.TrimSpace(line[comma+1:]); entry != "" && !yield(entry) {
					return
				}
			}
		}
	}
}

// parsePeer reads "1.2.3.4", "1.2.3.4:5", "::1", "[::1]" or "[::1]:5". An IPv4
// address mapped into IPv6 becomes what it is; a zone is dropped.
func parsePeer(text string) netip.Addr {
	if len(text) > 64 {
		return netip.Addr{}
	}
	host, _, err := net.SplitHostPort(text)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap().WithZone("")
}
