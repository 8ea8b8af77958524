package sqlrepo_test

import (
	"context"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/sqlrepo"
)

// blackHole relays to a server, and while it is on swallows everything, without
// closing anything: a network that lost its way, a server that hangs.
type blackHole struct {
	net.Listener
	mu    sync.RWMutex
	on    bool
	trips atomic.Int64 // how often a client sent something
}

func newBlackHole(t *testing.T, server string) *blackHole {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	b := &blackHole{Listener: l}
	var relaying sync.WaitGroup
	relaying.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", server)
			if err != nil {
				near.Close()
				return
			}
			relaying.Go(func() { b.relay(far, near, &b.trips) })
			relaying.Go(func() { b.relay(near, far, new(atomic.Int64)) })
		}
	})
	t.Cleanup(func() { l.Close(); relaying.Wait() })
	return b
}

func (b *blackHole) relay(to, from net.Conn, pieces *atomic.Int64) {
	defer to.Close()
	buf := make([]byte, 4096)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		pieces.Add(1)
		b.mu.RLock()
		if !b.on {
			_, err = to.Write(buf[:n])
		}
		b.mu.RUnlock()
		if err != nil {
			return
		}
	}
}

func (b *blackHole) set(on bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.on = on
}

func connectThrough(t *testing.T, database string) (*sqlx.DB, *blackHole) {
	t.Helper()
	direct, err := url.Parse(database)
	require.NoError(t, err)
	hole := newBlackHole(t, direct.Host)
	direct.Host = hole.Addr().String()
	return connect(t, direct.String()), hole
}

// TestRoundTrips holds what an attachment costs the database, on the wire.
func TestRoundTrips(t *testing.T) {
	db, wire := connectThrough(t, startPostgres(t).database(t))
	repo := sqlrepo.NewPostgres(db)
	require.NoError(t, db.Ping())
	d := draft("acme", 1)
	wire.trips.Store(0)
	store(t, repo, d)
	require.EqualValues(t, 2, wire.trips.Load(), "a fresh attachment")
	wire.trips.Store(0)
	_, err := repo.Begin(as("acme"), d)
	require.NoError(t, err)
	require.EqualValues(t, 1, wire.trips.Load(), "a replay")
}

// TestHungPostgres: a call does not outlive its context, or the repository's
// patience, by more than moments, wherever in it the server falls silent, and
// the next one finds a connection that works.
func TestHungPostgres(t *testing.T) {
	hash := strings.Repeat("0", 64)
	db, hole := connectThrough(t, startPostgres(t).database(t))
	repo := sqlrepo.NewPostgres(db)

	for name, call := range map[string]func(ctx context.Context) error{
		"one query": func(ctx context.Context) error {
			_, err := repo.Begin(ctx, attachment.Draft{Record: attachment.EmailAttachment{
				ID: "11111111-1111-1111-1111-111111111111", TenantID: "acme", MessageID: "m", ContentHash: hash,
			}, Content: attachment.Content{ID: "22222222-2222-2222-2222-222222222222", TenantID: "acme", SHA256: hash, StorageKey: "k"}})
			return err
		},
		"a transaction": func(ctx context.Context) error {
			_, err := repo.DueScans(ctx, time.Now(), 1)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, call(crashUser("acme")))
			for _, c := range []struct {
				idle            int // 2: on a connection that is open; 0: on a new one
				limit, patience time.Duration
			}{
				{2, 200 * time.Millisecond, time.Minute}, {0, 200 * time.Millisecond, time.Minute},
				{2, time.Minute, 200 * time.Millisecond}, {0, time.Minute, 200 * time.Millisecond},
			} {
				db.SetMaxIdleConns(c.idle)
				hole.set(true)
				ctx, cancel := context.WithTimeout(crashUser("acme"), c.limit)
				repo.SetPatience(c.patience)
				done := make(chan error, 1)
				go func() { done <- call(ctx) }()
				select {
				case err := <-done:
					var failed *attachment.RepositoryError
					require.ErrorAs(t, err, &failed)
					require.True(t, failed.Temporary, "%v", err)
				case <-time.After(20 * time.Second):
					t.Fatal("the call hangs")
				}
				cancel()
				hole.set(false)
				repo.SetPatience(time.Minute)
				require.NoError(t, call(crashUser("acme")))
			}
		})
	}
}

// TestCancelledQuery: a server that answers ends the call at once, and the
// transaction leaves nothing.
func TestCancelledQuery(t *testing.T) {
	db, err := sqlrepo.OpenPostgres(startPostgres(t).database(t))
	require.NoError(t, err)
	defer db.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = db.ExecContext(ctx, "SELECT pg_sleep(60)")
	require.Error(t, err)
	require.NoError(t, db.PingContext(t.Context()))

	_, err = sqlrepo.OpenPostgres("postgres://u:hunter2@%zz/db")
	require.Error(t, err)
	require.NotContains(t, err.Error(), "hunter2")
}
