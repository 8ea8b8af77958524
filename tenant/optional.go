package tenant

import (
	"context"
	"errors"
	"iter"
	"strings"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// A Store has every optional interface, so that blob.As stops at it.
var _ interface {
	blob.Store
	blob.Statter
	blob.Lister
	blob.URLSigner
	blob.Copier
	blob.Reclaimer
} = (*Store)(nil)

// Stat implements [blob.Statter].
func (s *Store) Stat(ctx context.Context, key string) (blob.Info, error) {
	c, scoped, err := s.begin(ctx, "stat", Read, key)
	if err != nil {
		return blob.Info{}, c.end(err)
	}
	info, err := blob.Stat(ctx, s.inner, scoped)
	if err == nil {
		err = c.adopt(&info, scoped)
	}
	if err != nil {
		return blob.Info{}, c.end(err)
	}
	return info, c.end(nil)
}

// List implements [blob.Lister], for the blobs of the tenant.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		c, err := s.identify(ctx, "list", Read, prefix)
		if err == nil {
			err = s.list(c, yield)
		}
		if err := c.end(err); err != nil {
			yield(blob.Info{}, err)
		}
	}
}

// list yields the blobs of the call's prefix, and returns why it stopped early
// unless yield wanted it.
func (s *Store) list(c *call, yield func(blob.Info, error) bool) error {
	prefix := c.event.Key
	if !c.tenant.Can(Read, prefix) {
		return ErrForbidden
	}
	_, whole := c.scope(prefix)
	_, begun := c.scope(prefix + "x")
	if whole != nil && begun != nil {
		return nil // no key begins like that
	}
	lister, ok := blob.As[blob.Lister](s.inner)
	if !ok {
		return blob.ErrUnsupported
	}
	// Dots at the end could be taken for a folder's parent: they are compared
	// here.
	asked := c.namespace + strings.TrimRight(prefix, ".")
	for info, err := range lister.List(c.ctx, asked) {
		if err != nil {
			return err
		}
		key, own := strings.CutPrefix(info.Key, c.namespace)
		if !own || blob.ValidateKey(key) != nil {
			return errForeign
		}
		if !strings.HasPrefix(key, prefix) {
			continue
		}
		info.Key = key
		if !yield(info, nil) {
			return nil
		}
	}
	return nil
}

// SignURL implements [blob.URLSigner]. The URL shows the tenant's namespace.
func (s *Store) SignURL(ctx context.Context, key string, opts *blob.SignURLOptions) (string, error) {
	c, scoped, err := s.begin(ctx, "sign", Read, key)
	if err != nil {
		return "", c.end(err)
	}
	signer, ok := blob.As[blob.URLSigner](s.inner)
	if !ok {
		return "", c.end(blob.ErrUnsupported)
	}
	url, err := signer.SignURL(ctx, scoped, opts)
	return url, c.end(err)
}

// Copy implements [blob.Copier], from one key of the tenant to another.
func (s *Store) Copy(ctx context.Context, dst, src string) (blob.Info, error) {
	c, scopedDst, err := s.begin(ctx, "copy", Write, dst)
	c.event.Source = src
	if err != nil {
		return blob.Info{}, c.end(err)
	}
	scopedSrc, err := c.permit(Read, src)
	if err != nil {
		return blob.Info{}, c.end(&blob.Error{Key: c.namespace + src, Err: err})
	}
	copier, ok := blob.As[blob.Copier](s.inner)
	if !ok {
		return blob.Info{}, c.end(blob.ErrUnsupported)
	}
	info, err := s.account.copy(ctx, c.tenantID(), scopedDst, scopedSrc, s.inner, copier)
	if err == nil {
		err = c.adopt(&info, scopedDst)
	}
	if err != nil {
		return blob.Info{}, c.end(err)
	}
	c.event.Bytes = info.Size
	return info, c.end(nil)
}

// Reclaim implements [blob.Reclaimer] for the system itself, such as a sweeper
// that acts for nobody: a backend cannot tell whose its unfinished writes are.
// It is the one call that takes no tenant. With one in ctx it answers
// ErrUnsupported, for no tenant may end another's uploads.
func (s *Store) Reclaim(ctx context.Context, cutoff time.Time) (removed int, err error) {
	c, err := s.identify(ctx, "reclaim", Admin, "")
	if err == nil {
		return 0, c.end(blob.ErrUnsupported)
	}
	if !errors.Is(err, ErrMissing) {
		return 0, c.end(err)
	}
	reclaimer, ok := blob.As[blob.Reclaimer](s.inner)
	if !ok {
		return 0, c.end(blob.ErrUnsupported)
	}
	removed, err = reclaimer.Reclaim(ctx, cutoff)
	return removed, c.end(err)
}

// Measure adds up what the tenant really has stored. It lists it all. What a
// Manager has counted also includes uploads under way.
func (s *Store) Measure(ctx context.Context) (Usage, error) {
	var u Usage
	for info, err := range s.List(ctx, "") {
		if err != nil {
			return Usage{}, err
		}
		u.Bytes += info.Size
		u.Blobs++
	}
	return u, nil
}
