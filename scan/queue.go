package scan

import (
	"context"
	"time"
)

// A Job asks for the verdict on one content of one tenant. It carries names,
// never bytes, so any queue can hold it.
type Job struct {
	TenantID  string `json:"tenantId"`
	ContentID string `json:"contentId"` // unique; use it to drop duplicates
	SHA256    string `json:"sha256"`
	Size      int64  `json:"size"`
	Filename  string `json:"filename"`
	MIMEType  string `json:"mimeType"`

	// Scanner is the virusScanEndpoint that the workflow named, as the host
	// allowed it; "" is the default scanner.
	Scanner string `json:"scanner,omitempty"`

	// Priority: higher first. Interactive uploads may pass mailbox imports.
	Priority int `json:"priority,omitempty"`

	// Attempt counts the scans begun before this one.
	Attempt int `json:"attempt,omitempty"`

	PendingSince time.Time `json:"pendingSince"`
}

// A Queue takes jobs that some worker will do soon. Losing one is harmless:
// the ledger still says pending, and the Reconciler enqueues it again. Enqueue
// must not wait for the scan.
type Queue interface {
	Enqueue(ctx context.Context, job Job) error
}

// QueueFunc is a function as a Queue.
type QueueFunc func(ctx context.Context, job Job) error

// Enqueue calls f.
func (f QueueFunc) Enqueue(ctx context.Context, job Job) error { return f(ctx, job) }

// A Ledger is the truth about what is pending. attachment.NewLedger makes one of
// a repository and a blob store. Ledger calls concern all tenants: they are the
// system's own, made on behalf of no user.
type Ledger interface {
	// Claim reserves the job's content for one scan until lease has passed,
	// so that two workers do not scan it at once, and counts the attempt. It
	// returns ErrNotDue if the content is settled, gone, claimed, or to be
	// tried again only later. Claim.Job is the job as the ledger has it.
	Claim(ctx context.Context, job Job, lease time.Duration) (Claim, error)

	// Extend lets a claim last until lease from now. A worker calls it while
	// its scan goes on, so that leases can be short and a worker that dies is
	// soon replaced. It returns ErrNotDue if the claim is no longer the one
	// that holds the content.
	Extend(ctx context.Context, claim Claim, lease time.Duration) error

	// Settle ends a claim: with a final Status and the Result behind it, or
	// with StatusPending, the error text, and when to try again. A claim whose
	// lease another worker has taken over is refused with ErrNotDue.
	Settle(ctx context.Context, claim Claim, outcome Outcome) error

	// Due returns up to limit pending jobs that no live claim holds and whose
	// next attempt has come. Tenants take turns, so that one tenant's backlog
	// does not fill the answer: first every tenant's longest pending job, then
	// every tenant's second, and so on.
	Due(ctx context.Context, limit int) ([]Job, error)

	// Backlog says how much is pending.
	Backlog(ctx context.Context) (Backlog, error)
}

// A Claim is the right to scan one content once.
type Claim struct {
	Job    Job
	Object Object
	Token  string // proves to Extend and Settle whose claim it is
}

// An Outcome is how a claim ended.
type Outcome struct {
	Status Status
	Result Result
	Err    string    // why there is no verdict yet, or none ever; holds no secret
	NextAt time.Time // for StatusPending: not before this

	// Uncounted, with StatusPending, says that the attempt failed through no
	// fault of the content: the scanner was down, or the worker stopped. The
	// ledger takes back the attempt that Claim counted, so that an outage does
	// not use up anyone's attempts.
	Uncounted bool
}

// Backlog is the state of the waiting room.
type Backlog struct {
	Pending int64
	Oldest  time.Time // since when the longest pending waits; zero if none
}

// Age is how long the longest pending has waited; 0 if nothing is pending.
func (b Backlog) Age() time.Duration {
	if b.Oldest.IsZero() {
		return 0
	}
	return max(0, time.Since(b.Oldest))
}
