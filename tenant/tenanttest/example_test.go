package tenanttest_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// SQLManager is a whole tenant.Manager over a host's own tables. PostgreSQL
// wants $1 in place of ?1, GREATEST in place of MAX, and nothing else.
type SQLManager struct{ db *sql.DB }

// Schema is what a host has already, in some form. NULL is no limit.
const Schema = `
CREATE TABLE tenants (
	id TEXT PRIMARY KEY, max_bytes BIGINT, max_blobs BIGINT, max_blob_size BIGINT,
	bytes BIGINT NOT NULL DEFAULT 0, blobs BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE members (tenant_id TEXT, user_id TEXT, may_write BOOLEAN, PRIMARY KEY (tenant_id, user_id))`

func (m SQLManager) Resolve(ctx context.Context, tenantID, userID string) (tenant.Context, error) {
	var mayWrite bool
	err := m.db.QueryRowContext(ctx, `SELECT may_write FROM members WHERE tenant_id = ?1 AND user_id = ?2`, tenantID, userID).Scan(&mayWrite)
	if err != nil {
		return nil, unknown(err)
	}
	user := tenant.User{Tenant: tenantID, ID: userID, Actions: []tenant.Action{tenant.Read}}
	if mayWrite {
		user.Actions = append(user.Actions, tenant.Write, tenant.Delete)
	}
	return user, nil
}

// Reserve checks and takes in one statement: no two uploads see the same room.
func (m SQLManager) Reserve(ctx context.Context, tenantID string, u tenant.Usage) error {
	changed, err := m.change(ctx, u, `
		UPDATE tenants SET bytes = bytes + ?2, blobs = blobs + ?3 WHERE id = ?1
		AND bytes <= COALESCE(max_bytes, 9223372036854775807) - ?2
		AND blobs <= COALESCE(max_blobs, 9223372036854775807) - ?3`, tenantID)
	if err != nil || changed {
		return err
	}
	if _, err := m.Limits(ctx, tenantID); err != nil {
		return err
	}
	return tenant.ErrQuota
}

func (m SQLManager) Release(ctx context.Context, tenantID string, u tenant.Usage) error {
	changed, err := m.change(ctx, u, `UPDATE tenants SET bytes = MAX(bytes - ?2, 0), blobs = MAX(blobs - ?3, 0) WHERE id = ?1`, tenantID)
	if err == nil && !changed {
		err = tenant.ErrUnknown
	}
	return err
}

// Limits makes it a tenant.Limiter too, for the sake of MaxBlobSize.
func (m SQLManager) Limits(ctx context.Context, tenantID string) (tenant.Limits, error) {
	var maxBytes, maxBlobs, maxBlobSize sql.NullInt64
	err := m.db.QueryRowContext(ctx, `SELECT max_bytes, max_blobs, max_blob_size FROM tenants WHERE id = ?1`, tenantID).Scan(&maxBytes, &maxBlobs, &maxBlobSize)
	return tenant.Limits{MaxBytes: maxBytes.Int64, MaxBlobs: maxBlobs.Int64, MaxBlobSize: maxBlobSize.Int64}, unknown(err)
}

func (m SQLManager) change(ctx context.Context, u tenant.Usage, statement, tenantID string) (changed bool, err error) {
	if u.Bytes < 0 || u.Blobs < 0 {
		return false, errors.New("negative usage")
	}
	result, err := m.db.ExecContext(ctx, statement, tenantID, u.Bytes, u.Blobs)
	if err != nil {
		return false, err
	}
	rows, err := result.RowsAffected()
	return rows > 0, err
}

func unknown(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return tenant.ErrUnknown
	}
	return err
}

// A manager over the host's own database. In its tests it goes through
// tenanttest.RunManager.
func Example() {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // each connection to :memory: is a database of its own
	if _, err := db.Exec(Schema + `; INSERT INTO tenants (id, max_bytes) VALUES ('acme', 100)`); err != nil {
		log.Fatal(err)
	}
	var manager tenant.Manager = SQLManager{db} // for tenant.StoreOptions.Manager

	ctx := context.Background()
	fmt.Println(manager.Reserve(ctx, "acme", tenant.Usage{Bytes: 60, Blobs: 1}))
	fmt.Println(manager.Reserve(ctx, "acme", tenant.Usage{Bytes: 60, Blobs: 1}))
	_, err = manager.Resolve(ctx, "acme", "nobody")
	fmt.Println(err)
	// Output:
	// <nil>
	// tenant: quota exceeded
	// tenant: no such tenant or user
}
