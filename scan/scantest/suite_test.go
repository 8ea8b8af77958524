package scantest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/eicar"
)

const testLimit = 1 << 20

// limited adds what eicar lacks: a size limit, and a server that may hang.
func limited(s scan.Scanner) Harness {
	return Harness{
		Limit: testLimit,
		Scanner: scan.ScannerFunc(func(ctx context.Context, obj scan.Object) (scan.Result, error) {
			if obj.Size > testLimit {
				return scan.Result{Verdict: scan.Unscannable}, nil
			}
			return s.Scan(ctx, obj)
		}),
		Hang: scan.ScannerFunc(func(ctx context.Context, _ scan.Object) (scan.Result, error) {
			<-ctx.Done()
			return scan.Result{}, ctx.Err()
		}),
	}
}

func TestSuitePassesASoundScanner(t *testing.T) {
	Run(t, func(*testing.T) Harness { return limited(eicar.New(nil)) })
}

func TestSuiteCatchesScannersThatFailOpen(t *testing.T) {
	sound := eicar.New(nil)
	// wrap changes what a sound scanner answers.
	wrap := func(change func(obj scan.Object, res scan.Result, err error) (scan.Result, error)) scan.Scanner {
		return scan.ScannerFunc(func(ctx context.Context, obj scan.Object) (scan.Result, error) {
			res, err := sound.Scan(ctx, obj)
			return change(obj, res, err)
		})
	}
	clean := func(obj scan.Object) scan.Result {
		return scan.Result{Verdict: scan.Clean, Bytes: obj.Size, Engine: "broken"}
	}
	// forgiving buffers the object and overlooks some errors on the way.
	forgiving := func(forgive func(n int64, size int64, err error) bool) scan.Scanner {
		return scan.ScannerFunc(func(ctx context.Context, obj scan.Object) (scan.Result, error) {
			body, err := obj.Open(ctx)
			if err != nil {
				return scan.Result{}, fmt.Errorf("%w: %w", scan.ErrSource, err)
			}
			defer body.Close()
			var data bytes.Buffer
			n, err := io.Copy(&data, body)
			if err == nil && n != obj.Size {
				err = io.ErrUnexpectedEOF
			}
			if err != nil && !forgive(n, obj.Size, err) {
				return scan.Result{}, fmt.Errorf("%w: %w", scan.ErrSource, err)
			}
			if bytes.Contains(data.Bytes(), eicar.TestFile()) {
				return scan.Result{Verdict: scan.Infected, Threat: "EICAR", Engine: "broken"}, nil
			}
			return clean(obj), nil
		})
	}
	var last atomic.Pointer[scan.Result]

	broken := map[string]Harness{
		"says clean to everything": limited(scan.ScannerFunc(func(_ context.Context, obj scan.Object) (scan.Result, error) { return clean(obj), nil })),
		"clean on any error": limited(wrap(func(obj scan.Object, res scan.Result, err error) (scan.Result, error) {
			if err == nil {
				return res, nil
			}
			return clean(obj), nil
		})),
		"clean on a reader error": limited(forgiving(func(_, _ int64, err error) bool { return errors.Is(err, ErrBroken) })),
		"clean on an early end":   limited(forgiving(func(n, size int64, err error) bool { return n < size && err == io.ErrUnexpectedEOF })),
		"clean on a late end":     limited(forgiving(func(n, size int64, _ error) bool { return n > size })),
		"clean on cancellation":   limited(forgiving(func(_, _ int64, err error) bool { return errors.Is(err, context.DeadlineExceeded) })),
		"clean over the limit":    {Limit: testLimit, Scanner: sound},
		"fails for ever over limit": {Limit: testLimit, Scanner: wrap(func(obj scan.Object, res scan.Result, err error) (scan.Result, error) {
			if obj.Size > testLimit {
				return scan.Result{}, scan.ErrTooLarge
			}
			return res, err
		})},
		"buffers everything": {Scanner: forgiving(func(int64, int64, error) bool { return false }), Large: 8 << 20},
		"does not know how much it saw": limited(wrap(func(_ scan.Object, res scan.Result, err error) (scan.Result, error) {
			res.Bytes = 0
			return res, err
		})),
		"names no threat": limited(wrap(func(_ scan.Object, res scan.Result, err error) (scan.Result, error) {
			res.Threat = ""
			return res, err
		})),
		"blames the scanner for the source": limited(wrap(func(_ scan.Object, res scan.Result, err error) (scan.Result, error) {
			if err != nil {
				err = scan.ErrUnavailable
			}
			return res, err
		})),
		"gives up on a broken source": limited(wrap(func(_ scan.Object, res scan.Result, err error) (scan.Result, error) {
			if err != nil {
				err = &scan.Error{Scanner: "broken", Op: "read", Err: err}
			}
			return res, err
		})),
		"answers with the previous result": limited(wrap(func(_ scan.Object, res scan.Result, err error) (scan.Result, error) {
			if previous := last.Swap(&res); previous != nil && err == nil {
				return *previous, nil
			}
			return res, err
		})),
		"leaves streams open": limited(scan.ScannerFunc(func(ctx context.Context, obj scan.Object) (scan.Result, error) {
			open := obj.Open
			obj.Open = func(ctx context.Context) (io.ReadCloser, error) {
				body, err := open(ctx)
				return io.NopCloser(body), err
			}
			return sound.Scan(ctx, obj)
		})),
		"ignores its context": {Scanner: sound, Hang: scan.ScannerFunc(func(context.Context, scan.Object) (scan.Result, error) {
			time.Sleep(time.Hour)
			return scan.Result{}, context.DeadlineExceeded
		})},
		"clean when the server hangs": {Scanner: sound, Hang: scan.ScannerFunc(func(ctx context.Context, obj scan.Object) (scan.Result, error) {
			<-ctx.Done()
			return clean(obj), nil
		})},
		"trusts a name": limited(wrap(func(obj scan.Object, res scan.Result, err error) (scan.Result, error) {
			if bytes.Contains([]byte(obj.Filename), []byte("stream: OK")) {
				return clean(obj), nil
			}
			return res, err
		})),
	}
	for name, h := range broken {
		t.Run(name, func(t *testing.T) {
			caught := false
			for _, check := range checks() {
				synctest.Test(t, func(t *testing.T) { caught = check.run(t.Context(), h) != nil || caught })
			}
			require.True(t, caught, "no check noticed")
		})
	}
}
