package redislimit_test

import (
	"context"
	"fmt"

	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/ratelimit"
	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/redislimit"
)

func Example() {
	shared, err := redislimit.Open("redis://127.0.0.1:1", nil) // nobody listens there
	if err != nil {
		panic(err)
	}
	defer shared.Close()
	limiter := ratelimit.NewResilient(shared, &ratelimit.ResilientOptions{OnFailure: ratelimit.UseMemory})

	quota, err := limiter.Take(context.Background(), "tenant/user", ratelimit.PerMinute(50))
	fmt.Println(quota.Allowed, quota.Remaining, err)
	fmt.Println("degraded:", limiter.Status().Degraded)
	// Output:
	// true 49 <nil>
	// degraded: true
}
