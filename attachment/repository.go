package attachment

import (
	"context"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

// Repository keeps records and contents. It is four roles in one database,
// because they change the same rows in the same transactions.
//
// Implementations: sqlrepo (PostgreSQL, SQLite) and attachmenttest.Repository
// (memory). attachmenttest.RunRepository proves one.
//
// The tenant comes from ctx, except where a method says that it is the
// system's own and concerns all tenants. A failing database is reported as
// *RepositoryError.
type Repository interface {
	IngestRepository
	RecordRepository
	ScanRepository
	ReclaimRepository
}

// IngestRepository brings a new attachment in. Begin and Finish are each one
// atomic step, and the only two of a fresh attachment.
type IngestRepository interface {
	// Begin is called when the hash is known and before the blob is visible.
	// It finds the record of an earlier run, or attaches a new record to a
	// content that is already stored, or writes the intent to store one. It may
	// be repeated, as when its answer got lost: the intent of this very draft
	// is Fresh again. It returns ErrConflict if the sweeper has taken that.
	Begin(ctx context.Context, d Draft) (Begun, error)

	// Finish is called when the blob of d.Content is visible. It marks the
	// content stored and adds the record. If meanwhile another content with
	// the same hash was stored, the record is attached to that one and this
	// one is left to the sweeper. It may be repeated, and called by anyone who
	// has seen the blob. It returns ErrConflict if the content is gone, or has
	// been handed out by Garbage.
	Finish(ctx context.Context, d Draft) (Begun, error)

	// Cancel withdraws the intent of d.Content: like Garbage it hands the
	// content out, for its execution to delete the blob, if there is one, and
	// to Forget the row. Nobody can finish it any more. It returns ErrConflict
	// if there is no such intent: somebody who has seen the blob has finished
	// it, or the sweeper has it.
	Cancel(ctx context.Context, d Draft, now time.Time, lease time.Duration) error
}

// Draft is a record about to be made, and the content it would bring.
type Draft struct {
	Record  EmailAttachment // complete but for StorageKey and the scan fields
	Content Content

	Scan     bool   // a verdict is wanted
	Scanner  string // by which scanner; "" is the default one
	Priority int

	// GivenUp are the ids of the contents for which this execution waits no
	// longer: others have said that they are storing the same bytes there, and
	// may have died. Begin answers Busy only for a further one.
	GivenUp []string
}

// Begun is how Begin or Finish ended.
type Begun struct {
	Outcome Outcome
	Record  EmailAttachment // for Replayed, Attached and Stored

	// ScanJob is what to enqueue; nil if no verdict is pending.
	ScanJob *scan.Job

	// Intent is, for Busy, the content that another execution is storing.
	Intent Content
}

// Outcome tells the ways apart in which Begin and Finish can end.
type Outcome int

// The outcomes.
const (
	Fresh    Outcome = iota + 1 // the intent is written; publish the blob, then Finish
	Busy                        // somebody else is storing the same bytes
	Replayed                    // the record was already there
	Attached                    // a new record, on bytes that were already stored
	Stored                      // a new record, on the bytes just stored
)

// RecordRepository reads and changes records.
type RecordRepository interface {
	// Get returns a record, deleted or not. ErrNotFound.
	Get(ctx context.Context, id string) (EmailAttachment, error)

	// List returns a page of records, by message in message order, otherwise
	// newest first.
	List(ctx context.Context, q Query) (Page, error)

	// Update changes a record and returns it as it is then. Changing what is
	// already so is not an error. ErrNotFound.
	Update(ctx context.Context, id string, c Change) (EmailAttachment, error)
}

// Query selects records of the tenant in ctx. A zero MessageID, UserID or Statuses
// selects all.
type Query struct {
	MessageID string
	UserID    string
	Statuses  []scan.Status
	Deleted   bool   // deleted ones instead of live ones
	Limit     int    // at most 500; 0 is 100
	Cursor    string // Page.Next of the page before
}

// PageSize is the number of records asked for, within its bounds.
func (q Query) PageSize() int {
	const usual, most = 100, 500
	if q.Limit <= 0 {
		return usual
	}
	return min(q.Limit, most)
}

// Page is a part of a list.
type Page struct {
	Records []EmailAttachment `json:"attachments"`
	Next    string            `json:"nextCursor,omitempty"` // "" on the last page
}

// Change is what Update does; nil fields stay.
type Change struct {
	At time.Time // becomes UpdatedAt, and DeletedAt of a record that becomes deleted

	Deleted            *bool
	RetentionExpiresAt *time.Time
	LegalHold          *bool
}

// ScanRepository keeps the verdicts. Its methods are the system's own, except
// RequestScan and SetVerdict.
type ScanRepository interface {
	// ClaimScan reserves a due content until lease; see scan.Ledger.
	ClaimScan(ctx context.Context, job scan.Job, token string, now time.Time, lease time.Duration) (Content, scan.Job, error)
	// ExtendScan renews a claim; see scan.Ledger.
	ExtendScan(ctx context.Context, claim scan.Claim, now time.Time, lease time.Duration) error
	// SettleScan ends a claim. A content that already has a verdict keeps it
	// when the outcome is StatusPending or StatusError: a rescan that fails
	// releases nothing.
	SettleScan(ctx context.Context, claim scan.Claim, outcome scan.Outcome, now time.Time) error
	// DueScans lists what no live claim holds and whose time has come, the
	// tenants taking turns; see scan.Ledger.
	DueScans(ctx context.Context, now time.Time, limit int) ([]scan.Job, error)
	// ScanBacklog counts what is pending.
	ScanBacklog(ctx context.Context) (scan.Backlog, error)
	// RequestScan makes the content of a record due at once, and returns the
	// job. The present verdict stands until there is a new one. ErrNotFound.
	RequestScan(ctx context.Context, id string, now time.Time) (scan.Job, error)
	// RequestScans makes up to q.Limit contents due again whose verdict is a
	// scanner's, not a person's, and old, and says how many. Their verdicts stand
	// until there are new ones. It is the system's own.
	RequestScans(ctx context.Context, q RescanQuery) (int, error)
	// SetVerdict overrules: the content of a record gets the status and the
	// reason, from a person. ErrNotFound.
	SetVerdict(ctx context.Context, id string, status scan.Status, result scan.Result, now time.Time) (EmailAttachment, error)
}

// RescanQuery says which verdicts are old: those from before ScannedBefore, and
// those reached with other signatures than Signatures. A zero field asks for
// nothing.
type RescanQuery struct {
	Now           time.Time
	ScannedBefore time.Time
	Signatures    string // the present ones, as scan.Result has them
	Limit         int
}

// ReclaimRepository takes away what nothing refers to. Its methods are the
// system's own and safe to run on many hosts at once.
type ReclaimRepository interface {
	// Purge removes up to q.Limit records whose end has come and that no legal
	// hold keeps. A content that loses its last reference becomes
	// ContentDeleting in the same step. With q.DryRun it only counts.
	Purge(ctx context.Context, q PurgeQuery) (records int, err error)

	// Garbage hands out up to g.Limit contents whose blob is to be deleted:
	// those in ContentDeleting, and intents older than g.Cutoff, which become
	// ContentDeleting by this call. One handed out is not handed out again
	// before the lease is over. With g.DryRun nothing changes.
	Garbage(ctx context.Context, g GarbageQuery) ([]Content, error)

	// Forget removes the row of a content whose blob is gone.
	Forget(ctx context.Context, c Content) error

	// KnownKeys tells which of the storage keys of one tenant belong to a
	// content, in whatever state.
	KnownKeys(ctx context.Context, tenantID string, keys []string) (map[string]bool, error)

	// Installation returns an identifier made when the database was set up,
	// and how many contents it knows.
	Installation(ctx context.Context) (id string, contents int64, err error)
}

// PurgeQuery says what Purge takes.
type PurgeQuery struct {
	Now           time.Time
	DeletedBefore time.Time // soft-deleted ones, once their grace is over
	TenantID      string    // all records of one tenant, whatever their state, holds included
	SharedWith    string    // with TenantID: only those that share the content of this attachment, holds excepted
	Limit         int
	DryRun        bool
}

// GarbageQuery says what Garbage hands out.
type GarbageQuery struct {
	Now    time.Time
	Cutoff time.Time     // intents older than this are dead
	Lease  time.Duration // how long nobody else gets the same ones

	TenantID string // only this tenant's. Defaults to "": all
	Limit    int
	DryRun   bool
}
