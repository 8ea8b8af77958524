package clamd_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/clamd"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/scantest"
)

func Example() {
	scanner, err := clamd.New([]string{"tcp://127.0.0.1:1"}, &clamd.Options{MaxStreamSize: 50 << 20})
	if err != nil {
		panic(err)
	}
	defer scanner.Close()

	// Nobody listens there: no verdict, and certainly not clean.
	res, err := scanner.Scan(context.Background(), scantest.NewObject([]byte("hello")))
	fmt.Println(res.Verdict, errors.Is(err, scan.ErrUnavailable), scan.Retryable(err))
	// Output: unknown true true
}
