package httpapi

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// Options adjusts the API. The zero value is a safe one: every limit is on, and
// nothing is shown inline.
type Options struct {
	// Prefix goes before the path of every route, such as "/mail". Links need
	// it too: attachment.Options.BaseURL then ends with it. Defaults to "".
	Prefix string

	// CanAccess says whether the caller in ctx may reach a row of that tenant
	// and owner; auth.CanAccess is one. Asked about the owner "", it says
	// whether the caller may reach everybody's: otherwise lists hold only his
	// own. Defaults to the same rule: a user reaches his own rows, who may do
	// tenant.Admin all rows of his tenant.
	CanAccess func(ctx context.Context, tenantID, ownerID string) bool

	// MaxFileSize caps one uploaded file, in bytes. Defaults to
	// attachment.DefaultMaxSize, 50 MiB.
	MaxFileSize int64

	// MaxRequestSize caps the body of one upload, in bytes. Defaults to five
	// times MaxFileSize.
	MaxRequestSize int64

	// MaxFiles caps the files of one upload. Defaults to 20.
	MaxFiles int

	// MaxPerMessage caps the attachments that uploads can bring a message to;
	// at most 500. Uploads that race can pass it by what one of them brings.
	// Defaults to 100.
	MaxPerMessage int

	// StallTimeout and MinRate end transfers that do not move: one that was
	// waited for longer than StallTimeout, plus the time that its bytes take
	// at MinRate bytes a second, is cut. They stand in place of the server's
	// ReadTimeout and WriteTimeout, which no single value fits. Default to 30
	// seconds and 16 KiB a second.
	StallTimeout time.Duration
	MinRate      int64

	// LinkLifetime is how long the link lasts that comes with a record.
	// Defaults to one hour.
	LinkLifetime time.Duration

	// Redirect sends the bearer of a link on to a URL of the store's backend
	// that lasts so long, where the store signs URLs. The bytes then no longer
	// pass through here: Quota is asked for the whole size, whatever leaves; the
	// backend answers Range; of the headers of package serve only type and
	// disposition apply. Defaults to 0: bytes are streamed.
	Redirect time.Duration

	// Inline lets callers ask with ?disposition=inline for a file to be shown
	// rather than saved; serve.Inert types are. Defaults to false.
	Inline bool

	// InlinePDF counts PDF among those types. Defaults to false.
	InlinePDF bool

	// Quota is asked before bytes leave, with their number: an error that
	// matches tenant.ErrQuota answers 429. Defaults to none.
	Quota func(ctx context.Context, tenantID string, bytes int64) error

	// Audit is told what was done to which attachment, when it is over. It
	// must be quick. Defaults to none.
	Audit func(ctx context.Context, e Event)

	// Logger gets the causes of what clients see as a failure. Defaults to
	// none.
	Logger *slog.Logger
}

func (o *Options) withDefaults() (Options, error) {
	var c Options
	if o != nil {
		c = *o
	}
	orDefault(&c.MaxFileSize, attachment.DefaultMaxSize)
	orDefault(&c.MaxRequestSize, 5*c.MaxFileSize)
	orDefault(&c.MaxFiles, 20)
	orDefault(&c.MaxPerMessage, 100)
	orDefault(&c.StallTimeout, 30*time.Second)
	orDefault(&c.MinRate, 16<<10)
	orDefault(&c.LinkLifetime, attachment.DefaultURLExpiration)
	if c.CanAccess == nil {
		c.CanAccess = ownRows
	}
	if c.Quota == nil {
		c.Quota = func(context.Context, string, int64) error { return nil }
	}
	if c.Audit == nil {
		c.Audit = func(context.Context, Event) {}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, c.validate()
}

func orDefault[T int | int64 | time.Duration](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

func (o *Options) validate() error {
	switch {
	case o.MaxFileSize < attachment.MinMaxSize || o.MaxFileSize > attachment.MaxMaxSize:
		return fmt.Errorf("httpapi: MaxFileSize %d is not within %d to %d", o.MaxFileSize, attachment.MinMaxSize, int64(attachment.MaxMaxSize))
	case o.MaxRequestSize < 0 || o.MaxFiles < 0 || o.MaxPerMessage < 0 || o.StallTimeout < 0 || o.MinRate < 0 || o.Redirect < 0:
		return fmt.Errorf("httpapi: an option is negative")
	case o.MaxPerMessage > 500:
		return fmt.Errorf("httpapi: MaxPerMessage %d is more than 500", o.MaxPerMessage)
	case o.LinkLifetime < attachment.MinURLExpiration || o.LinkLifetime > attachment.MaxURLExpiration:
		return fmt.Errorf("httpapi: LinkLifetime %s is not within one minute to seven days", o.LinkLifetime)
	case o.Prefix == "":
		return nil
	}
	// What net/http's patterns give a meaning to stays out.
	for segment := range strings.SplitSeq(strings.TrimPrefix(o.Prefix, "/"), "/") {
		if !strings.HasPrefix(o.Prefix, "/") || tenant.ValidateID(segment) != nil {
			return fmt.Errorf("httpapi: prefix %q is not like %q", o.Prefix, "/mail")
		}
	}
	return nil
}

func ownRows(ctx context.Context, tenantID, ownerID string) bool {
	tc, err := tenant.FromContext(ctx)
	if err != nil || tc.TenantID() != tenantID {
		return false
	}
	return tc.Can(tenant.Admin, "") || ownerID != "" && ownerID == tc.UserID()
}
