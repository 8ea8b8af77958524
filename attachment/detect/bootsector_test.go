package detect_test

import (
	"bytes"
	"image"
	"image/color/palette"
	"image/gif"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect"
)

// TestSignatureIsNoBootSector: the palette that Go's encoder writes has the
// signature of a boot sector where one would be.
func TestSignatureIsNoBootSector(t *testing.T) {
	var buf bytes.Buffer
	require.NoError(t, gif.Encode(&buf, image.NewPaletted(image.Rect(0, 0, 100, 300), palette.Plan9), nil))
	data := append(buf.Bytes(), make([]byte, 2048)...)
	require.Equal(t, []byte{0x55, 0xAA}, data[510:512])
	found, err := detect.Default().Detect(t.Context(), detect.Content{Head: data, Size: int64(len(data))})
	require.NoError(t, err)
	require.Equal(t, "image/gif", found.MIME)

	disk := make([]byte, 4096)
	copy(disk[446:], "\x80\x20\x21\x00\x83\xfe\xff\xff\x00\x08\x00\x00\x00\x00\x10\x00")
	disk[510], disk[511] = 0x55, 0xAA
	found, err = detect.Default().Detect(t.Context(), detect.Content{Head: disk, Size: int64(len(disk))})
	require.NoError(t, err)
	require.Equal(t, "application/x-raw-disk-image", found.MIME)
}
