package sqlrepo

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"time"

	"github.com/lib/pq"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

// answers are the errors that are results, not failures.
func answers() []error {
	return []error{attachment.ErrNotFound, attachment.ErrConflict, attachment.ErrCursor, scan.ErrNotDue, context.Canceled}
}

// pause waits before a repetition: 5, 20, 80 ms, each ± half.
func pause(ctx context.Context, attempt int) error {
	base := 5 * time.Millisecond << (2 * (attempt - 1))
	t := time.NewTimer(base/2 + rand.N(base))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// lostConnection reports failures between here and the server, and what a
// transaction says whose deadline passed just before its commit.
func lostConnection(err error) bool {
	var netErr net.Error
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, sql.ErrTxDone) || errors.As(err, &netErr)
}

// temporary knows the SQLSTATE classes: 40 rolled back, 08 connection, 53 out
// of resources, 57 the operator stepped in, 55P03 lock not available.
func (postgres) temporary(err error) bool {
	var e *pq.Error
	if errors.As(err, &e) {
		switch e.Code.Class() {
		case "40", "08", "53", "57":
			return true
		}
		return e.Code == "55P03"
	}
	return lostConnection(err)
}

// temporary knows SQLITE_BUSY (5) and SQLITE_LOCKED (6) and their variants.
func (sqlite) temporary(err error) bool {
	var e interface{ Code() int }
	if errors.As(err, &e) {
		return e.Code()&0xff == 5 || e.Code()&0xff == 6
	}
	return lostConnection(err)
}
