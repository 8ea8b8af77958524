package host

import (
	"context"
	"net/http"

	"github.com/metabuilder/workflow-plugin-attachment-handler/auth"
	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/ratelimit"
	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/redislimit"
	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/token"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// openAccess returns what stands in front of the API. With a login that is the
// chain of package auth: audit, limits, token. Without one everybody on this
// machine is the demo user.
func openAccess(s Settings) (protect func(http.Handler) http.Handler, shut func() error, err error) {
	shut = func() error { return nil }
	if s.Login == nil {
		return actForHost(s), shut, nil
	}
	verifier, err := token.NewVerifier(s.Login.Keys, &token.VerifierOptions{Issuer: s.Login.Issuer, Audience: s.Login.Audience})
	if err != nil {
		return nil, nil, err
	}
	authenticator, err := auth.NewAuthenticator(verifier, &auth.AuthenticatorOptions{Logger: s.Logger})
	if err != nil {
		return nil, nil, err
	}
	options := &auth.ChainOptions{Logger: s.Logger, Proxies: s.Proxies}
	if s.Redis != "" {
		shared, err := redislimit.Open(string(s.Redis), nil)
		if err != nil {
			return nil, nil, err
		}
		// While Redis is away, each host counts for itself.
		options.Limiter = ratelimit.NewResilient(shared, &ratelimit.ResilientOptions{Logger: s.Logger})
		shut = shared.Close
	}
	chain, err := auth.NewChain(authenticator, options)
	if err != nil {
		_ = shut()
		return nil, nil, err
	}
	return chain.Handler, shut, nil
}

// actForHost stands where a real host authenticates.
func actForHost(s Settings) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r.WithContext(s.Own(r.Context())))
		})
	}
}

// Own acts for whom this host acts by itself: a mailbox has no caller who
// could say. Without a login there is one tenant and one user in all.
func (s Settings) Own(ctx context.Context) context.Context {
	user := tenant.User{
		Tenant: "demo", ID: "demo-user", Actions: []tenant.Action{tenant.Read, tenant.Write, tenant.Delete, tenant.Admin},
	}
	if s.TenantID != "" {
		user.Tenant, user.ID = s.TenantID, s.UserID
	}
	return tenant.NewContext(ctx, user)
}
