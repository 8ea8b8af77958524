package s3blob

import (
	"context"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Client is the part of [*s3.Client] that the store calls.
type Client interface {
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	HeadObject(context.Context, *s3.HeadObjectInput, ...func(*s3.Options)) (*s3.HeadObjectOutput, error)
	DeleteObject(context.Context, *s3.DeleteObjectInput, ...func(*s3.Options)) (*s3.DeleteObjectOutput, error)
	CopyObject(context.Context, *s3.CopyObjectInput, ...func(*s3.Options)) (*s3.CopyObjectOutput, error)
	ListObjectsV2(context.Context, *s3.ListObjectsV2Input, ...func(*s3.Options)) (*s3.ListObjectsV2Output, error)

	CreateMultipartUpload(context.Context, *s3.CreateMultipartUploadInput, ...func(*s3.Options)) (*s3.CreateMultipartUploadOutput, error)
	UploadPart(context.Context, *s3.UploadPartInput, ...func(*s3.Options)) (*s3.UploadPartOutput, error)
	UploadPartCopy(context.Context, *s3.UploadPartCopyInput, ...func(*s3.Options)) (*s3.UploadPartCopyOutput, error)
	CompleteMultipartUpload(context.Context, *s3.CompleteMultipartUploadInput, ...func(*s3.Options)) (*s3.CompleteMultipartUploadOutput, error)
	AbortMultipartUpload(context.Context, *s3.AbortMultipartUploadInput, ...func(*s3.Options)) (*s3.AbortMultipartUploadOutput, error)
	ListMultipartUploads(context.Context, *s3.ListMultipartUploadsInput, ...func(*s3.Options)) (*s3.ListMultipartUploadsOutput, error)
}

// Presigner is the part of [*s3.PresignClient] that the store calls.
type Presigner interface {
	PresignGetObject(context.Context, *s3.GetObjectInput, ...func(*s3.PresignOptions)) (*v4.PresignedHTTPRequest, error)
}

// ClientOptions says where S3 is and how it differs from Amazon's.
type ClientOptions struct {
	// Endpoint is the base URL of a compatible. Defaults to Amazon's for the
	// region.
	Endpoint string

	// Region signs every request. Defaults to what the environment and the
	// shared configuration files say, and if they are silent to "us-east-1",
	// which most compatibles take.
	Region string

	// Credentials signs every request. Defaults to the SDK's chain:
	// environment, shared files, container and instance roles.
	Credentials aws.CredentialsProvider

	// PathStyle puts the bucket into the path instead of the host name, as
	// most self-hosted compatibles want it. Defaults to false.
	PathStyle bool

	// ChecksumsWhenRequired keeps the SDK from adding checksums of its own
	// accord, which older compatibles refuse. Set Options.NoChecksums too.
	// Defaults to false.
	ChecksumsWhenRequired bool

	// MaxAttempts bounds how often one request is tried. Defaults to 3.
	MaxAttempts int

	// Transport carries the requests to S3; those for credentials go their own
	// way. Defaults to the SDK's own.
	Transport http.RoundTripper
}

// NewClient builds a client from the environment and opts. A host that builds
// its own passes that to [New] instead.
func NewClient(ctx context.Context, opts *ClientOptions) (*s3.Client, error) {
	var o ClientOptions
	if opts != nil {
		o = *opts
	}
	load := []func(*config.LoadOptions) error{config.WithDefaultRegion("us-east-1"), config.WithRetryMaxAttempts(o.MaxAttempts)}
	if o.Region != "" {
		load = append(load, config.WithRegion(o.Region))
	}
	if o.Credentials != nil {
		load = append(load, config.WithCredentialsProvider(o.Credentials))
	}
	if o.ChecksumsWhenRequired {
		load = append(load,
			config.WithRequestChecksumCalculation(aws.RequestChecksumCalculationWhenRequired),
			config.WithResponseChecksumValidation(aws.ResponseChecksumValidationWhenRequired))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return nil, fmt.Errorf("s3blob: load configuration: %w", err)
	}
	return s3.NewFromConfig(cfg, func(so *s3.Options) {
		so.UsePathStyle = o.PathStyle
		so.DisableLogOutputChecksumValidationSkipped = true // a part's checksum says nothing of a range
		if o.Transport != nil {                             // not through config, which with AWS_CA_BUNDLE set takes only its own
			so.HTTPClient = &http.Client{Transport: o.Transport}
		}
		if o.Endpoint != "" {
			so.BaseEndpoint = aws.String(o.Endpoint)
		}
	}), nil
}
