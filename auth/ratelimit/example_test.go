package ratelimit_test

import (
	"context"
	"fmt"

	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/ratelimit"
)

func ExampleMemory() {
	limiter := ratelimit.NewMemory(nil)
	for range 3 {
		quota, err := limiter.Take(context.Background(), "tenant/user", ratelimit.PerMinute(2))
		fmt.Println(quota.Allowed, quota.Remaining, err)
	}
	// Output:
	// true 1 <nil>
	// true 0 <nil>
	// false 0 <nil>
}
