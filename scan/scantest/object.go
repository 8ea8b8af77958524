package scantest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

// Tenant is whose objects these are.
const Tenant = "scantest"

// NewObject returns an object of the bytes given.
func NewObject(data []byte) scan.Object {
	obj := Stream(int64(len(data)), func() io.Reader { return bytes.NewReader(data) })
	sum := sha256.Sum256(data)
	obj.SHA256 = hex.EncodeToString(sum[:])
	return obj
}

// Stream returns an object that says it has size bytes and reads from what
// open returns, whether that is true or not. It has no SHA-256.
func Stream(size int64, open func() io.Reader) scan.Object {
	return scan.Object{
		Size: size, Filename: "object.bin", MIMEType: "application/octet-stream", TenantID: Tenant,
		Open: func(ctx context.Context) (io.ReadCloser, error) {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			return io.NopCloser(contextReader{ctx, open()}), nil
		},
	}
}

// Zeros returns a large object that takes no memory, with tail as its last
// bytes.
func Zeros(size int64, tail []byte) scan.Object {
	open := func() io.Reader {
		return io.MultiReader(io.LimitReader(zeros{}, size-int64(len(tail))), bytes.NewReader(tail))
	}
	obj := Stream(size, open)
	hash := sha256.New()
	_, _ = io.Copy(hash, open()) // neither end can fail
	obj.SHA256 = hex.EncodeToString(hash.Sum(nil))
	return obj
}

// ErrBroken is what broken objects fail with.
var ErrBroken = errors.New("scantest: the disk broke")

// Broken returns an object of data whose reader fails after n bytes.
func Broken(data []byte, n int) scan.Object {
	obj := NewObject(data)
	broken := Stream(obj.Size, func() io.Reader { return io.MultiReader(bytes.NewReader(data[:n]), failing{}) })
	obj.Open = broken.Open
	return obj
}

// Resized returns an object of data that claims to have size bytes.
func Resized(data []byte, size int64) scan.Object {
	obj := NewObject(data)
	obj.Size = size
	return obj
}

// Stuck returns an object of data whose reader gives n bytes and then nothing
// more until the context of its Open ends.
func Stuck(data []byte, n int) scan.Object {
	obj := NewObject(data)
	obj.Open = func(ctx context.Context) (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(bytes.NewReader(data[:n]), stuck{ctx})), nil
	}
	return obj
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, ErrBroken }

type stuck struct{ ctx context.Context }

func (s stuck) Read([]byte) (int, error) {
	<-s.ctx.Done()
	return 0, s.ctx.Err()
}

type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
