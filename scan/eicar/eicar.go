// Package eicar is a scanner for demonstrations: it knows the EICAR test file,
// the industry's harmless stand-in for a virus, and nothing else. It protects
// nobody, and says so.
package eicar

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

// Engine is the Result.Engine of this scanner.
const Engine = "demo (EICAR only)"

// TestFile returns the 68 bytes of the EICAR test file. They are put together
// here so that no scanner trips over this module.
func TestFile() []byte {
	return []byte(`X5O!P%@AP[4\PZX54(P^)7CC)7}$` + "EICAR-STANDARD-ANTIVIRUS-" + `TEST-FILE!$H+H*`)
}

// Scanner finds the EICAR test file anywhere in an object, as it is or not at
// all: it opens no archive and decodes nothing.
type Scanner struct{ needle []byte }

// New returns the demo scanner and warns logger, which may be nil, that it is
// no protection.
func New(logger *slog.Logger) *Scanner {
	if logger != nil {
		logger.Warn("DEMO VIRUS SCANNER IN USE: it knows the EICAR test file only and calls every real virus clean")
	}
	return &Scanner{needle: TestFile()}
}

const window = 64 << 10

// Scan reads the whole object in a window of 64 KiB.
func (s *Scanner) Scan(ctx context.Context, obj scan.Object) (scan.Result, error) {
	body, err := obj.Open(ctx)
	if err != nil {
		return scan.Result{}, sourceError(err)
	}
	defer body.Close()

	res := scan.Result{Verdict: scan.Clean, Detail: "searched for the EICAR test file only", Engine: Engine, Signatures: "1"}
	buf := make([]byte, window)
	kept := 0 // bytes at the start of buf that the next ones may complete
	for {
		if err := ctx.Err(); err != nil {
			return scan.Result{}, &scan.Error{Scanner: "eicar", Op: "read", Err: err, Temporary: true}
		}
		n, err := body.Read(buf[kept:])
		res.Bytes += int64(n)
		seen := buf[:kept+n]
		if bytes.Contains(seen, s.needle) {
			res.Verdict, res.Threat, res.Detail = scan.Infected, "EICAR-Test-File", ""
		}
		kept = copy(buf, seen[max(0, len(seen)-len(s.needle)+1):])
		if err == io.EOF {
			break
		}
		if err != nil {
			return scan.Result{}, sourceError(err)
		}
	}
	if res.Bytes != obj.Size {
		return scan.Result{}, sourceError(fmt.Errorf("%d bytes instead of %d", res.Bytes, obj.Size))
	}
	return res, nil
}

func sourceError(err error) error {
	return &scan.Error{Scanner: "eicar", Op: "read", Err: fmt.Errorf("%w: %w", scan.ErrSource, err), Temporary: true}
}
