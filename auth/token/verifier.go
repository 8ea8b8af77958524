package token

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// VerifierOptions tunes a Verifier.
type VerifierOptions struct {
	// Issuer is the only iss accepted. Defaults to any: the keys already say
	// who may sign.
	Issuer string

	// Audience is who we are: a token with aud must name it. Defaults to "",
	// which accepts only tokens without aud (RFC 7519, section 4.1.3).
	Audience string

	// Leeway is how far clocks may differ; negative for not at all, and at
	// most 5 minutes. Defaults to 30 seconds.
	Leeway time.Duration

	// MaxLifetime is how far exp may be from now, and from iat; negative for
	// any. Defaults to 24 hours.
	MaxLifetime time.Duration

	// MaxBytes bounds a token before any of it is decoded. Defaults to 8 KiB.
	MaxBytes int

	// Types are the values of typ accepted beside none at all. Defaults to
	// "JWT" and "at+jwt".
	Types []string

	// Critical are the header extensions the host understands, by name: a
	// token that lists another in crit is refused. Each is called with the
	// raw value and refuses it with an error. Defaults to none.
	Critical map[string]func(value json.RawMessage) error

	// Names of the claims. Defaults to those of ClaimNames.
	Names ClaimNames

	// Revoked says whether a token that is otherwise good has been withdrawn.
	// An error refuses the token with ErrUnavailable. Defaults to none.
	Revoked func(ctx context.Context, c *Claims) (bool, error)
}

const maxLeeway = 5 * time.Minute

// A Verifier decodes tokens. It is safe for concurrent use.
type Verifier struct {
	keys Keys
	opts VerifierOptions
}

// NewVerifier returns a Verifier that trusts keys and nothing else.
func NewVerifier(keys Keys, opts *VerifierOptions) (*Verifier, error) {
	if keys == nil {
		return nil, fmt.Errorf("%w: no keys", ErrConfig)
	}
	v := &Verifier{keys: keys}
	if opts != nil {
		v.opts = *opts
	}
	var err error
	if v.opts.Names, err = v.opts.Names.withDefaults(); err != nil {
		return nil, err
	}
	switch leeway := &v.opts.Leeway; {
	case *leeway == 0:
		*leeway = 30 * time.Second
	case *leeway < 0:
		*leeway = 0
	case *leeway > maxLeeway:
		return nil, fmt.Errorf("%w: leeway of %s, more than %s", ErrConfig, *leeway, maxLeeway)
	}
	if v.opts.MaxLifetime == 0 {
		v.opts.MaxLifetime = DefaultLifetime
	}
	if v.opts.MaxBytes <= 0 {
		v.opts.MaxBytes = 8 << 10
	}
	if v.opts.Types == nil {
		v.opts.Types = []string{"JWT", "at+jwt"}
	}
	return v, nil
}

// Verify decodes a token and returns its claims if every check passes. Its
// errors match the sentinels of this package.
func (v *Verifier) Verify(ctx context.Context, raw string) (*Claims, error) {
	parts, err := splitCompact(raw, v.opts.MaxBytes)
	if err != nil {
		return nil, err
	}
	h, err := parseHeader(parts.header, v.opts.Critical)
	if err != nil {
		return nil, err
	}
	if !h.isType(v.opts.Types) {
		return nil, fmt.Errorf("%w: %.40q", ErrType, h.typ)
	}
	if err := v.checkSignature(ctx, h, parts); err != nil {
		return nil, err
	}
	payload, err := decodeSegment(parts.payload)
	if err != nil {
		return nil, err
	}
	claims, err := parseClaims(payload, v.opts.Names)
	if err != nil {
		return nil, err
	}
	if err := v.checkClaims(claims, time.Now()); err != nil {
		return nil, err
	}
	if err := v.checkRevoked(ctx, claims); err != nil {
		return nil, err
	}
	return claims, nil
}

func (v *Verifier) checkSignature(ctx context.Context, h header, parts compact) error {
	signature, err := decodeSegment(parts.signature)
	if err != nil {
		return err
	}
	keys, err := v.keys.Lookup(ctx, h.alg, h.kid)
	if err != nil {
		return fmt.Errorf("%w (%s, kid %.40q)", err, h.alg, h.kid)
	}
	for _, key := range keys {
		if key.alg == h.alg && key.valid(parts.input, signature) {
			return nil
		}
	}
	return ErrSignature
}

func (v *Verifier) checkClaims(c *Claims, now time.Time) error {
	leeway, longest := v.opts.Leeway, v.opts.MaxLifetime
	switch {
	case c.TenantID == "" || c.UserID == "" || c.Role == "":
		return fmt.Errorf("%w: tenant, user and role are required", ErrClaims)
	case c.ExpiresAt.IsZero():
		return fmt.Errorf("%w: exp is required", ErrClaims)
	case !now.Before(c.ExpiresAt.Add(leeway)):
		return fmt.Errorf("%w: at %s", ErrExpired, c.ExpiresAt.UTC().Format(time.RFC3339))
	case now.Add(leeway).Before(c.NotBefore):
		return fmt.Errorf("%w: nbf", ErrNotYetValid)
	case now.Add(leeway).Before(c.IssuedAt):
		return fmt.Errorf("%w: iat", ErrNotYetValid)
	case longest > 0 && c.ExpiresAt.After(now.Add(longest+leeway)),
		longest > 0 && !c.IssuedAt.IsZero() && c.ExpiresAt.Sub(c.IssuedAt) > longest:
		return fmt.Errorf("%w: more than %s", ErrLifetime, longest)
	case v.opts.Issuer != "" && c.Issuer != v.opts.Issuer:
		return ErrIssuer
	case (v.opts.Audience != "" || len(c.Audience) > 0) && !slices.Contains(c.Audience, v.opts.Audience):
		return ErrAudience
	}
	return nil
}

func (v *Verifier) checkRevoked(ctx context.Context, c *Claims) error {
	if v.opts.Revoked == nil {
		return nil
	}
	revoked, err := v.opts.Revoked(ctx, c)
	switch {
	case err != nil:
		return fmt.Errorf("%w: revocation: %w", ErrUnavailable, err)
	case revoked:
		return ErrRevoked
	}
	return nil
}
