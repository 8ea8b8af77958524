package scan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

func TestPolicyServes(t *testing.T) {
	loosest := scan.Policy{ServePending: true}
	for _, c := range []struct {
		policy scan.Policy
		serves []scan.Status
	}{
		{scan.Policy{}, []scan.Status{scan.StatusClean, scan.StatusSkipped}},
		{scan.Policy{WithholdSkipped: true}, []scan.Status{scan.StatusClean}},
		{loosest, []scan.Status{scan.StatusClean, scan.StatusSkipped, scan.StatusPending}},
	} {
		var got []scan.Status
		for _, status := range []scan.Status{
			scan.StatusClean, scan.StatusSkipped, scan.StatusPending,
			scan.StatusSuspicious, scan.StatusInfected, scan.StatusError, "", "CLEAN", "something new",
		} {
			if c.policy.Serves("acme", status) {
				got = append(got, status)
			}
		}
		require.Equal(t, c.serves, got)
	}
}

func TestPolicyPerTenant(t *testing.T) {
	policy := scan.Policy{ForTenant: func(tenantID string) *scan.Policy {
		if tenantID == "trusting" {
			return &scan.Policy{ServePending: true, Skip: func(scan.Object) string { return "this tenant scans nothing" }}
		}
		return nil
	}}
	require.True(t, policy.Serves("trusting", scan.StatusPending))
	require.False(t, policy.Serves("acme", scan.StatusPending))

	should, reason := policy.ShouldScan(scan.Object{TenantID: "trusting"})
	require.False(t, should)
	require.NotEmpty(t, reason)
	should, _ = policy.ShouldScan(scan.Object{TenantID: "acme"})
	require.True(t, should)
}

func TestLowRiskSkipsOnlyWhatTypeAndNameAgreeOn(t *testing.T) {
	policy := scan.Policy{Skip: scan.LowRisk}
	for _, c := range []struct {
		filename, mimeType string
		reason             string // "" means scanned
	}{
		{"notes.txt", "text/plain; charset=utf-8", "plain text"},
		{"photo.JPG", "image/jpeg", "raster image (image/jpeg)"},
		{"logo.png", "image/png", "raster image (image/png)"},
		{"logo.png", "image/jpeg", ""},
		{"run.bat", "text/plain", ""},
		{"run.ps1", "text/plain; charset=utf-8", ""},
		{"page.txt", "text/html", ""},
		{"drawing.svg", "image/svg+xml", ""},
		{"paper.pdf", "application/pdf", ""},
		{"photo", "image/jpeg", ""},
		{"photo.jpg.exe", "image/jpeg", ""},
		{"photo.jpg", "application/octet-stream", ""},
		{"photo.jpg", "", ""},
	} {
		should, reason := policy.ShouldScan(scan.Object{Filename: c.filename, MIMEType: c.mimeType})
		require.Equal(t, c.reason, reason, c.filename)
		require.Equal(t, c.reason == "", should)
	}
}
