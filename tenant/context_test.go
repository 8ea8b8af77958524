package tenant_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

func TestValidateID(t *testing.T) {
	for _, id := range []string{"a", "A", "0", "acme", "a.b-c_D", "7f3c0a52-1b6e-8d11-9c3a-0123456789ab", strings.Repeat("a", 128)} {
		require.NoError(t, tenant.ValidateID(id), id)
	}
	for _, id := range []string{
		"", ".", "..", "-a", "_a", ".a", "a/b", `a\b`, "a b", "a\n", "a\x00", "é", "a:b", "a*", "a%2f", "ａ", strings.Repeat("a", 129),
	} {
		require.ErrorIs(t, tenant.ValidateID(id), tenant.ErrInvalidID, "%q", id)
	}
}

func TestFromContextNeverAnswersAnEmptyTenant(t *testing.T) {
	_, err := tenant.FromContext(context.Background())
	require.ErrorIs(t, err, tenant.ErrMissing)
	_, err = tenant.FromContext(tenant.NewContext(t.Context(), nil))
	require.ErrorIs(t, err, tenant.ErrMissing)
	_, err = tenant.FromContext(tenant.NewContext(t.Context(), tenant.User{}))
	require.ErrorIs(t, err, tenant.ErrInvalidID)

	type contextKey struct{} // as unexported as the real one, and not it
	ctx := context.WithValue(t.Context(), contextKey{}, tenant.User{Tenant: "acme"})
	_, err = tenant.FromContext(ctx)
	require.ErrorIs(t, err, tenant.ErrMissing)
}
