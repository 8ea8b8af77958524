package scan_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/scantest"
)

// says is a scanner that gives that answer after reading n bytes of the object.
func says(res scan.Result, n int64) scan.Scanner {
	return scan.ScannerFunc(func(ctx context.Context, obj scan.Object) (scan.Result, error) {
		body, err := obj.Open(ctx)
		if err != nil {
			return res, err
		}
		defer body.Close()
		_, _ = io.CopyN(io.Discard, body, n)
		return res, nil
	})
}

func TestGuardLetsNoUnprovenCleanThrough(t *testing.T) {
	data := []byte(strings.Repeat("0123456789", 1000))
	size := int64(len(data))
	swapped := scantest.NewObject(data)
	swapped.Open = scantest.NewObject(bytes.ToUpper(append(data[:size-1:size-1], 'x'))).Open
	unhashed := scantest.NewObject(data)
	unhashed.SHA256 = ""
	clean := scan.Result{Verdict: scan.Clean, Bytes: size}
	never := scan.ScannerFunc(func(context.Context, scan.Object) (scan.Result, error) { return clean, nil })

	for name, c := range map[string]struct {
		scanner scan.Scanner
		obj     scan.Object
		want    error // nil: stays clean
	}{
		"everything read":                   {says(clean, size), scantest.NewObject(data), nil},
		"everything read, end not probed":   {says(clean, size), unhashed, nil},
		"nothing read":                      {never, scantest.NewObject(data), scan.ErrProtocol},
		"one byte short":                    {says(clean, size-1), scantest.NewObject(data), scan.ErrProtocol},
		"all read, fewer reported":          {says(scan.Result{Verdict: scan.Clean, Bytes: size - 1}, size), scantest.NewObject(data), scan.ErrProtocol},
		"all read, none reported":           {says(scan.Result{Verdict: scan.Clean}, size), scantest.NewObject(data), scan.ErrProtocol},
		"source shorter than announced":     {says(scan.Result{Verdict: scan.Clean, Bytes: size + 5}, size), scantest.Resized(data, size+5), scan.ErrProtocol},
		"source longer than announced":      {says(scan.Result{Verdict: scan.Clean, Bytes: size - 5}, size), scantest.Resized(data, size-5), scan.ErrSource},
		"other bytes under the same key":    {says(clean, size), swapped, scan.ErrSource},
		"known by hash":                     {says(scan.Result{Verdict: scan.Clean, Bytes: size, ByHash: true}, 0), scantest.NewObject(data), nil},
		"known by hash, of another size":    {says(scan.Result{Verdict: scan.Clean, Bytes: size + 1, ByHash: true}, 0), scantest.NewObject(data), scan.ErrProtocol},
		"known by hash, which is not known": {says(scan.Result{Verdict: scan.Clean, Bytes: size, ByHash: true}, 0), unhashed, scan.ErrProtocol},
		"empty, opened":                     {says(scan.Result{Verdict: scan.Clean}, 0), scantest.NewObject(nil), nil},
		"empty, not looked at":              {scan.ScannerFunc(func(context.Context, scan.Object) (scan.Result, error) { return scan.Result{Verdict: scan.Clean}, nil }), scantest.NewObject(nil), scan.ErrProtocol},
	} {
		t.Run(name, func(t *testing.T) {
			for depth, s := range []scan.Scanner{scan.Guard(c.scanner), scan.Guard(nested{scan.Guard(c.scanner)})} {
				res, err := s.Scan(t.Context(), c.obj)
				if c.want == nil {
					require.NoError(t, err, depth)
					require.Equal(t, scan.Clean, res.Verdict)
					continue
				}
				require.ErrorIs(t, err, c.want, depth)
				require.Zero(t, res, "no result beside an error")
				require.True(t, scan.Retryable(err))
			}
		})
	}
}

// nested hides what it wraps, as a combinator does.
type nested struct{ scan.Scanner }

func TestGuardLetsOtherVerdictsThrough(t *testing.T) {
	for _, v := range []scan.Verdict{scan.Unknown, scan.Suspicious, scan.Infected, scan.Unscannable} {
		res, err := scan.Guard(says(scan.Result{Verdict: v}, 0)).Scan(t.Context(), scantest.NewObject([]byte("x")))
		require.NoError(t, err)
		require.Equal(t, v, res.Verdict)
	}
}

func TestGuardTurnsAPanicIntoAnError(t *testing.T) {
	_, err := scan.Guard(scantest.NewFake(scantest.Step{Panic: "index out of range"})).Scan(t.Context(), scantest.NewObject(nil))
	var p *scan.PanicError
	require.ErrorAs(t, err, &p)
	require.Contains(t, string(p.Stack), "scantest.(*Fake).Scan")
	require.True(t, scan.Retryable(err))
}
