package blobtest

import (
	"maps"
	"runtime"
	"slices"
	"strings"
)

// goroutines returns the stack of every goroutine by its id.
func goroutines() map[string]string {
	buf := make([]byte, 1<<20)
	for n := runtime.Stack(buf, true); ; n = runtime.Stack(buf, true) {
		if n < len(buf) {
			buf = buf[:n]
			break
		}
		buf = make([]byte, 2*len(buf))
	}
	stacks := make(map[string]string)
	for stack := range strings.SplitSeq(string(buf), "\n\n") {
		id, _, _ := strings.Cut(strings.TrimPrefix(stack, "goroutine "), " ")
		stacks[id] = stack
	}
	return stacks
}

// newGoroutines leaves out the connections that an HTTP client keeps idle:
// they belong to the client, not to a call.
func newGoroutines(before map[string]string) []string {
	now := goroutines()
	maps.DeleteFunc(now, func(id, stack string) bool {
		_, old := before[id]
		return old || strings.Contains(stack, "created by net/http.")
	})
	return slices.Collect(maps.Values(now))
}
