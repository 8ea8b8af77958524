package scan

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"go.opentelemetry.io/otel/metric"
)

// A Pool is the in-process Queue and the workers behind it. It keeps nothing
// that a crash could lose: the ledger knows what is pending, and a Reconciler
// hands over again what the pool turned away or forgot.
//
// Urgent jobs go first, tenants take turns, and one tenant's backlog delays
// another's single file by at most the scan that is already running.
type Pool struct {
	worker *Worker
	opts   PoolOptions

	mu      sync.Mutex
	changed *sync.Cond // a job came, a hand is free, or the pool is closing
	waiting *waitingRoom
	held    map[jobKey]struct{} // waiting or running: a second one is dropped
	running map[string]int      // by tenant
	dropped int64
	state   poolState
	cancel  context.CancelFunc // stops the scans in flight
	done    chan struct{}      // closed when Run returns
}

type jobKey struct{ tenantID, contentID string }

type poolState int

const (
	poolNew poolState = iota
	poolRunning
	poolClosed
)

// PoolOptions shapes a Pool.
type PoolOptions struct {
	// Workers is how many scans run at once. Defaults to 4.
	Workers int

	// PerTenant is how many of them one tenant may have at once. Defaults to
	// all but one, so that a tenant with large files never holds every one.
	// A host with a single tenant sets it to Workers.
	PerTenant int

	// Capacity is how many jobs may wait. Defaults to 10,000.
	Capacity int

	// Logger defaults to none.
	Logger *slog.Logger

	// MeterProvider receives scan.pool.waiting, scan.pool.running and
	// scan.pool.dropped while the pool runs. Defaults to none.
	MeterProvider metric.MeterProvider
}

// PoolStats is what a Pool is doing.
type PoolStats struct {
	Waiting int
	Running int
	Dropped int64 // turned away since the start because the pool was full or closed
}

var errPoolRan = errors.New("scan: a Pool runs once")

// NewPool returns a Pool that does its jobs with worker. It does nothing until
// Run.
func NewPool(worker *Worker, opts *PoolOptions) *Pool {
	o := *cmp.Or(opts, &PoolOptions{})
	o.Workers = cmp.Or(o.Workers, 4)
	o.PerTenant = cmp.Or(o.PerTenant, max(1, o.Workers-1))
	o.Capacity = cmp.Or(o.Capacity, 10_000)
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	p := &Pool{worker: worker, opts: o, waiting: newWaitingRoom(o.Capacity), held: map[jobKey]struct{}{}, running: map[string]int{}, done: make(chan struct{})}
	p.changed = sync.NewCond(&p.mu)
	return p
}

// Enqueue takes job and returns at once, always with nil. A job already
// waiting or running is dropped. When the pool is full, the tenant with the
// most jobs waiting loses its last one; after Shutdown every job is dropped.
// What is dropped stays pending in the ledger and comes back through the
// Reconciler.
func (p *Pool) Enqueue(_ context.Context, job Job) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == poolClosed {
		p.dropped++
		return nil
	}
	if _, known := p.held[job.key()]; known {
		return nil
	}
	p.held[job.key()] = struct{}{}
	if away, full := p.waiting.push(job); full {
		delete(p.held, away.key())
		p.dropped++
	}
	p.changed.Signal()
	return nil
}

// Run does jobs until ctx ends or Shutdown is called, and returns when the
// last scan has. The end of ctx cuts scans short; their claims are given back.
// It returns an error only when the pool has run before.
func (p *Pool) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if !p.start(cancel) {
		return errPoolRan
	}
	defer close(p.done)
	defer context.AfterFunc(ctx, p.close)()
	defer observePool(p.opts.MeterProvider, p.Stats)()

	var hands sync.WaitGroup
	for range p.opts.Workers {
		hands.Go(func() {
			for job, ok := p.next(); ok; job, ok = p.next() {
				p.do(ctx, job)
			}
		})
	}
	hands.Wait()
	return nil
}

// Shutdown takes no more jobs, forgets those that wait, and lets the scans in
// flight finish. If ctx ends first they are cut short, and Shutdown returns
// ctx's error once they have given their claims back.
func (p *Pool) Shutdown(ctx context.Context) error {
	p.close()
	p.mu.Lock()
	cancel := p.cancel
	p.mu.Unlock()
	if cancel == nil {
		return nil // never ran
	}
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		cancel()
		<-p.done
		return ctx.Err()
	}
}

// Stats says what the pool is doing.
func (p *Pool) Stats() PoolStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return PoolStats{Waiting: p.waiting.size, Running: len(p.held) - p.waiting.size, Dropped: p.dropped}
}

func (p *Pool) start(cancel context.CancelFunc) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state != poolNew {
		return false
	}
	p.state, p.cancel = poolRunning, cancel
	return true
}

func (p *Pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state = poolClosed
	p.changed.Broadcast()
}

// next waits for a job that may run now, or for the end.
func (p *Pool) next() (Job, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.state == poolRunning {
		if job, ok := p.waiting.pop(p.mayRun); ok {
			p.running[job.TenantID]++
			return job, true
		}
		p.changed.Wait()
	}
	return Job{}, false
}

func (p *Pool) mayRun(tenantID string) bool { return p.running[tenantID] < p.opts.PerTenant }

func (p *Pool) do(ctx context.Context, job Job) {
	defer p.finish(job)
	err := p.worker.Work(ctx, job)
	var again *RetryError
	switch {
	case err == nil, errors.Is(err, ErrNotDue), errors.Is(err, ErrGaveUp), errors.As(err, &again):
		// The ledger knows, and the worker has logged it.
	default:
		p.opts.Logger.ErrorContext(ctx, "scan job failed; the reconciler will bring it back",
			"tenant", job.TenantID, "content", job.ContentID, "error", err)
	}
}

func (p *Pool) finish(job Job) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.held, job.key())
	if p.running[job.TenantID]--; p.running[job.TenantID] == 0 {
		delete(p.running, job.TenantID)
	}
	p.changed.Broadcast()
}

func (j Job) key() jobKey { return jobKey{j.TenantID, j.ContentID} }

// pause waits for d or the end of ctx, and reports whether ctx goes on.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
