package policy_test

import (
	"bytes"
	"context"
	"fmt"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect/corpus"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/policy"
)

func Example() {
	p := policy.Default().
		Block(policy.Families(detect.Web)).
		Allow(policy.Extensions("py"))

	d := p.Name(policy.Subject{Filename: "invoice.pdf.exe"})
	fmt.Println(d.Allow, d.Reason)
	fmt.Println(d.Message)

	d = p.Head(policy.Subject{Filename: "invoice.pdf"}, []byte("<html><script>"), true)
	fmt.Println(d.Allow, d.Reason, d.Type.MIME)
	// Output:
	// false blocked_extension
	// Files that end in .exe are not accepted.
	// false disguised_type text/html
}

func ExamplePolicy_Content() {
	inner := corpus.Zip("setup.exe", "MZ")
	data := corpus.Zip("report.pdf", "%PDF-1.7", "more.zip", string(inner))

	d, err := policy.Default().Content(context.Background(), policy.Subject{Filename: "docs.zip"}, bytes.NewReader(data), int64(len(data)))
	fmt.Println(err, d.Reason, d.Member)
	// Output:
	// <nil> blocked_extension docs.zip/more.zip/setup.exe
}
