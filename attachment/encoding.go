package attachment

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime/quotedprintable"
	"strings"
)

// Encoding is a content transfer encoding (RFC 2045, section 6).
type Encoding string

// The encodings.
const (
	EncodingBase64          Encoding = "base64"
	EncodingQuotedPrintable Encoding = "quoted-printable"
	Encoding7Bit            Encoding = "7bit"
	Encoding8Bit            Encoding = "8bit"
	EncodingBinary          Encoding = "binary"
)

// parseEncoding reads a name as mail headers spell it.
func parseEncoding(name string) (Encoding, error) {
	switch e := Encoding(strings.ToLower(strings.TrimSpace(name))); e {
	case EncodingBase64, EncodingQuotedPrintable, Encoding7Bit, Encoding8Bit, EncodingBinary:
		return e, nil
	default:
		return "", fmt.Errorf("encoding %.40q is not one of base64, quoted-printable, 7bit, 8bit, binary", name)
	}
}

// decode returns the bytes behind an encoded stream, decoding as it is read.
func (e Encoding) decode(r io.Reader) io.Reader {
	switch e {
	case EncodingBase64:
		return &decoder{base64.NewDecoder(base64.RawStdEncoding, &base64Filter{src: r})}
	case EncodingQuotedPrintable:
		return &decoder{quotedprintable.NewReader(r)}
	default:
		return r
	}
}

// decodedSize is the most that n encoded bytes can decode to.
func (e Encoding) decodedSize(n int64) int64 {
	if e == EncodingBase64 {
		return n/4*3 + 3
	}
	return n
}

// errEncoding marks text that does not decode: the input's fault, not the
// source's.
var errEncoding = errors.New("attachmentData does not decode")

// decoder turns the decoding libraries' own errors into errEncoding and leaves
// those of the source alone.
type decoder struct{ io.Reader }

func (d *decoder) Read(p []byte) (int, error) {
	n, err := d.Reader.Read(p)
	var corrupt base64.CorruptInputError
	switch {
	case err == nil, err == io.EOF:
		return n, err
	case errors.As(err, &corrupt), errors.Is(err, io.ErrUnexpectedEOF), strings.HasPrefix(err.Error(), "quotedprintable:"):
		return n, fmt.Errorf("%w: %w", errEncoding, err)
	}
	return n, err
}

// base64Filter lets real mail through to a strict decoder: it drops white
// space and the padding at the end, and maps the URL alphabet (RFC 4648,
// section 5), which Gmail's API uses, onto the standard one. Anything after
// the padding is refused: two decoders could disagree on what it means.
type base64Filter struct {
	src     io.Reader
	padding int
}

func (f *base64Filter) Read(p []byte) (int, error) {
	for {
		n, err := f.src.Read(p)
		kept := 0
		for _, c := range p[:n] {
			switch {
			case c == '\r', c == '\n', c == ' ', c == '\t':
				continue
			case c == '=':
				if f.padding++; f.padding > 2 {
					return kept, fmt.Errorf("%w: more than two padding characters", errEncoding)
				}
				continue
			case f.padding > 0:
				return kept, fmt.Errorf("%w: data after the padding", errEncoding)
			case c == '-':
				c = '+'
			case c == '_':
				c = '/'
			}
			p[kept] = c
			kept++
		}
		if kept > 0 || err != nil || len(p) == 0 {
			return kept, err
		}
	}
}
