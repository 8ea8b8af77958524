package auth

import (
	"bufio"
	"io"
	"net"
	"net/http"
)

// A recorder remembers status and size of a response. It keeps what the
// ResponseWriter below can do: flush, hijack, deadlines through
// http.ResponseController, and ReadFrom, by which the kernel sends a file
// without its bytes passing through here (sendfile).
type recorder struct {
	http.ResponseWriter
	status int // 0 until the header is written
	bytes  int64
}

// Unwrap is for http.ResponseController.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader remembers the status.
func (w *recorder) WriteHeader(status int) {
	// Informational responses come before the one that counts.
	if w.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write counts.
func (w *recorder) Write(p []byte) (int, error) {
	w.implicitOK()
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// WriteString spares a copy where the writer below can.
func (w *recorder) WriteString(s string) (int, error) {
	w.implicitOK()
	n, err := io.WriteString(w.ResponseWriter, s)
	w.bytes += int64(n)
	return n, err
}

// ReadFrom hands src on as it is, for net/http looks for a file in it.
func (w *recorder) ReadFrom(src io.Reader) (n int64, err error) {
	w.implicitOK()
	if below, ok := w.ResponseWriter.(io.ReaderFrom); ok {
		n, err = below.ReadFrom(src)
	} else {
		n, err = io.Copy(struct{ io.Writer }{w.ResponseWriter}, src)
	}
	w.bytes += n
	return n, err
}

// Flush implements http.Flusher.
func (w *recorder) Flush() { _ = w.FlushError() }

// FlushError is what http.ResponseController prefers to Flush.
func (w *recorder) FlushError() error {
	err := http.NewResponseController(w.ResponseWriter).Flush()
	if err == nil {
		w.implicitOK()
	}
	return err
}

// Hijack implements http.Hijacker.
func (w *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err == nil && w.status == 0 {
		w.status = http.StatusSwitchingProtocols
	}
	return conn, rw, err
}

func (w *recorder) implicitOK() {
	if w.status == 0 {
		w.status = http.StatusOK
	}
}

// finalStatus is what the client has seen once the handler has returned.
func (w *recorder) finalStatus() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}
