package token

import (
	"fmt"
	"time"
)

// Claims are what a token says. Times have a resolution of one second.
type Claims struct {
	TenantID string // whose data
	UserID   string // who is calling
	Role     string // what he may do

	ID        string    // jti: unique per token
	Issuer    string    // iss
	Audience  []string  // aud
	IssuedAt  time.Time // iat; zero if the token does not say
	NotBefore time.Time // nbf; zero if the token does not say
	ExpiresAt time.Time // exp; always set
}

// ClaimNames are the names under which an issuer puts the three claims that no
// RFC names.
type ClaimNames struct {
	Tenant string // Defaults to "tenant_id".
	User   string // Defaults to "user_id".
	Role   string // Defaults to "role".
}

func (n ClaimNames) withDefaults() (ClaimNames, error) {
	for name, fallback := range map[*string]string{&n.Tenant: "tenant_id", &n.User: "user_id", &n.Role: "role"} {
		if *name == "" {
			*name = fallback
		}
	}
	seen := map[string]bool{"iss": true, "aud": true, "exp": true, "nbf": true, "iat": true, "jti": true, "cnf": true}
	for _, name := range []string{n.Tenant, n.User, n.Role} {
		if seen[name] {
			return n, fmt.Errorf("%w: claim name %q is taken", ErrConfig, name)
		}
		seen[name] = true
	}
	return n, nil
}

// parseClaims reads a payload whose signature has been checked. It knows what
// a claim is, not whether its value is acceptable.
func parseClaims(payload []byte, names ClaimNames) (*Claims, error) {
	c := &Claims{}
	err := parseObject(payload, func(name string, value []byte) (err error) {
		switch name {
		case names.Tenant:
			c.TenantID, err = text(name, value)
		case names.User:
			c.UserID, err = text(name, value)
		case names.Role:
			c.Role, err = text(name, value)
		case "jti":
			c.ID, err = text(name, value)
		case "iss":
			c.Issuer, err = text(name, value)
		case "sub":
			_, err = text(name, value)
		case "aud":
			if value[0] == '[' {
				c.Audience, err = texts(name, value)
				return err
			}
			var one string
			one, err = text(name, value)
			c.Audience = []string{one}
		case "exp":
			c.ExpiresAt, err = numericDate(name, value)
		case "nbf":
			c.NotBefore, err = numericDate(name, value)
		case "iat":
			c.IssuedAt, err = numericDate(name, value)
		case "cnf":
			// RFC 7800: only the holder of a further key may use it. Whoever
			// does not check that must not take it as a bearer token.
			err = fmt.Errorf("%w: bound to a key (cnf)", ErrType)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}
