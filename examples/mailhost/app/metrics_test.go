package app

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMetrics looks for every metric of the dashboard in what a host exports
// once it has scanned something.
func TestMetrics(t *testing.T) {
	dashboard, err := os.ReadFile("../deploy/grafana.json")
	require.NoError(t, err)
	var named []string
	for _, query := range regexp.MustCompile(`"expr": (".*")`).FindAllStringSubmatch(string(dashboard), -1) {
		metrics := regexp.MustCompile(`by \([^)]*\)|\{[^}]*\}`).ReplaceAllString(query[1], "") // without labels
		named = append(named, regexp.MustCompile(`\b(?:scan|attachment|tenant|blob)_[a-z_]+`).FindAllString(metrics, -1)...)
	}
	require.NotEmpty(t, named)

	base := freeAddr(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	done := make(chan error, 1)
	arguments := []string{
		"-data", t.TempDir(), "-addr", freeAddr(t), "-mail", "../../../testdata/mail", "-workflow", "../../../" + testWorkflow,
	}
	go func() {
		done <- run(ctx, arguments, env{"METRICS_ADDR": base}.get, io.Discard, new(bytes.Buffer), nil)
	}()
	var exported string
	fetch := func() string {
		resp, err := http.Get("http://" + base + "/metrics")
		if err != nil {
			return ""
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		return string(body)
	}
	missing := func() (names []string) {
		exported = fetch()
		for _, name := range named {
			if !regexp.MustCompile(`(?m)^` + name + `[ {]`).MatchString(exported) {
				names = append(names, name)
			}
		}
		return names
	}
	eventually(func() bool { return len(missing()) == 0 })
	require.Empty(t, missing(), exported)
	require.Regexp(t, `scan_outcomes_total\{.*scan_status="clean"`, exported)
	http.DefaultClient.CloseIdleConnections()
	stop()
	require.NoError(t, <-done)
}
