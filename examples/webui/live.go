package webui

import (
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

const (
	heartbeat    = 15 * time.Second // proxies and browsers give up on a silent stream
	patience     = 10 * time.Second // for a browser that does not take what it is sent
	reconnection = 2 * time.Second
)

// stream tells an open page by server-sent events (WHATWG HTML, section 9.2)
// which revision is the present one. The page compares it with its own, so
// nothing is lost between two streams. It runs on the request's goroutine and
// ends with it.
func (s *screen) stream(w http.ResponseWriter, r *http.Request) {
	tc, err := tenant.FromContext(r.Context())
	if err != nil {
		s.failed(w, r, err)
		return
	}
	watch, leave, ok := s.watches.join(fmt.Sprintf("%q", []string{tc.TenantID(), tc.UserID(), s.name, r.URL.RawQuery}))
	if !ok {
		w.Header().Set("Retry-After", "10")
		http.Error(w, "too many open pages", http.StatusServiceUnavailable)
		return
	}
	defer leave()
	look := func() (string, error) {
		return watch.look(func() (string, error) {
			_, revision, err := s.render(r)
			return revision, err
		})
	}
	told, err := look()
	if err != nil {
		s.failed(w, r, err)
		return
	}

	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	send := func(format string, args ...any) bool {
		_ = out.SetWriteDeadline(time.Now().Add(patience))
		_, err := fmt.Fprintf(w, format, args...)
		return err == nil && out.Flush() == nil
	}
	if !send("retry: %d\nevent: revision\ndata: %s\n\n", reconnection.Milliseconds(), told) {
		return
	}
	ticker := time.NewTicker(s.opts.Interval)
	defer ticker.Stop()
	spoke, ailing := time.Now(), false
	for {
		select {
		case <-r.Context().Done():
			return
		case <-s.opts.Done:
			return
		case <-ticker.C:
		}
		revision, err := look()
		if err != nil && !ailing && r.Context().Err() == nil {
			s.opts.Logger.WarnContext(r.Context(), "open page not kept current", "page", s.name, "error", err)
		}
		ailing = err != nil
		switch {
		case err == nil && revision != told:
			if !send("event: revision\ndata: %s\n\n", revision) {
				return
			}
			told, spoke = revision, time.Now()
		case time.Since(spoke) > heartbeat:
			if !send(":\n\n") {
				return
			}
			spoke = time.Now()
		}
	}
}

// watches are the pages that are open. What several viewers see alike is looked
// at once for all of them.
type watches struct {
	interval time.Duration
	most     int

	mu    sync.Mutex
	open  int
	pages map[string]*watch
}

func newWatches(interval time.Duration, most int) *watches {
	return &watches{interval: interval, most: most, pages: map[string]*watch{}}
}

// watch is one page, whoever looks at it.
type watch struct {
	interval time.Duration
	viewers  int // under watches.mu

	mu       sync.Mutex // held while somebody looks
	revision string
	at       time.Time
}

// join adds a viewer to a page; ok is false if there are too many already.
func (ws *watches) join(page string) (w *watch, leave func(), ok bool) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.open >= ws.most {
		return nil, nil, false
	}
	if ws.pages[page] == nil {
		ws.pages[page] = &watch{interval: ws.interval}
	}
	w = ws.pages[page]
	w.viewers++
	ws.open++
	return w, func() {
		ws.mu.Lock()
		defer ws.mu.Unlock()
		ws.open--
		if w.viewers--; w.viewers == 0 {
			delete(ws.pages, page)
		}
	}, true
}

// look returns the page's revision, by read unless somebody has just looked.
func (w *watch) look(read func() (string, error)) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if time.Since(w.at) < w.interval*9/10 { // viewers' clocks tick apart
		return w.revision, nil
	}
	revision, err := read()
	if err == nil {
		w.revision, w.at = revision, time.Now()
	}
	return revision, err
}
