package attachmenttest

import (
	"fmt"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

// pages walks a list to its end.
func (s *suite) pages(q attachment.Query) (names []string) {
	s.Helper()
	for range 100 {
		page, err := s.repo.List(as("acme"), q)
		s.ok(err)
		if len(page.Records) > q.PageSize() {
			s.Fatalf("a page of %d records, asked for %d", len(page.Records), q.PageSize())
		}
		for _, record := range page.Records {
			names = append(names, record.Filename)
		}
		if page.Next == "" {
			return names
		}
		q.Cursor = page.Next
	}
	s.Fatal("the list does not end")
	return nil
}

func checkListByMessage(s *suite) {
	// Stored out of order, as a parallel loop does.
	for _, i := range []int{3, 0, 4, 1, 2} {
		d := s.draft("acme", fmt.Sprintf("%d.txt", i), fmt.Sprintf("content %d", i))
		d.Record.Position = i
		s.store(d)
		s.now = s.now.Add(time.Second)
	}
	other := s.draft("acme", "other.txt", "other")
	other.Record.MessageID = "m2@example.com"
	s.store(other)
	want := []string{"0.txt", "1.txt", "2.txt", "3.txt", "4.txt"}
	for limit := range 7 {
		equal(s, "names", s.pages(attachment.Query{MessageID: "m1@example.com", Limit: limit}), want)
	}
	_, err := s.repo.List(as("acme"), attachment.Query{Cursor: "no cursor of ours"})
	s.is(err, attachment.ErrCursor)
}

func checkListNewest(s *suite) {
	var want []string
	for i := range 7 {
		d := s.draft("acme", fmt.Sprintf("%d.txt", i), fmt.Sprintf("content %d", i))
		d.Record.CreatedAt = s.now.Add(time.Duration(i/2) * time.Second) // some at the same instant
		s.store(d)
	}
	want = s.pages(attachment.Query{})
	equal(s, "names", len(want), 7)
	equal(s, "newest", want[0], "6.txt")
	for limit := 1; limit < 8; limit++ {
		equal(s, fmt.Sprintf("names in pages of %d", limit), s.pages(attachment.Query{Limit: limit}), want)
	}
}

func checkListFilters(s *suite) {
	clean, infected, gone := s.draft("acme", "clean.txt", "1"), s.draft("acme", "infected.txt", "2"), s.draft("acme", "gone.txt", "3")
	infected.Record.UserID = "user-2"
	for _, d := range []attachment.Draft{clean, infected, gone} {
		s.store(d)
	}
	s.scanned(clean, scan.StatusClean)
	s.scanned(infected, scan.StatusInfected)
	deleted := true
	_, err := s.repo.Update(as("acme"), gone.Record.ID, attachment.Change{At: s.now, Deleted: &deleted})
	s.ok(err)

	equal(s, "infected", s.pages(attachment.Query{Statuses: []scan.Status{scan.StatusInfected, scan.StatusSuspicious}}), []string{"infected.txt"})
	equal(s, "of one user", s.pages(attachment.Query{UserID: "user-2"}), []string{"infected.txt"})
	equal(s, "deleted", s.pages(attachment.Query{Deleted: true}), []string{"gone.txt"})
	equal(s, "live", len(s.pages(attachment.Query{})), 2)

	odd := s.draft("acme", "odd.txt", "4")
	odd.Record.MessageID = "m\x00\xff@example.com" // no text column takes it as it is
	s.store(odd)
	equal(s, "of a message with an odd id", s.pages(attachment.Query{MessageID: odd.Record.MessageID}), []string{"odd.txt"})
	for _, id := range []string{"", "no id", "urn:uuid:" + odd.Record.ID, "{" + odd.Record.ID + "}"} {
		_, err := s.repo.Get(as("acme"), id)
		s.is(err, attachment.ErrNotFound)
	}
}

func checkUpdate(s *suite) {
	d := s.draft("acme", "a.txt", "alpha")
	s.store(d)
	yes, no, later := true, false, s.now.Add(time.Hour)
	update := func(c attachment.Change) attachment.EmailAttachment {
		s.Helper()
		record, err := s.repo.Update(as("acme"), d.Record.ID, c)
		s.ok(err)
		return record
	}
	record := update(attachment.Change{At: later, Deleted: &yes})
	equal(s, "deleted", record.IsDeleted, true)
	equal(s, "deletedAt", *record.DeletedAt, later)
	record = update(attachment.Change{At: later.Add(time.Hour), Deleted: &yes})
	equal(s, "deletedAt of a second deletion", *record.DeletedAt, later)
	record = update(attachment.Change{At: later, Deleted: &no})
	equal(s, "restored", record.DeletedAt == nil && !record.IsDeleted, true)
	equal(s, "held", update(attachment.Change{At: later, LegalHold: &yes}).LegalHold, true)
	equal(s, "retention", update(attachment.Change{At: later, RetentionExpiresAt: &later}).RetentionExpiresAt, later)
	equal(s, "updatedAt", s.get(d).UpdatedAt, later)
	_, err := s.repo.Update(as("acme"), "00000000-0000-0000-0000-000000000000", attachment.Change{At: later, Deleted: &yes})
	s.is(err, attachment.ErrNotFound)
}
