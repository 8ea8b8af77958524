package zstdblob_test

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/zstdblob"
)

func Example() {
	ctx := context.Background()
	disk := memblob.New(nil)
	store, err := zstdblob.New(disk, nil)
	if err != nil {
		panic(err)
	}
	w, err := store.Create(ctx, "log.txt", &blob.WriteOptions{ContentType: "text/plain"})
	if err != nil {
		panic(err)
	}
	defer w.Abort()
	if _, err := io.WriteString(w, strings.Repeat("all is well\n", 10_000)); err != nil {
		panic(err)
	}
	info, err := w.Commit(ctx)
	if err != nil {
		panic(err)
	}
	stored, err := disk.Stat(ctx, "log.txt")
	if err != nil {
		panic(err)
	}
	fmt.Println(info.Size, "bytes, less than 1,000 on disk:", stored.Size < 1000)
	// Output: 120000 bytes, less than 1,000 on disk: true
}
