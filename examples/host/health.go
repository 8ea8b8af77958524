package host

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

const (
	probeTimeout = 2 * time.Second
	probeAge     = time.Second // how long an answer is good for: many may ask
)

// A readiness is an answer to /readyz. It names parts, never addresses or
// errors: anybody may ask. Errors go to the log.
type readiness struct {
	Ready bool              `json:"ready"`
	Parts map[string]string `json:"parts,omitempty"` // "ok" or "unreachable"
}

// prober keeps the last answer.
type prober struct {
	stopping atomic.Bool

	mu   sync.Mutex
	last readiness
	at   time.Time
}

// Health serves GET /healthz and GET /readyz. It needs no login, so that a load
// balancer or an orchestrator can ask.
//
// /healthz is 200 while this process answers at all: when it is not, start it
// anew. /readyz is 200 while database, store and scanner can be reached, and 503
// otherwise or from [Host.Drain] on: send no requests. Redis is not part of it,
// for without it each host counts for itself.
func (h *Host) Health() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]bool{"alive": true})
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		state := h.ready(r.Context())
		status := http.StatusOK
		if !state.Ready {
			status = http.StatusServiceUnavailable
		}
		answer(w, status, state)
	})
	return mux
}

// Drain makes /readyz say no for good. It comes first in a shutdown: requests
// that still arrive are served.
func (h *Host) Drain() { h.prober.stopping.Store(true) }

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// ready probes the parts, or repeats what was found a moment ago. Whoever asks
// meanwhile waits for the same answer.
func (h *Host) ready(ctx context.Context) readiness {
	p := &h.prober
	if p.stopping.Load() {
		return readiness{}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Since(p.at) >= probeAge {
		// One caller who hangs up must not spoil the answer of all.
		p.last = h.probe(context.WithoutCancel(ctx))
		p.at = time.Now()
	}
	state := p.last
	state.Ready = state.Ready && !p.stopping.Load()
	return state
}

func (h *Host) probe(ctx context.Context) readiness {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	parts := map[string]func(context.Context) error{"database": h.DB.PingContext, "store": h.storeAnswers}
	if h.clamd != nil && h.Settings.Scan.Enabled {
		parts["scanner"] = h.clamd.Ping // VirusTotal has a quota to be spared
	}
	state := readiness{Ready: true, Parts: map[string]string{}}
	var mu sync.Mutex
	var group errgroup.Group
	for name, reach := range parts {
		group.Go(func() error {
			err := reach(ctx)
			mu.Lock()
			defer mu.Unlock()
			state.Parts[name] = "ok"
			if err != nil {
				state.Ready, state.Parts[name] = false, "unreachable"
				h.Settings.Logger.Warn("not ready", "part", name, "error", err)
			}
			return nil
		})
	}
	_ = group.Wait()
	return state
}

// storeAnswers asks for a blob that nobody has.
func (h *Host) storeAnswers(ctx context.Context) error {
	if _, err := blob.Stat(ctx, h.Blobs, "readiness-probe"); !errors.Is(err, blob.ErrNotFound) {
		return err
	}
	return nil
}
