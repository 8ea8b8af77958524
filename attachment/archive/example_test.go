package archive_test

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/archive"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect/corpus"
)

func ExampleWalk() {
	data := corpus.Zip("a.txt", "hello", "docs/b.txt", "world")
	budget := archive.NewBudget(archive.Limits{Members: 100}, int64(len(data)))

	err := archive.Walk(context.Background(), "application/zip", bytes.NewReader(data), int64(len(data)), budget,
		func(m archive.Member, r io.Reader) error {
			content, err := io.ReadAll(r)
			fmt.Printf("%s: %s\n", m.Name, content)
			return err
		})
	fmt.Println(err)
	// Output:
	// a.txt: hello
	// docs/b.txt: world
	// <nil>
}
