package blob_test

import (
	"bytes"
	"fmt"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

func ExampleLinkSigner() {
	secret := bytes.Repeat([]byte("use 32 random bytes, not this. "), 2)
	signer, err := blob.NewLinkSigner([]blob.LinkKey{{ID: "2026-11", Secret: secret}}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}

	key := "attachments/acme/msg-1/report.pdf"
	query, err := signer.Sign(blob.Link{
		Method: "GET", Key: key, Expires: time.Now().Add(time.Hour),
		Disposition: "attachment", Filename: "report.pdf", Subject: "att-1",
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	// In the download handler, with r.URL.RawQuery:
	link, err := signer.Verify("GET", key, query)
	fmt.Println(link.Filename, link.Subject, err)

	_, err = signer.Verify("GET", "attachments/other/msg-1/report.pdf", query)
	fmt.Println(err)
	_, err = signer.Verify("GET", key, query+"&inline=1")
	fmt.Println(err)
	// Output:
	// report.pdf att-1 <nil>
	// link is not valid
	// link is not valid
}
