package sqlrepo_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/sqlrepo"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/fsblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/services"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// BenchmarkGrowth compares a table of 20,000 records with one of 2,000,000
// (BENCH_RECORDS sets the larger): what one attachment and one list cost must
// not depend on how many there are.
func BenchmarkGrowth(b *testing.B) {
	large := 200_000
	if n, err := strconv.Atoi(os.Getenv("BENCH_RECORDS")); err == nil {
		large = n
	}
	pg := services.StartPostgres(b, true)
	for _, records := range []int{20_000, large} {
		db := connect(b, pg.NewDatabase(b))
		repo := sqlrepo.NewPostgres(db)
		require.NoError(b, repo.Migrate(b.Context()))
		fill(b, db, records)
		db.MustExec("CHECKPOINT")
		b.Run(fmt.Sprintf("ingest/%d", records), func(b *testing.B) {
			n := 0
			for b.Loop() {
				n++
				d := draft("t1", n)
				d.Content.SHA256 = fmt.Sprintf("%064x", rand.Uint64())
				store(b, repo, d)
			}
		})
		b.Run(fmt.Sprintf("list/%d", records), func(b *testing.B) {
			for b.Loop() {
				page, err := repo.List(as("t1"), attachment.Query{MessageID: "m" + strconv.Itoa(rand.N(records/50))})
				require.NoError(b, err)
				require.NotEmpty(b, page.Records)
			}
		})
		b.Run(fmt.Sprintf("newest/%d", records), func(b *testing.B) {
			for b.Loop() {
				page, err := repo.List(as("t1"), attachment.Query{Limit: 50})
				require.NoError(b, err)
				require.Len(b, page.Records, 50)
			}
		})
	}
}

const (
	batch    = 100
	oneSize  = 100_000
	parallel = 8
)

// attachments makes a batch of attachments that nobody has seen.
func attachments() [][]byte {
	all := make([][]byte, batch)
	for i := range all {
		all[i] = bytes.Repeat([]byte(uuid.NewString()), oneSize/36)
	}
	return all
}

// each does a batch as an engine does: several at a time.
func each(b *testing.B, all [][]byte, do func(i int, data []byte) error) {
	b.Helper()
	var group errgroup.Group
	group.SetLimit(parallel)
	for i, data := range all {
		group.Go(func() error { return do(i, data) })
	}
	require.NoError(b, group.Wait())
}

// BenchmarkHundred takes 100 attachments of 100 KB through the whole pipeline,
// on a file system and a PostgreSQL that both sync, beside the floor: hash,
// synced write and one INSERT each, equally parallel.
func BenchmarkHundred(b *testing.B) {
	pg := services.StartPostgres(b, true)
	db := connect(b, pg.NewDatabase(b))
	db.SetMaxIdleConns(parallel)
	repo := sqlrepo.NewPostgres(db)
	require.NoError(b, repo.Migrate(b.Context()))
	db.MustExec("CREATE TABLE floor (id uuid PRIMARY KEY, hash text, path text, size int)")

	b.Run("floor", func(b *testing.B) {
		dir := b.TempDir()
		for b.Loop() {
			b.StopTimer()
			all := attachments()
			b.StartTimer()
			each(b, all, func(_ int, data []byte) error {
				sum, id := sha256.Sum256(data), uuid.NewString()
				path := filepath.Join(dir, id)
				if err := writeSynced(path, data); err != nil {
					return err
				}
				_, err := db.Exec("INSERT INTO floor VALUES ($1, $2, $3, $4)", id, fmt.Sprintf("%x", sum), path, len(data))
				return err
			})
		}
	})
	var run atomic.Int64
	pipeline := func(b *testing.B, repeat bool, repo attachment.Repository) {
		files, err := fsblob.New(b.TempDir(), nil)
		require.NoError(b, err)
		handler, err := attachment.New(tenant.NewStore(files, nil), repo, nil)
		require.NoError(b, err)
		ctx := tenant.NewContext(context.Background(), tenant.User{Tenant: "bench", ID: "u", Actions: []tenant.Action{tenant.Write}})
		all := attachments()
		process := func(i int, data []byte) error {
			_, err := handler.Process(ctx, attachment.Input{
				MessageID: fmt.Sprintf("m%d", run.Add(1)), Filename: fmt.Sprintf("%d.txt", i), Size: int64(len(data)), Data: bytes.NewReader(data),
			})
			return err
		}
		each(b, all, process)
		for b.Loop() {
			if !repeat {
				b.StopTimer()
				all = attachments()
				b.StartTimer()
			}
			each(b, all, process)
		}
	}
	b.Run("pipeline", func(b *testing.B) { pipeline(b, false, repo) })
	b.Run("duplicates", func(b *testing.B) { pipeline(b, true, repo) })
	b.Run("sqlite", func(b *testing.B) { pipeline(b, false, openSQLite(b)) })
}

func writeSynced(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Sync()
}
