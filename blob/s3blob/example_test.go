package s3blob_test

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/s3blob"
)

func Example() {
	ctx := context.Background()
	client, err := s3blob.NewClient(ctx, &s3blob.ClientOptions{
		Endpoint:    "https://s3.example.test",
		PathStyle:   true,
		Credentials: credentials.NewStaticCredentialsProvider("access", "secret", ""),
	})
	if err != nil {
		panic(err)
	}
	store, err := s3blob.New(client, "attachments", &s3blob.Options{Prefix: "mail"})
	if err != nil {
		panic(err)
	}
	link, err := store.SignURL(ctx, "2026/report.pdf", &blob.SignURLOptions{Expires: 5 * time.Minute})
	if err != nil {
		panic(err)
	}
	u, err := url.Parse(link)
	if err != nil {
		panic(err)
	}
	fmt.Println(u.Host, u.Path, u.Query().Get("X-Amz-Expires"))
	// Output: s3.example.test /attachments/mail/2026/report.pdf 300
}
