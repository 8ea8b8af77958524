package attachmenttest

import (
	"context"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

// checkUsage holds a repository to attachment.UsageReporter if it is one.
func checkUsage(s *suite) {
	reporter, ok := s.repo.(attachment.UsageReporter)
	if !ok {
		s.Skip("the repository is no attachment.UsageReporter")
	}
	usage := func(tenantID string) attachment.Usage {
		s.Helper()
		u, err := reporter.Usage(as(tenantID))
		s.ok(err)
		return u
	}
	equal(s, "usage of nothing", usage("acme"), attachment.Usage{})
	if _, err := reporter.Usage(context.Background()); err == nil {
		s.Error("Usage works without a tenant")
	}

	first, other := s.draft("acme", "a.txt", "twelve bytes"), s.draft("acme", "b.txt", "5 b..")
	s.store(first)
	s.now = s.now.Add(time.Second)
	s.store(s.draft("acme", "again.txt", "twelve bytes"))
	s.store(other)
	s.begin(s.draft("acme", "unfinished.txt", "an intent is no content yet"))
	s.store(s.draft("globex", "a.txt", "twelve bytes"))
	want := attachment.Usage{Records: 3, Contents: 2, ReferencedBytes: 29, StoredBytes: 17, Pending: 2, OldestPending: first.Record.CreatedAt}
	equal(s, "usage", usage("acme"), want)
	equal(s, "usage of another tenant", usage("globex").Records, 1)

	s.scanned(first, scan.StatusClean)
	want.Pending, want.OldestPending = 1, other.Record.CreatedAt
	equal(s, "usage with a verdict", usage("acme"), want)
	s.scanned(other, scan.StatusInfected)
	deleted := true
	_, err := s.repo.Update(as("acme"), other.Record.ID, attachment.Change{At: s.now, Deleted: &deleted})
	s.ok(err)
	want.Pending, want.OldestPending = 0, time.Time{}
	equal(s, "usage with a deleted record", usage("acme"), want)
}
