package token

import (
	"crypto/rand"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// DefaultLifetime is how long a token lives if nobody says otherwise.
const DefaultLifetime = 24 * time.Hour

// IssuerOptions tunes an Issuer.
type IssuerOptions struct {
	// Issuer is put into iss. Defaults to none.
	Issuer string

	// Audience is put into aud. Defaults to none.
	Audience []string

	// Lifetime is the time from iat to exp, in whole seconds. A Verifier
	// accepts more than 24 hours only if told so. Defaults to 24 hours.
	Lifetime time.Duration

	// Names of the claims. Defaults to those of ClaimNames.
	Names ClaimNames
}

// An Issuer creates tokens. It is safe for concurrent use.
type Issuer struct {
	keys *KeySet
	opts IssuerOptions
}

// NewIssuer returns an Issuer that signs with the first key of keys that can.
func NewIssuer(keys *KeySet, opts *IssuerOptions) (*Issuer, error) {
	if keys == nil {
		return nil, fmt.Errorf("%w: no keys", ErrConfig)
	}
	if _, err := keys.signer(); err != nil {
		return nil, err
	}
	i := &Issuer{keys: keys}
	if opts != nil {
		i.opts = *opts
	}
	if i.opts.Lifetime == 0 {
		i.opts.Lifetime = DefaultLifetime
	}
	if i.opts.Lifetime = i.opts.Lifetime.Truncate(time.Second); i.opts.Lifetime <= 0 {
		return nil, fmt.Errorf("%w: lifetime of %s", ErrConfig, i.opts.Lifetime)
	}
	var err error
	i.opts.Names, err = i.opts.Names.withDefaults()
	return i, err
}

// Issue creates a token for c.TenantID, c.UserID and c.Role, all required. It
// fills in what is zero of the rest: the options' issuer and audience, a random
// id, iat and nbf now, exp a lifetime later. An expiry may be shorter than the
// lifetime, not longer.
func (i *Issuer) Issue(c Claims) (string, error) {
	if c.IssuedAt.IsZero() {
		c.IssuedAt = time.Now()
	}
	if c.NotBefore.IsZero() {
		c.NotBefore = c.IssuedAt
	}
	if c.ExpiresAt.IsZero() {
		c.ExpiresAt = c.IssuedAt.Add(i.opts.Lifetime)
	}
	if c.ID == "" {
		c.ID = rand.Text()
	}
	if c.Issuer == "" {
		c.Issuer = i.opts.Issuer
	}
	if c.Audience == nil {
		c.Audience = i.opts.Audience
	}
	switch {
	case c.ExpiresAt.Sub(c.IssuedAt) > i.opts.Lifetime:
		return "", fmt.Errorf("%w: more than %s", ErrLifetime, i.opts.Lifetime)
	case !c.ExpiresAt.After(c.IssuedAt):
		return "", fmt.Errorf("%w: exp is not after iat", ErrClaims)
	}
	return i.sign(c)
}

func (i *Issuer) sign(c Claims) (string, error) {
	claims := jwt.MapClaims{
		i.opts.Names.Tenant: c.TenantID, i.opts.Names.User: c.UserID, i.opts.Names.Role: c.Role, "jti": c.ID,
	}
	if c.Issuer != "" {
		claims["iss"] = c.Issuer
	}
	for name, value := range claims { // what a Verifier would refuse is not issued
		if err := checkText(name, value.(string)); err != nil {
			return "", err
		}
	}
	for _, audience := range c.Audience {
		if err := checkText("aud", audience); err != nil {
			return "", err
		}
	}
	if len(c.Audience) > 0 {
		claims["aud"] = c.Audience
	}
	claims["iat"], claims["nbf"], claims["exp"] = c.IssuedAt.Unix(), c.NotBefore.Unix(), c.ExpiresAt.Unix()
	key, err := i.keys.signer()
	if err != nil {
		return "", err
	}
	unsigned := jwt.NewWithClaims(key.method, claims)
	if key.id != "" {
		unsigned.Header["kid"] = key.id
	}
	signed, err := unsigned.SignedString(key.sign)
	if err != nil {
		return "", fmt.Errorf("%w: signing: %w", ErrKey, err)
	}
	return signed, nil
}
