package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/workflow"
)

// report is what became of a mailbox.
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

func newReport(results []workflow.Result, skipped []unreadable) *report {
	r := &report{Attachments: []row{}, Unreadable: append([]unreadable{}, skipped...)}
	for _, node := range results {
		for _, item := range node.Items {
			r.Attachments = append(r.Attachments, newRow(item))
		}
	}
	return r
}

// newRow reads what the loop item says of the mail, and the result what the
// node says of it.
func newRow(item workflow.Item) row {
	outer, _ := item.JSON.(map[string]any)
	mail, _ := outer["attachment"].(map[string]any)
	size, _ := mail["size"].(float64)
	r := row{Size: int64(size)}
	r.MessageID, _ = outer["messageId"].(string)
	r.Filename, _ = mail["filename"].(string)
	r.MIMEType, _ = mail["mimeType"].(string)
	if item.Err != nil {
		r.Result = attachment.Result{Status: attachment.StatusError, Error: item.Err.Error(), ErrorCode: attachment.CodeInvalidParams}
	}
	for _, node := range item.Results {
		if result, ok := node.Output.(attachment.Result); ok {
			r.Result = result
		}
	}
	if out := r.Result.Output; out != nil {
		r.Size, r.MIMEType, r.ScanStatus = out.Data.Size, out.Data.MIMEType, string(out.Data.VirusScanStatus)
	}
	return r
}

// refresh takes over the verdicts reached since.
func (m *mailhost) refresh(ctx context.Context, r *report) error {
	for i := range r.Attachments {
		out := r.Attachments[i].Result.Output
		if out == nil {
			continue
		}
		record, err := m.host.Handler.Get(m.host.Settings.Own(ctx), out.Data.AttachmentID)
		if err != nil {
			return err
		}
		r.Attachments[i].ScanStatus = string(record.VirusScanStatus)
		out.Data.VirusScanStatus, out.Data.VirusScanDetails = record.VirusScanStatus, record.VirusScanDetails
	}
	return nil
}

func (r *report) print(w io.Writer, asJSON bool) error {
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
