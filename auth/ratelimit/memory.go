package ratelimit

import (
	"container/list"
	"context"
	"sync"
	"time"
)

// MemoryOptions tunes a Memory.
type MemoryOptions struct {
	// MaxKeys bounds how many keys are remembered. Beyond it the one unused
	// for longest is forgotten, and so starts anew. Defaults to 100 000, which
	// is at most about 120 MB and, with 50 requests a minute, typically 30.
	MaxKeys int
}

// Memory is a Limiter for one process. It runs nothing in the background: each
// Take also clears away keys that have gone idle.
type Memory struct {
	maxKeys int
	epoch   time.Time // slots count from here, on the monotonic clock

	mu     sync.Mutex
	byKey  map[memoryKey]*list.Element // of *window
	recent *list.List                  // the least recently used last
}

type memoryKey struct {
	key    string
	length time.Duration
}

// NewMemory returns an empty Memory.
func NewMemory(opts *MemoryOptions) *Memory {
	m := &Memory{maxKeys: 100_000, epoch: time.Now(), byKey: map[memoryKey]*list.Element{}, recent: list.New()}
	if opts != nil && opts.MaxKeys > 0 {
		m.maxKeys = opts.MaxKeys
	}
	return m
}

// Take implements Limiter. It fails only for an invalid limit.
func (m *Memory) Take(_ context.Context, key string, limit Limit) (Quota, error) {
	if err := limit.Validate(); err != nil {
		return Quota{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Since(m.epoch)
	ref := memoryKey{key, limit.Window}
	element := m.byKey[ref]
	if element == nil {
		m.evict(now)
		element = m.recent.PushFront(&window{memoryKey: ref})
		m.byKey[ref] = element
	} else {
		m.recent.MoveToFront(element)
	}
	return element.Value.(*window).take(now, limit), nil
}

// Len returns how many keys are remembered.
func (m *Memory) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.byKey)
}

// evict makes room for one key. Two idle keys go for each that comes, so the
// idle ones run out.
func (m *Memory) evict(now time.Duration) {
	for range 2 {
		oldest := m.recent.Back()
		if oldest == nil {
			return
		}
		w := oldest.Value.(*window)
		if len(m.byKey) < m.maxKeys && !w.idle(now) {
			return
		}
		m.recent.Remove(oldest)
		delete(m.byKey, w.memoryKey)
	}
}

// A window is the recent past of one key.
type window struct {
	memoryKey
	slots []slot // ascending, none empty, at most Slots+1
	total int
}

type slot struct {
	index int64
	count int
}

func (w *window) grain() time.Duration { return w.length / Slots }

// idle reports whether nothing would be left after forgetting.
func (w *window) idle(now time.Duration) bool {
	return len(w.slots) == 0 || w.slots[len(w.slots)-1].index < int64(now/w.grain())-Slots
}

func (w *window) take(now time.Duration, limit Limit) Quota {
	current := int64(now / w.grain())
	w.forget(current - Slots)
	allowed := w.total < limit.Requests
	if allowed {
		w.count(current)
	}
	reset := time.Duration(w.slots[0].index+Slots+1)*w.grain() - now
	return Quota{Allowed: allowed, Remaining: max(0, limit.Requests-w.total), Reset: reset}
}

func (w *window) forget(before int64) {
	gone := 0
	for gone < len(w.slots) && w.slots[gone].index < before {
		w.total -= w.slots[gone].count
		gone++
	}
	w.slots = append(w.slots[:0], w.slots[gone:]...)
}

func (w *window) count(current int64) {
	w.total++
	if last := len(w.slots) - 1; last >= 0 && w.slots[last].index == current {
		w.slots[last].count++
		return
	}
	w.slots = append(w.slots, slot{current, 1})
}
