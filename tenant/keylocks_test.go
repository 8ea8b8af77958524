package tenant

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKeyLocks(t *testing.T) {
	var l keyLocks
	keys := []string{"a", "b", "c"}
	holders := map[string]*int{"a": new(int), "b": new(int), "c": new(int)}
	var group sync.WaitGroup
	for i := range 60 {
		group.Go(func() {
			one, other := keys[i%3], keys[(i/3)%3] // in both orders, and twice the same
			unlock, err := l.lock(t.Context(), one, other)
			require.NoError(t, err)
			defer unlock()
			*holders[one]++ // a data race unless the lock excludes
			*holders[other]--
		})
	}
	group.Wait()
	require.Empty(t, l.keys, "nothing is kept of keys that nobody holds")
}

func TestKeyLocksGiveUpWithTheContext(t *testing.T) {
	var l keyLocks
	unlock, err := l.lock(t.Context(), "b")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = l.lock(ctx, "a", "b", "c")
	require.ErrorIs(t, err, context.Canceled)
	unlock()
	unlock, err = l.lock(t.Context(), "a", "b", "c")
	require.NoError(t, err, "what was held on the way was given back")
	unlock()
	require.Empty(t, l.keys)
}
