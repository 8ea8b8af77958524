package token_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/token"
)

func Example() {
	secret := make([]byte, 32) // keep it where secrets are kept
	_, _ = rand.Read(secret)
	key, err := token.NewSecret("2026-01", secret)
	if err != nil {
		panic(err)
	}
	keys, err := token.NewKeySet(key)
	if err != nil {
		panic(err)
	}
	issuer, err := token.NewIssuer(keys, &token.IssuerOptions{Issuer: "https://login.example.com", Audience: []string{"attachments"}})
	if err != nil {
		panic(err)
	}
	verifier, err := token.NewVerifier(keys, &token.VerifierOptions{Issuer: "https://login.example.com", Audience: "attachments"})
	if err != nil {
		panic(err)
	}

	bearer, err := issuer.Issue(token.Claims{TenantID: "7d9c2b1e-0f4a-4c35-9a57-1f0b6f6f3c11", UserID: "e2b7f3f0-5d1c-4f6e-8d0a-3a1d2c9b8e22", Role: "user"})
	if err != nil {
		panic(err)
	}
	claims, err := verifier.Verify(context.Background(), bearer)
	fmt.Println(claims.TenantID, claims.Role, err)

	_, err = verifier.Verify(context.Background(), bearer[:len(bearer)-6]+"AAAAAA")
	fmt.Println(errors.Is(err, token.ErrSignature))
	// Output:
	// 7d9c2b1e-0f4a-4c35-9a57-1f0b6f6f3c11 user <nil>
	// true
}

func ExampleNewRemoteKeys() {
	keys, err := token.NewRemoteKeys("https://login.example.com/.well-known/jwks.json", nil)
	if err != nil {
		panic(err)
	}
	verifier, err := token.NewVerifier(keys, &token.VerifierOptions{
		Issuer:   "https://login.example.com",
		Audience: "attachments",
		Names:    token.ClaimNames{User: "sub"},
	})
	fmt.Println(verifier != nil, err)

	_, err = token.NewRemoteKeys("http://login.example.com/jwks.json", nil)
	fmt.Println(err)
	// Output:
	// true <nil>
	// token: bad configuration: a JWKS address is an https URL without user info and fragment
}
