package main

import (
	"database/sql"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"testing"

	_ "github.com/lib/pq"
	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/mailhost/app"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/services"
)

// asHost makes the test binary riverhost, or mailhost.
const asHost = "RIVERHOST_TEST_RUN"

func TestMain(m *testing.M) {
	switch os.Getenv(asHost) {
	case "river":
		main()
	case "mail":
		os.Exit(app.Main(nil))
	default:
		os.Exit(m.Run())
	}
}

// row is what both hosts must agree on.
type row struct {
	MessageID, Filename, VirusScanStatus string
	Result                               struct {
		ErrorCode string
		Output    *struct {
			Data struct{ AttachmentID, ContentHash string }
		}
	}
}

// TestSameTable takes the test mail through both hosts, each on a database of
// its own and with one clamd: ids, hashes and verdicts are the same.
func TestSameTable(t *testing.T) {
	postgres, daemon := services.StartPostgres(t, false), services.StartClamd(t, nil)
	address, port, err := net.SplitHostPort(daemon.TCP)
	require.NoError(t, err)
	table := func(kind, url string) []row {
		self, err := os.Executable()
		require.NoError(t, err)
		child := exec.Command(self, "-once", "-json", "-data", t.TempDir())
		child.Dir, child.Stderr = "../..", os.Stderr
		child.Env = append(os.Environ(), asHost+"="+kind, "DATABASE_URL="+url, "CLAMAV_HOST="+address, "CLAMAV_PORT="+port)
		output, err := child.Output()
		require.NoError(t, err)
		var report struct{ Attachments []row }
		require.NoError(t, json.Unmarshal(output, &report))
		return report.Attachments
	}
	url := postgres.NewDatabase(t)
	want, got := table("mail", postgres.NewDatabase(t)), table("river", url)
	require.NotEmpty(t, want)
	require.Equal(t, want, got)

	verdicts := map[string]int{}
	for _, r := range got {
		verdicts[r.VirusScanStatus]++
	}
	require.Equal(t, 1, verdicts["infected"], verdicts)
	require.Positive(t, verdicts["clean"])
	require.Zero(t, verdicts["pending"])

	db, err := sql.Open("postgres", url)
	require.NoError(t, err)
	defer db.Close()
	var done int
	require.NoError(t, db.QueryRow(`SELECT count(*) FROM river_job WHERE state = 'completed'`).Scan(&done))
	require.Positive(t, done, "River did the scans")
}

func TestNeedsPostgres(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	child := exec.Command(self, "-once", "-data", t.TempDir())
	child.Env = append(os.Environ(), asHost+"=river", "DATABASE_URL=")
	output, err := child.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(output), "River needs a PostgreSQL")
}
