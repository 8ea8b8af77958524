package sqlrepo

import "time"

// SetPatience shortens what the repository waits for one attempt.
func (r *Repository) SetPatience(d time.Duration) { r.patience = d }
