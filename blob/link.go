package blob

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// What [LinkSigner.Verify] says of a link it does not accept. It says no more:
// the reason would help only a forger.
var (
	ErrLinkInvalid = errors.New("link is not valid")
	ErrLinkExpired = errors.New("link has expired")
)

// A Link lets its bearer do one thing with one blob for a while.
type Link struct {
	Method      string    // upper case, such as "GET", whose links serve HEAD as well; never "HEAD"
	Key         string    // the blob, see ValidateKey
	Expires     time.Time // whole seconds; a fraction is cut off
	Disposition string    // "inline", "attachment" or "" for the server's choice
	Filename    string    // offered to the bearer, at most 255 bytes without control characters; may be ""
	Subject     string    // the attachment id the link was minted for, at most 128 bytes; may be ""
}

// A LinkSigner mints links and checks them: HMAC-SHA256 over everything a Link
// says. It is safe for concurrent use.
//
// A link has exactly one spelling. Verify writes the query it would have minted
// and compares byte for byte, so that a duplicated, reordered, appended,
// re-encoded or case-changed parameter is refused, and so is a signature whose
// unused last bits were set.
//
// To rotate, put a new key first and drop the old one once MaxLifetime has
// passed: the first key signs, every key verifies.
type LinkSigner struct {
	keys []linkKey
	opts LinkSignerOptions
}

// A LinkKey is a secret and the name that links know it by. The secret never
// appears in the output of package fmt, log/slog or encoding/json.
type LinkKey struct {
	ID     string // 1 to 32 characters of [A-Za-z0-9_-]; public
	Secret []byte `json:"-"` // at least 32 random bytes
}

// LinkSignerOptions bounds what is signed.
type LinkSignerOptions struct {
	// Now is the clock. Defaults to time.Now.
	Now func() time.Time

	// MinLifetime and MaxLifetime bound the time between Sign and Expires,
	// rounded to the second: the caller read the clock a moment earlier.
	// Default to 60 seconds and 7 days.
	MinLifetime, MaxLifetime time.Duration
}

// Limits on what a link says.
const (
	maxLinkFilename = 255
	maxLinkSubject  = 128
	maxLinkQuery    = 2048 // above the longest that Sign can write
)

// NewLinkSigner checks the keys: at least one, no two with one ID, no secret
// shorter than 32 bytes or of fewer than four different ones. opts may be nil.
func NewLinkSigner(keys []LinkKey, opts *LinkSignerOptions) (*LinkSigner, error) {
	s := &LinkSigner{}
	if opts != nil {
		s.opts = *opts
	}
	if s.opts.Now == nil {
		s.opts.Now = time.Now
	}
	if s.opts.MinLifetime == 0 {
		s.opts.MinLifetime = 60 * time.Second
	}
	if s.opts.MaxLifetime == 0 {
		s.opts.MaxLifetime = 7 * 24 * time.Hour
	}
	if s.opts.MinLifetime < 0 || s.opts.MaxLifetime < s.opts.MinLifetime {
		return nil, fmt.Errorf("blob: link lifetimes from %s to %s", s.opts.MinLifetime, s.opts.MaxLifetime)
	}
	if len(keys) == 0 {
		return nil, errors.New("blob: a link signer needs a key")
	}
	for i, k := range keys {
		if err := k.validate(); err != nil {
			return nil, fmt.Errorf("blob: link key %d: %w", i, err)
		}
		if s.key(k.ID) != nil {
			return nil, fmt.Errorf("blob: link key %d: id %q is used twice", i, k.ID)
		}
		s.keys = append(s.keys, newLinkKey(k))
	}
	return s, nil
}

// Sign returns the query of the link: parameters in a fixed order, sig last.
// The query is a secret until it expires; see [RedactQuery].
//
// What the link may not say is ErrLinkInvalid, a bad key ErrInvalidKey.
func (s *LinkSigner) Sign(l Link) (query string, err error) {
	if err := l.validate(); err != nil {
		return "", err
	}
	lifetime := l.Expires.Sub(s.opts.Now()).Round(time.Second)
	if lifetime < s.opts.MinLifetime || lifetime > s.opts.MaxLifetime {
		return "", fmt.Errorf("%w: expires in %s, not in %s to %s", ErrLinkInvalid, lifetime, s.opts.MinLifetime, s.opts.MaxLifetime)
	}
	key := &s.keys[0]
	m := key.borrow()
	defer key.giveBack(m)
	return string(m.signedQuery(l, key.id)), nil
}

// Verify returns the link that rawQuery was minted for, if it allows method on
// key: ErrLinkInvalid for whatever Sign did not write, ErrLinkExpired for what
// it wrote too long ago. rawQuery is the query as it came, not decoded.
func (s *LinkSigner) Verify(method, key, rawQuery string) (Link, error) {
	if len(rawQuery) > maxLinkQuery || ValidateKey(key) != nil {
		return Link{}, ErrLinkInvalid
	}
	l, keyID, ok := parseLinkQuery(rawQuery)
	k := s.key(keyID)
	if !ok || k == nil {
		return Link{}, ErrLinkInvalid
	}
	l.Method, l.Key = linkMethod(method), key
	if l.validate() != nil {
		return Link{}, ErrLinkInvalid
	}
	m := k.borrow()
	defer k.giveBack(m)
	if subtle.ConstantTimeCompare(m.signedQuery(l, k.id), []byte(rawQuery)) != 1 {
		return Link{}, ErrLinkInvalid
	}
	if !s.opts.Now().Before(l.Expires) {
		return Link{}, ErrLinkExpired
	}
	return l, nil
}

func (s *LinkSigner) key(id string) *linkKey {
	i := slices.IndexFunc(s.keys, func(k linkKey) bool { return k.id == id })
	if i < 0 {
		return nil
	}
	return &s.keys[i]
}

// linkMethod treats HEAD as the GET that it is, without the body. A link
// for HEAD alone is never minted: the bearer could GET with it.
func linkMethod(method string) string {
	if method == "HEAD" {
		return "GET"
	}
	return method
}

func (l Link) validate() error {
	switch l.Disposition {
	case "", "inline", "attachment":
	default:
		return fmt.Errorf("%w: disposition %.40q", ErrLinkInvalid, l.Disposition)
	}
	switch {
	case l.Method == "" || l.Method == "HEAD" || len(l.Method) > 16 || strings.Trim(l.Method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "":
		return fmt.Errorf("%w: method %.40q", ErrLinkInvalid, l.Method)
	case !linkText(l.Filename, maxLinkFilename):
		return fmt.Errorf("%w: filename %.300q", ErrLinkInvalid, l.Filename)
	case !linkText(l.Subject, maxLinkSubject):
		return fmt.Errorf("%w: subject %.150q", ErrLinkInvalid, l.Subject)
	}
	return ValidateKey(l.Key)
}

func linkText(s string, maxBytes int) bool {
	return len(s) <= maxBytes && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}
