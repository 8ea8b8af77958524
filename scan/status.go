package scan

// Status is where an attachment stands, as hosts and users see it: the
// virusScanStatus of a record. The zero value is not a status and is never
// served.
type Status string

// The statuses.
const (
	StatusPending    Status = "pending"    // waiting for a verdict
	StatusClean      Status = "clean"      // scanned, nothing found
	StatusSuspicious Status = "suspicious" // scanned, doubtful
	StatusInfected   Status = "infected"   // scanned, a threat found
	StatusSkipped    Status = "skipped"    // policy or the workflow asked for no scan
	StatusError      Status = "error"      // no verdict can be reached
)

// Status returns the status that a verdict settles on. Unknown stays pending:
// it is not an answer.
func (v Verdict) Status() Status {
	switch v {
	case Clean:
		return StatusClean
	case Suspicious:
		return StatusSuspicious
	case Infected:
		return StatusInfected
	case Unscannable:
		return StatusError
	default:
		return StatusPending
	}
}
