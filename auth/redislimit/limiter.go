// Package redislimit is a rate limiter whose counts live in Redis, so that many
// hosts share them.
//
// Each request is one round trip: a script counts and decides in one step, by
// the clock of the Redis server, so hosts need not agree on the time. Wrap the
// limiter into ratelimit.NewResilient, which says what happens while Redis is
// out of reach.
package redislimit

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/ratelimit"
)

//go:embed take.lua
var takeSource string

// Options tunes a Limiter.
type Options struct {
	// Prefix begins every key in Redis. Defaults to "ratelimit:".
	Prefix string
}

// A Limiter counts in Redis 5 or later, alone or as a cluster.
type Limiter struct {
	client redis.Scripter
	close  func() error
	script *redis.Script
	prefix string
}

// Open returns a Limiter with a client of its own, made for this use: it heeds
// deadlines, and never repeats a command, for that would count a request
// twice. The address is a URL as in redis.ParseURL. Nothing is dialled yet. The
// caller closes it.
func Open(address string, opts *Options) (*Limiter, error) {
	options, err := redis.ParseURL(address)
	if err != nil {
		return nil, errors.New("redislimit: not a Redis URL") // err would show it, password and all
	}
	options.ContextTimeoutEnabled = true
	options.MaxRetries = -1
	options.DialerRetries = 1
	client := redis.NewClient(options)
	l := New(client, opts)
	l.close = client.Close
	return l, nil
}

// New returns a Limiter on a client of the host. For a prompt answer when Redis
// hangs, that client has ContextTimeoutEnabled set and MaxRetries -1.
func New(client redis.Scripter, opts *Options) *Limiter {
	l := &Limiter{client: client, close: func() error { return nil }, script: redis.NewScript(takeSource), prefix: "ratelimit:"}
	if opts != nil && opts.Prefix != "" {
		l.prefix = opts.Prefix
	}
	return l
}

// Close ends what Open has begun.
func (l *Limiter) Close() error { return l.close() }

// Take implements ratelimit.Limiter.
func (l *Limiter) Take(ctx context.Context, key string, limit ratelimit.Limit) (ratelimit.Quota, error) {
	if err := limit.Validate(); err != nil {
		return ratelimit.Quota{}, err
	}
	grain := (limit.Window / ratelimit.Slots).Microseconds()
	// The window is part of the key: slots of another length mean other times.
	name := fmt.Sprintf("%s%d:%s", l.prefix, limit.Window.Milliseconds(), key)
	reply, err := l.script.Run(ctx, l.client, []string{name}, limit.Requests, grain, ratelimit.Slots).Int64Slice()
	if err != nil {
		return ratelimit.Quota{}, fmt.Errorf("redislimit: %w", err)
	}
	if len(reply) != 3 {
		return ratelimit.Quota{}, fmt.Errorf("redislimit: reply of %d numbers, want 3", len(reply))
	}
	return ratelimit.Quota{Allowed: reply[0] == 1, Remaining: int(reply[1]), Reset: time.Duration(reply[2]) * time.Microsecond}, nil
}
