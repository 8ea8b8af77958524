package bench

import (
	"testing"

	"gocloud.dev/blob/fileblob"
)

// BenchmarkLarge takes one attachment of BENCH_MIB mebibytes, 256 by default,
// through the whole pipeline, and through the peers as their users would
// combine them with SHA-256. On the file system only the pipeline syncs.
func BenchmarkLarge(b *testing.B) {
	size := mebibytes(b, "BENCH_MIB", 256)
	b.Run("fs", func(b *testing.B) {
		median := inTurns(b, nil,
			ours(newPipeline(b, "t1", openFS(b), openSQLite(b))).contender("ours", size),
			gocloud(fileBucket(b, fileblob.Options{})).contender("fileblob", size),
			gocloud(fileBucket(b, fileblob.Options{Metadata: fileblob.MetadataDontWrite})).contender("fileblob-without-md5", size),
			tusd(b.TempDir()).contender("tusd", size),
		)
		for _, peer := range []string{"fileblob", "fileblob-without-md5", "tusd"} {
			b.ReportMetric(median["ours"]/median[peer], "x-"+peer)
		}
	})
	b.Run("s3", func(b *testing.B) {
		store, bucket := startS3(b)
		median := inTurns(b, nil,
			ours(newPipeline(b, "t1", store, openSQLite(b))).contender("ours", size),
			gocloud(bucket).contender("gocloud", size),
		)
		b.ReportMetric(median["ours"]/median["gocloud"], "x-gocloud")
	})
}
