// Package ratelimit counts requests per key over a sliding window.
//
// # The window
//
// At any moment, no more than Limit.Requests requests have been allowed in the
// Window before it. There is no fixed minute whose edge lets two quotas
// through. To bound what a key costs, whatever its limit, times are kept to
// one sixtieth of the window, always rounded so that a request is remembered a
// little too long rather than too short: room appears at most that much late.
// Requests that are refused do not count.
//
// # Who lives here
//
//   - [Limiter]: the port.
//   - [Memory]: one process, bounded memory.
//   - [Resilient]: a shared limiter, and what happens while it is out of reach.
//
// Package redislimit, beside this one, shares a count between hosts.
package ratelimit

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Sentinels. Test with errors.Is.
var (
	ErrLimit       = errors.New("ratelimit: invalid limit")
	ErrUnavailable = errors.New("ratelimit: limiter unavailable")
)

// A Limiter counts. Implementations are safe for concurrent use.
type Limiter interface {
	// Take counts one request of key, unless its quota is used up, and says
	// what is left. Keys are chosen by the host, never by a client. Counts
	// under one key but different windows are separate.
	Take(ctx context.Context, key string, limit Limit) (Quota, error)
}

// A Limit is how many requests may come in any stretch of time as long as
// Window.
type Limit struct {
	Requests int
	Window   time.Duration
}

// PerMinute is n requests a minute.
func PerMinute(n int) Limit { return Limit{Requests: n, Window: time.Minute} }

// Validate reports whether l makes sense: 1 to a billion requests, 1 second to
// 24 hours. The error matches ErrLimit.
func (l Limit) Validate() error {
	if l.Requests < 1 || l.Requests > 1e9 || l.Window < time.Second || l.Window > 24*time.Hour {
		return fmt.Errorf("%w: %d in %s", ErrLimit, l.Requests, l.Window)
	}
	return nil
}

// A Quota is where a key stands after a Take.
type Quota struct {
	Allowed   bool
	Remaining int

	// Reset is the time until the oldest request is forgotten: after a
	// refusal, when to try again.
	Reset time.Duration
}

// Slots is how many parts a window is kept in. A count lives in the slot of
// its arrival and in the Slots after it.
const Slots = 60
