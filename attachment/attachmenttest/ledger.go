package attachmenttest

import (
	"bytes"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/scantest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// LedgerHarness lets scantest.RunLedger judge a repository: contents come in
// through h, which has l for a ledger and has processed nothing else.
func LedgerHarness(t testing.TB, h *attachment.AttachmentHandler, l scan.Ledger) scantest.LedgerHarness {
	t.Helper()
	var messages atomic.Int64
	records := map[string]string{} // attachment by content
	user := tenant.User{ID: "user-1", Actions: []tenant.Action{tenant.Read, tenant.Write}}
	return scantest.LedgerHarness{
		Ledger: l,
		Add: func(tenantID string, data []byte) scan.Job {
			user.Tenant = tenantID
			processed, err := h.Process(tenant.NewContext(t.Context(), user), attachment.Input{
				MessageID: strconv.FormatInt(messages.Add(1), 10), Filename: "a.txt", Data: bytes.NewReader(data), Size: int64(len(data)),
			})
			if err != nil {
				t.Fatal(err)
			}
			jobs, err := l.Due(t.Context(), 10000)
			if err != nil {
				t.Fatal(err)
			}
			for _, job := range jobs {
				if job.TenantID == tenantID && job.SHA256 == processed.ContentHash {
					records[tenantID+job.ContentID] = processed.AttachmentID
					return job
				}
			}
			t.Fatal("the content just added is not due")
			return scan.Job{}
		},
		Status: func(job scan.Job) scan.Status {
			user.Tenant = job.TenantID
			record, err := h.Get(tenant.NewContext(t.Context(), user), records[job.TenantID+job.ContentID])
			if err != nil {
				return ""
			}
			return record.VirusScanStatus
		},
	}
}
