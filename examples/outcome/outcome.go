// Package outcome is what became of a mailbox: the table and the JSON that the
// example hosts print. Hosts of different engines can be compared by it.
package outcome

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
)

// Report is what became of a mailbox.
type Report struct {
	Attachments []Row        `json:"attachments"` // in mailbox order
	Unreadable  []Unreadable `json:"unreadable"`
}

// Row is what became of one attachment.
type Row struct {
	MessageID  string            `json:"messageId"`
	Filename   string            `json:"filename"` // as sent
	Size       int64             `json:"size"`     // bytes; as declared if it was refused
	MIMEType   string            `json:"mimeType"` // as detected; as declared if it was refused
	ScanStatus string            `json:"virusScanStatus,omitempty"`
	Result     attachment.Result `json:"result"`
}

// Unreadable is a message, or a part of one, that could not be read.
type Unreadable struct {
	Location string `json:"location"`
	Error    string `json:"error"`
}

// New returns the report of a mailbox, without its attachments.
func New(skipped []Unreadable) *Report {
	return &Report{Attachments: []Row{}, Unreadable: append([]Unreadable{}, skipped...)}
}

// NewRow reads what the loop item says of the mail, and what its nodes put out
// says of the attachment. err is why a node did not run.
func NewRow(item any, outputs []any, err error) Row {
	outer, _ := item.(map[string]any)
	mail, _ := outer["attachment"].(map[string]any)
	size, _ := mail["size"].(float64)
	r := Row{Size: int64(size)}
	r.MessageID, _ = outer["messageId"].(string)
	r.Filename, _ = mail["filename"].(string)
	r.MIMEType, _ = mail["mimeType"].(string)
	if err != nil {
		r.Result = attachment.Result{Status: attachment.StatusError, Error: err.Error(), ErrorCode: attachment.CodeInvalidParams}
	}
	for _, output := range outputs {
		if result, ok := output.(attachment.Result); ok {
			r.Result = result
		}
	}
	if out := r.Result.Output; out != nil {
		r.Size, r.MIMEType, r.ScanStatus = out.Data.Size, out.Data.MIMEType, string(out.Data.VirusScanStatus)
	}
	return r
}

// Failed counts the attachments that are missing because something failed here:
// not those that are refused for what they are.
func (r *Report) Failed() (n int) {
	for _, a := range r.Attachments {
		retryable := a.Result.Retryable
		switch code := a.Result.ErrorCode; {
		case code == attachment.CodeStorage, code == attachment.CodeDatabase, code == attachment.CodeHandler, retryable != nil && *retryable:
			n++
		}
	}
	return n
}

// Print writes the report as a table for people, or as JSON.
func (r *Report) Print(w io.Writer, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(r)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "FILENAME\tTYPE\tSIZE\tSHA-256\tSCAN\tDUPLICATE\tERROR")
	for _, a := range r.Attachments {
		hash, duplicate := "", ""
		if out := a.Result.Output; out != nil {
			hash = out.Data.ContentHash[:12]
			if out.Data.IsDeduplicated {
				duplicate = "yes"
			}
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\t%s\t%s\n",
			printable(a.Filename, 44), a.MIMEType, a.Size, hash, a.ScanStatus, duplicate, a.Result.ErrorCode)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, u := range r.Unreadable {
		fmt.Fprintf(w, "unreadable: %s\n", u.Error)
	}
	return nil
}

// printable makes a hostile name safe to show on a terminal.
func printable(name string, width int) string {
	quoted := fmt.Sprintf("%+q", name)
	if plain := quoted[1 : len(quoted)-1]; plain == name {
		quoted = name
	} else {
		quoted = strings.Trim(fmt.Sprintf("%q", name), `"`)
	}
	if runes := []rune(quoted); len(runes) > width {
		return string(runes[:width-1]) + "…"
	}
	return quoted
}
