package acceptance

import (
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/attachmenttest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/filename"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/httpapi"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/policy"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// site is a host with the API, pages that try to make something of the
// attachments, and a careless server for comparison. Its policy lets
// everything in, so that the endpoint stands alone.
type site struct {
	*httptest.Server
	samples []sample
	stored  map[string]attachment.Processed // by the name of the sample

	mu       sync.Mutex
	executed map[string]bool
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{stored: map[string]attachment.Processed{}, executed: map[string]bool{}}
	links, err := blob.NewLinkSigner([]blob.LinkKey{{ID: "k1", Secret: []byte("a secret of thirty-two bytes, ok")}}, nil)
	require.NoError(t, err)
	anything := (&policy.Policy{Macros: policy.Record, EncryptedArchives: policy.Record, EncryptedDocuments: policy.Record, UnreadableArchives: policy.Record}).
		Allow(policy.Families(detect.Web, detect.Script, detect.Executable))
	handler, err := attachment.New(tenant.NewStore(memblob.New(nil), nil), attachmenttest.NewRepository(), &attachment.Options{
		Links: links, Policy: func(string) *policy.Policy { return anything },
		ScanPolicy: scan.Policy{Skip: func(scan.Object) string { return "a test" }},
	})
	require.NoError(t, err)

	mux := http.NewServeMux()
	for prefix, opts := range map[string]*httpapi.Options{
		"": {MaxFiles: 100}, "/generous": {Prefix: "/generous", Inline: true, InlinePDF: true},
	} {
		api, err := httpapi.New(handler, asAlice, opts)
		require.NoError(t, err)
		mux.Handle(prefix+"/api/", api)
	}
	mux.HandleFunc("/executed/{name}", s.hit)
	mux.HandleFunc("/naive/{name}", s.serveCarelessly)
	mux.HandleFunc("/page", servePage)
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	s.samples = samples(s.URL)
	s.upload(t)
	return s
}

func asAlice(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		alice := tenant.User{Tenant: "acme", ID: "alice", Actions: []tenant.Action{tenant.Read, tenant.Write}}
		next.ServeHTTP(w, r.WithContext(tenant.NewContext(r.Context(), alice)))
	})
}

func (s *site) hit(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.executed[r.PathValue("name")] = true
	w.WriteHeader(http.StatusNoContent)
}

// ran returns what was executed since the last call.
func (s *site) ran() (names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.executed {
		names = append(names, name)
	}
	clear(s.executed)
	slices.Sort(names)
	return names
}

// requireRan waits until all of names were executed.
func (s *site) requireRan(t *testing.T, names ...string) {
	t.Helper()
	require.Eventually(t, func() bool {
		ran := s.ran()
		names = slices.DeleteFunc(names, func(name string) bool { return slices.Contains(ran, name) })
		return len(names) == 0
	}, 30*time.Second, 5*time.Millisecond, "%v", names)
}

func (s *site) serveCarelessly(w http.ResponseWriter, r *http.Request) {
	i := slices.IndexFunc(s.samples, func(f sample) bool { return f.name == r.PathValue("name") })
	w.Header().Set("Content-Type", s.samples[i].naive)
	_, _ = w.Write(s.samples[i].data)
}

// upload brings all samples in, through the API.
func (s *site) upload(t *testing.T) {
	t.Helper()
	body, w := io.Pipe()
	form := multipart.NewWriter(w)
	go func() {
		for _, f := range s.samples {
			part, err := form.CreateFormFile("file", f.name)
			if err == nil {
				_, err = part.Write(f.data)
			}
			if err != nil {
				w.CloseWithError(err)
				return
			}
		}
		w.CloseWithError(form.Close())
	}()
	response, err := http.Post(s.URL+"/api/v1/messages/m1/attachments", form.FormDataContentType(), body)
	require.NoError(t, err)
	defer response.Body.Close()
	var answer struct {
		Results []struct {
			Filename, Status, Error string
			Data                    attachment.Processed
		}
	}
	require.NoError(t, json.NewDecoder(response.Body).Decode(&answer))
	for _, result := range answer.Results {
		require.Equal(t, "success", result.Status, "%s: %s", result.Filename, result.Error)
		s.stored[result.Filename] = result.Data
	}
	require.Len(t, s.stored, len(s.samples))
}

// ways are the addresses under which one attachment can be had.
func (s *site) ways(name string) map[string]string {
	p := s.stored[name]
	return map[string]string{
		"link":   s.URL + p.PresignedURL,
		"id":     s.URL + "/api/v1/attachments/" + p.AttachmentID + "/download",
		"inline": s.URL + "/generous/api/v1/attachments/" + p.AttachmentID + "/download?disposition=inline",
	}
}

// TestNothingRuns visits every sample in every way, and loads it into pages of
// the same and of another origin in every way that a page has.
func TestNothingRuns(t *testing.T) {
	s := newSite(t)
	elsewhere := httptest.NewServer(http.HandlerFunc(servePage))
	t.Cleanup(elsewhere.Close)
	c := startChromium(t)

	t.Run("the test would notice", func(t *testing.T) { s.control(t, c) })
	c.open(t, s.URL+"/page")
	for _, f := range s.samples {
		for way, address := range s.ways(f.name) {
			t.Run(f.name+" by "+way, func(t *testing.T) { s.visit(t, c, f, way, address) })
		}
	}
	for _, way := range []string{"link", "id", "inline"} {
		for where, origin := range map[string]string{"the same origin": s.URL, "another origin": elsewhere.URL} {
			t.Run("embedded by "+way+" in "+where, func(t *testing.T) {
				c.open(t, s.URL+"/page")
				s.ran()
				var addresses []string
				for _, f := range s.samples {
					addresses = append(addresses, s.ways(f.name)[way])
				}
				for i, outcomes := range s.embed(t, c, origin, addresses...) {
					for kind, outcome := range outcomes {
						// A picture is one, whatever its Content-Disposition.
						shown := s.samples[i].inert && (way == "inline" || kind == "img")
						require.True(t, outcome == "nothing" || shown, "%s as %s: %s", s.samples[i].name, kind, outcome)
					}
				}
				time.Sleep(200 * time.Millisecond) // for a request that should not come
				require.Empty(t, s.ran())
			})
		}
	}
}

// control shows that a browser runs the samples where a server is careless.
func (s *site) control(t *testing.T, c *chromium) {
	var scripts, names []string
	for _, f := range s.samples {
		address := s.URL + "/naive/" + f.name
		if f.runs && f.script {
			scripts, names = append(scripts, address), append(names, f.name)
		} else if f.runs {
			require.Empty(t, c.visit(t, address))
			s.requireRan(t, f.name)
		}
	}
	s.embed(t, c, s.URL, scripts...)
	s.requireRan(t, names...)
	loaded := s.embed(t, c, s.URL, s.URL+"/naive/image.svg", s.URL+"/naive/code.js", s.URL+"/naive/style.css")
	for i, kinds := range [][]string{{"iframe", "object", "embed", "img"}, {"script", "module", "import", "service worker"}, {"style"}} {
		for _, kind := range kinds {
			require.Equal(t, "loaded", loaded[i][kind], kind)
		}
	}
}

// visit follows a link to a sample from the page that is open.
func (s *site) visit(t *testing.T, c *chromium, f sample, way, address string) {
	s.ran()
	errorText := c.visit(t, address)
	if f.inert && way == "inline" {
		require.Empty(t, errorText, "it may be shown")
		time.Sleep(50 * time.Millisecond) // for a request that should not come
		c.open(t, s.URL+"/page")
	} else {
		require.Equal(t, "net::ERR_ABORTED", errorText, "it is a download")
		name, data := c.saved(t, address)
		require.Equal(t, f.data, data)
		require.Equal(t, filename.Sanitize(f.name), name)
		require.Equal(t, s.URL+"/page", evaluate[string](t, c, "location.href"), "the page before it is still there")
	}
	require.Empty(t, s.ran())
}

// embed loads addresses into a page in every way that a page has, and returns
// what came of each.
func (s *site) embed(t *testing.T, c *chromium, origin string, addresses ...string) []map[string]string {
	list, err := json.Marshal(addresses)
	require.NoError(t, err)
	c.open(t, origin+"/page")
	return evaluate[[]map[string]string](t, c, fmt.Sprintf("Promise.all(%s.map(tryEverything))", list))
}

func servePage(w http.ResponseWriter, r *http.Request) {
	if _, err := url.ParseRequestURI(r.RequestURI); err != nil || !strings.HasPrefix(r.URL.Path, "/page") {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, embeddingPage)
}

// embeddingPage has a function that resolves once every attempt has ended.
// Nothing tells a page that its frame became a download, so frames are looked
// at after a while.
const embeddingPage = `<!doctype html><meta charset="utf-8"><title>Page</title><script>
const wait = ms => new Promise(resolve => setTimeout(resolve, ms));
const add = (name, set) => {
	const e = document.createElement(name);
	set(e);
	return e;
};
const element = (name, set) => new Promise(resolve => document.body.append(add(name, e => {
	e.onload = () => resolve("loaded");
	e.onerror = () => resolve("nothing");
	set(e);
})));
const frame = async (name, set) => {
	const e = add(name, set);
	document.body.append(e);
	await wait(1500);
	const empty = d => d && d.URL === "about:blank" && d.body.childNodes.length === 0;
	switch (name) {
	case "iframe":
		return empty(e.contentDocument) ? "nothing" : "loaded"; // null: in a sandbox
	case "object":
		return e.contentWindow && !empty(e.contentDocument) ? "loaded" : "nothing"; // without a window it has no document
	default:
		return e.getSVGDocument() ? "loaded" : "nothing"; // all that an embed tells
	}
};
const settled = promise => promise.then(() => "loaded", () => "nothing");
const worker = make => new Promise(resolve => {
	make().onerror = () => resolve("nothing");
	setTimeout(() => resolve("nothing"), 1500); // one that runs asks for /executed
});
async function tryEverything(url) {
	const attempts = {
		img: element("img", e => { e.src = url; }),
		script: element("script", e => { e.src = url; }),
		module: element("script", e => { e.type = "module"; e.src = url; }),
		style: element("link", e => { e.rel = "stylesheet"; e.href = url; }),
		iframe: frame("iframe", e => { e.src = url; }),
		object: frame("object", e => { e.data = url; }),
		embed: frame("embed", e => { e.src = url; }),
		import: settled(import(url)),
		worker: worker(() => new Worker(url)),
		"module worker": worker(() => new Worker(url, {type: "module"})),
		"service worker": settled(navigator.serviceWorker.register(url)),
	};
	const outcomes = {};
	for (const [name, attempt] of Object.entries(attempts)) outcomes[name] = await attempt.catch(() => "nothing");
	return outcomes;
}
</script><body></body>`
