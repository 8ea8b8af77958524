package tenant_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// spy notes every key that reaches the store inside.
type spy struct {
	*memblob.Store
	mu   sync.Mutex
	seen []string
}

func (s *spy) note(keys ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, keys...)
}

func (s *spy) Create(ctx context.Context, key string, opts *blob.WriteOptions) (blob.Writer, error) {
	s.note(key)
	return s.Store.Create(ctx, key, opts)
}

func (s *spy) Open(ctx context.Context, key string, offset, length int64) (*blob.Reader, error) {
	s.note(key)
	return s.Store.Open(ctx, key, offset, length)
}

func (s *spy) Delete(ctx context.Context, key string) error {
	s.note(key)
	return s.Store.Delete(ctx, key)
}

func (s *spy) Stat(ctx context.Context, key string) (blob.Info, error) {
	s.note(key)
	return s.Store.Stat(ctx, key)
}

func (s *spy) List(ctx context.Context, prefix string) iter.Seq2[blob.Info, error] {
	s.note(prefix)
	return s.Store.List(ctx, prefix)
}

func (s *spy) Copy(ctx context.Context, dst, src string) (blob.Info, error) {
	s.note(dst, src)
	return s.Store.Copy(ctx, dst, src)
}

func (s *spy) SignURL(_ context.Context, key string, _ *blob.SignURLOptions) (string, error) {
	s.note(key)
	return "https://store.example/" + key, nil
}

func (s *spy) Reclaim(context.Context, time.Time) (int, error) {
	s.note("reclaim")
	return 0, nil
}

// calls are all methods of a Store, with key in every place for one.
var calls = map[string]struct {
	needs []tenant.Action
	call  func(ctx context.Context, s *tenant.Store, key string) error
}{
	"create": {[]tenant.Action{tenant.Write}, func(ctx context.Context, s *tenant.Store, key string) error {
		w, err := s.Create(ctx, key, nil)
		if err == nil {
			err = w.Abort()
		}
		return err
	}},
	"open": {[]tenant.Action{tenant.Read}, func(ctx context.Context, s *tenant.Store, key string) error {
		r, err := s.Open(ctx, key, 0, -1)
		if err == nil {
			err = r.Close()
		}
		return err
	}},
	"delete": {[]tenant.Action{tenant.Delete}, func(ctx context.Context, s *tenant.Store, key string) error {
		return s.Delete(ctx, key)
	}},
	"stat": {[]tenant.Action{tenant.Read}, func(ctx context.Context, s *tenant.Store, key string) error {
		_, err := s.Stat(ctx, key)
		return err
	}},
	"list": {[]tenant.Action{tenant.Read}, func(ctx context.Context, s *tenant.Store, key string) error {
		for info, err := range s.List(ctx, key) {
			if err != nil {
				return err
			}
			if !strings.HasPrefix(info.Key, key) {
				return errors.New("listed " + info.Key)
			}
		}
		return nil
	}},
	"sign": {[]tenant.Action{tenant.Read}, func(ctx context.Context, s *tenant.Store, key string) error {
		_, err := s.SignURL(ctx, key, nil)
		return err
	}},
	"copy to": {[]tenant.Action{tenant.Read, tenant.Write}, func(ctx context.Context, s *tenant.Store, key string) error {
		_, err := s.Copy(ctx, key, "own")
		return err
	}},
	"copy from": {[]tenant.Action{tenant.Read, tenant.Write}, func(ctx context.Context, s *tenant.Store, key string) error {
		_, err := s.Copy(ctx, "copy", key)
		return err
	}},
}

// TestNoKeyReachesAnotherTenant tries, as tenant "a", to get at tenant "b".
func TestNoKeyReachesAnotherTenant(t *testing.T) {
	for _, key := range []string{
		// What is no key is refused.
		"", "/", "//", ".", "..", "../b/secret", "../../b/secret", "x/../../b/secret", "x/..", "./secret",
		"/b/secret", "/etc/passwd", "//b/secret", "b//secret", "b/secret/", `..\b\secret`, `b\secret`, `C:\b\secret`, `\\b\secret`,
		"secret\x00", "\x00", "..\x00/b/secret", "b/\nsecret", "\u202e../b/secret", "b/\u200bsecret", "\xff\xfe", "\xc0\xae\xc0\xae/b/secret", "b/\xc0\xafsecret",
		strings.Repeat("k", 256), strings.Repeat("k/", 520), strings.Repeat("../", 400) + "b/secret", strings.Repeat("k/", 511) + "kk",
		// What looks like a way out and is none stays inside.
		"b/secret", "a/secret", "B/secret", "..\u2215b\u2215secret", "..\uff0fb\uff0fsecret", "..\u2044b\u2044secret", "\uff0e\uff0e/b/secret", "\u2025/b/secret",
		"%2e%2e/b/secret", "%2e%2e%2fb%2fsecret", "%252e%252e%252fb", "..%2fb%2fsecret", "..%5cb", "..;/b/secret", ".../b/secret", "~/b/secret", "~b/secret",
		"file:b/secret", "s3:b/secret", "*", "b/*", "?", "[a-z]/secret", "$HOME/b", "${b}/secret", "b/secret?versionId=1", "b/secret#", "CON", "NUL/secret", "b::$DATA",
		"!a/secret", "!b/secret", "a.b/secret",
	} {
		inner := &spy{Store: memblob.New(nil)}
		s := tenant.NewStore(inner, nil)
		put(t, of(s, "b"), "secret", "b's")
		put(t, of(s, "a"), "own", "a's")
		inner.seen = nil

		valid := blob.ValidateKey(key) == nil && len(key)+len(tenant.Namespace("a")) <= blob.MaxKeyBytes
		for name, c := range calls {
			err := c.call(as(t.Context(), "a"), s, key)
			if !valid && name != "list" {
				require.ErrorIs(t, err, blob.ErrInvalidKey, "%s of %q", name, key)
				continue
			}
			require.NotErrorIs(t, err, blob.ErrInvalidKey, "%s of %q", name, key)
		}
		for _, seen := range inner.seen {
			require.True(t, strings.HasPrefix(seen, "a/"), "%q reaches %q", key, seen)
			require.NotContains(t, strings.Split(seen, "/"), "..", "%q reaches %q", key, seen)
		}
		require.Equal(t, "b's", get(t, of(s, "b"), "secret"), "after %q", key)
	}
}

func TestEveryCallNeedsATenantWhoMay(t *testing.T) {
	inner := &spy{Store: memblob.New(nil)}
	s := tenant.NewStore(inner, nil)
	put(t, of(s, "a"), "own", "a's")
	inner.seen = nil

	nobody := func(tc tenant.Context) context.Context { return tenant.NewContext(t.Context(), tc) }
	for name, c := range calls {
		require.ErrorIs(t, c.call(t.Context(), s, "k"), tenant.ErrMissing, name)
		require.ErrorIs(t, c.call(nobody(nil), s, "k"), tenant.ErrMissing, name)
		for _, id := range []string{"", "..", "../b", "a/b", ".", "a\x00", "-a", strings.Repeat("a", 129)} {
			require.ErrorIs(t, c.call(nobody(tenant.User{Tenant: id, Actions: anything}), s, "k"), tenant.ErrInvalidID, "%s as %q", name, id)
		}
		for missing := range c.needs {
			var others []tenant.Action
			for _, action := range anything {
				if action != c.needs[missing] {
					others = append(others, action)
				}
			}
			err := c.call(nobody(tenant.User{Tenant: "a", ID: "u", Actions: others}), s, "k")
			require.ErrorIs(t, err, tenant.ErrForbidden, "%s without %s", name, c.needs[missing])
			require.False(t, blob.Retryable(err))
		}
	}
	require.Empty(t, inner.seen, "refused before the store inside was asked")

	for name, c := range calls {
		s := tenant.NewStore(inner, &tenant.StoreOptions{Prefix: strings.ReplaceAll(name, " ", "-")})
		put(t, of(s, "a"), "own", "a's")
		err := c.call(nobody(tenant.User{Tenant: "a", ID: "u", Actions: c.needs}), s, "own")
		if errors.Is(err, blob.ErrExists) {
			err = nil // the permission was there
		}
		require.NoError(t, err, "%s with %s", name, c.needs)
	}
}

// keyed may read one key and nothing else, as the bearer of a link.
type keyed struct{ tenant.User }

func (keyed) Can(action tenant.Action, resource string) bool {
	return action == tenant.Read && resource == "mine"
}

func TestPermissionIsAskedForTheKeyAsTheCallerKnowsIt(t *testing.T) {
	s := tenant.NewStore(memblob.New(nil), nil)
	put(t, of(s, "a"), "mine", "1")
	put(t, of(s, "a"), "other", "2")
	ctx := tenant.NewContext(t.Context(), keyed{tenant.User{Tenant: "a"}})
	require.NoError(t, calls["open"].call(ctx, s, "mine"))
	require.ErrorIs(t, calls["open"].call(ctx, s, "other"), tenant.ErrForbidden)
	require.ErrorIs(t, calls["list"].call(ctx, s, ""), tenant.ErrForbidden)
	require.ErrorIs(t, calls["copy from"].call(ctx, s, "mine"), tenant.ErrForbidden)
}

// liar answers every question with a blob of another tenant.
type liar struct{ *memblob.Store }

func (l liar) Open(ctx context.Context, _ string, offset, length int64) (*blob.Reader, error) {
	return l.Store.Open(ctx, "b/secret", offset, length)
}

func (l liar) Stat(ctx context.Context, _ string) (blob.Info, error) {
	return l.Store.Stat(ctx, "b/secret")
}

func (l liar) List(ctx context.Context, _ string) iter.Seq2[blob.Info, error] {
	return l.Store.List(ctx, "")
}

func TestForeignAnswersAreNotHandedOut(t *testing.T) {
	inner := memblob.New(nil)
	s := tenant.NewStore(inner, nil)
	put(t, of(s, "b"), "secret", "b's")
	put(t, of(s, "a.b"), "secret", "b's")
	s = tenant.NewStore(liar{inner}, nil)
	for _, name := range []string{"open", "stat", "list"} {
		err := calls[name].call(as(t.Context(), "a"), s, "")
		if name != "list" {
			err = calls[name].call(as(t.Context(), "a"), s, "secret")
		}
		require.Error(t, err, name)
		require.NotContains(t, err.Error(), "b/secret")
		require.False(t, blob.Retryable(err))
	}
}

// bare is a Store and nothing else.
type bare struct{ blob.Store }

func TestOptionalInterfacesAreHonest(t *testing.T) {
	s := tenant.NewStore(bare{memblob.New(nil)}, nil)
	ctx := as(t.Context(), "a")
	put(t, of(s, "a"), "own", "a's")

	info, err := s.Stat(ctx, "own")
	require.NoError(t, err, "a stat needs no Statter")
	require.Equal(t, "own", info.Key)
	for _, name := range []string{"list", "sign", "copy to"} {
		require.ErrorIs(t, calls[name].call(ctx, s, "k"), blob.ErrUnsupported, name)
	}
	_, err = s.Measure(ctx)
	require.ErrorIs(t, err, blob.ErrUnsupported)

	// Unfinished writes are the host's to reclaim, and no tenant's.
	memory := memblob.New(nil)
	s = tenant.NewStore(memory, nil)
	unfinished, err := s.Create(ctx, "k", nil)
	require.NoError(t, err)
	defer unfinished.Abort()
	_, err = s.Reclaim(ctx, time.Now().Add(time.Hour))
	require.ErrorIs(t, err, blob.ErrUnsupported)
	n, err := s.Reclaim(t.Context(), time.Now().Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, 1, n)
	_, reached := blob.As[*memblob.Store](s)
	require.False(t, reached, "nobody reaches around the scope")
}

func TestReclaimIsNoTenants(t *testing.T) {
	inner := memblob.New(nil)
	s := tenant.NewStore(inner, nil)
	w, err := s.Create(as(t.Context(), "b"), "k", nil)
	require.NoError(t, err)
	soon := time.Now().Add(time.Hour)

	_, err = s.Reclaim(as(t.Context(), "a"), soon)
	require.ErrorIs(t, err, blob.ErrUnsupported)
	_, err = s.Reclaim(as(t.Context(), "../a"), soon)
	require.ErrorIs(t, err, tenant.ErrInvalidID)
	_, err = tenant.NewStore(bare{inner}, nil).Reclaim(t.Context(), soon)
	require.ErrorIs(t, err, blob.ErrUnsupported)
	_, err = io.WriteString(w, "still open")
	require.NoError(t, err)

	removed, err := s.Reclaim(t.Context(), soon)
	require.NoError(t, err)
	require.Equal(t, 1, removed, "the system may")
	_, err = w.Commit(as(t.Context(), "b"))
	require.ErrorIs(t, err, blob.ErrFinished)
}

func TestPrefixHoldsAllNamespaces(t *testing.T) {
	for _, prefix := range []string{"tenants", "tenants/"} {
		inner := memblob.New(nil)
		put(t, of(tenant.NewStore(inner, &tenant.StoreOptions{Prefix: prefix}), "a"), "k", "1")
		_, err := inner.Stat(t.Context(), "tenants/a/k")
		require.NoError(t, err)
	}
	s := tenant.NewStore(memblob.New(nil), &tenant.StoreOptions{Prefix: "../up"})
	require.ErrorIs(t, calls["open"].call(as(t.Context(), "a"), s, "k"), blob.ErrInvalidKey)
}

func TestErrorsNameTheKeyAsTheCallerKnowsIt(t *testing.T) {
	s := tenant.NewStore(memblob.New(nil), nil)
	for name, c := range calls {
		err := c.call(as(t.Context(), "acme"), s, "no/such")
		if err == nil {
			continue
		}
		require.NotContains(t, err.Error(), "acme", name)
		var e *blob.Error
		require.ErrorAs(t, err, &e, name)
		require.Equal(t, strings.Fields(name)[0], e.Op)
	}
}

func put(t testing.TB, s blob.Store, key, data string) {
	t.Helper()
	w, err := s.Create(t.Context(), key, nil)
	require.NoError(t, err)
	defer w.Abort()
	_, err = io.WriteString(w, data)
	require.NoError(t, err)
	_, err = w.Commit(t.Context())
	require.NoError(t, err)
}

func get(t testing.TB, s blob.Store, key string) string {
	t.Helper()
	r, err := s.Open(t.Context(), key, 0, -1)
	require.NoError(t, err)
	defer r.Close()
	data, err := io.ReadAll(r)
	require.NoError(t, err)
	return string(data)
}
