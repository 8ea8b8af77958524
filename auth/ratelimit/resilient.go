package ratelimit

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// OnFailure is what a Resilient does while its limiter is out of reach.
type OnFailure int

// The choices.
const (
	UseMemory  OnFailure = iota // count in this process alone: n hosts let up to n quotas through
	FailOpen                    // let everything through
	FailClosed                  // refuse everything with ErrUnavailable
)

// ResilientOptions tunes a Resilient.
type ResilientOptions struct {
	// OnFailure defaults to UseMemory.
	OnFailure OnFailure

	// Timeout bounds one call of the limiter. Defaults to 250 milliseconds.
	Timeout time.Duration

	// Cooldown is how long the limiter is left alone after a failure, so that
	// an outage costs one timeout per Cooldown and not one per request.
	// Defaults to one second.
	Cooldown time.Duration

	// Memory counts where OnFailure is UseMemory. Defaults to NewMemory(nil).
	Memory *Memory

	// Logger hears when the limiter goes and when it is back. Defaults to
	// none.
	Logger *slog.Logger
}

// Status is how a Resilient fares.
type Status struct {
	Degraded  bool      // the limiter is out of reach
	Since     time.Time // since when it is as it is; zero if it never changed
	Failures  int64     // failed calls, ever
	LastError error     // of the last failed call
}

// A Resilient asks a shared limiter, and keeps working without it. It returns
// to it by itself: after each Cooldown one request tries.
type Resilient struct {
	shared Limiter
	opts   ResilientOptions

	mu      sync.Mutex
	status  Status
	retryAt time.Time // while degraded: when the next request tries
}

// NewResilient wraps shared.
func NewResilient(shared Limiter, opts *ResilientOptions) *Resilient {
	r := &Resilient{shared: shared}
	if opts != nil {
		r.opts = *opts
	}
	if r.opts.Timeout <= 0 {
		r.opts.Timeout = 250 * time.Millisecond
	}
	if r.opts.Cooldown <= 0 {
		r.opts.Cooldown = time.Second
	}
	if r.opts.Memory == nil {
		r.opts.Memory = NewMemory(nil)
	}
	if r.opts.Logger == nil {
		r.opts.Logger = slog.New(slog.DiscardHandler)
	}
	return r
}

// Take implements Limiter.
func (r *Resilient) Take(ctx context.Context, key string, limit Limit) (Quota, error) {
	if err := limit.Validate(); err != nil {
		return Quota{}, err
	}
	if !r.mayTry() {
		return r.without(ctx, key, limit)
	}
	quota, err := r.try(ctx, key, limit)
	if err == nil {
		r.succeeded(ctx)
		return quota, nil
	}
	if ctx.Err() != nil {
		return Quota{}, ctx.Err() // the caller has gone; that says nothing of the limiter
	}
	r.failed(ctx, err)
	return r.without(ctx, key, limit)
}

// Status reports how the limiter fares.
func (r *Resilient) Status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.status
}

// mayTry reports whether the limiter is to be asked. While degraded, the
// request that gets true is the only one until a further Cooldown has passed.
func (r *Resilient) mayTry() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.status.Degraded {
		return true
	}
	now := time.Now()
	if now.Before(r.retryAt) {
		return false
	}
	r.retryAt = now.Add(r.opts.Cooldown)
	return true
}

func (r *Resilient) try(ctx context.Context, key string, limit Limit) (Quota, error) {
	ctx, cancel := context.WithTimeout(ctx, r.opts.Timeout)
	defer cancel()
	return r.shared.Take(ctx, key, limit)
}

func (r *Resilient) without(ctx context.Context, key string, limit Limit) (Quota, error) {
	switch r.opts.OnFailure {
	case UseMemory:
		return r.opts.Memory.Take(ctx, key, limit)
	case FailOpen:
		return Quota{Allowed: true, Remaining: limit.Requests}, nil
	default:
		return Quota{}, fmt.Errorf("%w: %w", ErrUnavailable, r.Status().LastError)
	}
}

func (r *Resilient) failed(ctx context.Context, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status.Failures++
	r.status.LastError = err
	r.retryAt = time.Now().Add(r.opts.Cooldown)
	if !r.status.Degraded {
		r.status.Degraded, r.status.Since = true, time.Now()
		r.opts.Logger.WarnContext(ctx, "rate limiter out of reach", slog.Any("error", err))
	}
}

func (r *Resilient) succeeded(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.status.Degraded {
		r.opts.Logger.InfoContext(ctx, "rate limiter is back", slog.Duration("after", time.Since(r.status.Since)))
		r.status.Degraded, r.status.Since = false, time.Now()
	}
}
