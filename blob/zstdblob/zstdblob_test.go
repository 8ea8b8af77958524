package zstdblob_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"iter"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/blobtest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/cryptblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/fsblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/internal/storetest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/zstdblob"
)

// Everything is compressed here, so that the suite's blobs are.
func TestConformance(t *testing.T) {
	all := &zstdblob.Options{Compressible: func(string) bool { return true }}
	for name, inner := range map[string]func(t *testing.T) blob.Store{
		"memblob": func(*testing.T) blob.Store { return bareListing{memblob.New(nil)} },
		"fsblob":  files,
	} {
		t.Run(name, func(t *testing.T) {
			blobtest.Run(t, func(t *testing.T) blob.Store { return compressing(t, inner(t), all) })
		})
	}
}

// Compression over encryption, the order that the documentation asks for.
func TestOverEncryption(t *testing.T) {
	inner := memblob.New(nil)
	store := compressing(t, encrypted(t, inner), nil)
	text := bytes.Repeat([]byte("confidential "), 50_000)
	want := storetest.Put(t, store, "key", text, &blob.WriteOptions{ContentType: "text/plain", Metadata: map[string]string{"k": "v"}})
	stored, err := inner.Stat(t.Context(), "key")
	require.NoError(t, err)
	require.Less(t, stored.Size, int64(len(text)/100))
	require.NotContains(t, string(storetest.Read(t, inner, "key", 0, -1)), "confidential")

	require.Equal(t, text, storetest.Read(t, store, "key", 0, -1))
	require.Equal(t, text[300_000:300_100], storetest.Read(t, store, "key", 300_000, 100))
	got, err := store.Stat(t.Context(), "key")
	require.NoError(t, err)
	require.Equal(t, want, got)
	for info, err := range store.List(t.Context(), "") {
		require.NoError(t, err)
		require.Equal(t, want, info)
	}
	_, err = store.Copy(t.Context(), "copy", "key")
	require.ErrorIs(t, err, blob.ErrUnsupported)
}

func TestTextShrinksAndComesBack(t *testing.T) {
	inner := memblob.New(nil)
	store := compressing(t, inner, nil)
	text := bytes.Repeat([]byte("the quick brown fox; "), 50_000)
	for name, opts := range map[string]*blob.WriteOptions{
		"announced":   {ContentType: "text/plain; charset=utf-8", Size: int64(len(text)), SHA256: storetest.Digest(text)},
		"unannounced": {ContentType: "text/plain; charset=utf-8"},
	} {
		info := storetest.Put(t, store, name, text, opts)
		require.EqualValues(t, len(text), info.Size)
		require.Equal(t, storetest.Digest(text), info.SHA256)
		stored, err := inner.Stat(t.Context(), name)
		require.NoError(t, err)
		require.Less(t, stored.Size, info.Size/100)

		stat, err := store.Stat(t.Context(), name)
		require.NoError(t, err)
		require.Equal(t, info, stat)
		require.Equal(t, text, storetest.Read(t, store, name, 0, -1))
		require.Equal(t, text[500_000:500_100], storetest.Read(t, store, name, 500_000, 100))
	}
}

func TestRangesOfEverySize(t *testing.T) {
	store := compressing(t, memblob.New(nil), &zstdblob.Options{Compressible: func(string) bool { return true }})
	for _, size := range []int{0, 1, 1000, 128 << 10, 1<<20 + 1} {
		key, data := fmt.Sprint(size), storetest.Noise(size/2)
		data = append(data, bytes.Repeat([]byte("a"), size-len(data))...)
		storetest.Put(t, store, key, data, nil)
		storetest.EveryRange(t, store, key, data, size/3)
	}
}

func TestWhatDoesNotShrinkPassesUntouched(t *testing.T) {
	inner := memblob.New(nil)
	store := compressing(t, inner, nil)
	data := bytes.Repeat([]byte("z"), 10_000)
	w, err := store.Create(t.Context(), "photo", &blob.WriteOptions{ContentType: "image/jpeg"})
	require.NoError(t, err)
	_, ok := blob.AsWriter[blob.Staged](w)
	require.True(t, ok, "it is the Writer of the store inside")
	_, err = w.Write(data)
	require.NoError(t, err)
	_, err = w.Commit(t.Context())
	require.NoError(t, err)
	require.Equal(t, data, storetest.Read(t, inner, "photo", 0, -1))
	require.Equal(t, data, storetest.Read(t, store, "photo", 0, -1))
	r, err := store.Open(t.Context(), "photo", 0, -1)
	require.NoError(t, err)
	defer r.Close()
	require.Implements(t, (*io.ReaderAt)(nil), r.Body(), "it is the Reader of the store inside")

	storetest.Put(t, inner, "older", data, &blob.WriteOptions{ContentType: "text/plain"})
	require.Equal(t, data, storetest.Read(t, store, "older", 0, -1), "what was there before is read as it is")
}

func TestAnyZstdToolReadsIt(t *testing.T) {
	inner := memblob.New(nil)
	text := []byte(strings.Repeat("standard ", 1000))
	storetest.Put(t, compressing(t, inner, nil), "key", text, &blob.WriteOptions{ContentType: "text/plain"})
	decoder, err := zstd.NewReader(bytes.NewReader(storetest.Read(t, inner, "key", 0, -1)))
	require.NoError(t, err)
	defer decoder.Close()
	got, err := io.ReadAll(decoder)
	require.NoError(t, err)
	require.Equal(t, text, got)
}

func TestDamageIsNoticed(t *testing.T) {
	inner := memblob.New(nil)
	store := compressing(t, inner, nil)
	text := append(bytes.Repeat([]byte("harmless "), 3000), []byte(hex.EncodeToString(storetest.Noise(5000)))...)
	storetest.Put(t, store, "key", text, &blob.WriteOptions{ContentType: "text/plain"})
	stored := storetest.Read(t, inner, "key", 0, -1)
	info, err := inner.Stat(t.Context(), "key")
	require.NoError(t, err)

	shorter, longer := bytes.Clone(stored), bytes.Clone(stored)
	sizeAt := len(stored) - 40
	binary.LittleEndian.PutUint64(shorter[sizeAt:], uint64(len(text)-1))
	binary.LittleEndian.PutUint64(longer[sizeAt:], uint64(len(text)+1))
	flipped := bytes.Clone(stored)
	flipped[len(stored)/2] ^= 1
	for name, content := range map[string][]byte{
		"size too small": shorter, "size too large": longer, "a bit flipped": flipped,
		"end cut": stored[:len(stored)-1], "trailer cut": stored[:len(stored)-48], "middle cut": append(bytes.Clone(stored[:1000]), stored[len(stored)-48:]...),
		"empty": {},
	} {
		require.NoError(t, inner.Delete(t.Context(), "key"))
		storetest.Put(t, inner, "key", content, &blob.WriteOptions{ContentType: "text/plain", Metadata: info.Metadata})
		for _, offset := range []int64{0, 10} {
			_, err := storetest.TryRead(t, store, "key", offset, -1)
			require.ErrorIs(t, err, blob.ErrCorrupt, "%s, from %d", name, offset)
		}
	}
}

// A bomb in the backend yields no byte more than was recorded.
func TestBombIsBounded(t *testing.T) {
	inner := memblob.New(nil)
	store := compressing(t, inner, nil)
	var bomb bytes.Buffer
	encoder, err := zstd.NewWriter(&bomb, zstd.WithWindowSize(1<<20))
	require.NoError(t, err)
	for range 64 {
		_, err = encoder.Write(make([]byte, 1<<20))
		require.NoError(t, err)
	}
	require.NoError(t, encoder.Close())
	storetest.Put(t, inner, "bomb", bomb.Bytes(), &blob.WriteOptions{Metadata: map[string]string{"zstd-size": "1000"}})
	got, err := storetest.TryRead(t, store, "bomb", 0, -1)
	require.ErrorIs(t, err, blob.ErrCorrupt)
	require.Len(t, got, 1000)

	bomb.Reset()
	encoder, err = zstd.NewWriter(&bomb, zstd.WithWindowSize(64<<20))
	require.NoError(t, err)
	_, err = encoder.Write(make([]byte, 128<<20))
	require.NoError(t, err)
	require.NoError(t, encoder.Close())
	storetest.Put(t, inner, "window", bomb.Bytes(), &blob.WriteOptions{Metadata: map[string]string{"zstd-size": "134217728"}})
	_, err = storetest.TryRead(t, store, "window", 0, -1)
	require.ErrorIs(t, err, blob.ErrCorrupt)
}

func TestFaultsOfTheStoreInsideStayTheirs(t *testing.T) {
	inner := memblob.New(nil)
	text := []byte(hex.EncodeToString(storetest.Noise(200_000)))
	storetest.Put(t, compressing(t, inner, nil), "key", text, &blob.WriteOptions{ContentType: "text/plain"})
	for _, op := range []string{"open", "read"} {
		for nth := 1; nth <= 3; nth++ {
			for _, offset := range []int64{0, 100_000, 399_000} {
				faulty := blobtest.NewFaulty(inner, blobtest.Fault{Op: op, Nth: nth, Temporary: true})
				got, err := storetest.TryRead(t, compressing(t, faulty, nil), "key", offset, -1)
				if err == nil {
					require.Less(t, faulty.Calls(op), nth)
					require.Equal(t, text[offset:], got)
					continue
				}
				require.ErrorIs(t, err, blobtest.ErrInjected)
				require.True(t, blob.Retryable(err))
			}
		}
	}
}

func TestNobodyReachesAround(t *testing.T) {
	store := compressing(t, memblob.New(nil), nil)
	signer, ok := blob.As[blob.URLSigner](store)
	require.True(t, ok)
	_, err := signer.SignURL(t.Context(), "key", nil)
	require.ErrorIs(t, err, blob.ErrUnsupported)
	for _, contentType := range []string{"text/plain", "image/png"} {
		_, err = store.Create(t.Context(), "key", &blob.WriteOptions{ContentType: contentType, Metadata: map[string]string{"zstd-size": "1"}})
		require.ErrorIs(t, err, blob.ErrInvalidOptions)
	}
	_, err = zstdblob.New(nil, nil)
	require.Error(t, err)
}

func TestCompressible(t *testing.T) {
	for contentType, want := range map[string]bool{
		"text/plain": true, "TEXT/HTML; charset=utf-8": true, "application/json": true, "application/ld+json": true,
		"image/svg+xml": true, "message/rfc822": true, "application/msword": true,
		"image/jpeg": false, "application/pdf": false, "application/zip": false, "application/octet-stream": false,
		"application/vnd.openxmlformats-officedocument.wordprocessingml.document": false, "video/mp4": false, "": false, "text": false,
	} {
		require.Equal(t, want, zstdblob.Compressible(contentType), contentType)
	}
}

func TestBlobDeletedWhileListing(t *testing.T) {
	inner := memblob.New(nil)
	store := compressing(t, bareListing{inner}, nil)
	for _, key := range []string{"a", "b", "c"} {
		storetest.Put(t, store, key, []byte("text"), &blob.WriteOptions{ContentType: "text/plain"})
	}
	listed := 0
	for _, err := range store.List(t.Context(), "") {
		require.NoError(t, err)
		listed++
		for _, key := range []string{"a", "b", "c"} {
			require.NoError(t, inner.Delete(t.Context(), key))
		}
	}
	require.Equal(t, 1, listed)
}

// bareListing lists as S3 does: key, size and time.
type bareListing struct{ *memblob.Store }

func (b bareListing) List(ctx context.Context, prefix string) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		for info, err := range b.Store.List(ctx, prefix) {
			if !yield(blob.Info{Key: info.Key, Size: info.Size, ModTime: info.ModTime}, err) {
				return
			}
		}
	}
}

func compressing(t testing.TB, inner blob.Store, opts *zstdblob.Options) *zstdblob.Store {
	t.Helper()
	store, err := zstdblob.New(inner, opts)
	require.NoError(t, err)
	return store
}

func files(t *testing.T) blob.Store {
	t.Helper()
	store, err := fsblob.New(t.TempDir(), nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = store.Close() })
	return store
}

func encrypted(t *testing.T, inner blob.Store) blob.Store {
	t.Helper()
	key, err := cryptblob.NewKey("k1", storetest.Noise(cryptblob.KeySize))
	require.NoError(t, err)
	ring, err := cryptblob.NewKeyring(key)
	require.NoError(t, err)
	store, err := cryptblob.New(inner, ring)
	require.NoError(t, err)
	return store
}
