package riverqueue

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivermigrate"
)

// migrateLock keeps hosts that start at once from migrating at once, which
// River itself does not.
const migrateLock = 0x726976657271 // "riverq"

// Migrate brings River's own tables (river_job, river_leader, river_queue and
// the like) up to date, in the first schema of the search_path. Several hosts
// may start at once: one migrates and the others wait. It takes a PostgreSQL
// driver with two connections to spare, and a role that may create tables.
//
// Hosts that keep all their migrations in one place use River's command
// instead: `river migrate-get --all --up`.
func Migrate[TTx any](ctx context.Context, driver riverdriver.Driver[TTx]) error {
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("riverqueue: %w", err)
	}
	// The lock has a transaction of its own: some migrations must commit
	// before the next one.
	lock, err := driver.GetExecutor().Begin(ctx)
	if err != nil {
		return fmt.Errorf("riverqueue: lock migrations: %w", err)
	}
	defer func() { _ = lock.Rollback(context.WithoutCancel(ctx)) }() // gives the lock back; there is nothing to undo
	if _, err := lock.PGAdvisoryXactLock(ctx, migrateLock); err != nil {
		return fmt.Errorf("riverqueue: lock migrations: %w", err)
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("riverqueue: migrate River's tables: %w", err)
	}
	return nil
}
