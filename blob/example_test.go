package blob_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
)

// A blob is visible once it is committed, and never changes after that.
func Example() {
	ctx := context.Background()
	var store blob.Store = memblob.New(nil) // or fsblob, s3blob, your own

	put := func(key, text string) error {
		w, err := store.Create(ctx, key, &blob.WriteOptions{Size: int64(len(text)), ContentType: "text/plain"})
		if err != nil {
			return err
		}
		defer w.Abort() // does nothing after Commit
		if _, err := io.WriteString(w, text); err != nil {
			return err
		}
		_, err = w.Commit(ctx)
		return err
	}
	if err := put("greetings/1", "hello"); err != nil {
		log.Fatal(err)
	}
	fmt.Println("taken:", errors.Is(put("greetings/1", "other"), blob.ErrExists))

	r, err := store.Open(ctx, "greetings/1", 1, 3)
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	part, err := io.ReadAll(r)
	fmt.Printf("%s of %d bytes, %v\n", part, r.Info.Size, err)
	// Output:
	// taken: true
	// ell of 5 bytes, <nil>
}
