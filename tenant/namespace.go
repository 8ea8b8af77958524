package tenant

import "strings"

// Namespace returns what a [Store] puts before the keys of a tenant: the id
// and a slash, with "!" before each change between lower and upper case and
// after a dot at the end.
//
//	acme  → acme/
//	ACME  → !acme/
//	AcMe. → !a!c!m!e.!/
//
// So two tenants stay two on a backend that ignores case, or drops a dot at
// the end of a name. No namespace is a prefix of another, since an id holds
// neither "/" nor "!".
func Namespace(tenantID string) string {
	b := make([]byte, 0, len(tenantID)+4)
	upper := false
	for _, c := range []byte(tenantID) {
		isUpper, isLower := 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z'
		if isUpper && !upper || isLower && upper {
			b = append(b, '!')
			upper = isUpper
		}
		if isUpper {
			c += 'a' - 'A'
		}
		b = append(b, c)
	}
	if strings.HasSuffix(tenantID, ".") {
		b = append(b, '!')
	}
	return string(append(b, '/'))
}
