package bench

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/sqlrepo"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/fsblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/services"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// pipeline is a handler as a host wires it, and its tenant.
type pipeline struct {
	*attachment.AttachmentHandler
	store    blob.Store
	ctx      context.Context
	messages atomic.Int64
}

func newPipeline(tb testing.TB, tenantID string, store blob.Store, repo attachment.Repository) *pipeline {
	tb.Helper()
	scoped := tenant.NewStore(store, nil)
	handler, err := attachment.New(scoped, repo, nil)
	require.NoError(tb, err)
	user := tenant.User{Tenant: tenantID, ID: "u", Actions: []tenant.Action{tenant.Read, tenant.Write, tenant.Delete}}
	return &pipeline{AttachmentHandler: handler, store: scoped, ctx: tenant.NewContext(context.Background(), user)}
}

// take processes data as the attachment of a message never seen before.
func (p *pipeline) take(data io.Reader, size int64) (*attachment.Processed, error) {
	return p.Process(p.ctx, attachment.Input{
		MessageID: fmt.Sprintf("m%d", p.messages.Add(1)), Filename: "data.bin1",
		Size: size, MaxSize: max(size, attachment.MinMaxSize), Data: data,
	})
}

func openFS(tb testing.TB) *fsblob.Store {
	tb.Helper()
	store, err := fsblob.New(tb.TempDir(), nil)
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = store.Close() })
	return store
}

func openSQLite(tb testing.TB) *sqlrepo.Repository {
	tb.Helper()
	db, err := sqlrepo.OpenSQLite(filepath.Join(tb.TempDir(), "records.db"))
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = db.Close() })
	repo := sqlrepo.NewSQLite(db)
	require.NoError(tb, repo.Migrate(tb.Context()))
	return repo
}

// openPostgres starts a cluster that syncs every commit.
func openPostgres(tb testing.TB) (*sqlx.DB, *sqlrepo.Repository) {
	tb.Helper()
	db, err := sqlrepo.OpenPostgres(services.StartPostgres(tb, true).URL("postgres"))
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = db.Close() })
	db.SetMaxIdleConns(hundred) // or the floor would dial anew for many of its INSERTs
	repo := sqlrepo.NewPostgres(db)
	require.NoError(tb, repo.Migrate(tb.Context()))
	return db, repo
}
