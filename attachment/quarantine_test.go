package attachment_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

func TestRelease(t *testing.T) {
	var log bytes.Buffer
	f := newFixture(t, func(o *attachment.Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	id := f.succeed(t, node(content, nil)).AttachmentID
	twin := f.succeed(t, node(content, map[string]any{"filename": "twin.txt"})).AttachmentID
	_, err := f.repo.SetVerdict(as("acme"), id, scan.StatusInfected, scan.Result{Verdict: scan.Infected, Threat: "Eicar", Engine: "clamd"}, f.now)
	require.NoError(t, err)

	for _, reason := range []string{"", " \n\u200b", strings.Repeat("x", attachment.MaxReasonBytes+1)} {
		_, err := f.Release(as("acme"), id, reason)
		require.Equal(t, attachment.CodeInvalidParams, attachment.AsError(err).Code)
	}
	_, err = f.Release(as("acme", tenant.Read, tenant.Write, tenant.Delete), id, "mine")
	require.ErrorIs(t, err, tenant.ErrForbidden)
	_, err = f.Release(as("globex"), id, "not mine")
	require.ErrorIs(t, err, attachment.ErrNotFound)
	_, err = f.open(t, "acme", id)
	require.ErrorIs(t, err, attachment.ErrNotServed)

	record, err := f.Release(as("acme"), id, "a test\nvirus\x00")
	require.NoError(t, err)
	require.Equal(t, scan.StatusSkipped, record.VirusScanStatus, "nobody has proved it clean")
	require.Equal(t, scan.Result{
		Verdict: scan.Unknown, Detail: "released by user-1: a test virus", Threat: "Eicar", Engine: "clamd", ScannedAt: f.now,
	}, *record.VirusScanDetails)
	for _, id := range []string{id, twin} {
		data, err := f.open(t, "acme", id)
		require.NoError(t, err)
		require.Equal(t, content, data)
	}
	require.Contains(t, log.String(), "msg=attachment_released attachmentId="+id)
	require.Contains(t, log.String(), `from=infected to=skipped userId=user-1 reason="a test virus" tenantId=acme`)

	record, err = f.Quarantine(as("acme"), twin, "after all not")
	require.NoError(t, err)
	require.Equal(t, scan.StatusSuspicious, record.VirusScanStatus)
	require.Equal(t, scan.Suspicious, record.VirusScanDetails.Verdict)
	_, err = f.open(t, "acme", id)
	require.ErrorIs(t, err, attachment.ErrNotServed)
}

func TestRescan(t *testing.T) {
	f := newFixture(t)
	id := f.succeed(t, node(content, nil)).AttachmentID
	_, err := f.repo.SetVerdict(as("acme"), id, scan.StatusInfected, scan.Result{}, f.now)
	require.NoError(t, err)
	f.jobs = nil

	_, err = f.Rescan(as("acme", tenant.Read, tenant.Write, tenant.Delete), id)
	require.ErrorIs(t, err, tenant.ErrForbidden)
	_, err = f.Rescan(as("globex"), id)
	require.ErrorIs(t, err, attachment.ErrNotFound)
	require.Empty(t, f.jobs)

	record, err := f.Rescan(as("acme"), id)
	require.NoError(t, err)
	require.Equal(t, scan.StatusInfected, record.VirusScanStatus, "the verdict stands until there is a new one")
	require.Len(t, f.jobs, 1)
	require.Equal(t, "acme", f.jobs[0].TenantID)
}

// signing is a store whose backend serves downloads itself.
type signing struct{ blob.Store }

func (signing) SignURL(_ context.Context, key string, opts *blob.SignURLOptions) (string, error) {
	return "https://backend.test/" + key + "?for=" + opts.Expires.String(), nil
}

func TestBackendURL(t *testing.T) {
	f := newFixture(t, func(o *attachment.Options) { o.ScanPolicy.ServePending = true })
	signed, err := attachment.New(signing{f.store}, f.repo, &attachment.Options{ScanPolicy: scan.Policy{ServePending: true}})
	require.NoError(t, err)
	p := f.succeed(t, node(content, nil))
	record, err := f.Get(as("acme"), p.AttachmentID)
	require.NoError(t, err)
	opts := &blob.SignURLOptions{Expires: time.Minute}

	for status, served := range map[scan.Status]bool{
		scan.StatusClean: true, scan.StatusSkipped: true,
		scan.StatusPending: false, scan.StatusInfected: false, scan.StatusSuspicious: false, scan.StatusError: false, "": false,
	} {
		_, err := f.repo.SetVerdict(as("acme"), record.ID, status, scan.Result{}, f.now)
		require.NoError(t, err)
		url, err := signed.BackendURL(as("acme"), record, opts)
		if served {
			require.NoError(t, err)
			require.Equal(t, "https://backend.test/"+p.StorageKey+"?for=1m0s", url)
		} else {
			require.ErrorIs(t, err, attachment.ErrNotServed, status)
		}
	}
	_, err = f.repo.SetVerdict(as("acme"), record.ID, scan.StatusClean, scan.Result{}, f.now)
	require.NoError(t, err)
	_, err = f.BackendURL(as("acme"), record, opts)
	require.ErrorIs(t, err, blob.ErrUnsupported)
	_, err = signed.BackendURL(as("globex"), record, opts)
	require.ErrorIs(t, err, attachment.ErrNotFound)
	require.NoError(t, f.Delete(as("acme"), record.ID))
	_, err = signed.BackendURL(as("acme"), record, opts)
	require.ErrorIs(t, err, attachment.ErrDeleted)
}

func TestDestroy(t *testing.T) {
	f := newFixture(t)
	first := f.succeed(t, node(content, nil))
	second := f.succeed(t, node(content, map[string]any{"filename": "copy.txt"}))
	kept := f.succeed(t, node("kept", map[string]any{"filename": "kept.txt"}))
	require.ErrorIs(t, f.Destroy(as("acme", tenant.Read, tenant.Delete), first.AttachmentID, "why"), tenant.ErrForbidden)
	require.ErrorIs(t, f.Destroy(as("globex"), first.AttachmentID, "why"), attachment.ErrNotFound)
	require.Error(t, f.Destroy(as("acme"), first.AttachmentID, " "))

	_, err := f.Hold(as("acme"), second.AttachmentID, true)
	require.NoError(t, err)
	require.ErrorIs(t, f.Destroy(as("acme"), second.AttachmentID, "infected"), attachment.ErrHeld)
	require.ErrorIs(t, f.Destroy(as("acme"), first.AttachmentID, "infected"), attachment.ErrHeld)
	require.Len(t, f.blobs(t), 2)
	_, err = f.Hold(as("acme"), second.AttachmentID, false)
	require.NoError(t, err)
	require.NoError(t, f.Destroy(as("acme"), second.AttachmentID, "infected"))
	require.Equal(t, []string{kept.StorageKey}, f.blobs(t))
}

func TestRescanOld(t *testing.T) {
	f := newFixture(t)
	f.succeed(t, node(content, nil))
	f.scanned(t, scan.Infected)
	verdictAt := f.details(t).ScannedAt
	n, err := f.RescanOld(t.Context(), verdictAt.Add(-time.Hour), "", 10)
	require.NoError(t, err)
	require.Zero(t, n)
	n, err = f.RescanOld(t.Context(), verdictAt.Add(time.Hour), "", 10)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	f.scanned(t, scan.Clean)
}

// details are those of the only attachment.
func (f *fixture) details(t *testing.T) *scan.Result {
	t.Helper()
	page, err := f.List(as("acme"), attachment.Query{})
	require.NoError(t, err)
	require.Len(t, page.Records, 1)
	return page.Records[0].VirusScanDetails
}
