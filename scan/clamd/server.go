package clamd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

// A server that failed is asked last for a while that doubles with every
// further failure.
const (
	minDown = time.Second
	maxDown = 30 * time.Second
)

// maxIdle is how long a session may wait for its next command. It is below
// the IdleTimeout and CommandReadTimeout of clamd's defaults, 30 seconds.
const maxIdle = 15 * time.Second

// server is one clamd.
type server struct {
	target target
	opts   *Options

	mu        sync.Mutex
	failures  int
	downUntil time.Time
	version   scan.Version
	versionAt time.Time // zero: not known
	idle      []*conn   // sessions, the most recently used last
}

// ranked returns the servers in the order in which to ask them: those that are
// well as listed, then those that are down, the soonest due first.
func (s *Scanner) ranked() []*server {
	now := time.Now()
	due := make(map[*server]time.Time, len(s.servers))
	for _, srv := range s.servers {
		srv.mu.Lock()
		if srv.downUntil.After(now) {
			due[srv] = srv.downUntil
		}
		srv.mu.Unlock()
	}
	servers := slices.Clone(s.servers)
	slices.SortStableFunc(servers, func(a, b *server) int { return due[a].Compare(due[b]) })
	return servers
}

// suspect notes a failure: others are asked first for a while, and the next
// scan here asks for the version before it sends anything. A scan that its
// caller cancelled says nothing of the server.
func (srv *server) suspect(err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.failures++; srv.failures == 1 {
		srv.opts.Logger.Warn("clamd is not well", "server", srv.target.String(), "error", err)
	}
	down := minDown << min(srv.failures-1, 10)
	srv.downUntil = time.Now().Add(min(down, maxDown))
	srv.versionAt = time.Time{}
}

func (srv *server) healthy(v scan.Version) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.failures > 0 {
		srv.opts.Logger.Info("clamd is back", "server", srv.target.String(), "engine", v.Engine, "signatures", v.Signatures)
	}
	srv.failures, srv.downUntil = 0, time.Time{}
	srv.version, srv.versionAt = v, time.Now()
}

// currentVersion asks for the version if it is not known or too old. It may
// thus be older than the signatures that the scan is done with, never newer.
func (srv *server) currentVersion(ctx context.Context) (scan.Version, error) {
	srv.mu.Lock()
	v, known := srv.version, time.Since(srv.versionAt) < srv.opts.VersionAge
	srv.mu.Unlock()
	if known {
		return v, nil
	}
	line, err := srv.ask(ctx, "VERSION")
	if err == nil {
		v, err = parseVersion(line)
	}
	if err != nil {
		srv.suspect(err)
		return scan.Version{}, err
	}
	srv.healthy(v)
	return v, nil
}

// connect returns a kept session or a new connection.
func (srv *server) connect(ctx context.Context) (*conn, error) {
	if c := srv.takeIdle(); c != nil {
		return c, nil
	}
	nc, err := srv.dial(ctx)
	if err != nil {
		srv.suspect(err)
		return nil, err
	}
	return &conn{Conn: nc, session: srv.opts.Sessions > 0}, nil
}

// dial fails with ErrUnavailable. The text tells a timeout, but the error is
// no context.DeadlineExceeded unless ctx has ended: it is an outage, and costs
// the object no attempt.
func (srv *server) dial(ctx context.Context) (net.Conn, error) {
	dialCtx, cancel := context.WithTimeout(ctx, srv.opts.DialTimeout)
	defer cancel()
	var nc net.Conn
	var err error
	if srv.target.host == "" {
		nc, err = (&net.Dialer{}).DialContext(dialCtx, srv.target.network, srv.target.address)
	} else {
		nc, err = (&tls.Dialer{Config: srv.opts.TLSConfig}).DialContext(dialCtx, srv.target.network, srv.target.address)
	}
	if err != nil {
		return nil, unavailable(ctx, "dial", err)
	}
	return nc, nil
}

func unavailable(ctx context.Context, op string, err error) error {
	if ctx.Err() != nil {
		return fail(op, fmt.Errorf("%w: %w: %w", scan.ErrUnavailable, ctx.Err(), err), true)
	}
	return fail(op, fmt.Errorf("%w: %v", scan.ErrUnavailable, err), true) //nolint:errorlint // its timeout is not ctx's
}

// release keeps a session for the next scan, and closes anything else.
func (srv *server) release(c *conn) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if !c.session || c.spent || len(srv.idle) >= srv.opts.Sessions {
		c.Close()
		return
	}
	c.idleSince = time.Now()
	srv.idle = append(srv.idle, c)
}

func (srv *server) takeIdle() *conn {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	for len(srv.idle) > 0 {
		last := len(srv.idle) - 1
		c := srv.idle[last]
		srv.idle = srv.idle[:last]
		if time.Since(c.idleSince) < maxIdle {
			c.reused = true
			return c
		}
		c.Close()
	}
	return nil
}

func (srv *server) dropIdle() {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	for _, c := range srv.idle {
		c.Close()
	}
	srv.idle = nil
}

// ask sends one of the small commands on a connection of its own.
func (srv *server) ask(ctx context.Context, command string) (string, error) {
	nc, err := srv.dial(ctx)
	if err != nil {
		return "", err
	}
	c := &conn{Conn: nc}
	defer c.Close()
	bounded, cancel := context.WithTimeout(ctx, srv.opts.DialTimeout)
	defer cancel()
	defer c.bound(bounded)()
	_, err = c.command(command)
	var line string
	if err == nil {
		line, err = readReply(c)
	}
	if err != nil && !errors.Is(err, scan.ErrProtocol) {
		err = unavailable(ctx, strings.ToLower(command), err)
	}
	return line, err
}
