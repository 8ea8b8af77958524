package scan

import (
	"container/list"
	"context"
	"sync"
)

// LRU is a Cache in memory that forgets what was not asked for longest.
type LRU struct {
	mu      sync.Mutex
	max     int
	order   *list.List // most recently used first
	entries map[string]*list.Element
}

type lruEntry struct {
	key string
	res Result
}

// NewLRU returns a Cache of up to max results, each some 300 bytes.
func NewLRU(max int) *LRU {
	return &LRU{max: max, order: list.New(), entries: map[string]*list.Element{}}
}

// Get implements Cache.
func (c *LRU) Get(_ context.Context, key string) (Result, bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[key]
	if !ok {
		return Result{}, false, nil
	}
	c.order.MoveToFront(e)
	return e.Value.(lruEntry).res, true, nil
}

// Put implements Cache.
func (c *LRU) Put(_ context.Context, key string, res Result) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.entries[key]; ok {
		e.Value = lruEntry{key, res}
		c.order.MoveToFront(e)
		return nil
	}
	c.entries[key] = c.order.PushFront(lruEntry{key, res})
	if c.order.Len() > c.max {
		oldest := c.order.Remove(c.order.Back()).(lruEntry)
		delete(c.entries, oldest.key)
	}
	return nil
}
