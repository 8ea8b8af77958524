package blob_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

func TestCutRange(t *testing.T) {
	for _, c := range []struct{ size, offset, length, want int64 }{
		{10, 0, -1, 10},
		{10, 0, 0, 0},
		{10, 3, 4, 4},
		{10, 3, 7, 7},
		{10, 3, 8, 7},
		{10, 3, -1, 7},
		{10, 3, math.MaxInt64, 7},
		{10, 10, -1, 0},
		{10, 10, 5, 0},
		{0, 0, -1, 0},
		{10, 3, math.MinInt64, 7},
	} {
		n, err := blob.CutRange(c.size, c.offset, c.length)
		require.NoError(t, err)
		require.Equal(t, c.want, n, "%+v", c)
	}
	for _, offset := range []int64{11, -1, math.MaxInt64, math.MinInt64} {
		_, err := blob.CutRange(10, offset, -1)
		require.ErrorIs(t, err, blob.ErrInvalidRange)
	}
}
