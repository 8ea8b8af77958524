package attachment

import (
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/policy"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

// Options shapes a handler. The zero value is a safe one: every limit is on,
// nothing is served without a verdict.
type Options struct {
	// Policy says which attachments a tenant takes. Defaults to
	// policy.Default() for every tenant.
	Policy func(tenantID string) *policy.Policy

	// ScanPolicy says what is scanned and which statuses are served. Defaults
	// to the zero scan.Policy: everything is; clean and skipped are.
	ScanPolicy scan.Policy

	// Queue is told of every content that waits for a verdict: a scan.Pool, or
	// one beyond this process. A replay may tell it again. Defaults to none: a scan.Reconciler finds them.
	Queue scan.Queue

	// ScanEndpoints are the values of virusScanEndpoint that nodes may use;
	// any other is refused. Defaults to none.
	ScanEndpoints []string

	// Links signs download links. Defaults to none: no link is minted.
	Links *blob.LinkSigner

	// BaseURL goes before the path of every link, such as
	// "https://mail.example.com". Defaults to "": the link is a path.
	BaseURL string

	// Source opens attachment data given as a reference. Defaults to none:
	// references are refused.
	Source Source

	// MaxSize caps what any node may ask for, in bytes. Defaults to 5 GiB.
	MaxSize int64

	// Retention is how long a record stays. Defaults to 90 days.
	Retention func(tenantID string) time.Duration

	// Backend names the store, and is kept with every content stored in it.
	// Defaults to "default".
	Backend string

	// RaceWait is how long an execution waits for another that is storing the
	// same bytes before it stores them itself. Defaults to two seconds.
	RaceWait time.Duration

	// Logger gets one event per attachment. Defaults to none.
	Logger *slog.Logger

	// TracerProvider receives a span for every step, MeterProvider the
	// metrics; the package documentation lists both. Defaults to none.
	TracerProvider trace.TracerProvider
	MeterProvider  metric.MeterProvider

	// TenantAttribute adds tenant.id to spans and metrics. Every tenant is
	// then a time series of its own, times every other attribute: for some
	// hundred tenants, not for a hundred thousand. Defaults to false.
	TenantAttribute bool

	// Now is the clock. Defaults to time.Now.
	Now func() time.Time
}

// DefaultRetention is how long a record stays unless the host says otherwise.
const DefaultRetention = 90 * 24 * time.Hour

// withDefaults returns a copy in which nothing is nil but what may be.
func (o *Options) withDefaults() Options {
	var c Options
	if o != nil {
		c = *o
	}
	own, standard := c.Policy, policy.Default()
	c.Policy = func(tenantID string) *policy.Policy {
		if own != nil {
			if p := own(tenantID); p != nil {
				return p
			}
		}
		return standard
	}
	if c.MaxSize <= 0 || c.MaxSize > MaxMaxSize {
		c.MaxSize = MaxMaxSize
	}
	if c.Retention == nil {
		c.Retention = func(string) time.Duration { return DefaultRetention }
	}
	if c.Backend == "" {
		c.Backend = "default"
	}
	if c.RaceWait <= 0 {
		c.RaceWait = 2 * time.Second
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}
