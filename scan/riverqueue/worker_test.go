package riverqueue_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/riverqueue"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/scantest"
)

// TestRiverIsMorePatientThanTheScan: River's own timeout is a minute.
func TestRiverIsMorePatientThanTheScan(t *testing.T) {
	for _, timeout := range []time.Duration{time.Second, 10 * time.Minute, 3 * time.Hour} {
		worker := riverqueue.NewWorker(scan.NewWorker(scantest.NewFake(), scantest.NewLedger(), &scan.WorkerOptions{Timeout: timeout}))
		require.Greater(t, worker.Timeout(nil), timeout)
	}
}
