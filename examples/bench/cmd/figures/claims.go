package main

// The commands that measure.
var (
	largeFS    = run{"examples/bench", ".", "^BenchmarkLarge$/^fs$", form{"BENCH_MIB=1024", "5x"}, form{"BENCH_MIB=64", "3x"}}
	largeS3    = run{"examples/bench", ".", "^BenchmarkLarge$/^s3$", form{"BENCH_MIB=1024", "9x"}, form{"BENCH_MIB=64", "3x"}}
	hundred    = run{"examples/bench", ".", "^BenchmarkHundred$", form{"", "15x"}, form{"", "3x"}}
	duplicate  = run{"examples/bench", ".", "^BenchmarkDuplicate$", form{"", "15x"}, form{"", "3x"}}
	memory     = run{"examples/bench", ".", "^BenchmarkMemory$", form{"BENCH_PEAK_MIB=5120", "2x"}, form{"BENCH_PEAK_MIB=256", "1x"}}
	fsWrite    = run{"", "./blob/fsblob", "^BenchmarkWrite$/^ratios$", form{"FSBLOB_BENCH_MIB=1024", "5x"}, form{"FSBLOB_BENCH_MIB=64", "3x"}}
	fsDownload = run{"", "./blob/fsblob", "^BenchmarkDownload$/^ratios$", form{"FSBLOB_BENCH_MIB=1024", "9x"}, form{"FSBLOB_BENCH_MIB=64", "3x"}}
	s3Upload   = run{"blob/s3blob/bench", ".", "^BenchmarkUpload$", form{"UPLOAD_MIB=1024", "5x"}, form{"UPLOAD_MIB=64", "3x"}}
	download   = run{"", "./attachment/httpapi", "^BenchmarkDownload$/^relative$", form{"BENCH_DOWNLOAD_BYTES=1073741824", "9x"}, form{"", "3x"}}
	clamdscan  = run{"", "./scan/clamd", "^BenchmarkAgainstClamdscan$/^bare$", form{"", "15x"}, form{"", "3x"}}
	request    = run{"", "./auth", "^BenchmarkRequest$", form{"", "20000x"}, form{"", "1000x"}}
	judge      = run{"", "./attachment/policy", "^BenchmarkJudge$", form{"", "300x"}, form{"", "50x"}}
	growth     = run{"", "./attachment/sqlrepo", "^BenchmarkGrowth$", form{"BENCH_RECORDS=2000000", "500x"}, form{"BENCH_RECORDS=40000", "100x"}}
)

// runs are the commands in the order to run them in. The two that take many small
// files come when nothing has removed as many just before: see BenchmarkHundred.
var runs = []run{
	duplicate, clamdscan, request, judge, hundred,
	largeFS, largeS3, memory, fsWrite, fsDownload, s3Upload, download, growth,
}

// claims is everything that this module claims about its speed and memory. A
// ratio "beside" something is of times: less is better.
var claims = []claim{
	{
		says: "1 GiB to the file system, synced, beside gocloud fileblob + SHA-256, which does not sync", run: largeFS,
		value: metric{"BenchmarkLarge/fs", "x-fileblob"}, unit: "×", aim: aim{most: 0.5},
	},
	{
		says: "… beside the same without its MD5", run: largeFS,
		value: metric{"BenchmarkLarge/fs", "x-fileblob-without-md5"}, unit: "×",
	},
	{
		says: "… beside tusd's filestore + SHA-256, which does not sync", run: largeFS,
		value: metric{"BenchmarkLarge/fs", "x-tusd"}, unit: "×",
	},
	{
		says: "1 GiB to S3 beside gocloud s3blob + SHA-256", run: largeS3,
		value: metric{"BenchmarkLarge/s3", "x-gocloud"}, unit: "×", aim: aim{most: 1},
	},
	{
		says: "100 × 100 KB at once, file system + PostgreSQL, beside hash + synced write + INSERT", run: hundred,
		value: metric{"BenchmarkHundred/by-100", "fs-postgres-x-floor"}, unit: "×", aim: aim{most: 1.6},
	},
	{
		says: "… in seconds", run: hundred,
		value: metric{"BenchmarkHundred/by-100", "fs-postgres-s"}, unit: "s", aim: aim{most: 5},
	},
	{
		says: "… eight at a time, beside the same floor eight at a time", run: hundred,
		value: metric{"BenchmarkHundred/by-8", "fs-postgres-x-floor"}, unit: "×",
	},
	{
		says: "… one at a time", run: hundred,
		value: metric{"BenchmarkHundred/by-1", "fs-postgres-x-floor"}, unit: "×",
	},
	{
		says: "… at once, file system + SQLite", run: hundred,
		value: metric{"BenchmarkHundred/by-100", "fs-sqlite-x-floor"}, unit: "×",
	},
	{
		says: "… at once, S3 + PostgreSQL", run: hundred,
		value: metric{"BenchmarkHundred/by-100", "s3-postgres-x-floor"}, unit: "×",
	},
	{
		says: "… at once, memory", run: hundred,
		value: metric{"BenchmarkHundred/by-100", "memory-x-floor"}, unit: "×",
	},
	{
		says: "A duplicate of 100 KB, S3 + PostgreSQL: times as fast as a fresh one", run: duplicate,
		value: metric{"BenchmarkDuplicate/s3-postgres/100KB", "x-faster"}, unit: "×", aim: aim{least: 5},
	},
	{
		says: "… of 10 MB", run: duplicate,
		value: metric{"BenchmarkDuplicate/s3-postgres/10MB", "x-faster"}, unit: "×", aim: aim{least: 5},
	},
	{
		says: "A duplicate of 100 KB, file system + PostgreSQL: times as fast as a fresh one", run: duplicate,
		value: metric{"BenchmarkDuplicate/fs-postgres/100KB", "x-faster"}, unit: "×", aim: aim{least: 5},
	},
	{
		says: "… of 10 MB", run: duplicate,
		value: metric{"BenchmarkDuplicate/fs-postgres/10MB", "x-faster"}, unit: "×", aim: aim{least: 5},
	},
	{
		says: "50 MB as base64 in a string: peak memory beside the decoded size", run: memory,
		value: metric{"BenchmarkMemory/string", "x-decoded"}, unit: "×", aim: aim{most: 1.2},
	},
	{
		says: "50 MB as base64 from a reader: peak memory", run: memory,
		value: metric{"BenchmarkMemory/reader", "peak-MiB"}, unit: "MiB", aim: aim{most: 8},
	},
	{
		says: "Peak memory for 5 GiB less that for 100 MB", run: memory,
		value: metric{"BenchmarkMemory/size", "apart-MiB"}, unit: "MiB", aim: aim{most: 8},
	},
	{
		says: "fsblob: 1 GiB beside the slower of hash alone and synced write alone", run: fsWrite,
		value: metric{"BenchmarkWrite/ratios", "of-max"}, unit: "×", aim: aim{most: 1.25},
	},
	{
		says: "fsblob: 1 GiB beside io.MultiWriter and a sync", run: fsWrite,
		value: metric{"BenchmarkWrite/ratios", "of-naive"}, unit: "×", aim: aim{most: 0.7},
	},
	{
		says: "fsblob: 1 GiB to a socket beside the plain file", run: fsDownload,
		value: metric{"BenchmarkDownload/ratios", "of-file"}, unit: "×", aim: aim{most: 1.1},
	},
	{
		says: "s3blob: 1 GiB beside the SDK's transfer manager", run: s3Upload,
		value: metric{"BenchmarkUpload", "ratio"}, unit: "×", aim: aim{most: 1.15},
	},
	{
		says: "1 GiB over HTTP, checked: times as fast as http.FileServer", run: download,
		value: metric{"BenchmarkDownload/relative", "x-FileServer"}, unit: "×", aim: aim{least: 0.9},
	},
	{
		says: "Scan of 100 MB by clamd: times as fast as clamdscan --stream", run: clamdscan,
		value: metric{"BenchmarkAgainstClamdscan/bare", "x-clamdscan"}, unit: "×", aim: aim{least: 0.95},
	},
	{
		says: "Authenticated request beside golang-jwt's bare parse, worst algorithm", run: request,
		value: metric{"BenchmarkRequest/*/authenticate", "×bare"}, unit: "×", aim: aim{most: 1.3},
	},
	{
		says: "Judging 100 KB, worst of eleven kinds: CPU time", run: judge,
		value: metric{"BenchmarkJudge/100KB/*", "cpu-µs/op"}, unit: "µs", aim: aim{most: 150},
	},
	{
		says: "Judging 10 MB, worst of eleven kinds, beside the SHA-256", run: judge,
		value: metric{"BenchmarkJudge/10MB/*", "of-sha256"}, unit: "×", aim: aim{most: 0.1},
	},
	{
		says: "One attachment more at 2,000,000 records beside 20,000", run: growth,
		value: metric{"BenchmarkGrowth/ingest/*", "ns/op"}, per: metric{"BenchmarkGrowth/ingest/20000", "ns/op"}, unit: "×", aim: aim{most: 1.3},
	},
	{
		says: "List of one message at 2,000,000 records beside 20,000", run: growth,
		value: metric{"BenchmarkGrowth/list/*", "ns/op"}, per: metric{"BenchmarkGrowth/list/20000", "ns/op"}, unit: "×", aim: aim{most: 1.3},
	},
	{
		says: "List of the newest 50 at 2,000,000 records beside 20,000", run: growth,
		value: metric{"BenchmarkGrowth/newest/*", "ns/op"}, per: metric{"BenchmarkGrowth/newest/20000", "ns/op"}, unit: "×", aim: aim{most: 1.3},
	},
}
