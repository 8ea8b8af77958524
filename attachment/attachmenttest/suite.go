package attachmenttest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// RunRepository checks that a repository keeps the promises of the port. open
// returns an empty one; each check gets its own.
func RunRepository(t *testing.T, open func(t *testing.T) attachment.Repository) {
	checks := []struct {
		name string
		run  func(*suite)
	}{
		{"fresh attachment", checkFresh},
		{"replay", checkReplay},
		{"deduplication", checkDeduplication},
		{"deduplication refused", checkUnshared},
		{"busy, then adopted", checkAdopt},
		{"busy, then given up", checkGivenUp},
		{"answer to Begin lost", checkBegunAgain},
		{"cancel", checkCancel},
		{"intent gone", checkGone},
		{"references lost before Finish", checkRevived},
		{"racing executions", checkRace},
		{"odd text", checkOddText},
		{"tenants apart", checkTenants},
		{"no tenant", checkNoTenant},
		{"list by message", checkListByMessage},
		{"list newest first", checkListNewest},
		{"list filters", checkListFilters},
		{"delete, restore, hold", checkUpdate},
		{"scan lifecycle", checkScan},
		{"scan claims", checkClaims},
		{"verdict belongs to content", checkVerdictShared},
		{"rescan", checkRescan},
		{"overruled verdict", checkSetVerdict},
		{"old verdicts", checkOldVerdicts},
		{"skipped, then wanted", checkWake},
		{"purge", checkPurge},
		{"legal hold", checkHold},
		{"destruction", checkDestroy},
		{"erasure", checkErase},
		{"garbage", checkGarbage},
		{"known keys", checkKnownKeys},
		{"usage", checkUsage},
	}
	for _, check := range checks {
		t.Run(check.name, func(t *testing.T) {
			check.run(&suite{T: t, repo: open(t), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)})
		})
	}
}

// suite is one check at work.
type suite struct {
	*testing.T
	repo attachment.Repository
	now  time.Time
}

// as acts for a tenant.
func as(tenantID string) context.Context {
	return tenant.NewContext(context.Background(), tenant.User{Tenant: tenantID, ID: "user-1"})
}

// draft describes an attachment of message m1 with the content given.
func (s *suite) draft(tenantID, name, content string) attachment.Draft {
	sum := sha256.Sum256([]byte(content))
	hash := hex.EncodeToString(sum[:])
	contentID := uuid.NewString()
	return attachment.Draft{
		Record: attachment.EmailAttachment{
			ID:       uuid.NewSHA1(uuid.NameSpaceOID, []byte(tenantID+"/"+name+"/"+content)).String(),
			TenantID: tenantID, UserID: "user-1", MessageID: "m1@example.com",
			Filename: name, SafeFilename: name, MIMEType: "text/plain", DeclaredMIMEType: "text/plain",
			Size: int64(len(content)), ContentID: "cid-" + name, ContentHash: hash,
			RetentionExpiresAt: s.now.Add(attachment.DefaultRetention), CreatedAt: s.now, UpdatedAt: s.now,
		},
		Content: attachment.Content{
			ID: contentID, TenantID: tenantID, SHA256: hash, Size: int64(len(content)),
			StorageKey: "attachments/" + tenantID + "/" + contentID + "/" + name, Backend: "test", Shared: true,
		},
		Scan: true,
	}
}

// store takes a draft all the way.
func (s *suite) store(d attachment.Draft) attachment.Begun {
	s.Helper()
	ctx := as(d.Record.TenantID)
	begun := s.begin(d)
	if begun.Outcome != attachment.Fresh {
		return begun
	}
	begun, err := s.repo.Finish(ctx, d)
	s.ok(err)
	return begun
}

func (s *suite) begin(d attachment.Draft) attachment.Begun {
	s.Helper()
	begun, err := s.repo.Begin(as(d.Record.TenantID), d)
	s.ok(err)
	return begun
}

func (s *suite) finish(d attachment.Draft) attachment.Begun {
	s.Helper()
	begun, err := s.repo.Finish(as(d.Record.TenantID), d)
	s.ok(err)
	return begun
}

func (s *suite) get(d attachment.Draft) attachment.EmailAttachment {
	s.Helper()
	record, err := s.repo.Get(as(d.Record.TenantID), d.Record.ID)
	s.ok(err)
	return record
}

// scanned gives a stored attachment its verdict.
func (s *suite) scanned(d attachment.Draft, status scan.Status) {
	s.Helper()
	ctx := context.Background()
	job := scan.Job{TenantID: d.Record.TenantID, ContentID: d.Content.ID}
	_, job, err := s.repo.ClaimScan(ctx, job, "token", s.now, time.Minute)
	s.ok(err)
	s.ok(s.repo.SettleScan(ctx, scan.Claim{Job: job, Token: "token"},
		scan.Outcome{Status: status, Result: scan.Result{Engine: "test", Threat: "Some.Threat", Signatures: "sigs-1"}}, s.now))
}

func (s *suite) garbage() []attachment.Content {
	s.Helper()
	found, err := s.repo.Garbage(context.Background(), attachment.GarbageQuery{Now: s.now, Cutoff: s.now.Add(-time.Hour), Lease: time.Minute, Limit: 100})
	s.ok(err)
	return found
}

func (s *suite) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *suite) is(err, want error) {
	s.Helper()
	if !errors.Is(err, want) {
		s.Fatalf("error is %v, want %v", err, want)
	}
}

func equal[V any](s *suite, what string, got, want V) {
	s.Helper()
	if !reflect.DeepEqual(got, want) {
		s.Fatalf("%s is %s, want %s", what, show(got), show(want))
	}
}

func show(v any) string { return fmt.Sprintf("%+v", v) }
