package clamd

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

// DefaultMaxStreamSize is the lowest StreamMaxLength and MaxFileSize that a
// clamd has out of the box: Debian's package and releases before 1.0 say 25M.
// Later ones say 100M; raise Options.MaxStreamSize after a self-test.
const DefaultMaxStreamSize = 25 << 20

// Options shapes a Scanner.
type Options struct {
	// MaxStreamSize is the largest object that the servers look through to
	// the end. A larger one is Unscannable and is not sent. It must not
	// exceed StreamMaxLength, MaxFileSize and MaxScanSize of any server:
	// SelfTest finds out. Defaults to DefaultMaxStreamSize, 25 MiB.
	MaxStreamSize int64

	// Timeout bounds one scan: dial, write, read and failover together.
	// Defaults to 5 minutes.
	Timeout time.Duration

	// DialTimeout bounds each connection attempt, and each of the small
	// commands (PING, VERSION, STATS). Defaults to 5 seconds.
	DialTimeout time.Duration

	// TLSConfig is for tls:// addresses. Defaults to the system's roots and
	// the host name of the address.
	TLSConfig *tls.Config

	// Sessions is how many idle connections to keep per server (IDSESSION).
	// It saves a dial per scan, which shows with small files over TLS. Each
	// carries one scan at a time, and a reply must bear the number of the
	// command it answers. Defaults to 0: one connection per scan.
	Sessions int

	// VersionAge is how long a server's version is believed; then the next
	// scan asks for it first, which is the health check too. Defaults to 1
	// minute.
	VersionAge time.Duration

	// Logger is told when a server goes down or comes back. Defaults to none.
	Logger *slog.Logger
}

// Scanner scans with one clamd, or with the first of several that is well. It
// is safe for concurrent use. Close it if Options.Sessions is set.
type Scanner struct {
	servers []*server
	opts    Options
	chunks  sync.Pool // of *[]byte
}

// New returns a Scanner for servers at "tcp://host:port", "tls://host:port" or
// "unix:///path"; the port defaults to 3310. Servers are asked in that order;
// one that fails is asked last until it is due for another try. Nothing is
// dialled yet. A malformed address fails with scan.ErrConfig.
func New(addresses []string, opts *Options) (*Scanner, error) {
	o := *cmp.Or(opts, &Options{})
	o.MaxStreamSize = cmp.Or(o.MaxStreamSize, DefaultMaxStreamSize)
	o.Timeout = cmp.Or(o.Timeout, 5*time.Minute)
	o.DialTimeout = cmp.Or(o.DialTimeout, 5*time.Second)
	o.VersionAge = cmp.Or(o.VersionAge, time.Minute)
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	if len(addresses) == 0 {
		return nil, fail("configure", fmt.Errorf("%w: no address", scan.ErrConfig), false)
	}
	s := &Scanner{opts: o}
	s.chunks.New = func() any { b := make([]byte, chunkHeader+chunkSize); return &b }
	for _, address := range addresses {
		target, err := parseAddress(address)
		if err != nil {
			return nil, fail("configure", err, false)
		}
		s.servers = append(s.servers, &server{target: target, opts: &s.opts})
	}
	return s, nil
}

var _ scan.Versioned = (*Scanner)(nil)

// Scan streams obj to a server. The verdict is Clean only if the server
// received every byte and said so; Unscannable if obj is larger than
// MaxStreamSize, encrypted, or over one of the server's limits.
//
// It changes servers only as long as nothing of obj was sent: a file that
// crashes one clamd shall not go on to crash them all.
func (s *Scanner) Scan(ctx context.Context, obj scan.Object) (scan.Result, error) {
	if obj.Size > s.opts.MaxStreamSize {
		return scan.Result{
			Verdict: scan.Unscannable, Engine: engineName,
			Detail: fmt.Sprintf("%d bytes, more than the %d that the scanner takes", obj.Size, s.opts.MaxStreamSize),
		}, nil
	}
	return s.scan(ctx, obj, s.ranked())
}

func (s *Scanner) scan(ctx context.Context, obj scan.Object, servers []*server) (scan.Result, error) {
	begun := time.Now()
	ctx, cancel := context.WithTimeout(ctx, s.opts.Timeout)
	defer cancel()

	var failed []error
	for _, srv := range servers {
		version, err := srv.currentVersion(ctx)
		var c *conn
		if err == nil {
			c, err = srv.connect(ctx)
		}
		if err != nil {
			failed = append(failed, err)
			if ctx.Err() != nil {
				break
			}
			continue
		}
		res, err := s.scanOn(ctx, srv, c, obj)
		res.Engine, res.Signatures = version.Engine, version.Signatures
		res.Duration = time.Since(begun)
		return res, err
	}
	return scan.Result{}, fail("connect", errors.Join(failed...), true)
}

// scanOn scans on c. A kept session may have died of old age; then, and only
// then, it tries once more on a new connection.
func (s *Scanner) scanOn(ctx context.Context, srv *server, c *conn, obj scan.Object) (scan.Result, error) {
	res, err := s.instream(ctx, c, obj)
	if err != nil && c.reused && errors.Is(err, scan.ErrProtocol) && ctx.Err() == nil {
		srv.dropIdle()
		if c, err = srv.connect(ctx); err == nil {
			res, err = s.instream(ctx, c, obj)
		}
	}
	switch {
	case err == nil:
		srv.release(c)
	case errors.Is(err, scan.ErrSource):
		// The server did nothing wrong.
	default:
		srv.suspect(err)
	}
	return res, err
}

// Close closes idle sessions. Scans in flight end by themselves.
func (s *Scanner) Close() error {
	for _, srv := range s.servers {
		srv.dropIdle()
	}
	return nil
}

const engineName = "clamd"

func fail(op string, err error, temporary bool) error {
	return &scan.Error{Scanner: engineName, Op: op, Err: err, Temporary: temporary}
}
