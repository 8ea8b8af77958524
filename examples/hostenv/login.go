package hostenv

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"

	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/token"
)

// Login says whose tokens a host accepts.
type Login struct {
	Keys     token.Keys
	Secret   Secret // that of HS256; "" with public keys
	Issuer   string // "": any
	Audience string // "": tokens without one
}

func (r *reader) login() *Login {
	l := &Login{Issuer: r.lookup("JWT_ISSUER"), Audience: r.lookup("JWT_AUDIENCE")}
	sources := map[string]func(name, value string) token.Keys{
		"JWT_SECRET": r.secretKey, "JWT_PUBLIC_KEY": r.publicKey, "JWT_JWKS_URL": r.remoteKeys,
	}
	var found []string
	for _, name := range []string{"JWT_SECRET", "JWT_PUBLIC_KEY", "JWT_JWKS_URL"} {
		if value := r.lookup(name); value != "" {
			found = append(found, name)
			l.Keys = sources[name](name, value)
			if name == "JWT_SECRET" {
				l.Secret = Secret(value)
			}
		}
	}
	switch len(found) {
	case 0:
		// Whoever set one of these believes that there is a login.
		for _, name := range []string{"JWT_ALGORITHM", "JWT_KEY_ID", "JWT_ISSUER", "JWT_AUDIENCE"} {
			if r.lookup(name) != "" {
				r.fail(name, "needs JWT_SECRET, JWT_PUBLIC_KEY or JWT_JWKS_URL")
			}
		}
		return nil
	case 1:
		return l
	default:
		r.fail(found[1], "does not go together with %s", found[0])
		return l
	}
}

func (r *reader) secretKey(name, value string) token.Keys {
	r.algorithm(name, token.HS256)
	key, err := token.NewSecret(r.lookup("JWT_KEY_ID"), []byte(value))
	return r.keySet(name, key, err)
}

func (r *reader) publicKey(name, value string) token.Keys {
	block, _ := pem.Decode([]byte(strings.ReplaceAll(value, `\n`, "\n")))
	if block == nil || block.Type != "PUBLIC KEY" {
		r.fail(name, "is not the PEM of a PUBLIC KEY")
		return nil
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		r.fail(name, "holds no key that can be read")
		return nil
	}
	var alg token.Algorithm
	switch public.(type) {
	case *rsa.PublicKey:
		alg = r.algorithm(name, token.RS256, token.PS256)
	case *ecdsa.PublicKey:
		alg = r.algorithm(name, token.ES256)
	case ed25519.PublicKey:
		alg = r.algorithm(name, token.EdDSA)
	default:
		r.fail(name, "is not an RSA, P-256 or Ed25519 key")
		return nil
	}
	key, err := token.NewKey(r.lookup("JWT_KEY_ID"), alg, public)
	return r.keySet(name, key, err)
}

func (r *reader) remoteKeys(name, value string) token.Keys {
	for _, other := range []string{"JWT_ALGORITHM", "JWT_KEY_ID"} {
		if r.lookup(other) != "" {
			r.fail(other, "does not go together with %s, whose keys say it themselves", name)
		}
	}
	keys, err := token.NewRemoteKeys(value, nil)
	if err != nil {
		r.fail(name, "is not an https URL without user and fragment")
		return nil
	}
	return keys
}

// algorithm returns the one asked for, or the first that suits the key.
func (r *reader) algorithm(source string, suitable ...token.Algorithm) token.Algorithm {
	asked := r.lookup("JWT_ALGORITHM")
	if asked == "" {
		return suitable[0]
	}
	for _, alg := range suitable {
		if string(alg) == asked {
			return alg
		}
	}
	r.fail("JWT_ALGORITHM", "%.40q is no algorithm for the key in %s", asked, source)
	return suitable[0]
}

// keySet makes a set of one key. The errors of package token say what is wrong
// with a key, not what it is.
func (r *reader) keySet(name string, key *token.Key, err error) token.Keys {
	if err != nil {
		r.fail(name, "%v", err)
		return nil
	}
	set, err := token.NewKeySet(key)
	if err != nil {
		r.fail(name, "%v", err)
		return nil
	}
	return set
}
