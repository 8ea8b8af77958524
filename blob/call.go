package blob

import (
	"context"
	"iter"
	"time"
)

// The functions here call an optional interface of s, found as [As] finds it,
// and answer ErrUnsupported where there is none. Wrappers forward with them.

// List enumerates through [Lister].
func List(ctx context.Context, s Store, prefix string) iter.Seq2[Info, error] {
	if l, ok := As[Lister](s); ok {
		return l.List(ctx, prefix)
	}
	return func(yield func(Info, error) bool) { yield(Info{}, Unsupported("list", prefix)) }
}

// Copy copies through [Copier].
func Copy(ctx context.Context, s Store, dst, src string) (Info, error) {
	if c, ok := As[Copier](s); ok {
		return c.Copy(ctx, dst, src)
	}
	return Info{}, Unsupported("copy", dst)
}

// Reclaim reclaims through [Reclaimer].
func Reclaim(ctx context.Context, s Store, cutoff time.Time) (removed int, err error) {
	if r, ok := As[Reclaimer](s); ok {
		return r.Reclaim(ctx, cutoff)
	}
	return 0, Unsupported("reclaim", "")
}

// Unsupported is how a store says that it lacks an operation.
func Unsupported(op, key string) error { return &Error{Op: op, Key: key, Err: ErrUnsupported} }
