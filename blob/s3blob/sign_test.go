package s3blob_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/internal/storetest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/s3blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/services"
)

func TestSignedURLIsServed(t *testing.T) {
	server := services.StartS3(t, bucket)
	store := newStore(t, server, nil, &s3blob.Options{Prefix: "tenants"})
	data := storetest.Noise(one)
	storetest.Put(t, store, "a/β c.pdf", data, &blob.WriteOptions{ContentType: "application/pdf"})

	url, err := store.SignURL(t.Context(), "a/β c.pdf", nil)
	require.NoError(t, err)
	response, body := fetch(t, url)
	require.Equal(t, http.StatusOK, response.StatusCode, "%s", body)
	require.Equal(t, data, body)
	require.Equal(t, "application/pdf", response.Header.Get("Content-Type"))

	url, err = store.SignURL(t.Context(), "a/β c.pdf", &blob.SignURLOptions{
		ContentType: "application/octet-stream", ContentDisposition: `attachment; filename="report.pdf"`,
	})
	require.NoError(t, err)
	response, _ = fetch(t, url)
	require.Equal(t, "application/octet-stream", response.Header.Get("Content-Type"))
	require.Equal(t, `attachment; filename="report.pdf"`, response.Header.Get("Content-Disposition"))

	for name, tampered := range map[string]string{
		"other key":         strings.Replace(url, "/a/", "/b/", 1),
		"longer life":       strings.Replace(url, "X-Amz-Expires=3600", "X-Amz-Expires=7200", 1),
		"other disposition": strings.Replace(url, "report.pdf", "report.exe", 1),
		"no disposition":    strings.Replace(url, "response-content-disposition", "response-content-language", 1),
		"other signature":   strings.Replace(url, "X-Amz-Signature=", "X-Amz-Signature=0", 1),
	} {
		require.NotEqual(t, url, tampered, name)
		response, body := fetch(t, tampered)
		require.Equal(t, http.StatusForbidden, response.StatusCode, name)
		require.NotContains(t, string(body), string(data), name)
	}
}

func TestSignedURLExpires(t *testing.T) {
	server := services.StartS3(t, bucket)
	store := newStore(t, server, nil, nil)
	storetest.Put(t, store, "key", storetest.Noise(one), nil)
	url, err := store.SignURL(t.Context(), "key", &blob.SignURLOptions{Expires: 2 * time.Second})
	require.NoError(t, err)
	response, _ := fetch(t, url)
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Eventually(t, func() bool {
		response, _ := fetch(t, url)
		return response.StatusCode == http.StatusForbidden
	}, 10*time.Second, 200*time.Millisecond)
}

func TestSignURLRefusals(t *testing.T) {
	server := services.StartS3(t, bucket)
	store := newStore(t, server, nil, nil)
	for _, expires := range []time.Duration{-1, time.Second - 1, 7*24*time.Hour + 1} {
		_, err := store.SignURL(t.Context(), "key", &blob.SignURLOptions{Expires: expires})
		require.ErrorIs(t, err, blob.ErrInvalidOptions, "%s", expires)
	}
	_, err := store.SignURL(t.Context(), "../key", nil)
	require.ErrorIs(t, err, blob.ErrInvalidKey)

	narrow, err := s3blob.New(struct{ s3blob.Client }{newClient(t, server, nil)}, bucket, nil)
	require.NoError(t, err)
	_, err = narrow.SignURL(t.Context(), "key", nil)
	require.ErrorIs(t, err, blob.ErrUnsupported)
}

func fetch(t testing.TB, url string) (*http.Response, []byte) {
	t.Helper()
	response, err := http.Get(url)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response, body
}
