package scan

import "context"

// Versioned is a Scanner that can say what it scans with. [Cached] forgets its
// verdicts when the answer changes, and a host finds what to scan again.
type Versioned interface {
	Version(ctx context.Context) (Version, error)
}

// Version is an engine and its signature database, as Result has them.
type Version struct {
	Engine     string
	Signatures string
}

// As finds the first scanner in the chain of wrappers around s that implements
// T. A wrapper of one scanner exposes it through `Unwrap() Scanner`; Chain and
// All stand for several and end the walk.
func As[T any](s Scanner) (T, bool) {
	for s != nil {
		if t, ok := s.(T); ok {
			return t, true
		}
		u, ok := s.(interface{ Unwrap() Scanner })
		if !ok {
			break
		}
		s = u.Unwrap()
	}
	var zero T
	return zero, false
}
