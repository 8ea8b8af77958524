package host

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// doctorTenant owns the probe, so that it is in nobody's way.
const doctorTenant = "doctor"

func (d *doctor) store(ctx context.Context) {
	const part = "store"
	if d.settings.S3 == nil && !d.hasData() {
		d.say(part, Warn, "the folder for the data is not there", "start the host, which makes it, or name another folder with -data")
		return
	}
	backend, blobs, err := openStore(ctx, d.settings)
	if err == nil {
		err = roundTrip(ctx, tenant.NewStore(blobs, nil))
		if files, ok := blobs.(io.Closer); ok {
			err = errors.Join(err, files.Close())
		}
	}
	if err != nil {
		advice := "make sure that the folder is this user's to write"
		if d.settings.S3 != nil {
			advice = "look at AWS_S3_ENDPOINT and AWS_S3_BUCKET; the credentials must allow GetObject, PutObject, DeleteObject and ListBucket"
		}
		d.say(part, Fail, err.Error(), advice)
		return
	}
	d.say(part, OK, backend+": written, read back and deleted", "")
}

// roundTrip leaves nothing behind, whatever happens.
func roundTrip(ctx context.Context, store blob.Store) (err error) {
	ctx = tenant.NewContext(ctx, tenant.User{
		Tenant: doctorTenant, ID: doctorTenant, Actions: []tenant.Action{tenant.Read, tenant.Write, tenant.Delete},
	})
	key, content := "probe/"+rand.Text(), rand.Text()
	w, err := store.Create(ctx, key, &blob.WriteOptions{Size: int64(len(content))})
	if err != nil {
		return err
	}
	defer func() { _ = w.Abort() }()
	if _, err := io.WriteString(w, content); err != nil {
		return err
	}
	// A commit that fails may have published all the same.
	defer func() { err = errors.Join(err, store.Delete(context.WithoutCancel(ctx), key)) }()
	if _, err := w.Commit(ctx); err != nil {
		return err
	}
	r, err := store.Open(ctx, key, 0, -1)
	if err != nil {
		return err
	}
	defer r.Close()
	back, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if string(back) != content {
		return fmt.Errorf("%d bytes came back for %d, or other ones", len(back), len(content))
	}
	return nil
}
