package webui

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

const adminRecords = 50

var errNoList = errors.New("no such list")

type adminView struct {
	Usage   *attachment.Usage // nil: this repository keeps no figures
	Lists   []adminList
	Current adminList
	Rows    []row
	Paged   bool
	Older   string
}

// An adminList is one selection of attachments.
type adminList struct {
	Show, Title, About, Empty string
	Here                      bool

	statuses []scan.Status
	deleted  bool
}

func adminLists() []adminList {
	return []adminList{
		{Show: "quarantine", Title: "Quarantine", About: "Found infected or suspicious. Nobody can download these.",
			Empty: "Nothing is in quarantine.", statuses: []scan.Status{scan.StatusInfected, scan.StatusSuspicious}},
		{Show: "pending", Title: "Waiting", About: "Waiting for the virus scanner.",
			Empty: "Nothing waits for the scanner.", statuses: []scan.Status{scan.StatusPending}},
		{Show: "unscanned", Title: "Not scanned", About: "Skipped, released by a person, or beyond what the scanner can judge.",
			Empty: "Everything has been scanned.", statuses: []scan.Status{scan.StatusSkipped, scan.StatusError}},
		{Show: "clean", Title: "Clean", About: "Scanned, and nothing was found.",
			Empty: "Nothing has been found clean yet.", statuses: []scan.Status{scan.StatusClean}},
		{Show: "deleted", Title: "Deleted", About: "Deleted, and still there to be restored for a while.",
			Empty: "Nothing has been deleted.", deleted: true},
	}
}

func (u *ui) readAdmin(r *http.Request) (any, error) {
	if _, admin, err := reach(r.Context()); err != nil || !admin {
		return nil, cmp.Or(err, tenant.ErrForbidden)
	}
	values := r.URL.Query()
	view := adminView{Lists: adminLists(), Paged: values.Get("cursor") != ""}
	for i := range view.Lists {
		if list := &view.Lists[i]; list.Show == cmp.Or(values.Get("show"), "quarantine") {
			list.Here, view.Current = true, *list
		}
	}
	if view.Current.Show == "" {
		return nil, errNoList
	}
	page, err := u.handler.List(r.Context(), attachment.Query{
		Statuses: view.Current.statuses, Deleted: view.Current.deleted, Limit: adminRecords, Cursor: values.Get("cursor"),
	})
	if err != nil {
		return nil, err
	}
	for _, record := range page.Records {
		row := newRow(record, true)
		row.Message = u.heading(r.Context(), record.MessageID).Subject
		view.Rows = append(view.Rows, row)
	}
	view.Older = nextPage("/admin", view.Current.Show, page.Next)
	usage, err := u.handler.Usage(r.Context())
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return view, nil
	case err != nil:
		return nil, err
	}
	view.Usage = &usage
	return view, nil
}

// Saved is what deduplication saves, in bytes.
func (v adminView) Saved() int64 { return v.Usage.ReferencedBytes - v.Usage.StoredBytes }

// SavedShare compares Saved with what would be stored without deduplication.
func (v adminView) SavedShare() string {
	if v.Saved() == 0 {
		return "no two are the same yet"
	}
	if percent := v.Saved() * 100 / v.Usage.ReferencedBytes; percent > 0 {
		return fmt.Sprintf("%d %% of the whole", percent)
	}
	return "less than 1 % of the whole"
}
