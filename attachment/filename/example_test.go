package filename_test

import (
	"fmt"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/filename"
)

func ExampleSanitize() {
	fmt.Println(filename.Sanitize("=?utf-8?B?w5xiZXJzaWNodC5wZGY=?="))
	fmt.Println(filename.Sanitize(`C:\Temp\invoice.exe::$DATA`))
	fmt.Println(filename.Sanitize("invoice\u202Efdp.exe"))
	// Output:
	// Übersicht.pdf
	// invoice.exe
	// invoicefdp.exe
}

func ExampleExtensions() {
	fmt.Printf("%q\n", filename.Extensions("invoice.pdf.exe ."))
	// Output:
	// ["exe" "pdf"]
}
