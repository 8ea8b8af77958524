package clamd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/eicar"
)

// A Report is what a self-test found.
type Report struct {
	Probes []Probe
}

// A Probe is one file that a self-test sent to one server.
type Probe struct {
	Address string
	Name    string
	Got     scan.Result
	Passed  bool   // the server answered as it should
	Advice  string // what to change if it did not

	// Covered says that the Scanner itself refuses such files, so that this
	// one failing lets nothing through.
	Covered bool
}

// OK reports whether no probe failed, other than covered ones.
func (r Report) OK() bool {
	for _, p := range r.Probes {
		if !p.Passed && !p.Covered {
			return false
		}
	}
	return true
}

// WronglyClean returns the probes that a server called clean and should not
// have.
func (r Report) WronglyClean() []Probe {
	var wrong []Probe
	for _, p := range r.Probes {
		if !p.Passed && p.Got.Verdict == scan.Clean {
			wrong = append(wrong, p)
		}
	}
	return wrong
}

// String lists the failed probes, one a line, with what to do about each.
func (r Report) String() string {
	var b strings.Builder
	for _, p := range r.Probes {
		if p.Passed {
			continue
		}
		fmt.Fprintf(&b, "%s: %s: answered %q", p.Address, p.Name, p.Got.Verdict)
		if p.Covered {
			b.WriteString(" (refused before it is sent)")
		}
		fmt.Fprintf(&b, "; %s\n", p.Advice)
	}
	if b.Len() == 0 {
		return fmt.Sprintf("%d probes passed\n", len(r.Probes))
	}
	return b.String()
}

// SelfTest sends every server files whose verdict is known, among them those
// that a clamd with default settings lets pass, and reports what it answered.
// It sends about twice MaxStreamSize per server. An error means that a server
// could not be tried; the report then covers what was.
func (s *Scanner) SelfTest(ctx context.Context) (Report, error) {
	var report Report
	var failed []error
	for _, srv := range s.servers {
		for _, t := range s.probes() {
			res, err := s.scan(ctx, t.object, []*server{srv})
			if err != nil {
				failed = append(failed, fmt.Errorf("%s: %s: %w", srv.target, t.name, err))
				if errors.Is(err, scan.ErrUnavailable) {
					break
				}
				continue
			}
			report.Probes = append(report.Probes, Probe{
				Address: srv.target.String(), Name: t.name, Got: res,
				Passed: t.pass(res.Verdict), Advice: t.advice, Covered: t.object.Size > s.opts.MaxStreamSize,
			})
		}
	}
	if len(failed) > 0 {
		return report, fail("self-test", errors.Join(failed...), true)
	}
	return report, nil
}

// trial is a probe before it is sent.
type trial struct {
	name   string
	object scan.Object
	pass   func(scan.Verdict) bool
	advice string
}

func (s *Scanner) probes() []trial {
	is := func(want scan.Verdict) func(scan.Verdict) bool {
		return func(got scan.Verdict) bool { return got == want }
	}
	stopped := func(got scan.Verdict) bool {
		return got == scan.Infected || got == scan.Suspicious || got == scan.Unscannable
	}
	const limits = "set AlertExceedsMax yes"
	return []trial{
		{"a clean file", bytesObject([]byte("nothing to see here\n")), is(scan.Clean), "look into clamd's log"},
		{"the EICAR test file", bytesObject(eicar.TestFile()), is(scan.Infected), "load signatures (freshclam)"},
		{"EICAR in a zip in a zip", bytesObject(nestedZip(0, eicar.TestFile())), is(scan.Infected), "set ScanArchive yes"},
		{"an encrypted zip", bytesObject(encryptedZip()), stopped, "set AlertEncrypted yes"},
		{"EICAR in a zip that unpacks to 256 MiB", bytesObject(nestedZip(256, eicar.TestFile())), stopped, limits},
		{
			"EICAR at the end of the largest file", paddedZip(s.opts.MaxStreamSize, eicar.TestFile()), stopped,
			limits + ", raise StreamMaxLength, MaxFileSize and MaxScanSize, or lower Options.MaxStreamSize",
		},
		{"EICAR at the end of a file over the limit", paddedZip(s.opts.MaxStreamSize+1, eicar.TestFile()), stopped, limits},
	}
}
