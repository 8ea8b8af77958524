package blob_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

const emptySHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

func TestResolve(t *testing.T) {
	var none *blob.WriteOptions
	for _, opts := range []*blob.WriteOptions{none, {}, {Metadata: map[string]string{}}} {
		got, err := opts.Resolve()
		require.NoError(t, err)
		require.Equal(t, blob.WriteOptions{ContentType: blob.DefaultContentType}, got)
	}

	given := &blob.WriteOptions{ContentType: "text/plain; charset=utf-8", Size: 3, SHA256: emptySHA256, Metadata: map[string]string{"x-1": "a b~"}}
	got, err := given.Resolve()
	require.NoError(t, err)
	require.Equal(t, *given, got)
	got.Metadata["x-1"] = "changed"
	require.Equal(t, "a b~", given.Metadata["x-1"], "the caller's map is copied")

	largest := map[string]string{"k": strings.Repeat("v", blob.MaxMetadataBytes-1)}
	_, err = (&blob.WriteOptions{Metadata: largest}).Resolve()
	require.NoError(t, err)
}

func TestResolveRefuses(t *testing.T) {
	for name, opts := range map[string]*blob.WriteOptions{
		"header injection":    {ContentType: "text/html\r\nSet-Cookie: a=b"},
		"long content type":   {ContentType: strings.Repeat("x", blob.MaxContentTypeBytes+1)},
		"negative size":       {Size: -1},
		"short digest":        {SHA256: "e3b0"},
		"upper-case digest":   {SHA256: strings.ToUpper(emptySHA256)},
		"digest with a space": {SHA256: " " + emptySHA256[1:]},
		"hashed to nothing":   {Hashed: true, Size: 3},
		"hashed nothing":      {Hashed: true, SHA256: emptySHA256},
		"empty key":           {Metadata: map[string]string{"": "v"}},
		"upper-case key":      {Metadata: map[string]string{"Key": "v"}},
		"underscore":          {Metadata: map[string]string{"a_b": "v"}},
		"empty value":         {Metadata: map[string]string{"k": ""}},
		"padded value":        {Metadata: map[string]string{"k": " v"}},
		"value in Unicode":    {Metadata: map[string]string{"k": "é"}},
		"newline in value":    {Metadata: map[string]string{"k": "a\nb"}},
		"too much":            {Metadata: map[string]string{"k": strings.Repeat("v", blob.MaxMetadataBytes)}},
	} {
		_, err := opts.Resolve()
		require.ErrorIs(t, err, blob.ErrInvalidOptions, name)
	}
}

func TestVerify(t *testing.T) {
	other := strings.Repeat("0", 64)
	announced := &blob.WriteOptions{Size: 3, SHA256: emptySHA256}
	require.NoError(t, announced.Verify(3, emptySHA256))
	require.NoError(t, announced.Verify(3, ""))
	require.ErrorIs(t, announced.Verify(2, emptySHA256), blob.ErrMismatch)
	require.ErrorIs(t, announced.Verify(3, other), blob.ErrMismatch)
	require.NoError(t, (&blob.WriteOptions{}).Verify(5, other), "nothing announced")
}
