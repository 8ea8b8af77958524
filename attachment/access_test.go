package attachment_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/attachmenttest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/blobtest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

func (f *fixture) open(t *testing.T, tenantID, id string) (string, error) {
	t.Helper()
	record, err := f.Get(as(tenantID), id)
	if err != nil {
		return "", err
	}
	r, err := f.Open(as(tenantID), record, 0, -1)
	if err != nil {
		return "", err
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	return string(data), err
}

// TestServing shows that no status but clean and skipped hands out bytes.
func TestServing(t *testing.T) {
	f := newFixture(t)
	id := f.succeed(t, node(content, nil)).AttachmentID
	_, err := f.open(t, "acme", id)
	require.ErrorIs(t, err, attachment.ErrNotServed) // pending
	for status, served := range map[scan.Status]bool{
		scan.StatusClean: true, scan.StatusSkipped: true,
		scan.StatusInfected: false, scan.StatusSuspicious: false, scan.StatusError: false, scan.StatusPending: false, "": false, "Clean": false,
	} {
		_, err := f.repo.SetVerdict(as("acme"), id, status, scan.Result{}, f.now)
		require.NoError(t, err)
		data, err := f.open(t, "acme", id)
		if served {
			require.NoError(t, err)
			require.Equal(t, content, data)
		} else {
			require.ErrorIs(t, err, attachment.ErrNotServed, status)
		}
	}
}

func TestAccess(t *testing.T) {
	f := newFixture(t)
	id := f.succeed(t, node(content, map[string]any{"enableVirusScan": false})).AttachmentID
	_, err := f.open(t, "globex", id)
	require.ErrorIs(t, err, attachment.ErrNotFound)
	require.ErrorIs(t, f.Delete(as("globex"), id), attachment.ErrNotFound)
	require.ErrorIs(t, f.Delete(as("acme", tenant.Read), id), tenant.ErrForbidden)
	_, err = f.Get(t.Context(), id)
	require.ErrorIs(t, err, tenant.ErrMissing)

	require.NoError(t, f.Delete(as("acme"), id))
	_, err = f.open(t, "acme", id)
	require.ErrorIs(t, err, attachment.ErrDeleted)
	_, err = f.Restore(as("acme", tenant.Read, tenant.Delete), id)
	require.ErrorIs(t, err, tenant.ErrForbidden)
	_, err = f.Restore(as("acme"), id)
	require.NoError(t, err)
	data, err := f.open(t, "acme", id)
	require.NoError(t, err)
	require.Equal(t, content, data)
}

func TestLinks(t *testing.T) {
	f := newFixture(t)
	processed := f.succeed(t, node(content, map[string]any{"enableVirusScan": false, "messageId": "<odd id/ü?#>"}))
	follow := func(key, query string) (string, error) {
		ctx, record, err := f.FollowLink(t.Context(), "GET", key, query)
		if err != nil {
			return "", err
		}
		r, err := f.Open(ctx, record, 0, -1)
		if err != nil {
			return "", err
		}
		defer r.Close()
		data, err := io.ReadAll(r)
		return string(data), err
	}
	link, err := url.Parse(processed.PresignedURL)
	require.NoError(t, err)
	key := strings.TrimPrefix(link.Path, attachment.DownloadPath)
	require.Equal(t, processed.StorageKey, key)
	data, err := follow(key, link.RawQuery)
	require.NoError(t, err)
	require.Equal(t, content, data)

	_, err = follow(strings.Replace(key, "acme", "globex", 1), link.RawQuery)
	require.ErrorIs(t, err, blob.ErrLinkInvalid)
	_, err = follow(key, link.RawQuery+"x")
	require.ErrorIs(t, err, blob.ErrLinkInvalid)

	// The bearer may read this attachment and do nothing else.
	ctx, record, err := f.FollowLink(t.Context(), "GET", key, link.RawQuery)
	require.NoError(t, err)
	require.ErrorIs(t, f.Delete(ctx, record.ID), tenant.ErrForbidden)
	_, err = f.List(ctx, attachment.Query{})
	require.ErrorIs(t, err, tenant.ErrForbidden)

	// What happened since is seen when the link is used.
	require.NoError(t, f.Delete(as("acme"), record.ID))
	_, err = follow(key, link.RawQuery)
	require.ErrorIs(t, err, attachment.ErrDeleted)
	f.now = f.now.Add(2 * time.Hour)
	_, err = follow(key, link.RawQuery)
	require.ErrorIs(t, err, blob.ErrLinkExpired)
}

func TestSweep(t *testing.T) {
	f := newFixture(t)
	kept := f.succeed(t, node(content, nil))
	copied := f.succeed(t, node(content, map[string]any{"filename": "copy.txt"}))
	gone := f.succeed(t, node("gone", map[string]any{"filename": "gone.txt"}))
	require.NoError(t, f.Delete(as("acme"), gone.AttachmentID))
	require.NoError(t, f.Delete(as("acme"), copied.AttachmentID))

	report, err := f.Sweep(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, attachment.SweepReport{}, report) // within the grace
	f.now = f.now.Add(8 * 24 * time.Hour)
	report, err = f.Sweep(t.Context(), &attachment.SweepOptions{DryRun: true})
	require.NoError(t, err)
	require.Equal(t, attachment.SweepReport{Records: 2, DryRun: true}, report)
	report, err = f.Sweep(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, attachment.SweepReport{Records: 2, Blobs: 1, Bytes: 4}, report)
	require.Equal(t, []string{kept.StorageKey}, f.blobs(t))

	_, err = f.Hold(as("acme"), kept.AttachmentID, true)
	require.NoError(t, err)
	f.now = f.now.Add(attachment.DefaultRetention)
	require.Zero(t, f.settle(t).Records)
	_, err = f.Hold(as("acme"), kept.AttachmentID, false)
	require.NoError(t, err)
	require.Equal(t, 1, f.settle(t).Blobs)
	require.Empty(t, f.blobs(t))
}

// TestSweepKeepsWhatItCannotDelete: the row outlives the failure.
func TestSweepKeepsWhatItCannotDelete(t *testing.T) {
	f := newFixture(t)
	id := f.succeed(t, node(content, nil)).AttachmentID
	require.NoError(t, f.Delete(as("acme"), id))
	f.now = f.now.Add(8 * 24 * time.Hour)
	f.store.Inject(blobtest.Fault{Op: "delete", Temporary: true})
	_, err := f.Sweep(t.Context(), nil)
	require.Error(t, err)
	f.store.Heal()
	require.Equal(t, 1, f.settle(t).Blobs)
	require.Empty(t, f.blobs(t))
}

// TestNoProofWithoutALook: what nobody looked for is not proven gone.
func TestNoProofWithoutALook(t *testing.T) {
	f := newFixture(t)
	f.succeed(t, node(content, nil))
	for name, erase := range map[string]func() (attachment.Erasure, error){
		"no tenant": func() (attachment.Erasure, error) { return f.EraseTenant(t.Context(), "") },
		"cancelled": func() (attachment.Erasure, error) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			return f.EraseTenant(ctx, "acme")
		},
		"a store that lists nothing": func() (attachment.Erasure, error) {
			h, err := attachment.New(tenant.NewStore(struct{ blob.Store }{memblob.New(nil)}, nil), attachmenttest.NewRepository(), nil)
			require.NoError(t, err)
			proof, err := h.EraseTenant(t.Context(), "acme")
			require.NoError(t, err)
			return proof, nil
		},
	} {
		proof, err := erase()
		require.Equal(t, name == "a store that lists nothing", err == nil, "%s: %v", name, err)
		require.False(t, proof.Complete(), name)
	}
}

func TestEraseTenant(t *testing.T) {
	f := newFixture(t)
	held := f.succeed(t, node(content, nil))
	_, err := f.Hold(as("acme"), held.AttachmentID, true)
	require.NoError(t, err)
	theirs := f.Execute(as("globex"), node(content, nil)).Output.Data
	f.repo.fail["finish"] = errors.New("crash")
	f.Execute(as("acme"), node("intent", nil))
	f.repo.fail = nil
	stray, err := f.memory.Create(t.Context(), "attachments/acme/stray", nil)
	require.NoError(t, err)
	_, err = stray.Commit(t.Context())
	require.NoError(t, err)

	proof, err := f.EraseTenant(t.Context(), "acme")
	require.NoError(t, err)
	require.True(t, proof.Complete())
	require.Equal(t, attachment.Erasure{TenantID: "acme", At: f.now, Records: 1, Blobs: 3, Bytes: int64(len(content) + len("intent"))}, proof)
	require.Equal(t, []string{theirs.StorageKey}, f.blobs(t))
	_, err = f.EraseTenant(t.Context(), "*")
	require.ErrorIs(t, err, tenant.ErrInvalidID)
}

func TestAudit(t *testing.T) {
	f := newFixture(t)
	kept := f.succeed(t, node(content, nil)).StorageKey
	w, err := f.memory.Create(t.Context(), "attachments/acme/stray", nil)
	require.NoError(t, err)
	_, err = io.Copy(w, bytes.NewReader(make([]byte, 10)))
	require.NoError(t, err)
	_, err = w.Commit(t.Context())
	require.NoError(t, err)

	f.now = time.Now() // blobs carry the store's own time
	report, err := f.Audit(t.Context(), "acme", nil)
	require.NoError(t, err)
	require.Empty(t, report.Orphans, "too young to judge")
	f.now = f.now.Add(48 * time.Hour)
	report, err = f.Audit(t.Context(), "acme", nil)
	require.NoError(t, err)
	require.Equal(t, []string{"attachments/acme/stray"}, report.Orphans)
	require.Len(t, f.blobs(t), 2) // a dry run

	wrong := newFixture(t) // the same store, an empty database
	other, err := attachment.New(f.store, wrong.repo, &attachment.Options{Now: f.clock})
	require.NoError(t, err)
	_, err = other.Audit(t.Context(), "acme", &attachment.AuditOptions{Delete: true})
	require.ErrorIs(t, err, attachment.ErrWrongDatabase)
	require.Len(t, f.blobs(t), 2)

	report, err = f.Audit(t.Context(), "acme", &attachment.AuditOptions{Delete: true})
	require.NoError(t, err)
	require.Equal(t, 1, report.Deleted)
	require.Equal(t, []string{kept}, f.blobs(t))
}
