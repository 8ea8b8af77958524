package mailbox

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"io"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/eicar"
)

// EICAR returns the placeholder of the project's test mail for the harmless
// test file that every virus scanner reports. The repository holds the word
// {{EICAR-BASE64}} in its place, so that no scanner trips over a checkout.
func EICAR() map[string]string {
	return map[string]string{"{{EICAR-BASE64}}": base64.StdEncoding.EncodeToString(eicar.TestFile())}
}

// placeholderReader replaces lines that equal a placeholder, line ends apart.
type placeholderReader struct {
	br           *bufio.Reader
	placeholders map[string]string
	pending      []byte
	err          error
}

func newPlaceholderReader(r io.Reader, placeholders map[string]string) *placeholderReader {
	return &placeholderReader{br: bufio.NewReader(r), placeholders: placeholders}
}

func (p *placeholderReader) Read(buf []byte) (int, error) {
	for len(p.pending) == 0 {
		if p.err != nil {
			return 0, p.err
		}
		// A line longer than the buffer comes in pieces; none equals a
		// placeholder but by its sender's design, and that does no harm.
		p.pending, p.err = p.br.ReadSlice('\n')
		if p.err == bufio.ErrBufferFull {
			p.err = nil
		}
		text := bytes.TrimRight(p.pending, "\r\n")
		if value, ok := p.placeholders[string(text)]; ok {
			p.pending = append([]byte(value), p.pending[len(text):]...)
		}
	}
	n := copy(buf, p.pending)
	p.pending = p.pending[n:]
	return n, nil
}
