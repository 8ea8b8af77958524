package fsblob_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/fsblob"
)

// crashContent is what the child stores under a key; up to 1 MiB.
func crashContent(key string) []byte {
	noise := rand.NewChaCha8(sha256.Sum256([]byte(key)))
	size := noise.Uint64() % 20_000
	if noise.Uint64()%8 == 0 {
		size = noise.Uint64() % (1 << 20)
	}
	data := make([]byte, size)
	_, _ = noise.Read(data)
	return data
}

// crashChild puts blobs until it is killed, several at a time, and writes each
// key to stdout once it is stored.
func crashChild(dir string) int {
	return report(func() error {
		s, err := fsblob.New(dir, nil)
		if err != nil {
			return err
		}
		var writers errgroup.Group
		for range 4 {
			writers.Go(func() error {
				for {
					key := fmt.Sprintf("%x", rand.Uint64())
					if err := put(context.Background(), s, key, crashContent(key), nil); err != nil {
						return err
					}
					if _, err := os.Stdout.WriteString(key + "\n"); err != nil {
						return err
					}
				}
			})
		}
		return writers.Wait()
	})
}

// TestKillAtAnyTime kills a process that stores blobs, again and again. What it
// said it had stored is there; whatever else is there is whole; and Reclaim
// takes away the rest. FSBLOB_CRASH_ROUNDS sets how often; it is 8 otherwise.
func TestKillAtAnyTime(t *testing.T) {
	rounds := 8
	if s := os.Getenv("FSBLOB_CRASH_ROUNDS"); s != "" {
		var err error
		rounds, err = strconv.Atoi(s)
		require.NoError(t, err)
	}
	dir, ctx := t.TempDir(), t.Context()
	s := open(t, dir)
	var stored []string
	left := 0
	for range rounds {
		stored = append(stored, killedWhileStoring(t, dir)...)

		n, err := s.Reclaim(ctx, time.Now().Add(time.Hour))
		require.NoError(t, err)
		left += n
		temp, err := os.ReadDir(dir + "/tmp")
		require.NoError(t, err)
		require.Empty(t, temp)
	}
	require.NotEmpty(t, stored)
	t.Logf("%d blobs stored in %d rounds, %d left unfinished", len(stored), rounds, left)

	for _, key := range stored {
		data, err := get(ctx, s, key)
		require.NoError(t, err, "stored, then lost")
		require.True(t, bytes.Equal(crashContent(key), data), "stored other bytes")
	}
	found := 0
	for info, err := range s.List(ctx, "") {
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf("%x", sha256.Sum256(crashContent(info.Key))), info.SHA256, "half a blob")
		found++
	}
	require.GreaterOrEqual(t, found, len(stored))
}

// killedWhileStoring returns the keys that a child reported before its end.
func killedWhileStoring(t *testing.T, dir string) []string {
	cmd := child(t, "crash", dir)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(t, cmd.Start())
	time.Sleep(50*time.Millisecond + rand.N(300*time.Millisecond))
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait() // killed
	require.Empty(t, stderr.String())

	lines := strings.Split(stdout.String(), "\n")
	return lines[:len(lines)-1] // the last has no newline yet
}
