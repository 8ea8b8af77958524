package sqlrepo_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/sqlrepo"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/services"
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
