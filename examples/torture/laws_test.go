package torture

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"regexp"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// recovers is how long a host may take to be well again, with the pauses that
// openHost sets.
const recovers = 30 * time.Second

// recovered has every user finish what he began, twice, and then looks at
// everything: by way of the host, and past it through direct.
func (h *host) recovered(t testing.TB, direct parts, users []*user) {
	t.Helper()
	var finishing sync.WaitGroup
	for _, u := range users {
		finishing.Go(u.finish)
	}
	finishing.Wait()
	require.False(t, t.Failed())
	require.True(t, eventually(recovers, func() bool {
		backlog, err := h.ledger.Backlog(t.Context())
		return err == nil && backlog.Pending == 0
	}), "scans are still pending")
	for _, u := range users {
		for _, it := range u.items {
			record, err := h.handler.Get(as(it.tenant), it.id)
			require.NoError(t, err)
			require.Equal(t, it.verdict(), record.VirusScanStatus, "L5: %s: %+v", it, record.VirusScanDetails)
		}
		for range min(5, len(u.items)) {
			u.download(u.items[u.r.IntN(len(u.items))])
		}
	}
	h.sweepAll(t)
	audit(t, direct, users)
}

// finish deletes again what was to be deleted, and stores everything else
// again, twice. Now all of it must work at the first try.
func (u *user) finish() {
	u.strict = true
	for _, it := range slices.Clone(u.items) {
		if it.gone {
			if err := u.handler.Delete(as(it.tenant), it.id); err != nil && !attachment.IsAbsent(err) {
				u.t.Errorf("delete of %s: %v", it, err)
			}
			u.forget(it)
		}
	}
	for range 2 {
		for _, it := range u.items {
			u.again(it)
		}
	}
}

// again stores an item that may be stored already.
func (u *user) again(it *item) {
	result := u.executeWithin(it, recovers)
	if result.Status != attachment.StatusSuccess {
		u.t.Errorf("%s: %s %s", it, result.ErrorCode, result.Error)
		return
	}
	u.keep(it, result.Output.Data)
}

// keep notes how an item was stored.
func (u *user) keep(it *item, p attachment.Processed) {
	if it.id != "" && it.id != p.AttachmentID {
		u.t.Errorf("L3: a replay of %s gave %s", it, p.AttachmentID)
	}
	it.id, it.link = p.AttachmentID, p.PresignedURL
}

// sweepAll removes everything that has come to its end, graces and the leases
// of sweeps that were interrupted included. Nobody may be at work.
func (h *host) sweepAll(t testing.TB) {
	t.Helper()
	for range 2 {
		_, err := h.repo.Garbage(t.Context(), attachment.GarbageQuery{
			Now: time.Now().Add(time.Hour), Cutoff: time.Now(), Lease: -2 * time.Hour, Limit: 10_000,
		})
		require.NoError(t, err)
		_, err = h.handler.Sweep(t.Context(), &attachment.SweepOptions{IntentGrace: time.Nanosecond, DeletedGrace: time.Nanosecond})
		require.NoError(t, err)
	}
}

// audit compares database and bucket with each other and with what the users
// remember. It trusts nothing of the host.
func audit(t testing.TB, p parts, users []*user) {
	t.Helper()
	expected := map[string]*item{}
	for _, u := range users {
		for _, it := range u.items {
			expected[it.id] = it
		}
	}
	referenced, found := map[string]bool{}, 0
	for _, id := range tenants() {
		for _, record := range allRecords(t, p, id) {
			it := expected[record.ID]
			require.NotNil(t, it, "L3: a record that nobody made: %+v", record)
			found++
			require.Equal(t, it.tenant, record.TenantID)
			require.Equal(t, it.hash(), record.ContentHash)
			referenced[tenant.Namespace(id)+record.StorageKey] = true
			hash, err := storedHash(p, record)
			require.NoError(t, err, "L1: %s points to nothing", it)
			require.Equal(t, record.ContentHash, hash, "L1: %s", it)
		}
	}
	require.Equal(t, len(expected), found, "L1: records are missing")
	for info, err := range p.bytes.List(t.Context(), "") {
		require.NoError(t, err)
		require.True(t, referenced[info.Key], "L2: an orphan: %s", info.Key)
		delete(referenced, info.Key)
	}
	require.Empty(t, referenced)
	left, err := p.bytes.Reclaim(t.Context(), time.Now().Add(time.Hour))
	require.NoError(t, err)
	require.Zero(t, left, "L2: uploads were left")
}

func allRecords(t testing.TB, p parts, tenantID string) (all []attachment.EmailAttachment) {
	t.Helper()
	for _, deleted := range []bool{false, true} {
		for q := (attachment.Query{Limit: 500, Deleted: deleted}); ; {
			page, err := p.repo.List(as(tenantID), q)
			require.NoError(t, err)
			all = append(all, page.Records...)
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
		}
	}
	return all
}

func storedHash(p parts, record attachment.EmailAttachment) (string, error) {
	r, err := p.store.Open(as(record.TenantID), record.StorageKey, 0, -1)
	if err != nil {
		return "", err
	}
	defer r.Close()
	hash := sha256.New()
	n, err := io.Copy(hash, r)
	if err == nil && n != record.Size {
		err = errors.New("another size")
	}
	return hex.EncodeToString(hash.Sum(nil)), err
}

// idle waits until the host has nothing to do.
func (h *host) idle(t testing.TB) {
	t.Helper()
	require.True(t, eventually(recovers, func() bool {
		stats := h.pool.Stats()
		return stats.Waiting+stats.Running == 0
	}))
}

// goroutines counts those that claim has given a name, of everything or of the
// library's own code alone: drivers keep theirs for as long as they keep
// connections. Those of toxiproxy do not count.
func goroutines(name string, everything bool) (n int, stacks string) {
	var profile bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&profile, 1)
	head := regexp.MustCompile(`^(\d+) @`)
	for block := range strings.SplitSeq(profile.String(), "\n\n") {
		match := head.FindStringSubmatch(block)
		if match == nil || !strings.Contains(block, `"host":"`+name+`"`) || strings.Contains(block, "toxiproxy") || !everything && !ofLibrary(block) {
			continue
		}
		count, _ := strconv.Atoi(match[1])
		n += count
		stacks += block + "\n\n"
	}
	return n, stacks
}

func ofLibrary(stack string) bool {
	const module = "github.com/metabuilder/workflow-plugin-attachment-handler/"
	return strings.Contains(strings.ReplaceAll(stack, module+"examples/", ""), module)
}

// level fails if more goroutines stay than there were.
func level(t testing.TB, name string, everything bool, before int) {
	t.Helper()
	var stacks string
	enough := eventually(recovers, func() bool {
		var n int
		n, stacks = goroutines(name, everything)
		return n <= before
	})
	require.True(t, enough, "more goroutines than %d:\n%s", before, stacks)
}

// sweeper sweeps in passing until ctx ends, as a host does every hour.
func (h *host) sweeper(ctx context.Context, every time.Duration) {
	for ctx.Err() == nil {
		_, _ = h.handler.Sweep(ctx, &attachment.SweepOptions{DeletedGrace: time.Nanosecond}) // what fails is there for the next one
		select {
		case <-ctx.Done():
		case <-time.After(every):
		}
	}
}
