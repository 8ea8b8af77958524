package blobtest

import (
	"context"
	"testing"
	"time"

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
	for _, l := range full().laws() {
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

// suite is the laws of the port, at a size.
type suite struct {
	bulk     int           // bytes of a large blob
	patience time.Duration // for goroutines that are about to end
}

// full writes blobs of more than two parts of the smallest multipart upload
// that S3 takes.
func full() suite { return suite{bulk: 11<<20 + 13, patience: 5 * time.Second} }

func (u suite) laws() []law {
	return []law{
		// laws_bytes.go
		{"bytes come back as written", bytesComeBack},
		{"odd chunks make one blob", u.oddChunks},
		{"write keeps no hold of the buffer", bufferIsCallers},
		{"ranges are exact", ranges},
		{"a range past the end is refused", rangePastEnd},
		{"readers do not disturb one another", concurrentReaders},

		// laws_publish.go
		{"nothing is visible before commit", u.invisibleBeforeCommit},
		{"commit ends the writer", commitIsTerminal},
		{"abort leaves nothing", u.abortLeavesNothing},
		{"a taken key is refused", u.takenKey},
		{"one of 64 racing writers wins", race},
		{"an aborted rival frees the key", abortedRival},
		{"other bytes than announced are refused", u.mismatch},
		{"a digest that the caller computed is kept", u.hashed},
		{"writers of many keys work side by side", concurrentWriters},

		// laws_delete.go
		{"delete removes one blob", deleteRemoves},
		{"a reader survives delete or says so", u.readerSurvivesDelete},

		// laws_describe.go
		{"keys are kept apart in every script", keysKeptApart},
		{"invalid keys are refused by every method", invalidKeys},
		{"content type and metadata come back", description},
		{"invalid options are refused", invalidOptions},
		{"commit, stat and open tell the same", u.sameInfo},

		// laws_context.go
		{"the writer outlives the context of create", u.writerOutlivesCreate},
		{"an ended context fails every call", u.endedContext},
		{"a cancelled read is never silently short", u.cancelledRead},
		{"no goroutine is left behind", u.noLeak},

		// laws_optional.go
		{"list yields what is committed under the prefix", u.list},
		{"copy is like create", u.copies},
		{"reclaim removes the unfinished only", u.reclaim},
		{"the digest is of the bytes written", digest},
		{"staged bytes can be read back", staged},
	}
}
