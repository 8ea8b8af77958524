package sqlrepo

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

type soundSession struct{ session }

func (soundSession) IsValid() bool { return true }

// TestCutIsNotUsedAgain: what was cut just when its call ended well still has
// the deadline, and would fail somebody else's call.
func TestCutIsNotUsedAgain(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	b := &bounded{soundSession{}, &wire{conn: near}}
	require.True(t, b.IsValid())
	b.wire.cut(time.Minute)
	require.False(t, b.IsValid())
}
