package attachment

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

// TestNoProvidersCostNothing: a host without OpenTelemetry pays no allocation.
func TestNoProvidersCostNothing(t *testing.T) {
	off, ctx, p := newTelemetry(&Options{}), t.Context(), &Processed{MIMEType: "text/plain"}
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		err := errors.ErrUnsupported
		ctx, s := off.step(ctx, "attachment.process")
		s.describe(p, Stored, "mem")
		s.name(scan.Job{})
		s.end(&err)
		off.countProcessed(ctx, p, Stored, nil, time.Second)
		off.countSweep(ctx, SweepReport{}, nil, time.Second)
	}))
}

func TestAttributesAreFromClosedSets(t *testing.T) {
	for mime, want := range map[string]string{
		"image/png": "image", "application/pdf": "document", "text/html": "web", "": "other", "x-evil/1": "other", "application/x-evil": "data",
	} {
		require.Equal(t, want, family(mime), mime)
	}
	require.Equal(t, "STORAGE_ERROR", errorType(CodeStorage))
	require.Equal(t, "_OTHER", errorType("a code that a Source made up"))
}
