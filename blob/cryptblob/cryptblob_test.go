package cryptblob_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/blobtest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/cryptblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/fsblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/internal/storetest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
)

func TestConformance(t *testing.T) {
	for name, inner := range map[string]func(t *testing.T) blob.Store{
		"memblob": func(*testing.T) blob.Store { return memblob.New(nil) },
		"fsblob": func(t *testing.T) blob.Store {
			store, err := fsblob.New(t.TempDir(), nil)
			require.NoError(t, err)
			t.Cleanup(func() { _ = store.Close() })
			return store
		},
	} {
		t.Run(name, func(t *testing.T) {
			blobtest.Run(t, func(t *testing.T) blob.Store { return encrypted(t, inner(t), newKey(t, "k1")) })
		})
	}
}

// Every size around what the format does something at, read whole and in
// ranges around the same places.
func TestRangesAtChunkBoundaries(t *testing.T) {
	const chunk = 64 << 10
	store := encrypted(t, memblob.New(nil), newKey(t, "k1"))
	for _, size := range []int{0, 1, 7000, chunk - 1, chunk, chunk + 1, 2 * chunk, 5*chunk + 17} {
		key, data := fmt.Sprint(size), storetest.Noise(size)
		info := storetest.Put(t, store, key, data, nil)
		require.EqualValues(t, size, info.Size)
		storetest.EveryRange(t, store, key, data, chunk, 2*chunk, 5*chunk)
	}
}

// Whatever byte of what is stored changes, wherever it is cut or extended, no
// read may end as if all were well.
func TestDamageIsNoticed(t *testing.T) {
	inner := memblob.New(nil)
	store := encrypted(t, inner, newKey(t, "k1"))
	data := storetest.Noise(150_000)
	storetest.Put(t, store, "key", data, nil)
	sealed, info := raw(t, inner, "key")

	damage := map[string][]byte{
		"empty":            {},
		"byte appended":    append(bytes.Clone(sealed), 0),
		"last byte cut":    sealed[:len(sealed)-1],
		"last chunk cut":   sealed[:len(sealed)-(150_000%65536)-16],
		"chunks exchanged": exchanged(sealed),
	}
	for i := 0; i < len(sealed); i += 1 + i/20 {
		flipped := bytes.Clone(sealed)
		flipped[i] ^= 0x10
		damage[fmt.Sprintf("bit of byte %d", i)] = flipped
	}
	for name, content := range damage {
		require.NoError(t, inner.Delete(t.Context(), "key"))
		storetest.Put(t, inner, "key", content, &blob.WriteOptions{Metadata: info.Metadata})
		for _, from := range []int64{0, 1} { // whole, and as a range
			got, err := storetest.TryRead(t, store, "key", from, -1)
			require.ErrorIs(t, err, blob.ErrCorrupt, "%s, from %d", name, from)
			require.True(t, bytes.HasPrefix(data[from:], got), "%s: wrong bytes came out", name)
		}
	}
}

func exchanged(sealed []byte) []byte {
	const chunk = 65536 + 16
	begin := len(sealed) - 150_000 - 3*16
	out := bytes.Clone(sealed)
	copy(out[begin:], sealed[begin+chunk:begin+2*chunk])
	copy(out[begin+chunk:], sealed[begin:begin+chunk])
	return out
}

func TestCiphertextStaysWhereItWasWritten(t *testing.T) {
	inner := memblob.New(nil)
	store := encrypted(t, inner, newKey(t, "k1"))
	storetest.Put(t, store, "a", storetest.Noise(1000), &blob.WriteOptions{SHA256: storetest.Digest(storetest.Noise(1000))})
	_, err := inner.Copy(t.Context(), "b", "a")
	require.NoError(t, err)
	_, err = storetest.TryRead(t, store, "b", 0, -1)
	require.ErrorIs(t, err, blob.ErrCorrupt)
	_, err = storetest.TryRead(t, store, "b", 5, 10)
	require.ErrorIs(t, err, blob.ErrCorrupt)
	_, err = store.Stat(t.Context(), "b")
	require.ErrorIs(t, err, blob.ErrCorrupt, "the sealed digest is bound as well")
}

func TestPlaintextIsNowhereInTheStoreInside(t *testing.T) {
	inner := memblob.New(nil)
	store := encrypted(t, inner, newKey(t, "k1"))
	data := bytes.Repeat([]byte("confidential "), 10_000)
	storetest.Put(t, store, "key", data, &blob.WriteOptions{Size: int64(len(data)), SHA256: storetest.Digest(data)})

	sealed, info := raw(t, inner, "key")
	require.NotContains(t, string(sealed), "confidential")
	require.NotContains(t, fmt.Sprint(info), storetest.Digest(data), "a digest in the clear tells who holds what")
	stat, err := store.Stat(t.Context(), "key")
	require.NoError(t, err)
	require.Equal(t, storetest.Digest(data), stat.SHA256)
	require.Empty(t, stat.Metadata)
}

func TestRotation(t *testing.T) {
	inner, old, current := memblob.New(nil), newKey(t, "2025"), newKey(t, "2026")
	before := encrypted(t, inner, old)
	storetest.Put(t, before, "old", storetest.Noise(100), nil)

	after := encrypted(t, inner, current, old)
	storetest.Put(t, after, "new", storetest.Noise(200), nil)
	require.Equal(t, storetest.Noise(100), storetest.Read(t, after, "old", 0, -1))
	require.Equal(t, storetest.Noise(200), storetest.Read(t, after, "new", 0, -1))
	_, info := raw(t, inner, "new")
	require.Equal(t, "2026", info.Metadata["crypt-key"])

	_, err := storetest.TryRead(t, before, "new", 0, -1)
	require.ErrorIs(t, err, cryptblob.ErrNoKey)
	forged := encrypted(t, inner, newKey(t, "2026"))
	_, err = storetest.TryRead(t, forged, "new", 0, -1)
	require.ErrorIs(t, err, blob.ErrCorrupt, "same name, other secret")
}

// The name is bound too, so that whoever can rewrite metadata cannot send a
// reader to another key.
func TestKeyNameIsBound(t *testing.T) {
	inner, secret := memblob.New(nil), make([]byte, cryptblob.KeySize)
	a, err := cryptblob.NewKey("a", secret)
	require.NoError(t, err)
	b, err := cryptblob.NewKey("b", secret)
	require.NoError(t, err)
	store := encrypted(t, inner, a, b)
	storetest.Put(t, store, "key", storetest.Noise(100), nil)
	sealed, info := raw(t, inner, "key")
	require.NoError(t, inner.Delete(t.Context(), "key"))
	info.Metadata["crypt-key"] = "b"
	storetest.Put(t, inner, "key", sealed, &blob.WriteOptions{Metadata: info.Metadata})
	_, err = storetest.TryRead(t, store, "key", 0, -1)
	require.ErrorIs(t, err, blob.ErrCorrupt)
}

// The Writer inside must not be left open: on S3 it may be half an upload.
func TestRefusedCommitAbortsInside(t *testing.T) {
	faulty := blobtest.NewFaulty(memblob.New(nil))
	store := encrypted(t, faulty, sharedKey(t))
	w, err := store.Create(t.Context(), "key", &blob.WriteOptions{Size: 5})
	require.NoError(t, err)
	_, err = w.Commit(t.Context())
	require.ErrorIs(t, err, blob.ErrMismatch)
	require.Equal(t, 1, faulty.Calls("abort"))
	require.Zero(t, faulty.Calls("commit"))
}

type scopeKey struct{}

func TestDerivedKeysKeepTenantsApart(t *testing.T) {
	masters, err := cryptblob.NewKeyring(newKey(t, "m1"))
	require.NoError(t, err)
	keys, err := cryptblob.Derive(masters, func(ctx context.Context) (string, error) {
		scope, _ := ctx.Value(scopeKey{}).(string)
		return scope, nil
	})
	require.NoError(t, err)
	store, err := cryptblob.New(memblob.New(nil), keys)
	require.NoError(t, err)
	as := func(scope string) blob.Store {
		return blobtest.Bind(store, func(ctx context.Context) context.Context { return context.WithValue(ctx, scopeKey{}, scope) })
	}

	storetest.Put(t, as("acme"), "key", storetest.Noise(100), nil)
	require.Equal(t, storetest.Noise(100), storetest.Read(t, as("acme"), "key", 0, -1))
	_, err = storetest.TryRead(t, as("globex"), "key", 0, -1)
	require.ErrorIs(t, err, blob.ErrCorrupt)
	_, err = as("").Create(t.Context(), "other", nil)
	require.ErrorContains(t, err, "empty scope")
}

func TestWhatWasNotEncryptedIsRefused(t *testing.T) {
	inner := memblob.New(nil)
	store := encrypted(t, inner, newKey(t, "k1"))
	storetest.Put(t, inner, "plain", storetest.Noise(100_000), nil)
	_, err := storetest.TryRead(t, store, "plain", 0, -1)
	require.ErrorIs(t, err, blob.ErrCorrupt)
	_, err = store.Stat(t.Context(), "plain")
	require.ErrorIs(t, err, blob.ErrCorrupt)
}

func TestNobodyReachesAround(t *testing.T) {
	store := encrypted(t, memblob.New(nil), newKey(t, "k1"))
	copier, ok := blob.As[blob.Copier](store)
	require.True(t, ok)
	_, err := copier.Copy(t.Context(), "b", "a")
	require.ErrorIs(t, err, blob.ErrUnsupported)
	signer, ok := blob.As[blob.URLSigner](store)
	require.True(t, ok)
	_, err = signer.SignURL(t.Context(), "a", nil)
	require.ErrorIs(t, err, blob.ErrUnsupported)

	w, err := store.Create(t.Context(), "key", nil)
	require.NoError(t, err)
	defer w.Abort()
	_, ok = blob.AsWriter[blob.Staged](w)
	require.False(t, ok, "staged bytes would be ciphertext")

	_, err = store.Create(t.Context(), "key", &blob.WriteOptions{Metadata: map[string]string{"crypt-key": "forged"}})
	require.ErrorIs(t, err, blob.ErrInvalidOptions)
}

// A cut connection is the backend's fault, not damage: it may be tried again.
func TestFaultsOfTheStoreInsideStayTheirs(t *testing.T) {
	inner := memblob.New(nil)
	storetest.Put(t, encrypted(t, inner, sharedKey(t)), "key", storetest.Noise(300_000), nil)
	for _, op := range []string{"open", "read"} {
		for nth := 1; nth <= 3; nth++ {
			for _, offset := range []int64{0, 70_000} {
				faulty := blobtest.NewFaulty(inner, blobtest.Fault{Op: op, Nth: nth, Temporary: true})
				_, err := storetest.TryRead(t, encrypted(t, faulty, sharedKey(t)), "key", offset, -1)
				if faulty.Calls(op) < nth {
					require.NoError(t, err)
					continue
				}
				require.ErrorIs(t, err, blobtest.ErrInjected, "%s %d from %d", op, nth, offset)
				require.True(t, blob.Retryable(err))
				require.NotErrorIs(t, err, blob.ErrCorrupt)
			}
		}
	}
}

// An end that comes too early without an error is damage, wherever it comes.
func TestNeverSilentlyShort(t *testing.T) {
	inner, data := memblob.New(nil), storetest.Noise(300_000)
	storetest.Put(t, encrypted(t, inner, sharedKey(t)), "key", data, nil)
	noticed := 0
	for _, offset := range []int64{0, 70_000} {
		for nth := 1; nth <= 8; nth++ {
			faulty := blobtest.NewFaulty(inner, blobtest.Fault{Op: "read", Nth: nth, Cut: true})
			got, err := storetest.TryRead(t, encrypted(t, faulty, sharedKey(t)), "key", offset, -1)
			if err == nil {
				require.Equal(t, data[offset:], got, "read %d cut, from %d", nth, offset)
				continue
			}
			require.ErrorIs(t, err, blob.ErrCorrupt)
			noticed++
		}
	}
	require.Greater(t, noticed, 5)
}

func encrypted(t testing.TB, inner blob.Store, keys ...cryptblob.Key) *cryptblob.Store {
	t.Helper()
	ring, err := cryptblob.NewKeyring(keys...)
	require.NoError(t, err)
	store, err := cryptblob.New(inner, ring)
	require.NoError(t, err)
	return store
}

func newKey(t testing.TB, id string) cryptblob.Key {
	t.Helper()
	secret := make([]byte, cryptblob.KeySize)
	_, _ = rand.Read(secret)
	key, err := cryptblob.NewKey(id, secret)
	require.NoError(t, err)
	return key
}

func sharedKey(t testing.TB) cryptblob.Key {
	t.Helper()
	key, err := cryptblob.NewKey("shared", make([]byte, cryptblob.KeySize))
	require.NoError(t, err)
	return key
}

// raw is what the store inside holds.
func raw(t testing.TB, inner blob.Store, key string) ([]byte, blob.Info) {
	t.Helper()
	r, err := inner.Open(t.Context(), key, 0, -1)
	require.NoError(t, err)
	defer r.Close()
	data, err := io.ReadAll(r)
	require.NoError(t, err)
	return data, r.Info
}
