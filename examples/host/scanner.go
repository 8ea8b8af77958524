package host

import (
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/clamd"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/eicar"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/virustotal"
)

// openScanner asks VirusTotal for hashes that it knows, then clamd. Without
// either it is a demo, and hostenv has made sure that nobody relies on that. The
// daemon, if there is one, can be asked how it does.
func openScanner(s Settings) (scanner scan.Scanner, daemon *clamd.Scanner, err error) {
	var scanners []scan.Scanner
	if s.Scan.VirusTotalKey != "" {
		options := &virustotal.Options{BaseURL: s.Scan.VirusTotalURL}
		if len(s.Scan.Clamd) > 0 {
			options.MaxWait = time.Second // once the quota is used up, clamd need not wait for it
		} else {
			s.Logger.Warn("VirusTotal alone: what it has never seen gets no verdict, and is not served; set CLAMAV_HOST too")
		}
		lookups, err := virustotal.New(string(s.Scan.VirusTotalKey), options)
		if err != nil {
			return nil, nil, err
		}
		scanners = append(scanners, lookups)
	}
	if len(s.Scan.Clamd) > 0 {
		if s.Scan.ClamdMaxSize < s.MaxAttachmentSize {
			s.Logger.Warn("attachments larger than CLAMAV_MAX_SIZE get no clean verdict, and are not served",
				"CLAMAV_MAX_SIZE", s.Scan.ClamdMaxSize, "MAX_ATTACHMENT_SIZE", s.MaxAttachmentSize)
		}
		daemon, err = clamd.New(s.Scan.Clamd, &clamd.Options{MaxStreamSize: s.Scan.ClamdMaxSize, Logger: s.Logger})
		if err != nil {
			return nil, nil, err
		}
		scanners = append(scanners, daemon)
	}
	switch len(scanners) {
	case 0:
		return eicar.New(s.Logger), nil, nil
	case 1:
		return scanners[0], daemon, nil // a chain of one would hide its version
	default:
		return scan.Chain(scanners...), daemon, nil
	}
}

// scanPolicy is the strict one, unless the operator wants no scans at all.
func scanPolicy(s Settings) scan.Policy {
	if s.Scan.Enabled {
		return scan.Policy{}
	}
	return scan.Policy{Skip: func(scan.Object) string { return "this host does not scan: ENABLE_VIRUS_SCAN is false" }}
}
