package scan

import (
	"maps"
	"slices"
)

// waitingRoom holds jobs until a pool has a hand free. Higher priorities go
// first; within one priority the tenants take turns; within one tenant it is
// first come, first served. Every fairPick-th pick ignores priority, so that a
// stream of urgent jobs slows the others down but never stops them.
type waitingRoom struct {
	capacity int
	size     int
	picks    int
	lines    map[int]*line
	byTenant map[string]int
}

// line is everybody of one priority.
type line struct {
	turns []string // tenants, the next one first
	jobs  map[string][]Job
}

const fairPick = 4

func newWaitingRoom(capacity int) *waitingRoom {
	return &waitingRoom{capacity: capacity, lines: map[int]*line{}, byTenant: map[string]int{}}
}

// push lets job in. If that makes one too many, the tenant with the most jobs
// waiting loses the last of its least urgent ones, which push returns.
func (r *waitingRoom) push(job Job) (turnedAway Job, full bool) {
	l := r.lines[job.Priority]
	if l == nil {
		l = &line{jobs: map[string][]Job{}}
		r.lines[job.Priority] = l
	}
	if len(l.jobs[job.TenantID]) == 0 {
		l.turns = append(l.turns, job.TenantID)
	}
	l.jobs[job.TenantID] = append(l.jobs[job.TenantID], job)
	r.byTenant[job.TenantID]++
	r.size++
	if r.size <= r.capacity {
		return Job{}, false
	}
	return r.evict(), true
}

func (r *waitingRoom) evict() Job {
	var largest string
	for tenant, n := range r.byTenant {
		if n > r.byTenant[largest] {
			largest = tenant
		}
	}
	for _, priority := range slices.Sorted(maps.Keys(r.lines)) {
		if jobs := r.lines[priority].jobs[largest]; len(jobs) > 0 {
			return r.take(priority, largest, len(jobs)-1)
		}
	}
	panic("scan: the waiting room lost count") // unreachable: byTenant counts what lines hold
}

// pop takes the next job of a tenant that may have one.
func (r *waitingRoom) pop(may func(tenantID string) bool) (Job, bool) {
	priorities := slices.Sorted(maps.Keys(r.lines))
	slices.Reverse(priorities)
	if n := len(priorities); n > 1 && (r.picks+1)%fairPick == 0 {
		favoured := priorities[r.picks/fairPick%n]
		priorities = append([]int{favoured}, priorities...)
	}
	for _, priority := range priorities {
		l := r.lines[priority]
		if i := slices.IndexFunc(l.turns, may); i >= 0 {
			r.picks++
			return r.take(priority, l.turns[i], 0), true
		}
	}
	return Job{}, false
}

// take removes the i-th job of a tenant from a line and sends the tenant to
// the line's end.
func (r *waitingRoom) take(priority int, tenant string, i int) Job {
	l := r.lines[priority]
	jobs := l.jobs[tenant]
	job := jobs[i]
	if i == 0 {
		jobs[0] = Job{}
		jobs = jobs[1:]
	} else {
		jobs = slices.Delete(jobs, i, i+1)
	}
	turn := slices.Index(l.turns, tenant)
	switch {
	case len(jobs) == 0:
		l.turns = slices.Delete(l.turns, turn, turn+1)
		delete(l.jobs, tenant)
	case i == 0: // it had its turn
		l.turns = append(slices.Delete(l.turns, turn, turn+1), tenant)
		l.jobs[tenant] = jobs
	default:
		l.jobs[tenant] = jobs
	}
	if len(l.turns) == 0 {
		delete(r.lines, priority)
	}
	r.size--
	if r.byTenant[tenant]--; r.byTenant[tenant] == 0 {
		delete(r.byTenant, tenant)
	}
	return job
}
