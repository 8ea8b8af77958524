package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/jmoiron/sqlx"
	_ "github.com/lib/pq" // the driver of sqlrepo.NewPostgres
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/claimcheck"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/sqlrepo"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/temporalnode"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/fsblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/s3blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/clamd"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/eicar"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// parts are the library wired together, for one worker.
type parts struct {
	db      *sqlx.DB
	handler *attachment.AttachmentHandler
	staging *claimcheck.Staging
	ledger  scan.Ledger
	scanner scan.Scanner
}

// wire returns the parts. Every worker is wired alike, to one database and one
// store.
func wire(ctx context.Context, s settings, queue scan.Queue, logger *slog.Logger) (*parts, error) {
	blobs, staged, err := openStores(ctx, s)
	if err != nil {
		return nil, err
	}
	store := tenant.NewStore(blobs, nil)
	scanner, err := openScanner(s, logger)
	if err != nil {
		return nil, err
	}
	links, err := blob.NewLinkSigner(s.LinkKeys, nil)
	if err != nil {
		return nil, err
	}
	db, err := sqlx.Open("postgres", string(s.Database.Postgres))
	if err != nil {
		return nil, errors.New("DATABASE_URL: not a PostgreSQL URL") // err would show it
	}
	db.SetMaxOpenConns(20)
	db.SetMaxIdleConns(20)
	repo := sqlrepo.NewPostgres(db)
	handler, err := attachment.New(store, repo, &attachment.Options{
		Queue:      queue,
		ScanPolicy: scanPolicy(s),
		Links:      links,
		BaseURL:    s.BaseURL,
		MaxSize:    s.MaxAttachmentSize,
		Retention:  func(string) time.Duration { return s.Retention },
		Logger:     logger,
	})
	if err == nil {
		err = repo.Migrate(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &parts{
		db: db, handler: handler, scanner: scanner,
		staging: claimcheck.New(staged, &claimcheck.Options{MaxSize: s.MaxAttachmentSize}),
		ledger:  attachment.NewLedger(store, repo),
	}, nil
}

// openStores returns where attachments lie and where they wait. Among files the
// two are apart, so that the sweep of one does not list the other.
func openStores(ctx context.Context, s settings) (blobs, staged blob.Store, err error) {
	if s.S3 == nil {
		if err := os.MkdirAll(s.data, 0o700); err != nil {
			return nil, nil, err
		}
		blobs, err = fsblob.New(filepath.Join(s.data, "blobs"), nil)
		if err == nil {
			staged, err = fsblob.New(filepath.Join(s.data, "staging"), nil)
		}
		return blobs, staged, err
	}
	options := &s3blob.ClientOptions{Region: s.S3.Region, Endpoint: s.S3.Endpoint, PathStyle: s.S3.Endpoint != ""}
	if s.S3.AccessKeyID != "" {
		options.Credentials = credentials.NewStaticCredentialsProvider(s.S3.AccessKeyID, string(s.S3.SecretAccessKey), string(s.S3.SessionToken))
	}
	s3, err := s3blob.NewClient(ctx, options)
	if err != nil {
		return nil, nil, err
	}
	blobs, err = s3blob.New(s3, s.S3.Bucket, nil)
	return blobs, blobs, err
}

func openScanner(s settings, logger *slog.Logger) (scan.Scanner, error) {
	if len(s.Scan.Clamd) == 0 {
		return eicar.New(logger), nil
	}
	return clamd.New(s.Scan.Clamd, &clamd.Options{MaxStreamSize: s.Scan.ClamdMaxSize, Logger: logger})
}

// scanPolicy is the strict one, unless the operator wants no scans at all.
func scanPolicy(s settings) scan.Policy {
	if s.Scan.Enabled {
		return scan.Policy{}
	}
	return scan.Policy{Skip: func(scan.Object) string { return "this host does not scan: ENABLE_VIRUS_SCAN is false" }}
}

// dial connects to Temporal. What it starts is for the host's own user.
func dial(s settings, tenants *temporalnode.Tenants, logger *slog.Logger) (client.Client, error) {
	return client.Dial(client.Options{
		HostPort: s.address, Namespace: s.namespace,
		ContextPropagators: propagators(tenants),
		Logger:             log.NewStructuredLogger(logger),
	})
}

// own is whom the host acts for: a mailbox has no caller who could say.
func (s settings) own() tenant.User {
	return tenant.User{
		Tenant: cmp.Or(s.TenantID, "demo"), ID: cmp.Or(s.UserID, "demo-user"),
		Actions: []tenant.Action{tenant.Read, tenant.Write, tenant.Delete, tenant.Admin},
	}
}

// resolve stands for a tenant.Manager: this host knows one user.
func (s settings) resolve(_ context.Context, tenantID, userID string) (tenant.Context, error) {
	if own := s.own(); own.Tenant == tenantID && own.ID == userID {
		return own, nil
	}
	return nil, tenant.ErrUnknown
}
