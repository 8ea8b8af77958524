package tenanttest

import (
	"context"
	"errors"
	"fmt"

	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

func knownUser(ctx context.Context, m tenant.Manager) error {
	for _, want := range tenants() {
		tc, err := m.Resolve(ctx, want.ID, want.User)
		switch {
		case err != nil:
			return fmt.Errorf("Resolve(%s, %s): %w", want.ID, want.User, err)
		case tc.TenantID() != want.ID || tc.UserID() != want.User:
			return fmt.Errorf("Resolve(%s, %s) is user %s of tenant %s", want.ID, want.User, tc.UserID(), tc.TenantID())
		case !tc.Can(tenant.Read, ""):
			return errors.New("the user may not Read")
		case tc.Can(tenant.Admin, ""):
			return errors.New("the user may Admin")
		}
		if _, err := tenant.FromContext(tenant.NewContext(ctx, tc)); err != nil {
			return fmt.Errorf("the context of a resolved user: %w", err)
		}
	}
	return nil
}

func unknownUser(ctx context.Context, m tenant.Manager) error {
	for _, who := range [][2]string{
		{nobody, userOfFirst}, {first, nobody}, {first, userOfSecond}, {second, userOfFirst},
		{"", userOfFirst}, {first, ""}, {"", ""}, {first + " ", userOfFirst}, {userOfFirst, first}, {first + "/", userOfFirst},
	} {
		if tc, err := m.Resolve(ctx, who[0], who[1]); !errors.Is(err, tenant.ErrUnknown) && !errors.Is(err, tenant.ErrInvalidID) {
			return fmt.Errorf("Resolve(%q, %q) = %v, %w, want ErrUnknown", who[0], who[1], tc, err)
		}
	}
	return nil
}

// limitsTold holds where the Manager is no Limiter.
func limitsTold(ctx context.Context, m tenant.Manager) error {
	limiter, ok := m.(tenant.Limiter)
	if !ok {
		return nil
	}
	for _, want := range tenants() {
		if got, err := limiter.Limits(ctx, want.ID); err != nil || got != want.Limits {
			return fmt.Errorf("Limits(%s) = %+v, %w, want %+v", want.ID, got, err, want.Limits)
		}
	}
	if _, err := limiter.Limits(ctx, nobody); !errors.Is(err, tenant.ErrUnknown) {
		return fmt.Errorf("Limits of a tenant that is not known: %w, want ErrUnknown", err)
	}
	return nil
}
