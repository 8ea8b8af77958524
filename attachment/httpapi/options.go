package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// Options adjusts the API. The zero value is a safe one.
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
	if err := validatePrefix(c.Prefix); err != nil {
		return c, err
	}
	if c.CanAccess == nil {
		c.CanAccess = ownRows
	}
	if c.Audit == nil {
		c.Audit = func(context.Context, Event) {}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// validatePrefix keeps what net/http's patterns give a meaning to out of them.
func validatePrefix(prefix string) error {
	if prefix == "" {
		return nil
	}
	for segment := range strings.SplitSeq(strings.TrimPrefix(prefix, "/"), "/") {
		if !strings.HasPrefix(prefix, "/") || tenant.ValidateID(segment) != nil {
			return fmt.Errorf("httpapi: prefix %q is not like %q", prefix, "/mail")
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

var errUnprotected = errors.New("httpapi: New needs the host's authentication")
