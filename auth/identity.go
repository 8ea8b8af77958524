package auth

import (
	"errors"
	"strings"

	"github.com/google/uuid"

	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// An IDParser checks an id and returns its one canonical spelling: two
// spellings of one tenant would be two tenants.
type IDParser func(id string) (string, error)

// UUID is the IDParser of UUIDs in their common form of 36 characters. The nil
// UUID is nobody. Capitals become small letters (RFC 9562, section 4).
func UUID(id string) (string, error) {
	parsed, err := uuid.Parse(id)
	if err != nil || len(id) != 36 || parsed == uuid.Nil {
		return "", errors.New("not a UUID")
	}
	return strings.ToLower(id), nil
}

// AnyID is the IDParser of whatever tenant.ValidateID accepts, as it is.
func AnyID(id string) (string, error) {
	return id, tenant.ValidateID(id)
}
