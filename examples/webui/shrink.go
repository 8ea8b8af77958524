package webui

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/gif" // the first picture of an animation
	"image/jpeg"
	"image/png"
	"io"
)

// errUndrawable is about bytes that are no image, or a too large one.
var errUndrawable = errors.New("cannot be drawn")

// decodeBudget bounds the memory that decoding one image may take, in bytes.
const decodeBudget = 192 << 20

// decodeCost is the most a pixel takes while the standard library decodes it: a
// progressive JPEG keeps four bytes for each of three coefficients beside the
// picture, an interlaced PNG keeps its passes.
func decodeCost(format string, model color.Model) int64 {
	switch {
	case format == "jpeg":
		return 16
	case format == "gif":
		return 2
	case model == color.NRGBA64Model || model == color.RGBA64Model:
		return 16
	default:
		return 8
	}
}

// shrink draws an image in thumbSide by thumbSide pixels at most. It looks at
// what the image claims to measure before it makes room for it.
func shrink(ctx context.Context, data []byte) (small []byte, err error) {
	config, format, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUndrawable, err)
	}
	width, height := int64(config.Width), int64(config.Height)
	if width <= 0 || height <= 0 || width > decodeBudget/height || width*height > decodeBudget/decodeCost(format, config.ColorModel) {
		return nil, fmt.Errorf("%w: %d by %d pixels", errUndrawable, width, height)
	}
	defer func() {
		if p := recover(); p != nil { // a hostile file is no reason to end a request, or to try again
			small, err = nil, fmt.Errorf("%w: the decoder panicked: %v", errUndrawable, p)
		}
	}()
	source, _, err := image.Decode(cancellable{ctx, bytes.NewReader(data)})
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUndrawable, err)
	}
	return encode(scale(source))
}

// cancellable ends a decoder when nobody waits for the picture any more.
type cancellable struct {
	ctx context.Context
	src io.Reader
}

func (c cancellable) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.src.Read(p)
}

// scale takes the mean of up to samples by samples pixels for each small one.
func scale(source image.Image) *image.NRGBA64 {
	const samples = 6
	from := source.Bounds()
	longer := max(from.Dx(), from.Dy(), thumbSide)
	width, height := max(1, from.Dx()*thumbSide/longer), max(1, from.Dy()*thumbSide/longer)
	small := image.NewNRGBA64(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			var r, g, b, a uint64
			for i := range samples * samples {
				px := from.Min.X + (x*samples+i%samples)*from.Dx()/(width*samples)
				py := from.Min.Y + (y*samples+i/samples)*from.Dy()/(height*samples)
				pr, pg, pb, pa := source.At(px, py).RGBA()
				r, g, b, a = r+uint64(pr), g+uint64(pg), b+uint64(pb), a+uint64(pa)
			}
			const n = samples * samples
			small.Set(x, y, color.RGBA64{uint16(r / n), uint16(g / n), uint16(b / n), uint16(a / n)})
		}
	}
	return small
}

func encode(small *image.NRGBA64) ([]byte, error) {
	var b bytes.Buffer
	if small.Opaque() {
		err := jpeg.Encode(&b, small, &jpeg.Options{Quality: 82})
		return b.Bytes(), err
	}
	plain := image.NewNRGBA(small.Bounds())
	for i := range plain.Pix {
		plain.Pix[i] = small.Pix[2*i] // the high byte of each channel
	}
	err := png.Encode(&b, plain)
	return b.Bytes(), err
}
