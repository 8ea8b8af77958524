package app

import (
	"context"

	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/outcome"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/workflow"
)

func newReport(results []workflow.Result, skipped []outcome.Unreadable) *outcome.Report {
	r := outcome.New(skipped)
	for _, node := range results {
		for _, item := range node.Items {
			var outputs []any
			for _, inner := range item.Results {
				outputs = append(outputs, inner.Output)
			}
			r.Attachments = append(r.Attachments, outcome.NewRow(item.JSON, outputs, item.Err))
		}
	}
	return r
}

// refresh takes over the verdicts reached since.
func (m *mailhost) refresh(ctx context.Context, r *outcome.Report) error {
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
