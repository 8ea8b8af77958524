package virustotal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

// upload sends obj and returns the id of its analysis.
func (s *Scanner) upload(ctx context.Context, obj scan.Object) (string, error) {
	target := s.base.JoinPath("files")
	if obj.Size > directUpload {
		var err error
		if target, err = s.uploadURL(ctx); err != nil {
			return "", err
		}
	}
	if err := s.quota.wait(ctx, "upload", s.opts.MaxWait); err != nil {
		return "", err
	}
	req, body, err := s.uploadRequest(ctx, target, obj)
	if err != nil {
		return "", err
	}
	var accepted struct {
		Data struct{ Type, ID string }
	}
	err = s.do(req, "upload", &accepted)
	sent, sourceErr := body.finish(ctx)
	switch {
	case sourceErr != nil:
		return "", sourceError(ctx, sourceErr)
	case err != nil:
		return "", err
	case sent != obj.Size:
		return "", fail("upload", fmt.Errorf("%w: accepted after %d of %d bytes", scan.ErrProtocol, sent, obj.Size), true)
	case accepted.Data.Type != "analysis" || accepted.Data.ID == "":
		return "", fail("upload", fmt.Errorf("%w: no analysis in the answer", scan.ErrProtocol), true)
	}
	return accepted.Data.ID, nil
}

// uploadURL asks where to send a large file. The key goes there too, so it
// must be VirusTotal's.
func (s *Scanner) uploadURL(ctx context.Context) (*url.URL, error) {
	var answer struct{ Data string }
	if err := s.get(ctx, "upload URL", s.base.JoinPath("files", "upload_url"), &answer); err != nil {
		return nil, err
	}
	u, err := url.Parse(answer.Data)
	if err != nil || !safeToCarryKey(u) || u.Host != s.base.Host && !strings.HasSuffix(u.Hostname(), ".virustotal.com") {
		return nil, fail("upload URL", fmt.Errorf("%w: an upload URL on another host", scan.ErrProtocol), true)
	}
	return u, nil
}

// uploadRequest is a form with the one field "file". The file's name is its
// hash: what the sender called it is nobody's business.
func (s *Scanner) uploadRequest(ctx context.Context, target *url.URL, obj scan.Object) (*http.Request, *source, error) {
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	_, _ = w.CreateFormFile("file", obj.SHA256) // a Buffer takes everything
	head := bytes.Clone(form.Bytes())
	_ = w.Close()
	tail := form.Bytes()[len(head):]

	stream, err := obj.Open(ctx)
	if err != nil {
		return nil, nil, sourceError(ctx, err)
	}
	src := &source{stream: stream, size: obj.Size, closed: make(chan struct{})}
	body := struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), src, bytes.NewReader(tail)), src}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), body)
	if err != nil {
		_ = src.Close()
		return nil, nil, fail("upload", fmt.Errorf("%w: bad upload URL", scan.ErrProtocol), true)
	}
	req.ContentLength = int64(len(head)) + obj.Size + int64(len(tail))
	req.Header.Set("Content-Type", w.FormDataContentType())
	return req, src, nil
}

// source is the object on its way out. It ends cleanly only after exactly size
// bytes. The transport closes it, perhaps after the answer has come.
type source struct {
	stream io.ReadCloser
	size   int64
	once   sync.Once
	closed chan struct{}

	mu   sync.Mutex
	sent int64
	err  error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.stream.Read(p)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent += int64(n)
	switch {
	case s.sent > s.size:
		err = fmt.Errorf("more than the announced %d bytes", s.size)
	case err == io.EOF && s.sent < s.size:
		err = fmt.Errorf("%d bytes instead of %d", s.sent, s.size)
	}
	if err != nil && err != io.EOF {
		s.err = err
		n = 0
	}
	return n, err
}

func (s *source) Close() error {
	var err error
	s.once.Do(func() {
		err = s.stream.Close()
		close(s.closed)
	})
	return err
}

// finish waits until the transport has let go of the object, and says how much
// of it was read and what went wrong with it.
func (s *source) finish(ctx context.Context) (sent int64, err error) {
	select {
	case <-s.closed:
	case <-ctx.Done():
		err = s.Close()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sent, errors.Join(s.err, err)
}

func sourceError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		err = errors.Join(ctx.Err(), err)
	}
	return fail("read object", fmt.Errorf("%w: %w", scan.ErrSource, err), true)
}
