package torture

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

// A probe does what users do, once each, and says in words what they see.
type probe struct {
	*user
	stored *item   // before the fault, and clean
	doomed []*item // likewise, to be deleted
	last   []string
}

// probeSize is above what goes into the buffers on the way.
const probeSize = 100_000

func newProbe(t testing.TB, h *host, seed uint64) *probe {
	t.Helper()
	p := &probe{user: newUser(t, h, fmt.Sprintf("p%x", seed), seed, 99)}
	p.stored = p.item()
	p.again(p.stored)
	for range probeRounds {
		it := p.item()
		p.again(it)
		p.doomed = append(p.doomed, it)
	}
	require.True(t, eventually(recovers, func() bool {
		record, err := h.handler.Get(as(p.stored.tenant), p.stored.id)
		return err == nil && record.VirusScanStatus == scan.StatusClean
	}))
	return p
}

// item makes one that is nobody else's.
func (p *probe) item() *item {
	it := p.fresh()
	it.tenant, it.size, it.seed, it.infected = tenants()[0], probeSize, p.r.Uint64(), false
	return it
}

// probeRounds is how often each thing is tried where it is to be seen whether
// even the fastest is slow.
const probeRounds = 3

func probeNames() []string {
	return []string{"node, new", "node, again", "upload", "download", "list", "delete", "verdict"}
}

// calls are the probes in the order of their names. Each is given an item that
// was never stored and one that was.
func (p *probe) calls() []func(fresh, doomed *item) string {
	return []func(fresh, doomed *item) string{
		func(fresh, _ *item) string { return p.node(fresh) },
		func(_, _ *item) string {
			replay := *p.stored // which others look at meanwhile
			return p.node(&replay)
		},
		func(fresh, _ *item) string { return p.post(fresh) },
		func(_, _ *item) string {
			status, answer, cut := p.call("", "GET", p.stored.link, "", nil)
			return p.http(status, answer, cut)
		},
		func(_, _ *item) string {
			status, answer, cut := p.call(p.stored.tenant, "GET", "/api/v1/emails/"+p.stored.message+"/attachments", "", nil)
			return p.http(status, answer, cut)
		},
		func(_, doomed *item) string {
			doomed.gone = true
			status, answer, cut := p.call(doomed.tenant, "DELETE", doomed.path(""), "", nil)
			return p.http(status, answer, cut)
		},
	}
}

// all tries everything while the fault is on: at once, or where it matters how
// long it takes, one after the other.
func (p *probe) all(f fault) []string {
	rounds := 1
	if f.slow {
		rounds = probeRounds
	}
	calls := p.calls()
	seen, fastest := make([]string, len(calls)), make([]time.Duration, len(calls))
	var fresh []*item
	for round := range rounds {
		var trying sync.WaitGroup
		for n, try := range calls {
			it := p.item()
			fresh = append(fresh, it)
			trying.Go(func() {
				began := time.Now()
				seen[n] = try(it, p.doomed[round])
				if took := time.Since(began); round == 0 || took < fastest[n] {
					fastest[n] = took
				}
			})
			if f.slow {
				trying.Wait()
			}
		}
		trying.Wait()
	}
	for n := range seen {
		if f.slow && seen[n] == works && fastest[n] >= delay {
			seen[n] = slower
		}
	}
	return append(seen, p.verdict(fresh))
}

// What works, but late, is told apart only when the table is written: a busy
// machine is late, too.
const (
	works  = "works"
	slower = "slower"
)

func (p *probe) node(it *item) string {
	result := p.execute(it)
	if result.Status == attachment.StatusSuccess {
		p.keep(it, result.Output.Data)
		return works
	}
	return code(result.ErrorCode, *result.Retryable)
}

func code(c attachment.Code, retryable bool) string {
	if retryable {
		return string(c) + ", retryable"
	}
	return string(c) + ", final"
}

func (p *probe) post(it *item) string {
	status, answer := p.upload(it)
	switch {
	case status == http.StatusCreated:
		p.keep(it, answer.Results[0].Data)
		return works
	case len(answer.Results) > 0:
		return fmt.Sprintf("%d %s", status, code(answer.Results[0].ErrorCode, answer.Results[0].Retryable))
	}
	return fmt.Sprintf("%d %s", status, answer.Error)
}

func (p *probe) http(status int, answer []byte, cut bool) string {
	switch {
	case cut: // after the header, or with it still in a buffer
		return "cut short"
	case status < 300:
		return works
	}
	var body struct {
		Error string `json:"error"`
	}
	_ = json.Unmarshal(answer, &body)
	return fmt.Sprintf("%d %s", status, body.Error)
}

// verdict waits for that of something stored under the fault, and says what a
// download is answered without it.
func (p *probe) verdict(stored []*item) string {
	for _, it := range stored {
		if it.id == "" {
			continue
		}
		status, answer := 0, []byte(nil)
		var cut bool
		came := eventually(patience+time.Second, func() bool {
			status, answer, cut = p.call(it.tenant, "GET", it.path("/scan-status"), "", nil)
			return status != http.StatusOK || !strings.Contains(string(answer), `"pending"`)
		})
		if came {
			return p.http(status, answer, cut)
		}
		status, answer, cut = p.call("", "GET", it.link, "", nil)
		return "pending; download " + p.http(status, answer, cut)
	}
	return "nothing to scan"
}

// well reports whether everything works at the first try.
func (p *probe) well() bool {
	p.last = nil
	well := true
	calls := p.calls()
	for n, try := range calls {
		it := p.item()
		if n == 5 { // delete needs something stored
			if it.id == "" && p.node(it) != works {
				return false
			}
		}
		seen := try(it, it)
		p.last = append(p.last, seen)
		well = well && seen == works
	}
	return well && !p.limiter.Status().Degraded
}
