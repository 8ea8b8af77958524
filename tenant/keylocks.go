package tenant

import (
	"context"
	"slices"
	"sync"
)

// keyLocks is a mutex per key. Its zero value is ready, and it keeps nothing
// of a key that nobody holds or waits for.
type keyLocks struct {
	mu   sync.Mutex
	keys map[string]*keyLock
}

type keyLock struct {
	free  chan struct{} // holds one element while nobody has the lock
	users int           // having it or waiting for it
}

// lock waits for all keys, or for the end of ctx. Everybody takes them in the
// same order, so nobody waits in a circle.
func (l *keyLocks) lock(ctx context.Context, keys ...string) (unlock func(), err error) {
	slices.Sort(keys)
	var held []func()
	unlock = func() {
		for _, free := range held {
			free()
		}
	}
	for _, key := range slices.Compact(keys) {
		k := l.join(key)
		select {
		case <-k.free:
			held = append(held, func() {
				k.free <- struct{}{}
				l.leave(key, k)
			})
		case <-ctx.Done():
			l.leave(key, k)
			unlock()
			return nil, ctx.Err()
		}
	}
	return unlock, nil
}

func (l *keyLocks) join(key string) *keyLock {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := l.keys[key]
	if k == nil {
		k = &keyLock{free: make(chan struct{}, 1)}
		k.free <- struct{}{}
		if l.keys == nil {
			l.keys = map[string]*keyLock{}
		}
		l.keys[key] = k
	}
	k.users++
	return k
}

func (l *keyLocks) leave(key string, k *keyLock) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if k.users--; k.users == 0 {
		delete(l.keys, key)
	}
}
