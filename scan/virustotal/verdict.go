package virustotal

import (
	"cmp"
	"fmt"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

// fileReport is GET /files/{sha256}.
type fileReport struct {
	Data struct {
		Attributes struct {
			SHA256         string `json:"sha256"`
			Size           int64  `json:"size"`
			Date           int64  `json:"last_analysis_date"`
			Stats          stats  `json:"last_analysis_stats"`
			Classification struct {
				Label string `json:"suggested_threat_label"`
			} `json:"popular_threat_classification"`
		} `json:"attributes"`
	} `json:"data"`
}

// analysisReport is GET /analyses/{id}.
type analysisReport struct {
	Meta struct {
		File struct {
			SHA256 string `json:"sha256"`
			Size   int64  `json:"size"`
		} `json:"file_info"`
	} `json:"meta"`
	Data struct {
		Attributes struct {
			Status string `json:"status"`
			Date   int64  `json:"date"`
			Stats  stats  `json:"stats"`
		} `json:"attributes"`
	} `json:"data"`
}

// stats counts engines by what they said. Engines that failed, timed out or do
// not support the type count for nothing.
type stats struct {
	Malicious  int `json:"malicious"`
	Suspicious int `json:"suspicious"`
	Undetected int `json:"undetected"` // no opinion: what most engines say of a clean file
	Harmless   int `json:"harmless"`
}

// judge turns counts into a verdict. Suspicion is believed however old it is;
// Clean needs enough engines and a recent look.
func (s *Scanner) judge(n stats, date time.Time, label string) (scan.Result, error) {
	if min(n.Malicious, n.Suspicious, n.Undetected, n.Harmless) < 0 {
		return scan.Result{}, fail("report", fmt.Errorf("%w: negative counts", scan.ErrProtocol), true)
	}
	silent := n.Undetected + n.Harmless
	res := scan.Result{
		Detail:     fmt.Sprintf("of %d engines %d call it malicious, %d suspicious", n.Malicious+n.Suspicious+silent, n.Malicious, n.Suspicious),
		Signatures: date.Format(time.DateOnly), ScannedAt: date,
	}
	switch {
	case n.Malicious >= s.opts.InfectedAt:
		res.Verdict, res.Threat = scan.Infected, cmp.Or(label, "malicious")
	case n.Malicious > 0, n.Suspicious >= s.opts.SuspiciousAt:
		res.Verdict, res.Threat = scan.Suspicious, cmp.Or(label, "suspicious")
	case silent < s.opts.MinEngines:
		res.Detail = fmt.Sprintf("only %d engines had a look, fewer than %d", silent, s.opts.MinEngines)
	case time.Since(date) > s.opts.MaxAge:
		res.Detail = "the last analysis is of " + date.Format(time.DateOnly) + ", too long ago"
	default:
		res.Verdict = scan.Clean
	}
	return res, nil
}
