package attachmenttest

import (
	"context"
	"fmt"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

func (s *suite) due() []scan.Job {
	s.Helper()
	jobs, err := s.repo.DueScans(context.Background(), s.now, 100)
	s.ok(err)
	return jobs
}

func (s *suite) claim(d attachment.Draft, token string) error {
	s.Helper()
	_, _, err := s.repo.ClaimScan(context.Background(), scan.Job{TenantID: d.Record.TenantID, ContentID: d.Content.ID}, token, s.now, time.Minute)
	return err
}

func (s *suite) settle(d attachment.Draft, token string, o scan.Outcome) error {
	s.Helper()
	claim := scan.Claim{Job: scan.Job{TenantID: d.Record.TenantID, ContentID: d.Content.ID}, Token: token}
	return s.repo.SettleScan(context.Background(), claim, o, s.now)
}

func checkScan(s *suite) {
	d := s.draft("acme", "a.txt", "alpha")
	s.begin(d)
	equal(s, "due before the blob is there", len(s.due()), 0)
	s.finish(d)
	equal(s, "due", len(s.due()), 1)
	backlog, err := s.repo.ScanBacklog(context.Background())
	s.ok(err)
	equal(s, "backlog", backlog, scan.Backlog{Pending: 1, Oldest: s.now})

	// An attempt that came to nothing waits for its next one.
	s.ok(s.claim(d, "one"))
	s.ok(s.settle(d, "one", scan.Outcome{Status: scan.StatusPending, Err: "down", NextAt: s.now.Add(time.Minute)}))
	equal(s, "status", s.get(d).VirusScanStatus, scan.StatusPending)
	equal(s, "due too early", len(s.due()), 0)
	s.now = s.now.Add(time.Minute)
	jobs := s.due()
	equal(s, "due again", len(jobs), 1)
	equal(s, "attempt", jobs[0].Attempt, 1)

	s.scanned(d, scan.StatusInfected)
	record := s.get(d)
	equal(s, "status", record.VirusScanStatus, scan.StatusInfected)
	equal(s, "details", record.VirusScanDetails.Threat, "Some.Threat")
	equal(s, "scanned at", *record.VirusScanAt, s.now)
	equal(s, "due after the verdict", len(s.due()), 0)
	backlog, err = s.repo.ScanBacklog(context.Background())
	s.ok(err)
	equal(s, "backlog", backlog, scan.Backlog{})
}

func checkClaims(s *suite) {
	d := s.draft("acme", "a.txt", "alpha")
	s.store(d)
	s.ok(s.claim(d, "one"))
	s.is(s.claim(d, "two"), scan.ErrNotDue)
	equal(s, "due while claimed", len(s.due()), 0)

	s.now = s.now.Add(2 * time.Minute) // the first worker died
	equal(s, "due after the lease", len(s.due()), 1)
	s.ok(s.claim(d, "two"))
	s.is(s.settle(d, "one", scan.Outcome{Status: scan.StatusClean}), scan.ErrNotDue)
	s.is(s.settle(d, "", scan.Outcome{Status: scan.StatusClean}), scan.ErrNotDue)
	equal(s, "status", s.get(d).VirusScanStatus, scan.StatusPending)
	s.ok(s.settle(d, "two", scan.Outcome{Status: scan.StatusClean}))
	s.is(s.settle(d, "two", scan.Outcome{Status: scan.StatusInfected}), scan.ErrNotDue)
	s.is(s.claim(d, "three"), scan.ErrNotDue)
	equal(s, "status", s.get(d).VirusScanStatus, scan.StatusClean)

	for i := range 5 {
		s.now = s.now.Add(time.Second)
		s.store(s.draft("acme", fmt.Sprint(i), fmt.Sprint(i)))
	}
	jobs, err := s.repo.DueScans(context.Background(), s.now, 3)
	s.ok(err)
	equal(s, "due", len(jobs), 3)
	equal(s, "longest pending first", jobs[0].Filename+jobs[1].Filename+jobs[2].Filename, "012")
}

func checkVerdictShared(s *suite) {
	first, second := s.draft("acme", "a.txt", "same"), s.draft("acme", "b.txt", "same")
	s.store(first)
	s.store(second)
	equal(s, "due", len(s.due()), 1) // one content, one scan
	s.scanned(first, scan.StatusInfected)
	equal(s, "status of the duplicate", s.get(second).VirusScanStatus, scan.StatusInfected)

	third := s.draft("acme", "c.txt", "same")
	begun := s.store(third)
	equal(s, "status of a late duplicate", begun.Record.VirusScanStatus, scan.StatusInfected)
	equal(s, "job of a late duplicate", begun.ScanJob == nil, true)
}

func checkRescan(s *suite) {
	d := s.draft("acme", "a.txt", "alpha")
	s.store(d)
	s.scanned(d, scan.StatusInfected)
	job, err := s.repo.RequestScan(as("acme"), d.Record.ID, s.now)
	s.ok(err)
	equal(s, "job", job.ContentID, d.Content.ID)
	equal(s, "status while waiting", s.get(d).VirusScanStatus, scan.StatusInfected)

	// The scanner is down: nothing is released.
	for _, outcome := range []scan.Outcome{{Status: scan.StatusPending, NextAt: s.now}, {Status: scan.StatusError, Err: "given up"}} {
		s.ok(s.claim(d, "token"))
		s.ok(s.settle(d, "token", outcome))
		equal(s, "status", s.get(d).VirusScanStatus, scan.StatusInfected)
	}
	_, err = s.repo.RequestScan(as("acme"), d.Record.ID, s.now)
	s.ok(err)
	s.scanned(d, scan.StatusClean)
	equal(s, "status after a rescan", s.get(d).VirusScanStatus, scan.StatusClean)
}

func checkSetVerdict(s *suite) {
	d := s.draft("acme", "a.txt", "alpha")
	s.store(d)
	s.ok(s.claim(d, "token"))
	record, err := s.repo.SetVerdict(as("acme"), d.Record.ID, scan.StatusSkipped, scan.Result{Detail: "released by an admin"}, s.now)
	s.ok(err)
	equal(s, "status", record.VirusScanStatus, scan.StatusSkipped)
	equal(s, "detail", record.VirusScanDetails.Detail, "released by an admin")
	s.is(s.settle(d, "token", scan.Outcome{Status: scan.StatusInfected}), scan.ErrNotDue)
	equal(s, "due", len(s.due()), 0)
	s.store(s.draft("acme", "b.txt", "alpha"))
	equal(s, "due after a duplicate", len(s.due()), 0) // a person has decided
}

func checkWake(s *suite) {
	unscanned := s.draft("acme", "a.txt", "same")
	unscanned.Scan = false
	begun := s.store(unscanned)
	equal(s, "status", begun.Record.VirusScanStatus, scan.StatusSkipped)
	equal(s, "job", begun.ScanJob == nil, true)
	equal(s, "due", len(s.due()), 0)

	wanted := s.draft("acme", "b.txt", "same")
	wanted.Scanner, wanted.Priority = "strict", 7
	begun = s.store(wanted)
	equal(s, "status", begun.Record.VirusScanStatus, scan.StatusPending)
	equal(s, "scanner", begun.ScanJob.Scanner, "strict")
	equal(s, "priority", begun.ScanJob.Priority, 7)
	equal(s, "status of the first", s.get(unscanned).VirusScanStatus, scan.StatusPending)
}

func checkOldVerdicts(s *suite) {
	old, fresh, released, waiting := s.draft("acme", "old", "1"), s.draft("globex", "fresh", "2"), s.draft("acme", "released", "3"), s.draft("acme", "waiting", "4")
	withheld := s.draft("acme", "withheld", "5")
	for _, d := range []attachment.Draft{old, fresh, released, waiting, withheld} {
		s.store(d)
	}
	ask := func(q attachment.RescanQuery) int {
		s.Helper()
		q.Now, q.Limit = s.now, 10
		n, err := s.repo.RequestScans(context.Background(), q)
		s.ok(err)
		return n
	}
	s.scanned(old, scan.StatusInfected)
	_, err := s.repo.SetVerdict(as("acme"), released.Record.ID, scan.StatusSkipped, scan.Result{}, s.now)
	s.ok(err)
	_, err = s.repo.SetVerdict(as("acme"), withheld.Record.ID, scan.StatusSuspicious, scan.Result{}, s.now)
	s.ok(err)
	s.now = s.now.Add(time.Hour)
	s.scanned(fresh, scan.StatusClean)
	equal(s, "asked for nothing", ask(attachment.RescanQuery{}), 0)
	equal(s, "old by age", ask(attachment.RescanQuery{ScannedBefore: s.now}), 1)
	equal(s, "status while waiting", s.get(old).VirusScanStatus, scan.StatusInfected)
	equal(s, "asked again", ask(attachment.RescanQuery{ScannedBefore: s.now}), 0)
	equal(s, "same signatures", ask(attachment.RescanQuery{Signatures: "sigs-1"}), 0)
	equal(s, "newer signatures", ask(attachment.RescanQuery{Signatures: "sigs-2"}), 1)
	equal(s, "due", len(s.due()), 3) // old, fresh, waiting; not what a person released or withholds
	_, err = s.repo.RequestScan(as("acme"), withheld.Record.ID, s.now)
	s.ok(err)
	equal(s, "due when a person asks", len(s.due()), 4)
}
