package scan

import (
	"mime"
	"path"
	"slices"
	"strings"
	"time"
)

// A Policy says which attachments are scanned, what is served, and what a
// scanner that is down means. The zero Policy is the strict one: everything is
// scanned, nothing but clean and skipped is served.
type Policy struct {
	// Skip returns why an object needs no scan, or "" if it does. Skipped
	// objects are served unless WithholdSkipped is set. Defaults to nil:
	// everything is scanned. [LowRisk] is a ready one.
	Skip func(obj Object) (reason string)

	// ServePending hands out what has no verdict yet. Defaults to false.
	ServePending bool

	// WithholdSkipped refuses what was never scanned. Defaults to false.
	WithholdSkipped bool

	// Patience is how long an attachment waits for a scanner that is down
	// before its status becomes error; until then it stays pending and every
	// scan is tried again. Defaults to 7 days.
	Patience time.Duration

	// ForTenant returns the policy of one tenant, or nil for this one.
	// Defaults to nil: one policy for all. The ForTenant of what it returns
	// is not asked.
	ForTenant func(tenantID string) *Policy
}

// Of returns the policy of a tenant.
func (p Policy) Of(tenantID string) Policy {
	if p.ForTenant != nil {
		if own := p.ForTenant(tenantID); own != nil {
			p = *own
		}
	}
	p.ForTenant = nil
	return p
}

// ShouldScan reports whether obj is to be scanned under the policy of its
// tenant, and if not, why not.
func (p Policy) ShouldScan(obj Object) (scan bool, reason string) {
	p = p.Of(obj.TenantID)
	if p.Skip == nil {
		return true, ""
	}
	reason = p.Skip(obj)
	return reason == "", reason
}

// Serves reports whether bytes of that status may be handed out to a user of
// the tenant. Suspicious, infected and error never are, whatever the host
// wishes, nor is a status it does not know.
func (p Policy) Serves(tenantID string, status Status) bool {
	p = p.Of(tenantID)
	switch status {
	case StatusClean:
		return true
	case StatusSkipped:
		return !p.WithholdSkipped
	case StatusPending:
		return p.ServePending
	default:
		return false
	}
}

func (p Policy) patience(tenantID string) time.Duration {
	if own := p.Of(tenantID).Patience; own > 0 {
		return own
	}
	return 7 * 24 * time.Hour
}

// LowRisk is a Policy.Skip for hosts that would rather save the scans: plain
// text and raster images, which no usual program executes. The type detected
// from the bytes and the extension must agree, for a script is plain text too.
// SVG, HTML, PDF and office documents are not among them: they can carry code.
func LowRisk(obj Object) (reason string) {
	mediaType, _, err := mime.ParseMediaType(obj.MIMEType)
	if err != nil {
		return ""
	}
	extension := strings.ToLower(path.Ext(obj.Filename))
	if !slices.Contains(lowRiskExtensions(mediaType), extension) {
		return ""
	}
	if mediaType == "text/plain" {
		return "plain text"
	}
	return "raster image (" + mediaType + ")"
}

func lowRiskExtensions(mediaType string) []string {
	switch mediaType {
	case "text/plain":
		return []string{".txt", ".text", ".log"}
	case "image/jpeg":
		return []string{".jpg", ".jpeg"}
	case "image/png", "image/gif", "image/bmp", "image/webp":
		return []string{"." + strings.TrimPrefix(mediaType, "image/")}
	default:
		return nil
	}
}
