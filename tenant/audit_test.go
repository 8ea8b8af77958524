package tenant_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

func TestAuditHasOneEventPerCall(t *testing.T) {
	var events []tenant.Event
	var m tenant.Memory
	require.NoError(t, m.SetLimits("acme", tenant.Limits{MaxBytes: 20}))
	s := tenant.NewStore(&spy{Store: memblob.New(nil)}, &tenant.StoreOptions{
		Manager: &m,
		Audit:   func(_ context.Context, e tenant.Event) { events = append(events, e) },
	})
	ctx := as(t.Context(), "acme")
	readOnly := tenant.NewContext(t.Context(), tenant.User{Tenant: "acme", ID: "guest", Actions: []tenant.Action{tenant.Read}})

	for _, step := range []struct {
		do   func() error
		want []tenant.Event // Err is compared with errors.Is
	}{
		{func() error { return upload(ctx, s, "k", 10, 3, false) }, []tenant.Event{
			{Op: "create", Action: tenant.Write, Key: "k"},
			{Op: "commit", Action: tenant.Write, Key: "k", Bytes: 10},
		}},
		{func() error { return calls["create"].call(ctx, s, "l") }, []tenant.Event{
			{Op: "create", Action: tenant.Write, Key: "l"},
			{Op: "abort", Action: tenant.Write, Key: "l"},
		}},
		{func() error { return upload(ctx, s, "m", 15, 15, true) }, []tenant.Event{
			{Op: "create", Action: tenant.Write, Key: "m", Err: tenant.ErrQuota},
		}},
		{func() error { return calls["open"].call(ctx, s, "k") }, []tenant.Event{{Op: "open", Action: tenant.Read, Key: "k", Bytes: 10}}},
		{func() error { _, err := s.Open(ctx, "k", 8, 1); return err }, []tenant.Event{{Op: "open", Action: tenant.Read, Key: "k", Bytes: 1}}},
		{func() error { _, err := s.Open(ctx, "k", 8, 99); return err }, []tenant.Event{{Op: "open", Action: tenant.Read, Key: "k", Bytes: 2}}},
		{func() error { return calls["stat"].call(ctx, s, "absent") }, []tenant.Event{{Op: "stat", Action: tenant.Read, Key: "absent", Err: blob.ErrNotFound}}},
		{func() error { return calls["list"].call(ctx, s, "k") }, []tenant.Event{{Op: "list", Action: tenant.Read, Key: "k"}}},
		{func() error { return calls["sign"].call(ctx, s, "k") }, []tenant.Event{{Op: "sign", Action: tenant.Read, Key: "k"}}},
		{func() error { _, err := s.Copy(ctx, "c", "k"); return err }, []tenant.Event{
			{Op: "copy", Action: tenant.Write, Key: "c", Source: "k", Bytes: 10},
		}},
		{func() error { return s.Delete(ctx, "k") }, []tenant.Event{{Op: "delete", Action: tenant.Delete, Key: "k", Bytes: 10}}},
		{func() error { return s.Delete(ctx, "../k") }, []tenant.Event{{Op: "delete", Action: tenant.Delete, Key: "../k", Err: blob.ErrInvalidKey}}},
		{func() error { return s.Delete(readOnly, "c") }, []tenant.Event{
			{User: "guest", Op: "delete", Action: tenant.Delete, Key: "c", Err: tenant.ErrForbidden},
		}},
		{func() error { return s.Delete(t.Context(), "c") }, []tenant.Event{
			{Tenant: "none", Op: "delete", Action: tenant.Delete, Key: "c", Err: tenant.ErrMissing},
		}},
	} {
		events = nil
		err := step.do()
		require.Len(t, events, len(step.want), "%+v", events)
		for i, want := range step.want {
			got := events[i]
			require.ErrorIs(t, got.Err, want.Err)
			if got.Err != nil {
				require.Equal(t, err, got.Err)
			}
			got.Err, want.Err = nil, nil
			switch {
			case want.Tenant == "none":
				want.Tenant = ""
			case want.User == "":
				want.Tenant, want.User = "acme", "user-of-acme"
			default:
				want.Tenant = "acme"
			}
			require.Equal(t, want, got)
		}
	}
}

func TestEventOutcome(t *testing.T) {
	for err, want := range map[error]tenant.Outcome{
		nil: tenant.Done, tenant.ErrMissing: tenant.Denied, tenant.ErrForbidden: tenant.Denied, tenant.ErrInvalidID: tenant.Denied,
		tenant.ErrUnknown: tenant.Denied, tenant.ErrQuota: tenant.OverFull, blob.ErrNotFound: tenant.Failed, errors.New("x"): tenant.Failed,
	} {
		if err != nil {
			err = &blob.Error{Op: "open", Key: "k", Err: err}
		}
		require.Equal(t, want, tenant.Event{Err: err}.Outcome())
	}
}

func TestEventLogsAsOneGroup(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey && len(groups) == 0 {
			return slog.Attr{}
		}
		return a
	}}))
	log.Info("blob", "event", tenant.Event{
		Tenant: "acme", User: "ann", Op: "copy", Action: tenant.Write, Key: "b\n", Source: "a", Bytes: 3, Err: tenant.ErrForbidden,
	})
	require.Equal(t, `level=INFO msg=blob event.tenant=acme event.user=ann event.op=copy event.action=write event.key="b\n" event.bytes=3`+
		` event.outcome=denied event.source=a event.error="tenant: not allowed"`+"\n", out.String())
}
