package password_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/argon2"

	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/password"
)

// cheap keeps the tests fast; only TestDefaults pays the full price.
func cheap() *password.Options { return &password.Options{Memory: 64, Passes: 1, Lanes: 1} }

func newHasher(tb testing.TB, opts *password.Options) *password.Hasher {
	tb.Helper()
	h, err := password.NewHasher(opts)
	require.NoError(tb, err)
	return h
}

func TestDefaults(t *testing.T) {
	h := newHasher(t, nil)
	hash, err := h.Hash(t.Context(), "correct horse battery staple")
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(hash, "$argon2id$v=19$m=65536,t=3,p=4$"), hash)
	ok, err := h.Verify(t.Context(), "correct horse battery staple", hash)
	require.NoError(t, err)
	require.True(t, ok)
	require.False(t, h.Outdated(hash))
}

// What the reference implementation's command line prints for
// echo -n password | argon2 somesalt -id -t 2 -m 8 -p 1 -l 32.
func TestHashOfTheReferenceImplementation(t *testing.T) {
	raw, err := hex.DecodeString("9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe")
	require.NoError(t, err)
	hash := "$argon2id$v=19$m=256,t=2,p=1$" + base64.RawStdEncoding.EncodeToString([]byte("somesalt")) + "$" + base64.RawStdEncoding.EncodeToString(raw)
	h := newHasher(t, nil)
	ok, err := h.Verify(t.Context(), "password", hash)
	require.NoError(t, err)
	require.True(t, ok)
	require.True(t, h.Outdated(hash))
}

func TestSaltsDiffer(t *testing.T) {
	h := newHasher(t, cheap())
	a, err := h.Hash(t.Context(), "same")
	require.NoError(t, err)
	b, err := h.Hash(t.Context(), "same")
	require.NoError(t, err)
	require.NotEqual(t, a, b)
}

func TestPasswordsOfAnyContentAndBoundedLength(t *testing.T) {
	h := newHasher(t, cheap())
	for _, secret := range []string{"x", "päßwörd \x00 \xff", strings.Repeat("l", password.MaxBytes)} {
		hash, err := h.Hash(t.Context(), secret)
		require.NoError(t, err)
		ok, err := h.Verify(t.Context(), secret, hash)
		require.NoError(t, err)
		require.True(t, ok)
		for _, wrong := range []string{"", secret + "x", secret[1:], strings.Repeat("l", 1<<20)} {
			ok, err := h.Verify(t.Context(), wrong, hash)
			require.NoError(t, err)
			require.False(t, ok)
		}
	}
	for _, secret := range []string{"", strings.Repeat("l", password.MaxBytes+1)} {
		_, err := h.Hash(t.Context(), secret)
		require.ErrorIs(t, err, password.ErrPassword)
	}
}

func TestAMissingUserIsNeverRight(t *testing.T) {
	h := newHasher(t, cheap())
	for _, secret := range []string{"", "x", string(make([]byte, 32))} {
		ok, err := h.Verify(t.Context(), secret, "")
		require.NoError(t, err)
		require.False(t, ok)
	}
	// Nor is an empty password, even against a hash of it made elsewhere.
	salt := []byte("somesalt")
	hash := fmt.Sprintf("$argon2id$v=19$m=64,t=1,p=1$%s$%s", base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(argon2.IDKey(nil, salt, 1, 64, 1, 32)))
	ok, err := h.Verify(t.Context(), "", hash)
	require.NoError(t, err)
	require.False(t, ok)
}

func TestHostileHashesAreRefusedBeforeTheyCost(t *testing.T) {
	h := newHasher(t, cheap())
	good, err := h.Hash(t.Context(), "x")
	require.NoError(t, err)
	part := strings.Split(good, "$")
	swap := func(i int, text string) string {
		changed := append([]string(nil), part...)
		changed[i] = text
		return strings.Join(changed, "$")
	}
	hostile := []string{
		"$", "$$$$$", "plain", good + "$", good + "=", " " + good, good + "\n", strings.Repeat("$", 1<<20), swap(1, "argon2i"), swap(1, "argon2d"), swap(1, "ARGON2ID"), swap(2, "v=16"), swap(2, "v=019"), swap(2, ""),
		"$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
		swap(4, ""), swap(4, "AAAA"), swap(4, strings.Repeat("A", 100)), swap(4, "!!!!!!!!!!!!"), swap(5, ""), swap(5, "AAAA"), swap(5, strings.Repeat("A", 100)), swap(5, part[5][:42]+"B"),
	}
	for _, params := range []string{
		"m=4294967295,t=1,p=1", "m=4194304,t=1,p=1", "m=257,t=1,p=1", "m=4294967296,t=1,p=1", "m=64,t=4294967295,p=1", "m=64,t=17,p=1", "m=64,t=0,p=1", "m=64,t=1,p=0", "m=64,t=1,p=17", "m=64,t=1,p=256", "m=7,t=1,p=1", "m=15,t=1,p=2", "m=-1,t=1,p=1",
		"m=64", "m=64,t=1", "t=1,m=64,p=1", "m=64,t=1,p=1,x=1", "m=64,t=1,p=1,", "m=+64,t=1,p=1", "m=0x40,t=1,p=1", "m= 64,t=1,p=1", "",
	} {
		hostile = append(hostile, swap(3, params))
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, hash := range hostile {
		ok, err := h.Verify(t.Context(), "x", hash)
		require.ErrorIs(t, err, password.ErrHash, "%.60q", hash)
		require.False(t, ok)
		require.True(t, h.Outdated(hash))
		require.NotContains(t, err.Error(), part[5])
	}
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20))
}

func TestParametersOutOfBounds(t *testing.T) {
	for _, opts := range []password.Options{{Passes: 17}, {Lanes: 17}, {Memory: 8, Lanes: 4}, {Memory: 64, MaxMemory: 32}} {
		_, err := password.NewHasher(&opts)
		require.ErrorIs(t, err, password.ErrConfig)
	}
}

func TestTurnsAreWaitedForOnlyAsLongAsTheContext(t *testing.T) {
	h := newHasher(t, &password.Options{Memory: 64, Passes: 1, Lanes: 1, Concurrency: 1})
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				if _, err := h.Hash(t.Context(), "x"); err != nil {
					t.Error(err)
				}
				_, _ = h.Hash(cancelled, "x")
			}
		})
	}
	wg.Wait()
}

func TestEqualSecret(t *testing.T) {
	require.True(t, password.EqualSecret("s3cret", "s3cret"))
	for _, pair := range [][2]string{{"s3cret", "s3cres"}, {"s3cret", "s3cret "}, {"", ""}, {"", "x"}, {"x", ""}} {
		require.False(t, password.EqualSecret(pair[0], pair[1]))
	}
}

func FuzzVerify(f *testing.F) {
	h := newHasher(f, cheap())
	good, err := h.Hash(f.Context(), "right")
	require.NoError(f, err)
	f.Add("right", good)
	f.Add("", "")
	f.Add("x", "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, secret, hash string) {
		ok, err := h.Verify(t.Context(), secret, hash)
		if err != nil {
			require.ErrorIs(t, err, password.ErrHash)
		}
		require.False(t, ok && (secret != "right" || err != nil))
	})
}

func BenchmarkHash(b *testing.B) {
	h := newHasher(b, nil)
	for b.Loop() {
		_, _ = h.Hash(b.Context(), "correct horse battery staple")
	}
}

func ExampleHasher() {
	hasher, err := password.NewHasher(nil)
	if err != nil {
		panic(err)
	}
	hash, err := hasher.Hash(context.Background(), "correct horse battery staple")
	if err != nil {
		panic(err)
	}
	ok, err := hasher.Verify(context.Background(), "correct horse battery staple", hash)
	fmt.Println(hash[:31], ok, err)
	// Output: $argon2id$v=19$m=65536,t=3,p=4$ true <nil>
}
