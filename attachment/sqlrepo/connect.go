package sqlrepo

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// A call whose context has ended waits so long for the server to confirm that
// it gave up. A connection must be open within connectWithin.
const (
	cancelGrace   = time.Second
	connectWithin = 10 * time.Second
)

// OpenPostgres opens a database for NewPostgres; url is as in lib/pq. The
// caller closes the DB.
//
// The driver alone asks the server to cancel when a context ends, and then
// waits for its answer: where a server hangs, or the network loses what is
// sent, for ever. Here such a connection is cut after a second, so that every
// call returns soon after its context ends.
//
// The DB sends a query together with its parameters, in one round trip and not
// in two, as binary_parameters=yes in url would: pass no []byte for a jsonb.
func OpenPostgres(url string) (*sqlx.DB, error) {
	config, err := pq.NewConfig(url)
	if err != nil {
		return nil, errors.New("open PostgreSQL database: not a connection string") // err would show it, password and all
	}
	config.BinaryParameters = true
	return sqlx.NewDb(sql.OpenDB(&connector{config}), "postgres"), nil
}

type connector struct{ config pq.Config }

func (c *connector) Driver() driver.Driver { return pq.Driver{} }

func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	inner, err := pq.NewConnectorConfig(c.config)
	if err != nil {
		return nil, err
	}
	w := &wire{}
	inner.Dialer(w)
	ctx, cancel := context.WithTimeout(ctx, connectWithin)
	defer cancel()
	defer context.AfterFunc(ctx, func() { w.cut(0) })()
	opened, err := inner.Connect(ctx)
	if err != nil {
		return nil, err
	}
	whole, ok := opened.(session)
	if !ok {
		_ = opened.Close()
		return nil, fmt.Errorf("lib/pq's %T has not all that a connection needs", opened)
	}
	w.opened()
	return &bounded{whole, w}, nil
}

// session is what database/sql asks of lib/pq's connections.
type session interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.QueryerContext
	driver.ExecerContext
	driver.NamedValueChecker
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type bounded struct {
	session
	wire *wire
}

// IsValid keeps a connection that was cut, and got away with it, from being
// used again: its deadline stands.
func (b *bounded) IsValid() bool { return !b.wire.isCut() && b.session.IsValid() }

// BeginTx is the one call during which lib/pq does not look at the context.
func (b *bounded) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	defer context.AfterFunc(ctx, func() { b.wire.cut(cancelGrace) })()
	return b.session.BeginTx(ctx, opts)
}

// wire dials for one connection of lib/pq. Whatever it dials once that is open
// is to ask the server to cancel, for a context has ended.
type wire struct {
	mu      sync.Mutex
	conn    net.Conn
	open    bool
	severed bool // by cut
}

func (w *wire) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	w.mu.Lock()
	open := w.open
	w.mu.Unlock()
	if open {
		w.cut(cancelGrace)
	}
	c, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if open { // lib/pq waits for the server to close it
		return c, c.SetDeadline(time.Now().Add(cancelGrace))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conn = c
	return c, nil
}

func (w *wire) opened() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open = true
}

// cut ends the connection unless it is done with within grace.
func (w *wire) cut(grace time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.severed = true
	if w.conn != nil {
		_ = w.conn.SetDeadline(time.Now().Add(grace))
	}
}

func (w *wire) isCut() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.severed
}

// Dial and DialTimeout are pq.Dialer's, which prefers DialContext.

func (w *wire) Dial(network, address string) (net.Conn, error) {
	return w.DialContext(context.Background(), network, address)
}

func (w *wire) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return w.DialContext(ctx, network, address)
}
