// Package bench measures the pipeline beside its floors and its peers. It is a
// module of its own because the peers bring large dependency trees. `make
// bench` runs it, together with the benchmarks of the other packages, and
// prints one table.
//
// # Who lives here
//
//   - BenchmarkLarge: one large attachment into the file system and into S3,
//     beside gocloud.dev/blob and tusd, each with SHA-256.
//   - BenchmarkHundred: 100 attachments of 100 KB, beside the least that
//     durable storage takes.
//   - BenchmarkDuplicate: bytes that are there already, beside fresh ones.
//   - BenchmarkMemory: what the heap needs meanwhile.
//   - cmd/figures: the table of claims, and what turns results into figures.
//
// The contenders of a benchmark take turns, round by round, and medians are
// compared, so that what else the machine does hits all alike. -benchtime 5x is
// five rounds. BENCH_MIB and BENCH_PEAK_MIB set the sizes.
package bench
