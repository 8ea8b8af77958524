package redislimit_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/ratelimit"
	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/redislimit"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/services"
)

// The test binary, started with this variable set to a Redis URL, is one host:
// it takes for one user as fast as it can, until its standard input closes, and
// prints how often it was allowed to.
const hostVariable = "REDISLIMIT_TEST_HOST"

func TestMain(m *testing.M) {
	if url := os.Getenv(hostVariable); url != "" {
		runHost(url)
		return
	}
	goleak.VerifyTestMain(m)
}

func runHost(url string) {
	limiter, err := redislimit.Open(url, nil)
	if err != nil {
		panic(err)
	}
	defer limiter.Close()
	stop := make(chan struct{})
	go func() {
		_, _ = bufio.NewReader(os.Stdin).ReadByte()
		close(stop)
	}()
	limit, _ := strconv.Atoi(os.Getenv(hostVariable + "_LIMIT"))
	window, _ := time.ParseDuration(os.Getenv(hostVariable + "_WINDOW"))
	for allowed, asked := 0, 0; ; asked++ {
		select {
		case <-stop:
			fmt.Println(allowed, asked)
			return
		default:
		}
		quota, err := limiter.Take(context.Background(), "tenant/user", ratelimit.Limit{Requests: limit, Window: window})
		if err != nil {
			panic(err)
		}
		if quota.Allowed {
			allowed++
		}
	}
}

// hosts runs n processes for the time given and returns the sums of what they
// print.
func hosts(t *testing.T, n int, url string, limit ratelimit.Limit, duration time.Duration) (allowed, asked int) {
	t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range n {
		host := exec.Command(os.Args[0])
		host.Env = append(os.Environ(), hostVariable+"="+url, hostVariable+"_LIMIT="+fmt.Sprint(limit.Requests), hostVariable+"_WINDOW="+limit.Window.String())
		stdin, err := host.StdinPipe()
		require.NoError(t, err)
		var output, problems strings.Builder
		host.Stdout, host.Stderr = &output, &problems
		require.NoError(t, host.Start())
		wg.Go(func() {
			time.Sleep(duration)
			_ = stdin.Close()
			if err := host.Wait(); err != nil {
				t.Errorf("host: %v\n%s", err, problems.String())
				return
			}
			var a, b int
			if _, err := fmt.Sscan(output.String(), &a, &b); err != nil {
				t.Errorf("host printed %q", output.String())
			}
			mu.Lock()
			defer mu.Unlock()
			allowed, asked = allowed+a, asked+b
		})
	}
	wg.Wait()
	return allowed, asked
}

func TestFourProcessesShareOneCount(t *testing.T) {
	server := services.StartRedis(t)
	url := "redis://" + server.Addr
	allowed, asked := hosts(t, 4, url, ratelimit.PerMinute(50), time.Second)
	t.Logf("4 processes asked %d times, %d allowed", asked, allowed)
	require.Equal(t, 50, allowed, "one window: exactly the limit")
	require.Greater(t, asked, 500, "they did press")
}

// Over several windows each full window adds one limit; no stretch of the time
// that passed holds more.
func TestFourProcessesOverSeveralWindows(t *testing.T) {
	server := services.StartRedis(t)
	limit := ratelimit.Limit{Requests: 20, Window: time.Second}
	began := time.Now()
	allowed, asked := hosts(t, 4, "redis://"+server.Addr, limit, 3*time.Second)
	windows := int(time.Since(began)/limit.Window) + 1
	t.Logf("4 processes asked %d times, %d allowed, in %d windows begun", asked, allowed, windows)
	require.LessOrEqual(t, allowed, windows*limit.Requests)
	require.GreaterOrEqual(t, allowed, 2*limit.Requests, "room comes back")
}

func TestRedisStoppedMidRun(t *testing.T) {
	limit := ratelimit.PerMinute(10)
	for name, expect := range map[string]struct {
		choice  ratelimit.OnFailure
		allowed int
		err     error
	}{
		"memory": {ratelimit.UseMemory, 10, nil}, "open": {ratelimit.FailOpen, 25, nil}, "closed": {ratelimit.FailClosed, 0, ratelimit.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			server := services.StartRedis(t)
			shared, err := redislimit.Open("redis://"+server.Addr, nil)
			require.NoError(t, err)
			defer shared.Close()
			limiter := ratelimit.NewResilient(shared, &ratelimit.ResilientOptions{OnFailure: expect.choice, Cooldown: 100 * time.Millisecond, Timeout: 5 * time.Second})
			burst := func(n int, want error) (allowed int) {
				for range n {
					quota, err := limiter.Take(t.Context(), "k", limit)
					require.ErrorIs(t, err, want)
					if quota.Allowed {
						allowed++
					}
				}
				return allowed
			}
			require.Equal(t, 10, burst(25, nil))
			server.Kill()
			require.Equal(t, expect.allowed, burst(25, expect.err))
			require.True(t, limiter.Status().Degraded)

			_, port, err := net.SplitHostPort(server.Addr)
			require.NoError(t, err)
			number, err := strconv.Atoi(port)
			require.NoError(t, err)
			services.StartRedisOn(t, number)
			require.Eventually(t, func() bool {
				_, _ = limiter.Take(t.Context(), "probe", limit)
				return !limiter.Status().Degraded
			}, 20*time.Second, 20*time.Millisecond, "recovers by itself")
			require.Equal(t, 10, burst(25, nil), "the new server begins to count, its script cache empty")
		})
	}
}

// A Redis that hangs costs one timeout; the others do not wait for it.
func TestRedisHangs(t *testing.T) {
	server := services.StartRedis(t)
	shared, err := redislimit.Open("redis://"+server.Addr, nil)
	require.NoError(t, err)
	defer shared.Close()
	limiter := ratelimit.NewResilient(shared, &ratelimit.ResilientOptions{Timeout: 300 * time.Millisecond, Cooldown: time.Hour})
	_, err = limiter.Take(t.Context(), "k", ratelimit.PerMinute(100))
	require.NoError(t, err)
	require.False(t, limiter.Status().Degraded)
	require.NoError(t, server.Pause())
	for range 50 {
		quota, err := limiter.Take(t.Context(), "k", ratelimit.PerMinute(100))
		require.NoError(t, err)
		require.True(t, quota.Allowed)
	}
	require.NoError(t, server.Resume())
	require.True(t, limiter.Status().Degraded)
	require.EqualValues(t, 1, limiter.Status().Failures)
}

func TestKeysExpireAndStaySmall(t *testing.T) {
	server := services.StartRedis(t)
	client := redis.NewClient(&redis.Options{Addr: server.Addr})
	defer client.Close()
	limiter := redislimit.New(client, &redislimit.Options{Prefix: "app:"})
	limit := ratelimit.Limit{Requests: 1e6, Window: time.Second}
	until := time.Now().Add(1200 * time.Millisecond)
	for time.Now().Before(until) {
		quota, err := limiter.Take(t.Context(), "k", limit)
		require.NoError(t, err)
		require.True(t, quota.Allowed)
		require.Positive(t, quota.Reset)
	}
	key := "app:1000:k"
	size, err := client.HLen(t.Context(), key).Result()
	require.NoError(t, err)
	require.LessOrEqual(t, size, int64(ratelimit.Slots+1))
	ttl, err := client.PTTL(t.Context(), key).Result()
	require.NoError(t, err)
	require.Positive(t, ttl)
	require.LessOrEqual(t, ttl, limit.Window+limit.Window/ratelimit.Slots+time.Millisecond)
	require.Eventually(t, func() bool { return client.Exists(t.Context(), key).Val() == 0 }, 10*time.Second, 20*time.Millisecond)
}

func TestErrorsKeepThePasswordToThemselves(t *testing.T) {
	for _, address := range []string{"redis://:hunter2@[::1", "http://:hunter2@x", "redis://u:hunter2@127.0.0.1:1/abc"} {
		_, err := redislimit.Open(address, nil)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "hunter2")
	}
	limiter, err := redislimit.Open("redis://u:hunter2@127.0.0.1:1", nil)
	require.NoError(t, err)
	defer limiter.Close()
	_, err = limiter.Take(t.Context(), "k", ratelimit.PerMinute(1))
	require.Error(t, err)
	require.NotContains(t, err.Error(), "hunter2")
	_, err = limiter.Take(t.Context(), "k", ratelimit.Limit{})
	require.ErrorIs(t, err, ratelimit.ErrLimit)
}

func BenchmarkTake(b *testing.B) {
	server := services.StartRedis(b)
	limiter, err := redislimit.Open("redis://"+server.Addr, nil)
	require.NoError(b, err)
	defer limiter.Close()
	for b.Loop() {
		if _, err := limiter.Take(b.Context(), "k", ratelimit.PerMinute(50)); err != nil {
			b.Fatal(err)
		}
	}
}
