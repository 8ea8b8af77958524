package httpapi_test

import (
	"fmt"
	"net/http"
	"net/http/httputil"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

// TestNoTenantSeesAnother makes random calls on behalf of random users and
// holds every response, headers included, against what its caller may know.
// All that a tenant stores carries the tenant's name, which is nobody else's.
func TestNoTenantSeesAnother(t *testing.T) {
	seen := map[string]int{} // so that nobody mistakes a test of nothing for a proof
	rapid.Check(t, func(rt *rapid.T) {
		w := &world{rapidT: rt, t: t, fixture: newFixture(t), rows: map[string]*row{}, status: map[string]scan.Status{}, seen: seen}
		defer w.server.Close()
		rt.Repeat(map[string]func(*rapid.T){
			"upload": w.upload, "scan": w.settle, "list": w.list, "read": w.read, "delete": w.delete, "overrule": w.overrule,
			"restore": w.restore, "link": w.follow, "forged link": w.forge,
		})
	})
	for _, what := range []string{
		"own record", "foreign record", "colleague's record", "deleted record", "downloaded", "withheld", "list of many",
		"link followed", "link refused", "forged link refused", "admin overruled", "user may not overrule", "restored", "same bytes in two tenants",
	} {
		require.Positive(t, seen[what], what)
	}
}

func tenantNames() []string { return []string{"ashwood", "birchfield", "cedarholm"} }

// world is the API and what the test knows to be true of it.
type world struct {
	*fixture
	rapidT *rapid.T
	t      *testing.T
	rows   map[string]*row
	ids    []string               // of rows, in order of their making
	status map[string]scan.Status // by tenant and content
	seen   map[string]int
}

type row struct {
	id, tenant, owner, message, filename, content, link string
	deleted                                             bool
}

func (r *row) key() string { return r.tenant + " " + r.content }

type caller struct {
	tenant, user string
	admin        bool
}

func (c caller) String() string {
	if c.admin {
		return c.tenant + "/" + c.user + "/admin"
	}
	return c.tenant + "/" + c.user
}

func (c caller) reaches(r *row) bool {
	return c.tenant == r.tenant && (c.admin || c.user == r.owner)
}

func anyone(t *rapid.T) caller {
	return caller{
		rapid.SampledFrom(tenantNames()).Draw(t, "tenant"), rapid.SampledFrom([]string{"one", "two"}).Draw(t, "user"),
		rapid.Bool().Draw(t, "admin"),
	}
}

// someone is anyone, and every other time somebody of the row's own tenant.
func someone(t *rapid.T, r *row) caller {
	c := anyone(t)
	if rapid.Bool().Draw(t, "colleague") {
		c.tenant = r.tenant
	}
	return c
}

func (w *world) anyRow(t *rapid.T) *row {
	if len(w.ids) == 0 {
		t.Skip("nothing stored yet")
	}
	return w.rows[rapid.SampledFrom(w.ids).Draw(t, "row")]
}

// ask makes a call and holds the response against the names of all tenants but
// the one it may speak of.
func (w *world) ask(of string, r *http.Request) reply {
	w.t.Helper()
	got := w.do(w.t, r)
	head, err := httputil.DumpResponse(got.Response, false)
	require.NoError(w.t, err)
	for _, name := range tenantNames() {
		if name != of && strings.Contains(strings.ToLower(string(head)+got.body), name) {
			w.rapidT.Fatalf("%s %s for %s speaks of %s:\n%s%s", r.Method, r.URL, r.Header.Get("Test-Caller"), name, head, got.body)
		}
	}
	return got
}

func (w *world) expect(t *rapid.T, want int, got reply) {
	if got.StatusCode != want {
		t.Fatalf("%s %s answers %d, not %d: %s", got.Request.Method, got.Request.URL, got.StatusCode, want, got.body)
	}
}

func (w *world) saw(what string, yes bool) {
	if yes {
		w.seen[what]++
	}
}

func (w *world) upload(t *rapid.T) {
	c := anyone(t)
	message := rapid.SampledFrom([]string{"m1", "m2"}).Draw(t, "message")
	content := rapid.SampledFrom([]string{"common knowledge", "a secret of " + c.tenant, "another secret of " + c.tenant}).Draw(t, "content")
	filename := fmt.Sprintf("%s-%d.txt", c.tenant, rapid.IntRange(0, 1).Draw(t, "file"))
	body, contentType := form(w.t, text(filename, content))
	got := w.ask(c.tenant, w.request(w.t, c.String(), "POST", "/api/v1/messages/"+message+"/attachments", strings.NewReader(body), "Content-Type", contentType))
	for _, r := range w.rows {
		if r.deleted && r.tenant == c.tenant && r.message == message && r.filename == filename && r.content == content {
			w.expect(t, http.StatusConflict, got)
			return
		}
	}
	w.expect(t, http.StatusCreated, got)
	p := decode[uploaded](w.t, got).Results[0].Data

	fresh := &row{id: p.AttachmentID, tenant: c.tenant, owner: c.user, message: message, filename: filename, content: content, link: p.PresignedURL}
	known, stored := w.status[fresh.key()]
	if !stored {
		known = scan.StatusPending
		if p.IsDeduplicated {
			t.Fatalf("%s learns that somebody else has %q", c.tenant, content)
		}
		for _, r := range w.rows {
			w.saw("same bytes in two tenants", r.content == content && r.tenant != c.tenant)
		}
	}
	w.status[fresh.key()] = known
	if p.VirusScanStatus != known {
		t.Fatalf("status %s, not %s", p.VirusScanStatus, known)
	}
	if w.rows[p.AttachmentID] == nil {
		w.rows[p.AttachmentID] = fresh
		w.ids = append(w.ids, p.AttachmentID)
	}
}

func (w *world) settle(t *rapid.T) {
	r := w.anyRow(t)
	status := rapid.SampledFrom([]scan.Status{scan.StatusClean, scan.StatusInfected, scan.StatusError}).Draw(t, "status")
	w.fixture.settle(w.t, r.tenant+"/scanner", r.id, status)
	w.status[r.key()] = status
}

func (w *world) list(t *rapid.T) {
	c := anyone(t)
	message := rapid.SampledFrom([]string{"", "m1", "m2"}).Draw(t, "message")
	path := "/api/v1/attachments"
	if message != "" {
		path = "/api/v1/emails/" + message + "/attachments"
	}
	deleted := message == "" && c.admin && rapid.Bool().Draw(t, "deleted")
	got := w.ask(c.tenant, w.request(w.t, c.String(), "GET", fmt.Sprintf("%s?limit=500&deleted=%t", path, deleted), nil))
	w.expect(t, http.StatusOK, got)
	var listed, want []string
	for _, record := range decode[attachment.Page](w.t, got).Records {
		listed = append(listed, record.ID)
	}
	for _, r := range w.rows {
		if c.reaches(r) && r.deleted == deleted && (message == "" || r.message == message) {
			want = append(want, r.id)
		}
	}
	slices.Sort(listed)
	slices.Sort(want)
	if !slices.Equal(listed, want) {
		t.Fatalf("%s lists %v, not %v", c, listed, want)
	}
	w.saw("list of many", len(want) > 1)
}

// read tries the routes that only look at one record.
func (w *world) read(t *rapid.T) {
	r := w.anyRow(t)
	c := someone(t, r)
	route := rapid.SampledFrom([]string{"GET ", "GET /scan-status", "GET /download", "HEAD /download"}).Draw(t, "route")
	method, suffix, _ := strings.Cut(route, " ")
	request := w.request(w.t, c.String(), method, "/api/v1/attachments/"+r.id+suffix, nil)
	if rapid.Bool().Draw(t, "range") {
		request.Header.Set("Range", "bytes=2-")
	}
	got := w.ask(c.tenant, request)
	w.saw("own record", c.user == r.owner && c.reaches(r))
	w.saw("foreign record", c.tenant != r.tenant)
	w.saw("colleague's record", c.tenant == r.tenant && !c.reaches(r))
	w.saw("deleted record", r.deleted && c.reaches(r))
	switch {
	case !c.reaches(r) || r.deleted:
		w.expect(t, http.StatusNotFound, got)
	case suffix == "/download":
		w.downloaded(t, r, got)
	default:
		w.expect(t, http.StatusOK, got)
	}
}

// downloaded checks an answer with bytes that its caller may have, if only the
// scan status permits.
func (w *world) downloaded(t *rapid.T, r *row, got reply) {
	switch w.status[r.key()] {
	case scan.StatusClean, scan.StatusSkipped:
		ranged := got.Request.Header.Get("Range") != "" && got.Request.Method == "GET"
		w.expect(t, map[bool]int{false: http.StatusOK, true: http.StatusPartialContent}[ranged], got)
		want := map[bool]string{false: r.content, true: r.content[2:]}[ranged]
		if got.Request.Method == "GET" && got.body != want {
			t.Fatalf("downloads %q, not %q", got.body, want)
		}
		w.saw("downloaded", true)
	case scan.StatusPending:
		w.expect(t, http.StatusConflict, got)
	default:
		w.expect(t, http.StatusForbidden, got)
		w.saw("withheld", true)
	}
}

func (w *world) delete(t *rapid.T) {
	r := w.anyRow(t)
	c := someone(t, r)
	got := w.ask(c.tenant, w.request(w.t, c.String(), "DELETE", "/api/v1/attachments/"+r.id, nil))
	if !c.reaches(r) || r.deleted {
		w.expect(t, http.StatusNotFound, got)
		return
	}
	w.expect(t, http.StatusNoContent, got)
	r.deleted = true
}

func (w *world) restore(t *rapid.T) {
	r := w.anyRow(t)
	c := someone(t, r)
	got := w.ask(c.tenant, w.request(w.t, c.String(), "POST", "/api/v1/attachments/"+r.id+"/restore", nil))
	switch {
	case !c.reaches(r) || r.deleted && !c.admin:
		w.expect(t, http.StatusNotFound, got)
	case !c.admin:
		w.expect(t, http.StatusForbidden, got)
	default:
		w.expect(t, http.StatusOK, got)
		w.saw("restored", r.deleted)
		r.deleted = false
	}
}

func (w *world) overrule(t *rapid.T) {
	r := w.anyRow(t)
	c := someone(t, r)
	action := rapid.SampledFrom([]string{"rescan", "release", "quarantine"}).Draw(t, "action")
	got := w.ask(c.tenant, w.request(w.t, c.String(), "POST", "/api/v1/attachments/"+r.id+"/"+action, strings.NewReader(`{"reason":"it must be"}`), "Content-Type", "application/json"))
	switch {
	case !c.reaches(r) || r.deleted:
		w.expect(t, http.StatusNotFound, got)
	case !c.admin:
		w.expect(t, http.StatusForbidden, got)
		w.saw("user may not overrule", true)
	case action == "rescan":
		w.expect(t, http.StatusAccepted, got)
	default:
		w.expect(t, http.StatusOK, got)
		w.status[r.key()] = map[string]scan.Status{"release": scan.StatusSkipped, "quarantine": scan.StatusSuspicious}[action]
		w.saw("admin overruled", true)
	}
}

// follow uses a link, which speaks of its tenant whoever has it.
func (w *world) follow(t *rapid.T) {
	r := w.anyRow(t)
	c := someone(t, r)
	got := w.ask(r.tenant, w.request(w.t, c.String(), "GET", r.link, nil))
	if r.deleted {
		w.expect(t, http.StatusNotFound, got)
		w.saw("link refused", true)
		return
	}
	w.downloaded(t, r, got)
	w.saw("link followed", true)
}

// forge joins one link's path with another's proof.
func (w *world) forge(t *rapid.T) {
	mine, theirs := w.anyRow(t), w.anyRow(t)
	path, _, _ := strings.Cut(theirs.link, "?")
	own, query, _ := strings.Cut(mine.link, "?")
	if own == path {
		t.Skip("the same")
	}
	got := w.ask("", w.request(w.t, anyone(t).String(), "GET", path+"?"+query, nil))
	if got.StatusCode == http.StatusForbidden {
		w.saw("forged link refused", true)
		return
	}
	t.Fatalf("a forged link answers %d: %s", got.StatusCode, got.body)
}
