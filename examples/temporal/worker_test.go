package main

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/worker"
)

// countedWorker counts how often it was stopped.
type countedWorker struct {
	worker.Worker
	stopped *atomic.Int32
}

func (w countedWorker) Stop() { w.stopped.Add(1) }

// TestWhileReachable: a worker takes work only while its database answers.
func TestWhileReachable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var started, stopped atomic.Int32
		var down atomic.Bool
		ping := func(context.Context) error {
			if down.Load() {
				return io.ErrUnexpectedEOF
			}
			return nil
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			done <- whileReachable(ctx, ping, func() (worker.Worker, error) {
				started.Add(1)
				return countedWorker{stopped: &stopped}, nil
			}, io.Discard)
		}()
		for _, c := range []struct {
			down             bool
			started, stopped int32
		}{{false, 1, 0}, {true, 1, 1}, {true, 1, 1}, {false, 2, 1}, {false, 2, 1}} {
			down.Store(c.down)
			time.Sleep(lookEvery + time.Millisecond)
			synctest.Wait()
			require.Equal(t, []int32{c.started, c.stopped}, []int32{started.Load(), stopped.Load()})
		}
		stop()
		require.NoError(t, <-done)
		require.EqualValues(t, 2, stopped.Load())

		broken := errors.New("no such namespace")
		require.ErrorIs(t, whileReachable(t.Context(), ping,
			func() (worker.Worker, error) { return nil, broken }, io.Discard), broken)
	})
}
