package eicar_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/eicar"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/scantest"
)

func TestSuite(t *testing.T) {
	scantest.Run(t, func(*testing.T) scantest.Harness { return scantest.Harness{Scanner: eicar.New(nil)} })
}

func TestFindsItAnywhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(0, 200_000).Draw(t, "size")
		at := rapid.IntRange(0, size).Draw(t, "at")
		data := bytes.Repeat([]byte{'X'}, size)
		data = append(data[:at:at], append(eicar.TestFile(), data[at:]...)...)
		obj := scantest.NewObject(data)
		if rapid.Bool().Draw(t, "in pieces") {
			obj.Open = scantest.Stream(obj.Size, func() io.Reader { return iotest.HalfReader(bytes.NewReader(data)) }).Open
		}
		res, err := eicar.New(nil).Scan(context.Background(), obj)
		require.NoError(t, err)
		require.Equal(t, scan.Infected, res.Verdict)
	})
}

func TestSaysLoudlyWhatItIs(t *testing.T) {
	var logged bytes.Buffer
	s := eicar.New(slog.New(slog.NewTextHandler(&logged, nil)))
	require.Contains(t, logged.String(), "level=WARN")
	require.Contains(t, logged.String(), "every real virus clean")
	res, err := s.Scan(t.Context(), scantest.NewObject([]byte("hello")))
	require.NoError(t, err)
	require.Equal(t, "demo (EICAR only)", res.Engine)
}

func Example() {
	s := eicar.New(nil)
	res, err := s.Scan(context.Background(), scantest.NewObject(eicar.TestFile()))
	fmt.Println(res.Verdict, res.Threat, err)
	// Output: infected EICAR-Test-File <nil>
}
