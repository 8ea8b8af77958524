package scan

import (
	"cmp"
	"context"
	"strings"
	"time"
)

// Cache remembers results under opaque keys. Implementations are safe for
// concurrent use. A cache that fails is treated as empty. [LRU] is one in
// memory.
type Cache interface {
	Get(ctx context.Context, key string) (res Result, ok bool, err error)
	Put(ctx context.Context, key string, res Result) error
}

// CachedOptions shapes Cached.
type CachedOptions struct {
	// MaxAge is how long a verdict is believed. Defaults to 24 hours.
	MaxAge time.Duration

	// AcrossTenants lets one tenant's scan answer for another's equal bytes.
	// It saves scans, and lets a tenant who watches the time a verdict takes
	// (or its scannedAt) learn that somebody else has the same file. Defaults
	// to false.
	AcrossTenants bool
}

// Cached remembers what s said of a content (by SHA-256) with the signatures
// it had then: a [Versioned] scanner that got new ones is asked again. Only
// clean, suspicious and infected are remembered. A remembered result has
// ByHash set and the ScannedAt of the scan that it comes from.
//
// If the version cannot be told (the scanner is down), nothing remembered is
// used. Put Cached around the very scanner whose signatures it is to follow,
// inside Chain and All.
func Cached(s Scanner, cache Cache, opts *CachedOptions) Scanner {
	o := *cmp.Or(opts, &CachedOptions{})
	o.MaxAge = cmp.Or(o.MaxAge, 24*time.Hour)
	return &cached{Guard(s), cache, o}
}

type cached struct {
	scanner Scanner
	cache   Cache
	opts    CachedOptions
}

func (c *cached) Unwrap() Scanner { return c.scanner }

func (c *cached) Scan(ctx context.Context, obj Object) (Result, error) {
	version, ok := c.version(ctx)
	if !ok || obj.SHA256 == "" {
		return c.scanner.Scan(ctx, obj)
	}
	key := c.key(obj, version)
	if res, ok, err := c.cache.Get(ctx, key); err == nil && ok && c.believable(res, obj) {
		res.ByHash = true
		return res, nil
	}
	res, err := c.scanner.Scan(ctx, obj)
	if err != nil {
		return res, err
	}
	res.ScannedAt = cmp.Or(res.ScannedAt, time.Now().UTC())
	if rememberable(res.Verdict) && (Version{res.Engine, res.Signatures} == version || version == Version{}) {
		_ = c.cache.Put(ctx, key, res) // a cache that fails only costs a scan
	}
	return res, nil
}

// version is the zero Version for a scanner that has none. ok is false if it
// has one but does not tell.
func (c *cached) version(ctx context.Context) (v Version, ok bool) {
	versioned, has := As[Versioned](c.scanner)
	if !has {
		return Version{}, true
	}
	v, err := versioned.Version(ctx)
	return v, err == nil
}

func (c *cached) key(obj Object, v Version) string {
	tenant := obj.TenantID
	if c.opts.AcrossTenants {
		tenant = ""
	}
	return strings.Join([]string{tenant, obj.SHA256, v.Engine, v.Signatures}, "\x00")
}

func (c *cached) believable(res Result, obj Object) bool {
	whole := res.Bytes == obj.Size || res.Verdict != Clean
	return whole && rememberable(res.Verdict) && time.Since(res.ScannedAt) < c.opts.MaxAge
}

func rememberable(v Verdict) bool { return v == Clean || v == Suspicious || v == Infected }
