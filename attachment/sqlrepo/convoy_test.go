package sqlrepo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

var errTemporary = errors.New("temporary")

// gate is a step that lets a test see and hold every transaction.
type gate struct {
	*convoy
	started chan []string // the hashes of a transaction
	finish  chan error
}

func newGate() *gate {
	g := &gate{started: make(chan []string), finish: make(chan error)}
	g.convoy = newConvoy(func(err error) bool { return errors.Is(err, errTemporary) }, func(_ context.Context, tenantID string, drafts []draft) ([]reply, error) {
		hashes, replies := make([]string, len(drafts)), make([]reply, len(drafts))
		for i, d := range drafts {
			hashes[i], replies[i] = d.ContentHash, reply{Outcome: tenantID + " " + d.ContentHash}
		}
		g.started <- hashes
		err := <-g.finish
		return replies, err
	})
	return g
}

// send makes a call and returns where its outcome or error will be found.
func (g *gate) send(ctx context.Context, tenantID, hash string) <-chan any {
	done := make(chan any, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- fmt.Errorf("panic: %v", p)
			}
		}()
		answer, err := g.travel(ctx, tenantID, draft{ContentHash: hash})
		if err != nil {
			done <- err
			return
		}
		done <- answer.Outcome
	}()
	synctest.Wait()
	return done
}

func (g *gate) idle(t *testing.T) {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	require.Empty(t, g.waiting)
}

func TestConvoyTravelsTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		first := g.send(t.Context(), "a", "5")
		require.Equal(t, []string{"5"}, <-g.started, "nobody waits for company")
		c, b, again := g.send(t.Context(), "a", "3"), g.send(t.Context(), "a", "2"), g.send(t.Context(), "a", "3")
		other := g.send(t.Context(), "b", "1")
		require.Equal(t, []string{"1"}, <-g.started, "another tenant does not wait")
		g.finish <- nil
		g.finish <- nil
		require.Equal(t, "a 5", <-first)
		require.Equal(t, "b 1", <-other)
		require.Equal(t, []string{"2", "3", "3"}, <-g.started, "in the order of the hashes")
		g.finish <- nil
		require.Equal(t, "a 3", <-c)
		require.Equal(t, "a 2", <-b)
		require.Equal(t, "a 3", <-again)
		synctest.Wait()
		g.idle(t)
	})
}

func TestConvoyIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		for range maxConvoy + 11 {
			g.send(t.Context(), "a", "1")
		}
		for _, size := range []int{1, maxConvoy, 10} {
			require.Len(t, <-g.started, size)
			g.finish <- nil
		}
		synctest.Wait()
		g.idle(t)
	})
}

// TestConvoyMeetsOutage: what is nobody's fault, all hear of.
func TestConvoyMeetsOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		g.send(t.Context(), "a", "1")
		<-g.started
		second, third := g.send(t.Context(), "a", "2"), g.send(t.Context(), "a", "3")
		g.finish <- nil
		<-g.started
		g.finish <- errTemporary
		require.Equal(t, errTemporary, <-second)
		require.Equal(t, errTemporary, <-third)
		synctest.Wait()
		g.idle(t)
	})
}

// TestConvoyFails: whose fault it was shows when each tries alone.
func TestConvoyFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, bad := newGate(), errors.New("bad")
		first := g.send(t.Context(), "a", "1")
		<-g.started
		good, poor := g.send(t.Context(), "a", "2"), g.send(t.Context(), "a", "3")
		g.finish <- bad
		require.Equal(t, bad, <-first)
		require.Equal(t, []string{"2", "3"}, <-g.started)
		g.finish <- bad
		for range 2 {
			alone := <-g.started
			require.Len(t, alone, 1)
			g.finish <- map[string]error{"2": nil, "3": bad}[alone[0]]
		}
		require.Equal(t, "a 2", <-good)
		require.Equal(t, bad, <-poor)
		synctest.Wait()
		g.idle(t)
	})
}

func TestConvoyLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		first := g.send(t.Context(), "a", "1")
		<-g.started
		ctx, cancel := context.WithCancel(t.Context())
		gone, stays := g.send(ctx, "a", "2"), g.send(t.Context(), "a", "3")
		cancel()
		require.Equal(t, context.Canceled, <-gone, "nobody waits beyond the end of the context")
		g.finish <- nil
		require.Equal(t, "a 1", <-first)
		require.Equal(t, []string{"3"}, <-g.started)

		ctx, cancel = context.WithCancel(t.Context())
		taken := g.send(ctx, "a", "4")
		g.finish <- nil
		require.Equal(t, "a 3", <-stays)
		require.Equal(t, []string{"4"}, <-g.started, "it leads now")
		cancel()
		g.finish <- ctx.Err()
		require.Equal(t, context.Canceled, <-taken)
		synctest.Wait()
		g.idle(t)
	})
}

// TestConvoyPassesOn: one whose context ends just as it is to lead, which no
// test can time, leaves the lead to the next.
func TestConvoyPassesOn(t *testing.T) {
	g := newGate()
	leader, second, third := &traveller{woken: make(chan struct{})}, &traveller{woken: make(chan struct{})}, &traveller{woken: make(chan struct{})}
	require.True(t, g.join("a", leader))
	require.False(t, g.join("a", second))
	require.False(t, g.join("a", third))
	g.next("a")
	<-second.woken
	g.leave("a", second)
	<-third.woken
	require.True(t, third.leads)
	g.leave("a", third)
	g.idle(t)
}

func TestConvoyPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		whole := g.run
		g.run = func(ctx context.Context, tenantID string, drafts []draft) ([]reply, error) {
			replies, err := whole(ctx, tenantID, drafts)
			if slices.ContainsFunc(drafts, func(d draft) bool { return d.ContentHash == "2" }) {
				panic("2")
			}
			return replies, err
		}
		first := g.send(t.Context(), "a", "1")
		<-g.started
		leads, follows := g.send(t.Context(), "a", "2"), g.send(t.Context(), "a", "3")
		g.finish <- nil
		require.Equal(t, "a 1", <-first)
		<-g.started
		g.finish <- nil
		require.EqualError(t, (<-leads).(error), "panic: 2")
		require.Equal(t, []string{"3"}, <-g.started, "whoever was in its company tries alone")
		g.finish <- nil
		require.Equal(t, "a 3", <-follows)
		synctest.Wait()
		g.idle(t)
	})
}
