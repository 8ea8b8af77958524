package blobtest_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/blobtest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
)

func ExampleNewFaulty() {
	ctx := context.Background()
	unreachable := errors.New("connection refused")
	store := blobtest.NewFaulty(memblob.New(nil), blobtest.Fault{Op: "create", Nth: 1, Err: unreachable, Temporary: true})

	_, err := store.Create(ctx, "report.pdf", nil)
	fmt.Println(err, blob.Retryable(err))
	w, err := store.Create(ctx, "report.pdf", nil)
	fmt.Println(err)
	fmt.Println(w.Abort())
	// Output:
	// blob: create "report.pdf": connection refused true
	// <nil>
	// <nil>
}
