package sqlrepo

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
)

// maxConvoy bounds a transaction: nobody has to wait for more drafts.
const maxConvoy = 64

// A convoy runs one step of an ingest. For each tenant one transaction is under
// way at a time; the drafts that come meanwhile travel together in the next. So
// many attachments at once cost few round trips and few flushes to disk, and a
// single one never waits for company.
//
// It owns no goroutine: the call that has waited longest leads, and runs the
// transaction for all.
type convoy struct {
	run       transaction
	temporary func(error) bool // whether an error has nothing to do with the drafts

	mu      sync.Mutex
	waiting map[string][]*traveller // by tenant, of those with a transaction under way
}

// transaction runs a step for some drafts, and answers each.
type transaction func(ctx context.Context, tenantID string, drafts []draft) ([]reply, error)

func newConvoy(temporary func(error) bool, run transaction) *convoy {
	return &convoy{run: run, temporary: temporary, waiting: make(map[string][]*traveller)}
}

// traveller is one call.
type traveller struct {
	draft draft
	woken chan struct{} // closed when it is to lead, or its transaction is over
	leads bool
	reply reply
	err   error
}

// errAlone is for those whose transaction failed because of one of them, or of
// what became of their leader.
var errAlone = errors.New("sqlrepo: the transaction failed, try alone")

// travel takes one draft through the step.
func (c *convoy) travel(ctx context.Context, tenantID string, d draft) (reply, error) {
	t := &traveller{draft: d, woken: make(chan struct{})}
	if !c.join(tenantID, t) {
		select {
		case <-t.woken:
		case <-ctx.Done():
			c.leave(tenantID, t)
			return reply{}, ctx.Err()
		}
	}
	if t.leads {
		c.lead(ctx, tenantID, t)
	}
	if t.err != errAlone {
		return t.reply, t.err
	}
	replies, err := c.answers(ctx, tenantID, []draft{d})
	if err != nil {
		return reply{}, err
	}
	return replies[0], nil
}

// answers runs a transaction, of which each draft gets its answer.
func (c *convoy) answers(ctx context.Context, tenantID string, drafts []draft) ([]reply, error) {
	replies, err := c.run(ctx, tenantID, drafts)
	if err == nil && len(replies) != len(drafts) {
		err = errDatabaseReply
	}
	return replies, err
}

// join makes t the leader where nothing is under way, and else lets it wait.
func (c *convoy) join(tenantID string, t *traveller) (leads bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	waiting, busy := c.waiting[tenantID]
	if t.leads = !busy; busy {
		waiting = append(waiting, t)
	}
	c.waiting[tenantID] = waiting
	return t.leads
}

// leave takes back a call whose context has ended. One that is in a transaction
// already stays in it, as one does whose answer gets lost.
func (c *convoy) leave(tenantID string, t *traveller) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.leads {
		c.next(tenantID)
		return
	}
	if i := slices.Index(c.waiting[tenantID], t); i >= 0 {
		c.waiting[tenantID] = slices.Delete(c.waiting[tenantID], i, i+1)
	}
}

// lead runs the transaction of t and of all who wait, and then makes way.
func (c *convoy) lead(ctx context.Context, tenantID string, t *traveller) {
	party := c.gather(tenantID, t)
	defer func() {
		for _, other := range party {
			if other != t {
				close(other.woken)
			}
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.next(tenantID)
	}()
	drafts := make([]draft, len(party))
	for i, member := range party {
		drafts[i] = member.draft
		member.err = errAlone
	}
	replies, err := c.answers(ctx, tenantID, drafts)
	switch {
	case err == nil:
		for i, member := range party {
			member.reply, member.err = replies[i], nil
		}
	case len(party) == 1, ctx.Err() == nil && c.temporary(err):
		for _, member := range party {
			member.err = err
		}
	}
}

// gather returns t and those who wait, in the order in which every convoy in
// the world locks: that of their hashes. So none waits for one that waits for it.
func (c *convoy) gather(tenantID string, t *traveller) []*traveller {
	c.mu.Lock()
	defer c.mu.Unlock()
	waiting := c.waiting[tenantID]
	n := min(len(waiting), maxConvoy-1)
	party := append([]*traveller{t}, waiting[:n]...)
	c.waiting[tenantID] = slices.Delete(waiting, 0, n)
	slices.SortStableFunc(party, func(a, b *traveller) int { return cmp.Compare(a.draft.ContentHash, b.draft.ContentHash) })
	return party
}

// next lets the one lead who has waited longest. The caller holds the lock.
func (c *convoy) next(tenantID string) {
	waiting := c.waiting[tenantID]
	if len(waiting) == 0 {
		delete(c.waiting, tenantID)
		return
	}
	first := waiting[0]
	first.leads = true
	c.waiting[tenantID] = slices.Delete(waiting, 0, 1)
	close(first.woken)
}
