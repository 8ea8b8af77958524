package main

import (
	"context"
	"log/slog"
	"path/filepath"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	sdk "go.temporal.io/sdk/workflow"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/claimcheck"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/temporalnode"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/fsblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/host"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// open wires the library as package host does, with the scans in Temporal.
func open(ctx context.Context, s settings, queue scan.Queue, logger *slog.Logger) (*host.Host, error) {
	return host.Open(ctx, host.Settings{
		Config: s.Config, Data: s.data, Logger: logger,
		NewScans: func(context.Context, *host.Host) (host.Scans, error) {
			return host.Scans{Queue: queue, Interval: 15 * time.Second}, nil
		},
	})
}

// openStaging returns where attachments wait. Among files that is a folder of
// its own, so that its sweep does not list what is stored.
func openStaging(s settings, h *host.Host) (*claimcheck.Staging, error) {
	options := &claimcheck.Options{MaxSize: s.MaxAttachmentSize}
	if s.S3 != nil {
		return claimcheck.New(h.Blobs, options), nil
	}
	files, err := fsblob.New(filepath.Join(s.data, "staging"), nil)
	return claimcheck.New(files, options), err
}

// dial connects to Temporal. What it starts is for the host's own user.
func dial(s settings, tenants *temporalnode.Tenants, logger *slog.Logger) (client.Client, error) {
	return client.Dial(client.Options{
		HostPort: s.address, Namespace: s.namespace,
		ContextPropagators: []sdk.ContextPropagator{tenants},
		Logger:             log.NewStructuredLogger(logger),
	})
}

// own is ctx with whom the host acts for: a mailbox has no caller who could
// say.
func (s settings) own(ctx context.Context) context.Context {
	return host.Settings{Config: s.Config}.Own(ctx)
}

// resolve stands for a tenant.Manager: this host knows one user.
func (s settings) resolve(ctx context.Context, tenantID, userID string) (tenant.Context, error) {
	own, err := tenant.FromContext(s.own(ctx))
	if err == nil && (own.TenantID() != tenantID || own.UserID() != userID) {
		err = tenant.ErrUnknown
	}
	return own, err
}
