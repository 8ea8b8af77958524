package attachment_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"strings"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/attachmenttest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/eicar"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// The wiring of a host. Replace memory by fsblob or s3blob, sqlrepo, and clamd.
func Example() {
	store := tenant.NewStore(memblob.New(nil), nil)
	repo := attachmenttest.NewRepository()

	ledger := attachment.NewLedger(store, repo)
	pool := scan.NewPool(scan.NewWorker(eicar.New(nil), ledger, nil), nil)
	links, err := blob.NewLinkSigner([]blob.LinkKey{{ID: "2026-03", Secret: []byte("keep 32 random bytes in a secret")}}, nil)
	if err != nil {
		log.Fatal(err)
	}
	handler, err := attachment.New(store, repo, &attachment.Options{Queue: pool, Links: links})
	if err != nil {
		log.Fatal(err)
	}

	// The engine calls the node on behalf of a user.
	ctx := tenant.NewContext(context.Background(), tenant.User{Tenant: "acme", ID: "maria", Actions: []tenant.Action{tenant.Write}})
	var node attachment.Node
	if err := json.Unmarshal([]byte(`{"id": "handle-attachment", "type": "attachment-handler", "parameters": {
		"messageId": "1@example.com", "filename": "notes.txt", "size": 5, "attachmentData": "aGVsbG8="}}`), &node); err != nil {
		log.Fatal(err)
	}
	result := handler.Execute(ctx, node)
	fmt.Println(result.Status, result.Output.Data.MIMEType, result.Output.Data.VirusScanStatus)

	node.Parameters["filename"] = "invoice.pdf.exe"
	fmt.Println(handler.Execute(ctx, node).ErrorCode)
	// Output:
	// success text/plain pending
	// SECURITY_VIOLATION
}

// Process takes Go values where there is no workflow JSON.
func ExampleAttachmentHandler_Process() {
	handler, err := attachment.New(memblob.New(nil), attachmenttest.NewRepository(), nil)
	if err != nil {
		log.Fatal(err)
	}
	ctx := tenant.NewContext(context.Background(), tenant.User{Tenant: "acme", ID: "maria", Actions: []tenant.Action{tenant.Write}})
	for _, name := range []string{"terms.txt", "copy of terms.txt"} {
		processed, err := handler.Process(ctx, attachment.Input{
			MessageID: "1@example.com", Filename: name, Data: strings.NewReader("the same bytes"), Size: 14,
		})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(processed.Filename, processed.IsDeduplicated)
	}
	// Output:
	// terms.txt false
	// copy of terms.txt true
}
