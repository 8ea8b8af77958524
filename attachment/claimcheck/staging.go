package claimcheck

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// StagedScheme begins the references that Stage returns.
const StagedScheme = "staged"

// root is where staged blobs lie. No tenant's namespace begins like that, so
// they can share a store with the tenants' own.
const root = "_staging/"

// Staging keeps bytes between the node that fetches them and the node that
// handles them. It is an attachment.Source, and safe for concurrent use.
//
// The user of ctx needs the permission to write, for staging is a part of it.
type Staging struct {
	store blob.Store
	opts  Options
}

// Options shapes a Staging.
type Options struct {
	// MaxSize bounds one staged blob, in bytes. Defaults to
	// attachment.DefaultMaxSize.
	MaxSize int64
}

// New returns a staging area in store, which every process that runs nodes
// must reach. It is not a tenant.Store: Staging itself keeps tenants apart, and
// what it holds for minutes counts against no quota. Sweep lists the store:
// S3 lists only what is staged, a file system wants a folder of its own.
func New(store blob.Store, opts *Options) *Staging {
	o := *cmp.Or(opts, &Options{})
	o.MaxSize = cmp.Or(o.MaxSize, attachment.DefaultMaxSize)
	return &Staging{store: store, opts: o}
}

var _ attachment.Source = (*Staging)(nil)

// Stage keeps what r yields, in bounded memory, and returns the reference to
// it. It fails with ErrTooLarge where r is longer than allowed. A failed Stage
// leaves nothing behind.
//
// Each call makes a reference of its own, so a node that is repeated stages
// again; Sweep takes what the first attempt left.
func (s *Staging) Stage(ctx context.Context, r io.Reader) (attachment.Reference, error) {
	namespace, err := namespace(ctx)
	if err != nil {
		return attachment.Reference{}, err
	}
	id := rand.Text() // 130 bits, base32
	w, err := s.store.Create(ctx, namespace+id, nil)
	if err != nil {
		return attachment.Reference{}, fmt.Errorf("claimcheck: stage: %w", err)
	}
	defer w.Abort()
	// One byte more than allowed tells what is too large from what just fits.
	n, err := io.Copy(w, io.LimitReader(&contextReader{ctx, r}, s.opts.MaxSize+1))
	if err == nil && n > s.opts.MaxSize {
		err = ErrTooLarge
	}
	if err == nil {
		_, err = w.Commit(ctx)
	}
	if err != nil {
		return attachment.Reference{}, fmt.Errorf("claimcheck: stage: %w", err)
	}
	return attachment.Reference{Ref: StagedScheme + ":" + id}, nil
}

// OpenReference implements attachment.Source. It fails with ErrReference if ref
// is none of Stage's, and with ErrGone if nothing is staged under it: released,
// swept, another tenant's, or invented.
func (s *Staging) OpenReference(ctx context.Context, ref attachment.Reference) (io.ReadCloser, error) {
	key, err := key(ctx, ref)
	if err != nil {
		return nil, err
	}
	body, err := s.store.Open(ctx, key, 0, -1)
	if err != nil {
		return nil, openError(err)
	}
	return body, nil
}

// Release removes what is staged under ref. What is gone already is no error,
// so it may be repeated.
func (s *Staging) Release(ctx context.Context, ref attachment.Reference) error {
	key, err := key(ctx, ref)
	if err != nil {
		return err
	}
	if err := s.store.Delete(ctx, key); err != nil {
		return fmt.Errorf("claimcheck: release: %w", err)
	}
	return nil
}

// Sweep removes what was staged before cutoff and never released, and uploads
// that began before it and never ended. It is the system's own call, made on
// behalf of no tenant; the host schedules it, on as many machines as it likes,
// with a cutoff older than the longest workflow. Its cost grows with what is
// staged. What it could not remove is there for the next one; the error joins
// the reasons.
func (s *Staging) Sweep(ctx context.Context, cutoff time.Time) (removed int, err error) {
	lister, ok := blob.As[blob.Lister](s.store)
	if !ok {
		return 0, fmt.Errorf("claimcheck: sweep: %w", blob.ErrUnsupported)
	}
	var failed error
	for info, err := range lister.List(ctx, root) {
		if err != nil {
			return removed, errors.Join(failed, fmt.Errorf("claimcheck: sweep: %w", err))
		}
		if !info.ModTime.Before(cutoff) {
			continue
		}
		if err := s.store.Delete(ctx, info.Key); err != nil {
			failed = errors.Join(failed, fmt.Errorf("claimcheck: sweep: %w", err))
			continue
		}
		removed++
	}
	if unfinished, ok := blob.As[blob.Reclaimer](s.store); ok {
		n, err := unfinished.Reclaim(ctx, cutoff)
		removed += n
		if err != nil && !errors.Is(err, blob.ErrUnsupported) {
			failed = errors.Join(failed, fmt.Errorf("claimcheck: sweep: %w", err))
		}
	}
	return removed, failed
}

// key is where the bytes of ref lie for the tenant of ctx.
func key(ctx context.Context, ref attachment.Reference) (string, error) {
	namespace, err := namespace(ctx)
	if err != nil {
		return "", err
	}
	id, ok := strings.CutPrefix(ref.Ref, StagedScheme+":")
	if !ok || !isID(id) {
		return "", ErrReference
	}
	return namespace + id, nil
}

func namespace(ctx context.Context) (string, error) {
	tc, err := tenant.FromContext(ctx)
	if err != nil {
		return "", err
	}
	if !tc.Can(tenant.Write, "") {
		return "", tenant.ErrForbidden
	}
	return root + tenant.Namespace(tc.TenantID()), nil
}

// isID accepts what rand.Text returns and nothing else.
func isID(s string) bool {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	return len(s) == 26 && strings.Trim(s, alphabet) == "" // a strange character inside stops Trim
}

// contextReader stops reading when the work is cancelled.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
