package host

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"
)

// A Grade is how one check came out.
type Grade string

// The grades.
const (
	OK   Grade = "ok"
	Warn Grade = "warn" // it works, and somebody should look at it
	Fail Grade = "fail" // it does not work, or is not safe
)

// A Finding is what the doctor says of one part. No secret is in it.
type Finding struct {
	Part   string `json:"part"`
	Grade  Grade  `json:"grade"`
	Found  string `json:"found"`
	Advice string `json:"advice,omitempty"` // what to do about it
}

// Findings are the doctor's, one or more for each part.
type Findings []Finding

// Healthy reports whether nothing failed.
func (all Findings) Healthy() bool {
	for _, f := range all {
		if f.Grade == Fail {
			return false
		}
	}
	return true
}

// Print writes a table, or JSON.
func (all Findings) Print(w io.Writer, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(all)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "PART\tVERDICT\tFOUND\tWHAT TO DO")
	for _, f := range all {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", f.Part, f.Grade, f.Found, f.Advice)
	}
	return table.Flush()
}

// checkTimeout is for each part. clamd's self-test has it unpack 256 MiB, which
// takes half a minute on a machine that has other work.
const checkTimeout = 3 * time.Minute

// Examine looks at every part that s names, beside a host that runs or before
// one does. No schema is migrated, no key made, no folder for the data. But a blob of
// a few bytes is written to the store, read back and deleted, in the namespace of a
// tenant of its own; a store of files makes its folders for that.
func Examine(ctx context.Context, s Settings) Findings {
	d := &doctor{settings: s}
	for _, check := range []func(context.Context){d.store, d.database, d.scanner, d.clocks, d.keys, d.redis, d.disk} {
		ctx, cancel := context.WithTimeout(ctx, checkTimeout)
		check(ctx)
		cancel()
	}
	return d.findings
}

type doctor struct {
	settings Settings
	findings Findings
}

func (d *doctor) say(part string, grade Grade, found, advice string) {
	d.findings = append(d.findings, Finding{part, grade, found, advice})
}

// hasData reports whether a host has run here already.
func (d *doctor) hasData() bool {
	_, err := os.Stat(d.settings.Data)
	return err == nil
}
