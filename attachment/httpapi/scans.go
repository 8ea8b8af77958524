package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

// scanStatus is what a client polls.
type scanStatus struct {
	AttachmentID     string       `json:"attachmentId"`
	VirusScanStatus  scan.Status  `json:"virusScanStatus"`
	VirusScanDetails *scan.Result `json:"virusScanDetails,omitempty"`
	VirusScanAt      *time.Time   `json:"virusScanAt,omitempty"`
}

func writeScanStatus(w http.ResponseWriter, status int, record attachment.EmailAttachment) {
	if record.VirusScanStatus == scan.StatusPending || status == http.StatusAccepted {
		w.Header().Set("Retry-After", seconds(retryLater))
	}
	writeJSON(w, status, scanStatus{record.ID, record.VirusScanStatus, record.VirusScanDetails, record.VirusScanAt})
}

func (a *api) scanStatus(w http.ResponseWriter, r *http.Request) error {
	record, err := a.findLive(r)
	if err != nil {
		return err
	}
	writeScanStatus(w, http.StatusOK, record)
	return nil
}

func (a *api) rescan(w http.ResponseWriter, r *http.Request) error {
	record, err := a.findLive(r)
	if err != nil {
		return err
	}
	if record, err = a.handler.Rescan(r.Context(), record.ID); err != nil {
		return err
	}
	a.audit(r.Context(), Event{Action: ActionRescan}, record)
	writeScanStatus(w, http.StatusAccepted, record)
	return nil
}

func (a *api) release(w http.ResponseWriter, r *http.Request) error {
	return a.overrule(w, r, ActionRelease, a.handler.Release)
}

func (a *api) quarantine(w http.ResponseWriter, r *http.Request) error {
	return a.overrule(w, r, ActionQuarantine, a.handler.Quarantine)
}

func (a *api) overrule(w http.ResponseWriter, r *http.Request, action Action, do func(ctx context.Context, id, reason string) (attachment.EmailAttachment, error)) error {
	record, err := a.findLive(r)
	if err != nil {
		return err
	}
	reason, err := readReason(w, r)
	if err != nil {
		return err
	}
	if record, err = do(r.Context(), record.ID, reason); err != nil {
		return err
	}
	a.audit(r.Context(), Event{Action: action, Reason: reason}, record)
	writeScanStatus(w, http.StatusOK, record)
	return nil
}

// readReason reads {"reason": "…"}. It insists on the type that a form of
// another site cannot send without being asked for it first (CORS).
func readReason(w http.ResponseWriter, r *http.Request) (string, error) {
	if media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); media != "application/json" {
		return "", errMediaType
	}
	var body struct {
		Reason string `json:"reason"`
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 8*attachment.MaxReasonBytes))
	d.DisallowUnknownFields()
	if err := d.Decode(&body); err != nil || d.More() {
		return "", badRequestf(`the body must be {"reason": "…"}`)
	}
	return body.Reason, nil
}

var errMediaType = errors.New("the body has a media type that this route does not take")
