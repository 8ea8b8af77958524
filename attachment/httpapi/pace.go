package httpapi

import (
	"io"
	"net/http"
	"time"
)

// pace bounds how long a transfer may be waited for. A ResponseWriter that
// knows no deadlines leaves that to the server.
type pace struct {
	control *http.ResponseController
	stall   time.Duration
	rate    int64 // bytes a second
}

func (a *api) pace(w http.ResponseWriter) pace {
	return pace{http.NewResponseController(w), a.opts.StallTimeout, a.opts.MinRate}
}

// allowance is how long n bytes may take.
func (p pace) allowance(n int64) time.Duration {
	return p.stall + time.Duration(float64(n)/float64(p.rate)*float64(time.Second))
}

// pacedReader reads a request body. Only the time spent waiting for the client
// counts, not what is done with the bytes in between.
type pacedReader struct {
	io.Reader
	pace   pace
	n      int64
	waited time.Duration
}

func (p *pacedReader) Read(b []byte) (int, error) {
	began := time.Now()
	_ = p.pace.control.SetReadDeadline(began.Add(p.pace.allowance(p.n) - p.waited))
	n, err := p.Reader.Read(b)
	p.n += int64(n)
	p.waited += time.Since(began)
	return n, err
}

// pacedWriter writes a response body. A piece of a file goes on as it is, for
// net/http to send by sendfile.
type pacedWriter struct {
	http.ResponseWriter
	pace pace
}

func (p *pacedWriter) Write(b []byte) (int, error) {
	p.expect(int64(len(b)))
	return p.ResponseWriter.Write(b)
}

func (p *pacedWriter) ReadFrom(src io.Reader) (int64, error) {
	piece, ok := src.(*io.LimitedReader)
	below, can := p.ResponseWriter.(io.ReaderFrom)
	if !ok || !can {
		return io.Copy(struct{ io.Writer }{p}, src)
	}
	p.expect(piece.N)
	return below.ReadFrom(piece)
}

func (p *pacedWriter) expect(n int64) {
	_ = p.pace.control.SetWriteDeadline(time.Now().Add(p.pace.allowance(n)))
}
