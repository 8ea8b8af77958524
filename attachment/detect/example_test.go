package detect_test

import (
	"context"
	"fmt"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect"
)

func ExampleDefault() {
	script := []byte("Dim shell\r\nSet shell = CreateObject(\"WScript.Shell\")\r\n")
	found, err := detect.Default().Detect(context.Background(), detect.Bytes(script))
	fmt.Println(found.MIME, found.Family, found.Active(), err)
	// Output:
	// text/vbscript script true <nil>
}
