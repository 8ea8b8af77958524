package temporalnode

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
)

const defaultStall = time.Minute

// errStalled is why a call was cut off that made no progress.
var errStalled = errors.New("no progress")

// pulse counts what an activity has got done: bytes, or steps.
type pulse struct{ count atomic.Int64 }

type pulseKey struct{}

// progressed tells the activity around ctx, if there is one, that it goes on.
func progressed(ctx context.Context, n int64) {
	if p, ok := ctx.Value(pulseKey{}).(*pulse); ok {
		p.count.Add(n)
	}
}

// watched calls do and sends heartbeats for as long as it makes progress. If it
// makes none for stall, do's ctx is cancelled and the heartbeats end, so that
// the server hands the activity to another worker even if do does not heed its
// ctx. cut reports whether do's ctx ended early, for whatever reason.
func watched(ctx context.Context, stall time.Duration, do func(ctx context.Context)) (cut error) {
	p := &pulse{}
	inner, cancel := context.WithCancelCause(context.WithValue(ctx, pulseKey{}, p))
	var beats sync.WaitGroup
	beats.Go(func() { beat(inner, p, stall, cancel) })
	do(inner)
	cut = context.Cause(inner)
	cancel(nil)
	beats.Wait()
	return cut
}

func beat(ctx context.Context, p *pulse, stall time.Duration, cancel context.CancelCauseFunc) {
	ticker := time.NewTicker(interval(ctx, stall))
	defer ticker.Stop()
	seen, moved := int64(0), time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := p.count.Load()
		if now != seen {
			seen, moved = now, time.Now()
		}
		if time.Since(moved) >= stall {
			cancel(fmt.Errorf("%w for %s", errStalled, stall))
			return
		}
		activity.RecordHeartbeat(ctx, now)
	}
}

func interval(ctx context.Context, stall time.Duration) time.Duration {
	every := 10 * time.Second // heartbeats that nobody expects still fetch cancellations
	if timeout := activity.GetInfo(ctx).HeartbeatTimeout; timeout > 0 {
		every = timeout / 3
	}
	return max(time.Millisecond, min(every, stall/3))
}

// cancelled reports whether somebody wanted the activity to end, as opposed to
// its worker or its server.
func cancelled(ctx context.Context) bool {
	return ctx.Err() != nil && temporal.IsCanceledError(context.Cause(ctx))
}

// countedReader reports what it reads as progress.
type countedReader struct {
	io.ReadCloser
	ctx context.Context
}

func (c countedReader) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	progressed(c.ctx, int64(n))
	return n, err
}
