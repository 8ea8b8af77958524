package bench

import (
	"context"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/s3blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/services"
)

const bucket = "bench"

// BenchmarkUpload sends the same bytes to the same server twice in each
// iteration: by s3blob, which hashes the whole, announces nothing and is
// create-only, and by the transfer manager as it comes. Taking turns, a noisy
// machine hits both alike; "ratio" is the median of the pairs' ratios of time,
// "best-ratio" that of the shortest times.
func BenchmarkUpload(b *testing.B) {
	server := services.StartS3(b, bucket)
	client, err := s3blob.NewClient(b.Context(), &s3blob.ClientOptions{
		Endpoint: server.Endpoint, PathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(server.AccessKey, server.SecretKey, ""),
	})
	if err != nil {
		b.Fatal(err)
	}
	store, err := s3blob.New(client, bucket, nil)
	if err != nil {
		b.Fatal(err)
	}
	manager := transfermanager.New(client)
	ours := func(ctx context.Context, key string, src io.Reader) error {
		w, err := store.Create(ctx, key, nil)
		if err != nil {
			return err
		}
		defer w.Abort()
		if _, err := io.Copy(w, src); err != nil {
			return err
		}
		_, err = w.Commit(ctx)
		return err
	}
	peers := func(ctx context.Context, key string, src io.Reader) error {
		_, err := manager.UploadObject(ctx, &transfermanager.UploadObjectInput{Bucket: aws.String(bucket), Key: &key, Body: src})
		return err
	}

	block := make([]byte, 1<<20)
	_, _ = rand.NewChaCha8([32]byte{}).Read(block)
	size := mebibytes(b) << 20
	timed := func(upload func(context.Context, string, io.Reader) error) time.Duration {
		start := time.Now()
		if err := upload(b.Context(), "key", io.LimitReader(&repeated{block: block}, size)); err != nil {
			b.Fatal(err)
		}
		took := time.Since(start)
		if err := store.Delete(b.Context(), "key"); err != nil {
			b.Fatal(err)
		}
		return took
	}

	b.SetBytes(2 * size)
	var our, their, ratios []float64
	for n := 0; b.Loop(); n++ {
		var o, t time.Duration
		if n%2 == 0 {
			o, t = timed(ours), timed(peers)
		} else {
			t, o = timed(peers), timed(ours)
		}
		our, their, ratios = append(our, o.Seconds()), append(their, t.Seconds()), append(ratios, o.Seconds()/t.Seconds())
	}
	b.ReportMetric(median(our), "s3blob-s")
	b.ReportMetric(median(their), "transfermanager-s")
	b.ReportMetric(median(ratios), "ratio")
	b.ReportMetric(slices.Min(our)/slices.Min(their), "best-ratio")
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// mebibytes is the size to upload: UPLOAD_MIB, or 64.
func mebibytes(b *testing.B) int64 {
	text := os.Getenv("UPLOAD_MIB")
	if text == "" {
		return 64
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// repeated yields block without end, at the cost of a copy.
type repeated struct {
	block []byte
	at    int
}

func (r *repeated) Read(p []byte) (int, error) {
	n := copy(p, r.block[r.at:])
	r.at = (r.at + n) % len(r.block)
	return n, nil
}
