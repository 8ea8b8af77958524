package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
)

// report is what became of a page, or of a whole mailbox. It is the JSON that
// mailhost prints.
type report struct {
	Attachments []row        `json:"attachments"` // in mailbox order
	Unreadable  []unreadable `json:"unreadable"`
}

// row is what became of one attachment.
type row struct {
	MessageID  string            `json:"messageId"`
	Filename   string            `json:"filename"` // as sent
	Size       int64             `json:"size"`     // bytes; as declared if it was refused
	MIMEType   string            `json:"mimeType"` // as detected; as declared if it was refused
	ScanStatus string            `json:"virusScanStatus,omitempty"`
	Result     attachment.Result `json:"result"`
}

// unreadable is a message, or a part of one, that could not be read.
type unreadable struct {
	Location string `json:"location"`
	Error    string `json:"error"`
}

func newReport(skipped []unreadable) report {
	return report{Attachments: []row{}, Unreadable: append([]unreadable{}, skipped...)}
}

// newRow reads what the loop item says of the mail, and the result what the
// node says of it.
func newRow(item any, outputs []any, err error) row {
	outer, _ := item.(map[string]any)
	mail, _ := outer["attachment"].(map[string]any)
	size, _ := mail["size"].(float64)
	r := row{Size: int64(size)}
	r.MessageID, _ = outer["messageId"].(string)
	r.Filename, _ = mail["filename"].(string)
	r.MIMEType, _ = mail["mimeType"].(string)
	if err != nil {
		r.Result = attachment.Result{Status: attachment.StatusError, Error: short(err.Error()), ErrorCode: attachment.CodeHandler}
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

func (r report) print(w io.Writer, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(r)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "FILENAME\tTYPE\tSIZE\tSCAN\tERROR")
	for _, a := range r.Attachments {
		fmt.Fprintf(table, "%.44q\t%s\t%d\t%s\t%s\n", a.Filename, a.MIMEType, a.Size, a.ScanStatus, a.Result.ErrorCode)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, u := range r.Unreadable {
		fmt.Fprintf(w, "unreadable: %q\n", u.Error)
	}
	return nil
}
