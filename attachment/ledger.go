package attachment

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// NewLedger returns what scan.Worker and scan.Reconciler work from: the
// repository knows what is pending, the store has the bytes.
func NewLedger(store BlobStore, repo Repository) scan.Ledger { return ledger{store, repo} }

type ledger struct {
	store BlobStore
	repo  Repository
}

func (l ledger) Claim(ctx context.Context, job scan.Job, lease time.Duration) (scan.Claim, error) {
	token, err := uuid.NewRandom()
	if err != nil {
		return scan.Claim{}, fmt.Errorf("make a claim token: %w", err)
	}
	content, job, err := l.repo.ClaimScan(ctx, job, token.String(), time.Now(), lease)
	if err != nil {
		return scan.Claim{}, err
	}
	return scan.Claim{Job: job, Token: token.String(), Object: scan.Object{
		Size: content.Size, SHA256: content.SHA256, Filename: job.Filename, MIMEType: job.MIMEType, TenantID: job.TenantID,
		Open: func(ctx context.Context) (io.ReadCloser, error) {
			return l.store.Open(asSystem(ctx, content.TenantID), content.StorageKey, 0, -1)
		},
	}}, nil
}

func (l ledger) Extend(ctx context.Context, claim scan.Claim, lease time.Duration) error {
	return l.repo.ExtendScan(ctx, claim, time.Now(), lease)
}

func (l ledger) Settle(ctx context.Context, claim scan.Claim, outcome scan.Outcome) error {
	return l.repo.SettleScan(ctx, claim, outcome, time.Now())
}

func (l ledger) Due(ctx context.Context, limit int) ([]scan.Job, error) {
	return l.repo.DueScans(ctx, time.Now(), limit)
}

func (l ledger) Backlog(ctx context.Context) (scan.Backlog, error) { return l.repo.ScanBacklog(ctx) }

// asSystem acts for a tenant without a user: scanning and sweeping, which the
// rows themselves ask for.
func asSystem(ctx context.Context, tenantID string) context.Context {
	return tenant.NewContext(ctx, tenant.User{
		Tenant: tenantID, ID: "system", Actions: []tenant.Action{tenant.Read, tenant.Write, tenant.Delete, tenant.Admin},
	})
}
