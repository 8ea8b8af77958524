package tenant_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

func ExampleStore() {
	ctx := context.Background()
	tenants := &tenant.Memory{}
	for _, id := range []string{"acme", "globex"} {
		_ = tenants.SetLimits(id, tenant.Limits{MaxBytes: 1 << 20, MaxBlobSize: 100})
		_ = tenants.SetUser(id, "ann", "user")
	}
	store := tenant.NewStore(memblob.New(nil), &tenant.StoreOptions{
		Manager: tenants,
		Audit: func(_ context.Context, e tenant.Event) {
			fmt.Printf("%s: %s %s: %s\n", e.Tenant, e.Op, e.Key, e.Outcome())
		},
	})

	as := func(tenantID string) context.Context {
		user, err := tenants.Resolve(ctx, tenantID, "ann")
		if err != nil {
			panic(err)
		}
		return tenant.NewContext(ctx, user)
	}
	put := func(ctx context.Context, key string, data []byte) error {
		w, err := store.Create(ctx, key, &blob.WriteOptions{Size: int64(len(data))})
		if err != nil {
			return err
		}
		defer w.Abort()
		if _, err := w.Write(data); err != nil {
			return err
		}
		_, err = w.Commit(ctx)
		return err
	}

	fmt.Println(put(as("acme"), "report.pdf", []byte("%PDF-1.7")))
	err := put(as("acme"), "film.mp4", make([]byte, 101))
	fmt.Println(errors.Is(err, tenant.ErrQuota), errors.Is(err, blob.ErrTooLarge))

	_, err = store.Open(as("globex"), "report.pdf", 0, -1)
	fmt.Println(err)
	_, err = store.Open(ctx, "report.pdf", 0, -1)
	fmt.Println(err)
	// Output:
	// acme: create report.pdf: done
	// acme: commit report.pdf: done
	// <nil>
	// acme: create film.mp4: over quota
	// true true
	// globex: open report.pdf: failed
	// blob: open "report.pdf": no such blob
	// : open report.pdf: denied
	// blob: open "report.pdf": tenant: no tenant in context
}

func ExampleMemory() {
	ctx := context.Background()
	var tenants tenant.Memory
	_ = tenants.SetLimits("acme", tenant.Limits{MaxBytes: 100})

	fmt.Println(tenants.Reserve(ctx, "acme", tenant.Usage{Bytes: 60, Blobs: 1}))
	fmt.Println(tenants.Reserve(ctx, "acme", tenant.Usage{Bytes: 60, Blobs: 1}))
	fmt.Println(tenants.Usage("acme"))
	fmt.Println(tenants.Reserve(ctx, "globex", tenant.Usage{Bytes: 1}))
	// Output:
	// <nil>
	// tenant: quota exceeded: 60 bytes more than the 60 of 100 used
	// {60 1} <nil>
	// tenant: no such tenant or user
}

func ExampleNewContext() {
	user := tenant.User{Tenant: "acme", ID: "ann", Actions: []tenant.Action{tenant.Read}}
	ctx := tenant.NewContext(context.Background(), user)

	tc, err := tenant.FromContext(ctx)
	fmt.Println(tc.TenantID(), tc.Can(tenant.Read, "any"), tc.Can(tenant.Write, "any"), err)
	_, err = tenant.FromContext(context.Background())
	fmt.Println(err)
	// Output:
	// acme true false <nil>
	// tenant: no tenant in context
}
