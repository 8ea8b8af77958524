package bench

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"gocloud.dev/blob/fileblob"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/attachmenttest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
)

// TestContendersDoTheSameWork runs each once: all store the very bytes, agree
// on their SHA-256, and leave nothing.
func TestContendersDoTheSameWork(t *testing.T) {
	const size = 9<<20 + 7 // more than one part in S3
	data, err := io.ReadAll(newSource(1, size))
	require.NoError(t, err)
	require.Len(t, data, size)
	sum := sha256.Sum256(data)
	compare := func(t *testing.T, i ingester) {
		t.Helper()
		hash, err := i.take(t.Context(), newSource(1, size), size)
		require.NoError(t, err)
		require.Equal(t, hex.EncodeToString(sum[:]), hash)
		r, err := i.open(t.Context())
		require.NoError(t, err)
		defer r.Close()
		stored, err := io.ReadAll(r)
		require.NoError(t, err)
		require.True(t, bytes.Equal(data, stored))
		require.NoError(t, i.remove(t.Context()))
		_, err = i.open(t.Context())
		require.Error(t, err)
	}
	t.Run("memory", func(t *testing.T) {
		compare(t, ours(newPipeline(t, "t1", memblob.New(nil), attachmenttest.NewRepository())))
	})
	t.Run("fs", func(t *testing.T) { compare(t, ours(newPipeline(t, "t1", openFS(t), openSQLite(t)))) })
	t.Run("fileblob", func(t *testing.T) { compare(t, gocloud(fileBucket(t, fileblob.Options{}))) })
	t.Run("tusd", func(t *testing.T) { compare(t, tusd(t.TempDir())) })
	t.Run("s3", func(t *testing.T) {
		store, bucket := startS3(t)
		compare(t, ours(newPipeline(t, "t1", store, openSQLite(t))))
		compare(t, gocloud(bucket))
	})
}

// TestBatches runs what BenchmarkHundred and BenchmarkDuplicate measure.
func TestBatches(t *testing.T) {
	db, postgres := openPostgres(t)
	all := batch(t, 0, 3, 1000)
	newFloorTable(db)
	newFloor(t, db, &all, 2).run(t, 0)
	var rows int
	require.NoError(t, db.Get(&rows, "SELECT count(*) FROM floor"))
	require.Len(t, all, rows)

	p := newPipeline(t, "t1", openFS(t), postgres)
	for _, again := range []bool{false, true} {
		for _, data := range all {
			processed, err := p.take(bytes.NewReader(data), int64(len(data)))
			require.NoError(t, err)
			require.Equal(t, again, processed.IsDeduplicated)
		}
	}
	takeAll(t, p, batch(t, 1, 3, 1000), 3)
	execute(t, p, encoded(t, 9, 5000), 5000)
}

func TestPeakOf(t *testing.T) {
	var p []byte
	peak := peakOf(func() { p = make([]byte, 32<<20) })
	require.Len(t, p, 32<<20)
	require.GreaterOrEqual(t, peak, int64(32<<20))
}
