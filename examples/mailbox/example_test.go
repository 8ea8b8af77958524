package mailbox_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/mailbox"
)

func ExampleOpen() {
	ctx := context.Background()
	src, err := mailbox.Open(ctx, "../../testdata/mail/thunderbird-rfc2231-latin1.eml", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer src.Close()
	for msg, err := range src.Messages(ctx) {
		if err != nil {
			fmt.Println(err)
		}
		fmt.Println(msg.ID, msg.From)
		for _, part := range msg.Attachments {
			r, err := part.Open()
			if err != nil {
				fmt.Println(err)
				continue
			}
			digest := sha256.New()
			_, _ = io.Copy(digest, r)
			_ = r.Close()
			fmt.Printf("part %s: %s, %s, %d bytes, sha256 %x…\n", part.Section, part.Filename, part.MIMEType, part.Size, digest.Sum(nil)[:4])
		}
	}
	// Output:
	// 0f6e2c7a-53b1-4d3c-9a18-6c7b2f1d0e9a@example.de.example.com Jürgen König <juergen.koenig@example.com>
	// part 2: Kündigungsbestätigung für Müßiggänger.pdf, application/pdf, 646 bytes, sha256 28b1aba0…
}

// A broken message comes with an error that names file and part, and with
// what could be read.
func ExampleSource_broken() {
	ctx := context.Background()
	src, err := mailbox.Open(ctx, "../../testdata/mail/broken-truncated.eml", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer src.Close()
	for msg, err := range src.Messages(ctx) {
		fmt.Println(err)
		fmt.Println("truncated:", errors.Is(err, mailbox.ErrTruncated))
		for _, part := range msg.Attachments {
			fmt.Println("read:", part.Filename)
		}
	}
	// Output:
	// ../../testdata/mail/broken-truncated.eml: part 3 ("plan-b.pdf"): message ends in the middle of a part
	// truncated: true
	// read: plan-a.pdf
}
