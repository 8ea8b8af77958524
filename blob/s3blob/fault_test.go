package s3blob_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/internal/storetest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/s3blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/services"
)

const (
	part = 5 << 20
	one  = 1000       // bytes: one PutObject
	many = 3*part + 7 // bytes: a multipart upload
)

// TestFaults writes one blob through each fault. want nil means that it has to
// arrive; otherwise nothing may be left, neither a blob nor an upload.
func TestFaults(t *testing.T) {
	server := services.StartS3(t, bucket)
	client := newClient(t, server, nil)
	for name, c := range map[string]struct {
		size      int
		faults    []fault
		want      error // nil, a sentinel, or errTemporary
		mayRemain bool  // where the fault hits the cleaning up
	}{
		"put: busy once":                    {size: one, faults: []fault{answer("PutObject", 1, 503, "SlowDown")}},
		"put: busy":                         {size: one, faults: []fault{answer("PutObject", -1, 503, "SlowDown")}, want: errTemporary},
		"put: broken":                       {size: one, faults: []fault{answer("PutObject", -1, 500, "InternalError")}, want: errTemporary},
		"put: answer lost":                  {size: one, faults: []fault{lose("PutObject", 1)}},
		"put: every answer lost":            {size: one, faults: []fault{lose("PutObject", -1)}},
		"put: answer lost, then busy":       {size: one, faults: []fault{lose("PutObject", 1), answer("HeadObject", 3, 503, "SlowDown")}, want: errTemporary, mayRemain: true},
		"put: conflict twice":               {size: one, faults: []fault{answer("PutObject", 2, 409, "ConditionalRequestConflict")}},
		"put: conflict by another name":     {size: one, faults: []fault{answer("PutObject", 1, 409, "OperationAborted")}},
		"put: conflict":                     {size: one, faults: []fault{answer("PutObject", -1, 409, "ConditionalRequestConflict")}, want: errTemporary},
		"put: damaged on the way":           {size: one, faults: []fault{answer("PutObject", -1, 400, "BadDigest")}, want: errTemporary},
		"put: too large":                    {size: one, faults: []fault{answer("PutObject", -1, 400, "EntityTooLarge")}, want: blob.ErrTooLarge},
		"put: full":                         {size: one, faults: []fault{answer("PutObject", -1, 507, "InsufficientStorage")}, want: blob.ErrNoSpace},
		"put: forbidden":                    {size: one, faults: []fault{answer("PutObject", -1, 403, "AccessDenied")}, want: errPermanent},
		"upload: begin broken":              {size: many, faults: []fault{answer("CreateMultipartUpload", -1, 500, "InternalError")}, want: errTemporary},
		"upload: part busy once":            {size: many, faults: []fault{answer("UploadPart", 1, 503, "SlowDown")}},
		"upload: part broken":               {size: many, faults: []fault{answer("UploadPart", -1, 500, "InternalError")}, want: errTemporary},
		"upload: part's answer lost":        {size: many, faults: []fault{lose("UploadPart", 1)}},
		"upload: part not verified":         {size: many, faults: []fault{strip("UploadPart", "X-Amz-Checksum-Sha256")}, want: blob.ErrUnsupported},
		"upload: complete's answer lost":    {size: many, faults: []fault{lose("CompleteMultipartUpload", 1)}},
		"upload: all of complete's lost":    {size: many, faults: []fault{lose("CompleteMultipartUpload", -1)}},
		"upload: complete conflicts once":   {size: many, faults: []fault{answer("CompleteMultipartUpload", 1, 409, "ConditionalRequestConflict")}},
		"upload: complete conflicts":        {size: many, faults: []fault{answer("CompleteMultipartUpload", -1, 409, "ConditionalRequestConflict")}, want: errTemporary},
		"upload: complete fails inside 200": {size: many, faults: []fault{answer("CompleteMultipartUpload", -1, 200, "InternalError")}, want: errTemporary},
		"upload: reclaimed meanwhile":       {size: many, faults: []fault{answer("CompleteMultipartUpload", -1, 404, "NoSuchUpload")}, want: errTemporary},
	} {
		t.Run(name, func(t *testing.T) {
			store, _ := wired(t, server, &s3blob.Options{PartSize: part}, c.faults...)
			clean, err := s3blob.New(client, bucket, nil)
			require.NoError(t, err)
			defer clean.Delete(t.Context(), "key")

			data := storetest.Noise(c.size)
			err = write(t, store, "key", data)
			switch c.want {
			case nil:
				require.NoError(t, err)
				require.Equal(t, data, storetest.Read(t, clean, "key", 0, -1))
				require.Empty(t, uploads(t, client))
				return
			case errTemporary:
				require.True(t, blob.Retryable(err), "%v", err)
				require.NotErrorIs(t, err, blob.ErrExists)
				require.NotErrorIs(t, err, blob.ErrNotFound)
			case errPermanent:
				require.Error(t, err)
				require.False(t, blob.Retryable(err), "%v", err)
			default:
				require.ErrorIs(t, err, c.want)
			}
			if !c.mayRemain {
				absent(t, clean, client, "key")
			}
		})
	}
}

// Stand-ins for what has no sentinel.
var (
	errTemporary = &blob.Error{Temporary: true}
	errPermanent = &blob.Error{}
)

func write(t testing.TB, store blob.Store, key string, data []byte) error {
	t.Helper()
	w, err := store.Create(t.Context(), key, nil)
	require.NoError(t, err)
	defer w.Abort()
	if _, err := w.Write(data); err != nil {
		_ = w.(blob.Digester).SHA256() // means nothing, but must not hang
		_, commitErr := w.Commit(t.Context())
		require.Equal(t, err, commitErr, "Commit tells of another failure than Write")
		return err
	}
	_, err = w.Commit(t.Context())
	return err
}

// A rival takes the key between our request and its lost answer's repetition.
func TestLostAnswerToALoser(t *testing.T) {
	server := services.StartS3(t, bucket)
	rival := newStore(t, server, nil, nil)
	for _, op := range []string{"PutObject", "CompleteMultipartUpload"} {
		size := map[string]int{"PutObject": one, "CompleteMultipartUpload": many}[op]
		t.Run(op, func(t *testing.T) {
			refused := fault{op, 1, func(http.RoundTripper, *http.Request) (*http.Response, error) {
				storetest.Put(t, rival, op, []byte("rival"), nil)
				return nil, io.ErrUnexpectedEOF
			}}
			store, _ := wired(t, server, &s3blob.Options{PartSize: part}, refused)
			require.ErrorIs(t, write(t, store, op, storetest.Noise(size)), blob.ErrExists)
			require.Equal(t, "rival", string(storetest.Read(t, rival, op, 0, -1)))
			require.Empty(t, uploads(t, newClient(t, server, nil)))
		})
	}
}

func TestReadCutShort(t *testing.T) {
	server := services.StartS3(t, bucket)
	data := storetest.Noise(100_000)
	storetest.Put(t, newStore(t, server, nil, nil), "key", data, nil)
	store, _ := wired(t, server, nil, cut("GetObject", 70_000))

	r, err := store.Open(t.Context(), "key", 10_000, -1)
	require.NoError(t, err)
	defer r.Close()
	got, err := io.ReadAll(r)
	require.Equal(t, data[10_000:80_000], got)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.True(t, blob.Retryable(err))
}

func TestServerThatIgnoresRange(t *testing.T) {
	server := services.StartS3(t, bucket)
	storetest.Put(t, newStore(t, server, nil, nil), "key", storetest.Noise(1000), nil)
	store, _ := wired(t, server, nil, strip("GetObject", "Content-Range"))
	_, err := store.Open(t.Context(), "key", 10, 10)
	require.ErrorIs(t, err, blob.ErrUnsupported)
}

func TestServerDiesDuringUpload(t *testing.T) {
	server := services.StartS3(t, bucket)
	store, _ := wired(t, server, &s3blob.Options{PartSize: part})
	w, err := store.Create(t.Context(), "key", nil)
	require.NoError(t, err)
	_, err = w.Write(storetest.Noise(2*part + 1))
	require.NoError(t, err)
	server.Kill()
	for err == nil {
		_, err = w.Write(storetest.Noise(part))
	}
	requireTemporary(t, err)
	_, err = w.Commit(t.Context())
	requireTemporary(t, err)
	require.NoError(t, w.Abort())

	_, err = store.Stat(t.Context(), "key")
	requireTemporary(t, err)
	require.NotErrorIs(t, err, blob.ErrNotFound)
	require.NoFileExists(t, server.Dir+"/"+bucket+"/key")
}

// Write has no context: what ends it is PartTimeout.
func TestServerHangsDuringUpload(t *testing.T) {
	server := services.StartS3(t, bucket)
	store, _ := wired(t, server, &s3blob.Options{PartSize: part, PartTimeout: 300 * time.Millisecond})
	w, err := store.Create(t.Context(), "key", nil)
	require.NoError(t, err)
	_, err = w.Write(storetest.Noise(part + 1))
	require.NoError(t, err)
	require.NoError(t, server.Pause())
	for err == nil {
		_, err = w.Write(storetest.Noise(part))
	}
	requireTemporary(t, err)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NoError(t, server.Resume())
	require.NoError(t, w.Abort())
	_, err = store.Stat(t.Context(), "key")
	require.ErrorIs(t, err, blob.ErrNotFound)
}

func requireTemporary(t testing.TB, err error) {
	t.Helper()
	var typed *blob.Error
	require.ErrorAs(t, err, &typed)
	require.True(t, blob.Retryable(err), "%v", err)
}
