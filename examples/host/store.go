package host

import (
	"context"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/fsblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/s3blob"
)

// openStore returns the store and its name, which is kept with every content.
func openStore(ctx context.Context, s Settings) (backend string, store blob.Store, err error) {
	if s.S3 == nil {
		store, err = fsblob.New(filepath.Join(s.Data, "blobs"), nil)
		return "filesystem", store, err
	}
	options := &s3blob.ClientOptions{
		Region:    s.S3.Region,
		Endpoint:  s.S3.Endpoint,
		PathStyle: s.S3.Endpoint != "", // what compatibles at home take
	}
	if s.S3.AccessKeyID != "" {
		options.Credentials = credentials.NewStaticCredentialsProvider(s.S3.AccessKeyID, string(s.S3.SecretAccessKey), string(s.S3.SessionToken))
	}
	client, err := s3blob.NewClient(ctx, options)
	if err != nil {
		return "", nil, err
	}
	store, err = s3blob.New(client, s.S3.Bucket, nil)
	return "s3", store, err
}
