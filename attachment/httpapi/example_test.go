package httpapi_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/attachmenttest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/httpapi"
	"github.com/metabuilder/workflow-plugin-attachment-handler/auth"
	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/token"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// The API behind package auth. The chain goes around all of it, so that links
// are audited and rate limited too; it lets them pass without a token, and
// RequirePermission keeps everything else from those who have none.
func ExampleNew() {
	handler, err := attachment.New(tenant.NewStore(memblob.New(nil), nil), attachmenttest.NewRepository(), nil)
	if err != nil {
		panic(err)
	}
	key, err := token.NewSecret("2026-01", []byte("nG7!pQ2vX9#rT4mK8$wZ1bY6&cJ3hL5d"))
	if err != nil {
		panic(err)
	}
	keys, err := token.NewKeySet(key)
	if err != nil {
		panic(err)
	}
	verifier, err := token.NewVerifier(keys, nil)
	if err != nil {
		panic(err)
	}
	links := "GET " + attachment.DownloadPath
	authenticator, err := auth.NewAuthenticator(verifier, &auth.AuthenticatorOptions{Public: []string{links}})
	if err != nil {
		panic(err)
	}
	chain, err := auth.NewChain(authenticator, nil)
	if err != nil {
		panic(err)
	}
	api, err := httpapi.New(handler, auth.RequirePermission(tenant.Read), &httpapi.Options{
		CanAccess: auth.CanAccess,
		Audit: func(ctx context.Context, e httpapi.Event) {
			auth.Annotate(ctx, "attachment_id", e.AttachmentID)
		},
	})
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/api/", chain.Handler(api))

	issuer, err := token.NewIssuer(keys, nil)
	if err != nil {
		panic(err)
	}
	bearer, err := issuer.Issue(token.Claims{TenantID: "7d9c2b1e-0f4a-4c35-9a57-1f0b6f6f3c11", UserID: "e2b7f3f0-5d1c-4f6e-8d0a-3a1d2c9b8e22", Role: "user"})
	if err != nil {
		panic(err)
	}
	const form = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"minutes.txt\"\r\n\r\nAll agreed.\r\n--x--\r\n"
	for _, authorization := range []string{"", "Bearer " + bearer} {
		r := httptest.NewRequest("POST", "/api/v1/messages/1@example.com/attachments", strings.NewReader(form))
		r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		fmt.Println(w.Code)
	}
	// Output:
	// 401
	// 201
}
