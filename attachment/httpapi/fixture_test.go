package httpapi_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/attachmenttest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/httpapi"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// fixture is the API over memory, served on loopback.
type fixture struct {
	*attachment.AttachmentHandler
	repo   attachment.Repository
	server *httptest.Server
	busy   sync.WaitGroup // requests that the API still works on

	mu     sync.Mutex
	now    time.Time
	events []httpapi.Event
	jobs   []scan.Job
}

// setup is what a test may change before the API exists.
type setup struct {
	store   blob.Store
	repo    attachment.Repository
	handler attachment.Options
	api     httpapi.Options
}

func newFixture(t testing.TB, change ...func(*setup)) *fixture {
	t.Helper()
	f := &fixture{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	links, err := blob.NewLinkSigner([]blob.LinkKey{{ID: "k1", Secret: []byte("a secret of thirty-two bytes, ok")}}, &blob.LinkSignerOptions{Now: f.clock})
	require.NoError(t, err)
	s := setup{
		store: tenant.NewStore(memblob.New(nil), nil), repo: attachmenttest.NewRepository(),
		handler: attachment.Options{Links: links, Now: f.clock, Queue: scan.QueueFunc(f.enqueue)},
		api:     httpapi.Options{Audit: f.record},
	}
	for _, c := range change {
		c(&s)
	}
	f.repo = s.repo
	f.AttachmentHandler, err = attachment.New(s.store, s.repo, &s.handler)
	require.NoError(t, err)
	api, err := httpapi.New(f.AttachmentHandler, authenticate, &s.api)
	require.NoError(t, err)
	f.server = httptest.NewServer(counted(api, &f.busy))
	t.Cleanup(f.server.Close)
	return f
}

// counted counts the requests that next works on: after the last byte of a
// response there is still something to do.
func counted(next http.Handler, busy *sync.WaitGroup) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		busy.Add(1)
		defer busy.Done()
		next.ServeHTTP(w, r)
	})
}

func (f *fixture) clock() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

func (f *fixture) pass(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
}

func (f *fixture) enqueue(_ context.Context, job scan.Job) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.jobs = append(f.jobs, job)
	return nil
}

func (f *fixture) record(_ context.Context, e httpapi.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events = append(f.events, e)
}

// The callers of most tests.
const (
	alice   = "acme/alice"
	bob     = "acme/bob"
	admin   = "acme/root/admin"
	mallory = "globex/mallory/admin"
	nobody  = ""
)

// as is a caller, written tenant/user or tenant/user/admin, as the host's
// authentication would know him.
func as(caller string) tenant.User {
	tenantID, rest, _ := strings.Cut(caller, "/")
	userID, role, _ := strings.Cut(rest, "/")
	u := tenant.User{Tenant: tenantID, ID: userID, Actions: []tenant.Action{tenant.Read, tenant.Write, tenant.Delete}}
	switch role {
	case "admin":
		u.Actions = append(u.Actions, tenant.Admin)
	case "reader":
		u.Actions = []tenant.Action{tenant.Read}
	case "guest":
		u.Actions = nil
	}
	return u
}

func ctxAs(caller string) context.Context { return tenant.NewContext(context.Background(), as(caller)) }

// authenticate is a host's authentication that believes a header.
func authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if caller := r.Header.Get("Test-Caller"); caller != "" {
			r = r.WithContext(tenant.NewContext(r.Context(), as(caller)))
		}
		next.ServeHTTP(w, r)
	})
}

// reply is a response, read to its end.
type reply struct {
	*http.Response
	body string
}

func (f *fixture) do(t testing.TB, r *http.Request) reply {
	t.Helper()
	response, err := f.server.Client().Transport.RoundTrip(r)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	f.busy.Wait()
	contract().check(t, r, response, body)
	return reply{response, string(body)}
}

// call makes a request with headers given as name and value in turn.
func (f *fixture) call(t testing.TB, caller, method, path string, headers ...string) reply {
	t.Helper()
	return f.do(t, f.request(t, caller, method, path, nil, headers...))
}

func (f *fixture) request(t testing.TB, caller, method, path string, body io.Reader, headers ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, f.server.URL+path, body)
	require.NoError(t, err)
	if caller != nobody {
		r.Header.Set("Test-Caller", caller)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

// refused requires an error answer with that status and code.
func (r reply) refused(t testing.TB, status int, code string) {
	t.Helper()
	require.Equal(t, status, r.StatusCode, r.body)
	require.Equal(t, "application/json; charset=utf-8", r.Header.Get("Content-Type"))
	var e struct{ Error, Message string }
	require.NoError(t, json.Unmarshal([]byte(r.body), &e), r.body)
	require.Equal(t, code, e.Error)
	require.NotEmpty(t, e.Message)
}

func decode[T any](t testing.TB, r reply) (v T) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(r.body), &v), r.body)
	return v
}

const content = "The minutes of the meeting.\n"

// store brings a text in, on behalf of caller.
func (f *fixture) store(t testing.TB, caller, messageID, name, content string) attachment.Processed {
	t.Helper()
	p, err := f.Process(ctxAs(caller), attachment.Input{
		MessageID: messageID, Filename: name, Size: int64(len(content)), MIMEType: "text/plain", Data: strings.NewReader(content),
	})
	require.NoError(t, err)
	return *p
}

// settle gives an attachment its verdict.
func (f *fixture) settle(t testing.TB, caller, id string, status scan.Status) {
	t.Helper()
	_, err := f.repo.SetVerdict(ctxAs(caller), id, status, scan.Result{Detail: "by a test"}, f.clock())
	require.NoError(t, err)
}

// clean stores a text that is scanned and clean.
func (f *fixture) clean(t testing.TB, caller, messageID, name, content string) attachment.Processed {
	t.Helper()
	p := f.store(t, caller, messageID, name, content)
	f.settle(t, caller, p.AttachmentID, scan.StatusClean)
	return p
}
