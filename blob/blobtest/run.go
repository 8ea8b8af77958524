package blobtest

import (
	"context"
	"testing"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// Run checks every law of the port. open returns an empty store, a new one for
// each law; it may register cleanups. Laws about an optional interface pass
// where the store has none, or where it answers [blob.ErrUnsupported].
//
// The laws run one after the other and count goroutines, so nothing else may
// run in parallel in the same test binary. The largest blob they write has
// 11 MiB.
func Run(t *testing.T, open func(t *testing.T) blob.Store) {
	for _, l := range laws() {
		t.Run(l.name, func(t *testing.T) { l.check(t, open(t)) })
	}
}

// A law is one promise of the port. check fails t if s breaks it.
type law struct {
	name  string
	check func(t tb, s blob.Store)
}

// tb is what a law needs of *testing.T. A recorder stands in for it where the
// suite itself is tested.
type tb interface {
	Helper()
	Context() context.Context
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

func laws() []law {
	return []law{
		// laws_bytes.go
		{"bytes come back as written", bytesComeBack},
		{"odd chunks make one blob", oddChunks},
		{"write keeps no hold of the buffer", bufferIsCallers},
		{"ranges are exact", ranges},
		{"a range past the end is refused", rangePastEnd},
		{"readers do not disturb one another", concurrentReaders},

		// laws_publish.go
		{"nothing is visible before commit", invisibleBeforeCommit},
		{"commit ends the writer", commitIsTerminal},
		{"abort leaves nothing", abortLeavesNothing},
		{"a taken key is refused", takenKey},
		{"one of 64 racing writers wins", race},
		{"an aborted rival frees the key", abortedRival},
		{"other bytes than announced are refused", mismatch},
		{"writers of many keys work side by side", concurrentWriters},

		// laws_delete.go
		{"delete removes one blob", deleteRemoves},
		{"a reader survives delete or says so", readerSurvivesDelete},

		// laws_describe.go
		{"keys are kept apart in every script", keysKeptApart},
		{"invalid keys are refused by every method", invalidKeys},
		{"content type and metadata come back", description},
		{"invalid options are refused", invalidOptions},
		{"commit, stat and open tell the same", sameInfo},

		// laws_context.go
		{"the writer outlives the context of create", writerOutlivesCreate},
		{"an ended context fails every call", endedContext},
		{"a cancelled read is never silently short", cancelledRead},
		{"no goroutine is left behind", noLeak},

		// laws_optional.go
		{"list yields what is committed under the prefix", list},
		{"copy is like create", copies},
		{"reclaim removes the unfinished only", reclaim},
		{"the digest is of the bytes written", digest},
		{"staged bytes can be read back", staged},
	}
}
