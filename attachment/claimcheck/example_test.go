package claimcheck_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/attachmenttest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/claimcheck"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

func Example() {
	staging := claimcheck.New(memblob.New(nil), nil)
	handler, err := attachment.New(tenant.NewStore(memblob.New(nil), nil), attachmenttest.NewRepository(),
		&attachment.Options{Source: claimcheck.Mux{claimcheck.StagedScheme: staging}})
	if err != nil {
		panic(err)
	}
	ctx := tenant.NewContext(context.Background(), tenant.User{Tenant: "acme", ID: "maria", Actions: []tenant.Action{tenant.Write}})

	ref, err := staging.Stage(ctx, strings.NewReader("the minutes"))
	if err != nil {
		panic(err)
	}
	result := handler.Execute(ctx, attachment.Node{Type: attachment.NodeType, Parameters: map[string]any{
		"messageId": "1@example.com", "filename": "minutes.txt", "size": 11, "attachmentData": ref,
	}})
	fmt.Println(result.Status, result.Output.Data.MIMEType)
	fmt.Println(staging.Release(ctx, ref))
	// Output:
	// success text/plain
	// <nil>
}
