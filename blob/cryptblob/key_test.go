package cryptblob_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/cryptblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/internal/storetest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
)

func TestKeyIsNeverPrinted(t *testing.T) {
	secret := bytes.Repeat([]byte{0xA7}, cryptblob.KeySize)
	key, err := cryptblob.NewKey("2026", secret)
	require.NoError(t, err)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("key", "key", key)
	slog.New(slog.NewTextHandler(&log, nil)).Info("key", "key", key)
	encoded, err := json.Marshal(key)
	require.NoError(t, err)
	text := log.String() + string(encoded)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%o", "%t", "%p"} {
		text += fmt.Sprintf(verb, key) + fmt.Sprintf(verb, &key) + fmt.Sprintf(verb, []cryptblob.Key{key}) +
			fmt.Sprintf(verb, struct{ inside cryptblob.Key }{key}) + fmt.Sprintf(verb, encrypted(t, nowhere{}, key))
	}
	for _, leak := range []string{"167 167", "247 247", "a7a7", "A7A7", "0xa7", string(secret[:4])} {
		require.NotContains(t, text, leak)
	}
}

type nowhere struct{ blob.Store }

func TestKeysAreChecked(t *testing.T) {
	secret := make([]byte, cryptblob.KeySize)
	for _, id := range []string{"", strings.Repeat("k", 65), "a b", "a\x00b", "ключ", "a/b"} {
		_, err := cryptblob.NewKey(id, secret)
		require.Error(t, err, "%q", id)
	}
	for _, n := range []int{0, 16, 31, 33} {
		_, err := cryptblob.NewKey("k", make([]byte, n))
		require.Error(t, err, "%d bytes", n)
	}
	key := newKey(t, "k")
	for _, keys := range [][]cryptblob.Key{nil, {{}}, {key, key}} {
		_, err := cryptblob.NewKeyring(keys...)
		require.Error(t, err)
	}
	_, err := cryptblob.Derive(nil, nil)
	require.Error(t, err)
	_, err = cryptblob.New(nil, nil)
	require.Error(t, err)
}

// vault is a KeyProvider that is out of order.
type vault struct{ err error }

func (v vault) Current(context.Context) (cryptblob.Key, error)        { return cryptblob.Key{}, v.err }
func (v vault) Lookup(context.Context, string) (cryptblob.Key, error) { return cryptblob.Key{}, v.err }

// Without a key nothing is written and nothing is read, and whether to try
// again is the provider's to say.
func TestProviderFailure(t *testing.T) {
	inner := memblob.New(nil)
	storetest.Put(t, encrypted(t, inner, newKey(t, "k")), "key", storetest.Noise(10), nil)
	sealed := errors.New("vault is sealed")
	for _, temporary := range []bool{false, true} {
		var fault error = sealed
		if temporary {
			fault = &blob.Error{Op: "key", Err: sealed, Temporary: true}
		}
		store, err := cryptblob.New(inner, vault{fault})
		require.NoError(t, err)
		_, createErr := store.Create(t.Context(), "new", nil)
		_, openErr := storetest.TryRead(t, store, "key", 0, -1)
		_, rangeErr := storetest.TryRead(t, store, "key", 1, 2)
		_, statErr := store.Stat(t.Context(), "key")
		for _, err := range []error{createErr, openErr, rangeErr, statErr} {
			require.ErrorIs(t, err, sealed)
			require.Equal(t, temporary, blob.Retryable(err))
		}
		store, err = cryptblob.New(inner, vault{}) // neither key nor error
		require.NoError(t, err)
		_, err = store.Create(t.Context(), "new", nil)
		require.ErrorContains(t, err, "gave no key")
		for info, err := range store.List(t.Context(), "") {
			require.NoError(t, err)
			require.Equal(t, blob.Info{Key: "key", Size: 10, ContentType: info.ContentType, ModTime: info.ModTime, Metadata: info.Metadata}, info)
		}
	}
}
