package torture

import (
	"bytes"
	"context"
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
)

// A line is the connection between the host and one service, and what can go
// wrong with it.
type line struct {
	t     testing.TB
	proxy *toxiproxy.Proxy
}

func newLine(t testing.TB, upstream string) *line {
	t.Helper()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	l := &line{t, toxiproxy.NewProxy(server, t.Name(), "127.0.0.1:0", upstream)}
	require.NoError(t, l.proxy.Start())
	t.Cleanup(l.proxy.Stop)
	return l
}

func (l *line) addr() string { return l.proxy.Listen }

// toxic is one of toxiproxy's, in both directions unless stream says which.
type toxic struct {
	Type       string         `json:"type"`
	Stream     string         `json:"stream"`
	Attributes map[string]int `json:"attributes"`
}

func (l *line) add(x toxic) {
	l.t.Helper()
	streams := []string{x.Stream}
	if x.Stream == "" {
		streams = []string{"upstream", "downstream"}
	}
	for _, stream := range streams {
		x.Stream = stream
		spec, err := json.Marshal(x)
		require.NoError(l.t, err)
		_, err = l.proxy.Toxics.AddToxicJson(bytes.NewReader(spec))
		require.NoError(l.t, err)
	}
}

// heal makes the line as good as new. What a toxic has closed stays closed.
func (l *line) heal() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	l.proxy.Toxics.ResetToxics(ctx)
}

// A fault is a way in which a line fails.
type fault struct {
	name  string
	begin func(l *line, cut cuts) // as the table has it
	vary  func(l *line, cut cuts, r *rand.Rand)
	end   func(l *line)
	slow  bool // what passes is late by delay
}

// cuts are the numbers of bytes after which a service's connections end: small
// enough to hit its first answers, or the first long request.
type cuts struct{ answers, requests int }

// delay is added to each direction.
const delay = 150 * time.Millisecond

func faults() []fault {
	poison := func(x toxic) func(*line, cuts) { return func(l *line, _ cuts) { l.add(x) } }
	limit := func(stream string, bytes int) toxic {
		return toxic{Type: "limit_data", Stream: stream, Attributes: map[string]int{"bytes": bytes}}
	}
	return []fault{
		{name: "latency", slow: true, begin: poison(toxic{Type: "latency", Stream: "downstream", Attributes: map[string]int{"latency": int(delay.Milliseconds())}})},
		{name: "slicer", begin: poison(toxic{Type: "slicer", Attributes: map[string]int{"average_size": 2000, "size_variation": 1500, "delay": 100}})},
		{name: "timeout", begin: poison(toxic{Type: "timeout", Attributes: map[string]int{"timeout": 0}})},
		{name: "reset_peer", begin: poison(toxic{Type: "reset_peer", Attributes: map[string]int{"timeout": 0}})},
		{
			name:  "answers cut, clean EOF",
			begin: func(l *line, cut cuts) { l.add(limit("downstream", cut.answers)) },
			vary:  func(l *line, cut cuts, r *rand.Rand) { l.add(limit("downstream", 1+r.IntN(4*cut.answers))) },
		},
		{
			name:  "requests cut, clean EOF",
			begin: func(l *line, cut cuts) { l.add(limit("upstream", cut.requests)) },
			vary:  func(l *line, cut cuts, r *rand.Rand) { l.add(limit("upstream", 1+r.IntN(4*cut.requests))) },
		},
		{
			name:  "down",
			begin: func(l *line, _ cuts) { l.proxy.Stop() },
			end:   func(l *line) { require.NoError(l.t, l.proxy.Start()) },
		},
	}
}
