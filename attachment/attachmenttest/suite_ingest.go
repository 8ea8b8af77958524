package attachmenttest

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

func checkFresh(s *suite) {
	d := s.draft("acme", "a.txt", "alpha")
	equal(s, "outcome", s.begin(d).Outcome, attachment.Fresh)
	_, err := s.repo.Get(as("acme"), d.Record.ID)
	s.is(err, attachment.ErrNotFound) // an intent is not a record

	begun := s.finish(d)
	equal(s, "outcome", begun.Outcome, attachment.Stored)
	want := d.Record
	want.StorageKey, want.VirusScanStatus = d.Content.StorageKey, scan.StatusPending
	equal(s, "returned record", begun.Record, want)
	equal(s, "read record", s.get(d), want)
	if begun.ScanJob == nil {
		s.Fatal("a pending attachment comes without a scan job")
	}
	equal(s, "scan job", *begun.ScanJob, scan.Job{
		TenantID: "acme", ContentID: d.Content.ID, SHA256: d.Content.SHA256, Size: 5,
		Filename: "a.txt", MIMEType: "text/plain", PendingSince: s.now,
	})
}

func checkReplay(s *suite) {
	first := s.draft("acme", "a.txt", "alpha")
	stored := s.store(first)
	again := s.draft("acme", "a.txt", "alpha") // another content id, the same attachment
	begun := s.begin(again)
	equal(s, "outcome", begun.Outcome, attachment.Replayed)
	equal(s, "record", begun.Record, stored.Record)
	equal(s, "outcome of a second Finish", s.finish(first).Outcome, attachment.Replayed)
	equal(s, "garbage", len(s.garbage()), 0)
}

func checkDeduplication(s *suite) {
	first, second := s.draft("acme", "a.txt", "same"), s.draft("acme", "b.txt", "same")
	s.store(first)
	begun := s.begin(second)
	equal(s, "outcome", begun.Outcome, attachment.Attached)
	equal(s, "storage key", begun.Record.StorageKey, first.Content.StorageKey)
	equal(s, "deduplicated", begun.Record.IsDeduplicated, true)
	equal(s, "deduplicated on replay", s.begin(second).Record.IsDeduplicated, true)
	equal(s, "deduplicated first one", s.get(first).IsDeduplicated, false)
}

func checkUnshared(s *suite) {
	first, second := s.draft("acme", "a.txt", "same"), s.draft("acme", "b.txt", "same")
	second.Content.Shared = false
	s.store(first)
	begun := s.store(second)
	equal(s, "outcome", begun.Outcome, attachment.Stored)
	equal(s, "storage key", begun.Record.StorageKey, second.Content.StorageKey)

	// What nobody may share is still found by the run that replays it.
	third := s.draft("acme", "c.txt", "own")
	third.Content.Shared = false
	s.begin(third)
	replay := s.draft("acme", "c.txt", "own")
	replay.Content.Shared = false
	begun = s.begin(replay)
	equal(s, "outcome", begun.Outcome, attachment.Busy)
	equal(s, "intent", begun.Intent.ID, third.Content.ID)
}

func checkAdopt(s *suite) {
	first, second := s.draft("acme", "a.txt", "same"), s.draft("acme", "b.txt", "same")
	s.begin(first)
	busy := s.begin(second)
	equal(s, "outcome", busy.Outcome, attachment.Busy)
	equal(s, "intent", busy.Intent.StorageKey, first.Content.StorageKey)
	equal(s, "intent size", busy.Intent.Size, int64(4))

	second.Content = busy.Intent // the blob is visible: finish the other's job
	equal(s, "outcome of the adopter", s.finish(second).Outcome, attachment.Stored)
	equal(s, "outcome of the first", s.finish(first).Outcome, attachment.Attached)
	equal(s, "storage key", s.get(first).StorageKey, s.get(second).StorageKey)
	equal(s, "garbage", len(s.garbage()), 0)
}

// checkGivenUp: whoever gives up on the first waits for the second, who has
// done so before; what the first had begun is garbage when it comes too late.
func checkGivenUp(s *suite) {
	first, second, third := s.draft("acme", "a.txt", "same"), s.draft("acme", "b.txt", "same"), s.draft("acme", "c.txt", "same")
	s.begin(first)
	second.GivenUp = []string{first.Content.ID}
	equal(s, "outcome", s.begin(second).Outcome, attachment.Fresh)
	third.GivenUp = []string{first.Content.ID}
	busy := s.begin(third)
	equal(s, "outcome of the third", busy.Outcome, attachment.Busy)
	equal(s, "whom the third waits for", busy.Intent.ID, second.Content.ID)
	third.GivenUp = append(third.GivenUp, second.Content.ID)
	equal(s, "outcome of the third", s.begin(third).Outcome, attachment.Fresh)
	s.ok(s.repo.Cancel(as("acme"), third, s.now, time.Hour))

	equal(s, "outcome of the second", s.finish(second).Outcome, attachment.Stored)
	late := s.finish(first)
	equal(s, "outcome of the late one", late.Outcome, attachment.Attached)
	equal(s, "storage key", late.Record.StorageKey, second.Content.StorageKey)
	garbage := s.garbage()
	equal(s, "garbage", len(garbage), 1)
	equal(s, "garbage", garbage[0].StorageKey, first.Content.StorageKey)
}

// checkBegunAgain: an execution never waits for itself.
func checkBegunAgain(s *suite) {
	first, second := s.draft("acme", "a.txt", "same"), s.draft("acme", "b.txt", "same")
	s.begin(first)
	equal(s, "outcome of the repetition", s.begin(first).Outcome, attachment.Fresh)
	second.GivenUp = []string{first.Content.ID}
	equal(s, "outcome of another", s.begin(second).Outcome, attachment.Fresh)
	equal(s, "outcome once more", s.begin(first).Outcome, attachment.Fresh)
	equal(s, "outcome of Finish", s.finish(first).Outcome, attachment.Stored)

	swept := s.draft("acme", "c.txt", "swept")
	s.begin(swept)
	s.now = s.now.Add(2 * time.Hour)
	s.garbage()
	_, err := s.repo.Begin(as("acme"), swept)
	s.is(err, attachment.ErrConflict)
}

func checkCancel(s *suite) {
	d := s.draft("acme", "a.txt", "alpha")
	s.begin(d)
	s.ok(s.repo.Cancel(as("acme"), d, s.now, time.Hour))
	_, err := s.repo.Finish(as("acme"), d) // of one who has seen the blob
	s.is(err, attachment.ErrConflict)
	equal(s, "garbage for others", len(s.garbage()), 0)
	s.is(s.repo.Cancel(as("acme"), d, s.now, time.Hour), attachment.ErrConflict)
	s.ok(s.repo.Forget(context.Background(), d.Content))

	equal(s, "outcome", s.begin(d).Outcome, attachment.Fresh)
	s.finish(d)
	s.is(s.repo.Cancel(as("acme"), d, s.now, time.Hour), attachment.ErrConflict) // what is stored cannot be withdrawn
	equal(s, "outcome", s.begin(d).Outcome, attachment.Replayed)

	crashed := s.draft("acme", "b.txt", "beta")
	s.begin(crashed)
	s.ok(s.repo.Cancel(as("acme"), crashed, s.now, time.Minute))
	s.now = s.now.Add(time.Hour)
	equal(s, "garbage once the lease is over", len(s.garbage()), 1)
}

func checkGone(s *suite) {
	d := s.draft("acme", "a.txt", "alpha")
	_, err := s.repo.Finish(as("acme"), d)
	s.is(err, attachment.ErrConflict)

	s.begin(d)
	s.now = s.now.Add(2 * time.Hour)
	equal(s, "garbage", len(s.garbage()), 1) // the sweeper gave it up
	_, err = s.repo.Finish(as("acme"), d)
	s.is(err, attachment.ErrConflict)
}

// checkRevived: the first finisher's record is purged before the second one
// comes. The blob is still there, and good.
func checkRevived(s *suite) {
	first, second := s.draft("acme", "a.txt", "same"), s.draft("acme", "b.txt", "same")
	s.begin(first)
	second.Content = s.begin(second).Intent
	s.finish(second)
	purge := attachment.PurgeQuery{Now: s.now, TenantID: "acme", Limit: 10}
	_, err := s.repo.Purge(context.Background(), purge)
	s.ok(err)
	equal(s, "outcome", s.finish(first).Outcome, attachment.Stored)
	equal(s, "storage key", s.get(first).StorageKey, first.Content.StorageKey)
	equal(s, "garbage", len(s.garbage()), 0)

	_, err = s.repo.Purge(context.Background(), purge)
	s.ok(err)
	equal(s, "garbage", len(s.garbage()), 1) // a sweeper has it now
	_, err = s.repo.Finish(as("acme"), first)
	s.is(err, attachment.ErrConflict)
}

// checkRace lets executions with the same bytes, some with the same name, run
// at once: one content, one record a name, and as many references.
func checkRace(s *suite) {
	names := []string{"a.txt", "b.txt", "c.txt", "d.txt"}
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			d := s.draft("acme", names[i%len(names)], "same")
			for attempt := 0; ; attempt++ {
				begun, err := s.repo.Begin(as("acme"), d)
				if attempt > 20 && begun.Outcome == attachment.Busy {
					d.GivenUp = append(d.GivenUp, begun.Intent.ID)
				}
				if err == nil && begun.Outcome == attachment.Fresh {
					begun, err = s.repo.Finish(as("acme"), d)
				}
				if err != nil {
					s.Error(err)
					return
				}
				if begun.Outcome != attachment.Busy {
					return
				}
				time.Sleep(time.Millisecond)
			}
		})
	}
	wg.Wait()
	page, err := s.repo.List(as("acme"), attachment.Query{})
	s.ok(err)
	equal(s, "records", len(page.Records), len(names))
	for _, record := range page.Records {
		equal(s, "storage key", record.StorageKey, page.Records[0].StorageKey)
	}
	n, err := s.repo.Purge(context.Background(), attachment.PurgeQuery{Now: s.now, TenantID: "acme", Limit: len(names)})
	s.ok(err)
	equal(s, "purged", n, len(names))
	var live int
	for _, c := range s.garbage() {
		if c.StorageKey == page.Records[0].StorageKey {
			live++
		}
	}
	equal(s, "contents freed by their last reference", live, 1)
}

func checkOddText(s *suite) {
	d := s.draft("acme", "a.txt", "alpha")
	d.Record.Filename = "nul\x00 bad\xff отчёт \u202efdp"
	d.Record.ContentID = "\x00"
	s.store(d)
	record := s.get(d)
	equal(s, "safe filename", record.SafeFilename, "a.txt")
	if record.Filename == "" {
		s.Fatal("the name as sent is lost")
	}
}

func checkTenants(s *suite) {
	ours, theirs := s.draft("acme", "a.txt", "same"), s.draft("globex", "a.txt", "same")
	s.store(ours)
	equal(s, "outcome for another tenant", s.store(theirs).Outcome, attachment.Stored)
	if s.get(ours).StorageKey == s.get(theirs).StorageKey {
		s.Fatal("two tenants share a blob")
	}
	id := ours.Record.ID
	deleted := true
	_, err := s.repo.Get(as("globex"), id)
	s.is(err, attachment.ErrNotFound)
	_, err = s.repo.Update(as("globex"), id, attachment.Change{At: s.now, Deleted: &deleted})
	s.is(err, attachment.ErrNotFound)
	_, err = s.repo.RequestScan(as("globex"), id, s.now)
	s.is(err, attachment.ErrNotFound)
	_, err = s.repo.SetVerdict(as("globex"), id, scan.StatusClean, scan.Result{}, s.now)
	s.is(err, attachment.ErrNotFound)
	page, err := s.repo.List(as("globex"), attachment.Query{MessageID: "m1@example.com"})
	s.ok(err)
	equal(s, "records of the other tenant", len(page.Records), 1)
	equal(s, "record of the other tenant", page.Records[0].ID, theirs.Record.ID)
	known, err := s.repo.KnownKeys(context.Background(), "globex", []string{ours.Content.StorageKey})
	s.ok(err)
	equal(s, "keys known to the other tenant", len(known), 0)
	s.is(s.repo.Cancel(as("globex"), ours, s.now, time.Hour), attachment.ErrConflict)
	equal(s, "our record", s.get(ours).IsDeleted, false)
}

func checkNoTenant(s *suite) {
	d, ctx := s.draft("acme", "a.txt", "alpha"), context.Background()
	s.store(d)
	calls := map[string]func() error{
		"Begin":       func() error { _, err := s.repo.Begin(ctx, d); return err },
		"Finish":      func() error { _, err := s.repo.Finish(ctx, d); return err },
		"Cancel":      func() error { return s.repo.Cancel(ctx, d, s.now, time.Hour) },
		"Get":         func() error { _, err := s.repo.Get(ctx, d.Record.ID); return err },
		"List":        func() error { _, err := s.repo.List(ctx, attachment.Query{}); return err },
		"Update":      func() error { _, err := s.repo.Update(ctx, d.Record.ID, attachment.Change{At: s.now}); return err },
		"RequestScan": func() error { _, err := s.repo.RequestScan(ctx, d.Record.ID, s.now); return err },
		"SetVerdict": func() error {
			_, err := s.repo.SetVerdict(ctx, d.Record.ID, scan.StatusClean, scan.Result{}, s.now)
			return err
		},
	}
	for name, call := range calls {
		if err := call(); err == nil {
			s.Errorf("%s works without a tenant", name)
		}
	}
	_, err := s.repo.Get(as("acme"), uuid.NewString())
	s.is(err, attachment.ErrNotFound)
	_, err = s.repo.Get(as("acme"), "not a uuid")
	s.is(err, attachment.ErrNotFound)
}
