package webui_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/webui"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

func drawing(width, height int, fill color.Color) image.Image {
	picture := image.NewNRGBA(image.Rect(0, 0, width, height))
	for i := range width * height {
		picture.Set(i%width, i/width, fill)
	}
	return picture
}

// claiming returns a PNG whose header says that it measures so much.
func claiming(t *testing.T, width, height uint32) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, drawing(2, 2, color.White)))
	data := b.Bytes()
	binary.BigEndian.PutUint32(data[16:], width)
	binary.BigEndian.PutUint32(data[20:], height)
	binary.BigEndian.PutUint32(data[29:], crc32.ChecksumIEEE(data[12:29]))
	return data
}

func TestThumbnails(t *testing.T) {
	s := newSite(t, webui.Options{})
	var asPNG, asJPEG, asGIF, clear bytes.Buffer
	orange := color.NRGBA{250, 120, 20, 255}
	require.NoError(t, png.Encode(&asPNG, drawing(400, 100, orange)))
	require.NoError(t, jpeg.Encode(&asJPEG, drawing(90, 30, orange), nil))
	require.NoError(t, gif.Encode(&asGIF, image.NewPaletted(image.Rect(0, 0, 100, 300), color.Palette{orange, color.Black}), nil))
	require.NoError(t, png.Encode(&clear, drawing(5000, 2, color.NRGBA{250, 120, 20, 100})))

	for name, c := range map[string]struct {
		data          []byte
		width, height int // 0: cannot be drawn
		format        string
	}{
		"wide.png":    {asPNG.Bytes(), 96, 24, "jpeg"},
		"small.jpg":   {asJPEG.Bytes(), 90, 30, "jpeg"},
		"high.gif":    {asGIF.Bytes(), 32, 96, "jpeg"},
		"clear.png":   {clear.Bytes(), 96, 1, "png"},
		"bomb.png":    {claiming(t, 1<<30, 1<<30), 0, 0, ""},
		"large.png":   {claiming(t, 6000, 6000), 0, 0, ""},
		"liar.png":    {claiming(t, 300, 300), 0, 0, ""},
		"cut.jpg":     {asJPEG.Bytes()[:200], 0, 0, ""},
		"nothing.png": {claiming(t, 0, 5), 0, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			id := s.put(t, "maria", "m1", name, c.data, scan.StatusClean)
			for range 2 { // the second is remembered
				resp, body := s.get(t, "maria", "/thumbnails/"+id)
				if c.width == 0 {
					require.Equal(t, http.StatusNoContent, resp.StatusCode)
					require.Empty(t, body)
					continue
				}
				require.Equal(t, http.StatusOK, resp.StatusCode)
				require.Equal(t, "image/"+c.format, resp.Header.Get("Content-Type"))
				picture, format, err := image.Decode(bytes.NewReader([]byte(body)))
				require.NoError(t, err)
				require.Equal(t, c.format, format)
				require.Equal(t, image.Pt(c.width, c.height), picture.Bounds().Size())
				r, g, b, a := picture.At(c.width/2, c.height/2).RGBA()
				if a == 0xFFFF {
					require.InDelta(t, 250, r>>8, 8)
					require.InDelta(t, 120, g>>8, 8)
					require.InDelta(t, 20, b>>8, 8)
				}
			}
		})
	}
}

// TestThumbnailsKeepWhatIsWithheld asks for pictures of what is not served, or
// somebody else's.
func TestThumbnailsKeepWhatIsWithheld(t *testing.T) {
	s := newSite(t, webui.Options{})
	var picture bytes.Buffer
	require.NoError(t, png.Encode(&picture, drawing(30, 30, color.White)))
	id := s.put(t, "maria", "m1", "a.png", picture.Bytes(), scan.StatusClean)
	status := func(user string) int {
		resp, _ := s.get(t, user, "/thumbnails/"+id)
		return resp.StatusCode
	}
	require.Equal(t, http.StatusOK, status("maria"))
	require.Equal(t, http.StatusOK, status("admin"))
	require.Equal(t, http.StatusNotFound, status("paul"))
	require.Equal(t, http.StatusNotFound, status(""))
	for _, withheld := range []scan.Status{scan.StatusInfected, scan.StatusSuspicious, scan.StatusPending, scan.StatusError} {
		s.judge(t, id, withheld)
		require.Equal(t, http.StatusNotFound, status("maria"), "%s, though it was drawn before", withheld)
	}
	s.judge(t, id, scan.StatusSkipped)
	require.Equal(t, http.StatusOK, status("maria"))
	require.NoError(t, s.handler.Delete(as("maria"), id))
	require.Equal(t, http.StatusNotFound, status("maria"))
}
