package attachmenttest

import (
	"context"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
)

func (s *suite) purge(q attachment.PurgeQuery) int {
	s.Helper()
	q.Now = s.now
	if q.Limit == 0 {
		q.Limit = 100
	}
	n, err := s.repo.Purge(context.Background(), q)
	s.ok(err)
	return n
}

func (s *suite) change(d attachment.Draft, c attachment.Change) {
	s.Helper()
	c.At = s.now
	_, err := s.repo.Update(as(d.Record.TenantID), d.Record.ID, c)
	s.ok(err)
}

func checkPurge(s *suite) {
	first, second, other := s.draft("acme", "a.txt", "same"), s.draft("acme", "b.txt", "same"), s.draft("acme", "c.txt", "other")
	for _, d := range []attachment.Draft{first, second, other} {
		s.store(d)
	}
	deleted := true
	s.change(first, attachment.Change{Deleted: &deleted})
	s.change(other, attachment.Change{Deleted: &deleted})
	equal(s, "purged within the grace", s.purge(attachment.PurgeQuery{DeletedBefore: s.now}), 0)

	grace := attachment.PurgeQuery{DeletedBefore: s.now.Add(time.Second)}
	dry := grace
	dry.DryRun = true
	equal(s, "counted", s.purge(dry), 2)
	equal(s, "still there", s.get(first).IsDeleted, true)
	one := grace
	one.Limit = 1
	equal(s, "purged with a limit", s.purge(one), 1)
	equal(s, "purged", s.purge(grace), 1)
	_, err := s.repo.Get(as("acme"), first.Record.ID)
	s.is(err, attachment.ErrNotFound)

	garbage := s.garbage()
	equal(s, "garbage", len(garbage), 1) // the shared content has a reference left
	equal(s, "garbage", garbage[0].StorageKey, other.Content.StorageKey)
	equal(s, "survivor", s.get(second).StorageKey, first.Content.StorageKey)

	s.now = s.now.Add(attachment.DefaultRetention)
	equal(s, "purged by retention", s.purge(attachment.PurgeQuery{}), 1)
	found := s.garbage()
	equal(s, "garbage after the last reference", len(found), 2)
}

func checkHold(s *suite) {
	d := s.draft("acme", "a.txt", "alpha")
	s.store(d)
	yes, no := true, false
	s.change(d, attachment.Change{Deleted: &yes, LegalHold: &yes})
	s.now = s.now.Add(2 * attachment.DefaultRetention)
	equal(s, "purged under hold", s.purge(attachment.PurgeQuery{DeletedBefore: s.now}), 0)
	s.change(d, attachment.Change{LegalHold: &no})
	equal(s, "purged after the hold", s.purge(attachment.PurgeQuery{DeletedBefore: s.now}), 1)
}

func checkDestroy(s *suite) {
	first, second, other, theirs := s.draft("acme", "a.txt", "same"), s.draft("acme", "b.txt", "same"), s.draft("acme", "c.txt", "other"), s.draft("globex", "a.txt", "same")
	for _, d := range []attachment.Draft{first, second, other, theirs} {
		s.store(d)
	}
	yes := true
	s.change(second, attachment.Change{LegalHold: &yes})
	q := attachment.PurgeQuery{TenantID: "acme", SharedWith: first.Record.ID}
	equal(s, "destroyed", s.purge(q), 1)
	equal(s, "garbage while held", len(s.garbage()), 0)
	no := false
	s.change(second, attachment.Change{LegalHold: &no})
	equal(s, "destroyed by a name that is gone", s.purge(q), 0)
	q.SharedWith = second.Record.ID
	equal(s, "destroyed after the hold", s.purge(q), 1)
	equal(s, "garbage", len(s.garbage()), 1)

	var named attachment.Draft // would go first by its id
	for _, name := range []string{"d", "e", "f", "g", "h"} {
		d := s.draft("acme", name, "many")
		s.store(d)
		if named.Record.ID == "" || d.Record.ID < named.Record.ID {
			named = d
		}
	}
	for _, want := range []int{2, 2, 1, 0} {
		equal(s, "destroyed in batches", s.purge(attachment.PurgeQuery{TenantID: "acme", SharedWith: named.Record.ID, Limit: 2}), want)
	}
	s.get(other)
	s.get(theirs)
}

func checkErase(s *suite) {
	held, theirs := s.draft("acme", "a.txt", "alpha"), s.draft("globex", "a.txt", "alpha")
	s.store(held)
	s.store(theirs)
	yes := true
	s.change(held, attachment.Change{LegalHold: &yes})
	equal(s, "erased", s.purge(attachment.PurgeQuery{TenantID: "acme"}), 1)
	equal(s, "erased again", s.purge(attachment.PurgeQuery{TenantID: "acme"}), 0)
	s.get(theirs)
	garbage := s.garbage()
	equal(s, "garbage", len(garbage), 1)
	equal(s, "garbage", garbage[0].TenantID, "acme")
}

func checkGarbage(s *suite) {
	ctx := context.Background()
	intent := s.draft("acme", "a.txt", "alpha")
	s.begin(intent)
	equal(s, "garbage of a young intent", len(s.garbage()), 0)
	s.now = s.now.Add(2 * time.Hour)

	dry, err := s.repo.Garbage(ctx, attachment.GarbageQuery{Now: s.now, Cutoff: s.now.Add(-time.Hour), Limit: 10, DryRun: true})
	s.ok(err)
	equal(s, "counted", len(dry), 1)
	found := s.garbage()
	equal(s, "garbage", len(found), 1)
	equal(s, "key", found[0].StorageKey, intent.Content.StorageKey)
	equal(s, "garbage under lease", len(s.garbage()), 0)

	// The same bytes come again before the old blob is gone: a new blob.
	again := s.draft("acme", "a.txt", "alpha")
	equal(s, "outcome", s.begin(again).Outcome, attachment.Fresh)
	s.finish(again)
	s.now = s.now.Add(2 * time.Minute)
	equal(s, "garbage after the lease", len(s.garbage()), 1)
	s.ok(s.repo.Forget(ctx, found[0]))
	s.ok(s.repo.Forget(ctx, found[0]))
	s.ok(s.repo.Forget(ctx, attachment.Content{TenantID: "acme", ID: again.Content.ID})) // stored: stays
	s.now = s.now.Add(2 * time.Minute)
	equal(s, "garbage in the end", len(s.garbage()), 0)
	equal(s, "storage key", s.get(again).StorageKey, again.Content.StorageKey)
}

func checkKnownKeys(s *suite) {
	ctx := context.Background()
	stored, intent := s.draft("acme", "a.txt", "alpha"), s.draft("acme", "b.txt", "beta")
	s.store(stored)
	s.begin(intent)
	known, err := s.repo.KnownKeys(ctx, "acme", []string{stored.Content.StorageKey, intent.Content.StorageKey, "attachments/acme/stray"})
	s.ok(err)
	equal(s, "known", known, map[string]bool{stored.Content.StorageKey: true, intent.Content.StorageKey: true})
	known, err = s.repo.KnownKeys(ctx, "acme", nil)
	s.ok(err)
	equal(s, "known of none", len(known), 0)

	id, contents, err := s.repo.Installation(ctx)
	s.ok(err)
	again, _, err := s.repo.Installation(ctx)
	s.ok(err)
	equal(s, "installation", id, again)
	equal(s, "contents", contents, int64(2))
	if id == "" {
		s.Fatal("no installation id")
	}
}
