package bench

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/attachmenttest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
)

const (
	hundred = 100
	oneSize = 100_000
)

// batch makes attachments that nobody has seen.
func batch(tb testing.TB, round, count int, size int64) [][]byte {
	tb.Helper()
	all := make([][]byte, count)
	for i := range all {
		var err error
		all[i], err = io.ReadAll(newSource(round*count+i, size))
		require.NoError(tb, err)
	}
	return all
}

// each does a batch, so many at a time.
func each(tb testing.TB, all [][]byte, parallel int, do func(data []byte) error) {
	tb.Helper()
	var group errgroup.Group
	group.SetLimit(parallel)
	for _, data := range all {
		group.Go(func() error { return do(data) })
	}
	require.NoError(tb, group.Wait())
}

// takeAll puts a batch, which lies in memory, through a pipeline.
func takeAll(tb testing.TB, p *pipeline, all [][]byte, parallel int) {
	tb.Helper()
	each(tb, all, parallel, func(data []byte) error {
		_, err := p.take(bytes.NewReader(data), int64(len(data)))
		return err
	})
}

// BenchmarkHundred takes 100 attachments of 100 KB through the whole pipeline
// on four pairs of parts, beside the floor: hash, synced write and one INSERT
// into PostgreSQL each, equally parallel; all at once, and few at a time.
//
// Nothing is removed before all is measured: an ext4 without a journal makes new
// files slowly for a minute after many were removed.
func BenchmarkHundred(b *testing.B) {
	outer := b // whose folders last
	db, postgres := openPostgres(b)
	bucket, _ := startS3(b)
	newFloorTable(db)
	for _, parallel := range []int{hundred, 8, 1} {
		b.Run(fmt.Sprintf("by-%d", parallel), func(b *testing.B) {
			tenant := fmt.Sprintf("t%d-", parallel)
			pipelines := []struct {
				name string
				*pipeline
			}{
				{"memory", newPipeline(b, tenant+"memory", memblob.New(nil), attachmenttest.NewRepository())},
				{"fs-sqlite", newPipeline(b, tenant+"fs-sqlite", openFS(outer), openSQLite(outer))},
				{"fs-postgres", newPipeline(b, tenant+"fs-postgres", openFS(outer), postgres)},
				{"s3-postgres", newPipeline(b, tenant+"s3-postgres", bucket, postgres)},
			}
			var all [][]byte
			contenders := []contender{newFloor(outer, db, &all, parallel)}
			for _, p := range pipelines {
				contenders = append(contenders, contender{name: p.name, run: func(tb testing.TB, _ int) { takeAll(tb, p.pipeline, all, parallel) }})
			}
			median := inTurns(b, func(round int) { all = batch(b, round, hundred, oneSize) }, contenders...)
			for _, p := range pipelines {
				b.ReportMetric(median[p.name]/median["floor"], p.name+"-x-floor")
			}
		})
	}
}

// BenchmarkDuplicate takes attachments that lie in memory, all at once, and then
// the same ones again, as other messages bring them.
func BenchmarkDuplicate(b *testing.B) {
	_, postgres := openPostgres(b)
	bucket, _ := startS3(b)
	for _, parts := range []struct {
		name  string
		store blob.Store
	}{{"fs-postgres", openFS(b)}, {"s3-postgres", bucket}} {
		for _, c := range []struct {
			name  string
			count int
			size  int64
		}{{"100KB", hundred, oneSize}, {"10MB", 8, 10_000_000}} {
			b.Run(parts.name+"/"+c.name, func(b *testing.B) {
				p := newPipeline(b, parts.name+c.name, parts.store, postgres)
				var all [][]byte
				take := func(tb testing.TB, _ int) { takeAll(tb, p, all, c.count) }
				median := inTurns(b, func(round int) { all = batch(b, round, c.count, c.size) },
					contender{name: "fresh", run: take}, contender{name: "again", run: take})
				b.ReportMetric(median["fresh"]/median["again"], "x-faster")
			})
		}
	}
}

func newFloorTable(db *sqlx.DB) {
	db.MustExec("CREATE TABLE floor (id uuid PRIMARY KEY, hash text, path text, size int)")
}

// newFloor is the least that durable storage takes.
func newFloor(tb testing.TB, db *sqlx.DB, all *[][]byte, parallel int) contender {
	dir := tb.TempDir()
	return contender{name: "floor", run: func(tb testing.TB, _ int) {
		each(tb, *all, parallel, func(data []byte) error {
			sum, id := sha256.Sum256(data), uuid.NewString()
			path := filepath.Join(dir, id)
			if err := writeSynced(path, data); err != nil {
				return err
			}
			_, err := db.Exec("INSERT INTO floor VALUES ($1, $2, $3, $4)", id, hex.EncodeToString(sum[:]), path, len(data))
			return err
		})
	}}
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
