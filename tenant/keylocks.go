package tenant

import (
	"context"
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

// lock waits for key, or for the end of ctx.
func (l *keyLocks) lock(ctx context.Context, key string) (unlock func(), err error) {
	k := l.join(key)
	select {
	case <-k.free:
		return func() {
			k.free <- struct{}{}
			l.leave(key, k)
		}, nil
	case <-ctx.Done():
		l.leave(key, k)
		return nil, ctx.Err()
	}
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
