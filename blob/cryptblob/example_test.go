package cryptblob_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/cryptblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
)

func Example() {
	ctx := context.Background()
	secret := make([]byte, cryptblob.KeySize) // from the host's vault
	_, _ = rand.Read(secret)
	key, err := cryptblob.NewKey("2026-11", secret)
	if err != nil {
		panic(err)
	}
	keys, err := cryptblob.NewKeyring(key)
	if err != nil {
		panic(err)
	}
	disk := memblob.New(nil)
	store, err := cryptblob.New(disk, keys)
	if err != nil {
		panic(err)
	}

	w, err := store.Create(ctx, "report.txt", nil)
	if err != nil {
		panic(err)
	}
	defer w.Abort()
	if _, err := io.WriteString(w, "strictly confidential"); err != nil {
		panic(err)
	}
	if _, err := w.Commit(ctx); err != nil {
		panic(err)
	}

	r, err := store.Open(ctx, "report.txt", 9, 12) // a range
	if err != nil {
		panic(err)
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		panic(err)
	}
	sealed, err := disk.Stat(ctx, "report.txt")
	if err != nil {
		panic(err)
	}
	fmt.Printf("%s, %d bytes, %d on disk\n", text, r.Info.Size, sealed.Size)
	// Output: confidential, 21 bytes, 216 on disk
}
