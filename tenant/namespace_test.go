package tenant_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

func TestNamespace(t *testing.T) {
	for id, want := range map[string]string{
		"acme": "acme/", "ACME": "!acme/", "AcMe.": "!a!c!m!e.!/", "a.b": "a.b/", "a": "a/", "9-_.": "9-_.!/",
		"01ARZ3NDEKTSV4RRFFQ69G5FAV": "01!arz3ndektsv4rrffq69g5fav/",
	} {
		require.Equal(t, want, tenant.Namespace(id))
	}
}

// TestNamespacesDoNotOverlap: not on a backend that ignores case and drops
// dots and spaces at the end of a name, either.
func TestNamespacesDoNotOverlap(t *testing.T) {
	id := rapid.StringMatching(`[A-Za-z0-9][A-Ca-c0-1._-]{0,6}`)
	rapid.Check(t, func(t *rapid.T) {
		a := id.Draw(t, "a")
		b := rapid.OneOf(id,
			rapid.Just(strings.ToUpper(a)), rapid.Just(strings.ToLower(a)), rapid.Just(a+"."), rapid.Just(a+"-x"),
		).Draw(t, "b")
		require.NoError(t, tenant.ValidateID(a))
		require.NoError(t, blob.ValidateKey(tenant.Namespace(a)+"k"))
		if a == b {
			require.Equal(t, tenant.Namespace(a), tenant.Namespace(b))
			return
		}
		blurred := func(id string) string {
			return strings.TrimRight(strings.TrimSuffix(strings.ToLower(tenant.Namespace(id)), "/"), ". ") + "/"
		}
		require.False(t, strings.HasPrefix(blurred(a), blurred(b)), "%s holds %s", tenant.Namespace(b), tenant.Namespace(a))
		require.False(t, strings.HasPrefix(blurred(b), blurred(a)), "%s holds %s", tenant.Namespace(a), tenant.Namespace(b))
	})
}
