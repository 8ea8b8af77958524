package clamd_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/services"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/clamd"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/scantest"
)

// fault is one way for a scan to go wrong.
type fault struct {
	server   func(net.Conn) // behind address tcp://…
	address  string         // or no server, but this
	sessions int
	object   scan.Object // defaults to 3 MB, more than socket buffers hold
	hangs    bool        // nothing but the deadline ends it
	want     error
}

func faults(t *testing.T) map[string]fault {
	data := bytes.Repeat([]byte("harmless"), 400_000)
	large := scantest.Zeros(24<<20, nil) // more than the sockets hold, so its end is still here
	plain := serve(t, replies("stream: OK\x00"))
	secure, _ := tlsProxy(t, plain)
	inMidStream := func(then func(c net.Conn, r *bufio.Reader)) func(net.Conn) {
		return version(func(c net.Conn, r *bufio.Reader) {
			swallow(r, 1_000_000)
			then(c, r)
		})
	}
	atEnd := func(then func(c net.Conn)) func(net.Conn) {
		return version(func(c net.Conn, r *bufio.Reader) {
			swallow(r, 1<<62)
			then(c)
		})
	}
	tooSoon := func(text string) func(net.Conn, *bufio.Reader) {
		return func(c net.Conn, _ *bufio.Reader) {
			_, _ = io.WriteString(c, text)
			time.Sleep(late) // and takes no more of the object
		}
	}
	hang := func(r io.Reader) { _, _ = io.Copy(io.Discard, r) }
	cut, unavailable := scan.ErrProtocol, scan.ErrUnavailable

	return map[string]fault{
		// Before anything of the object is sent.
		"refused":                   {address: fmt.Sprintf("tcp://127.0.0.1:%d", services.FreePort(t)), want: unavailable},
		"no such host":              {address: "tcp://no-such-host.invalid", want: unavailable},
		"no such socket":            {address: "unix:///no/such/socket", want: unavailable},
		"TLS to a plain server":     {address: "tls://" + plain, want: unavailable},
		"TLS, unknown authority":    {address: "tls://" + secure, want: unavailable},
		"TLS, handshake hangs":      {address: "tls://" + serve(t, hangUp(0)), hangs: true, want: unavailable},
		"RST at once":               {server: reset, want: unavailable},
		"closed at once":            {server: func(net.Conn) {}, want: unavailable},
		"hang at once":              {server: hangUp(0), hangs: true, want: unavailable},
		"half a version":            {server: func(c net.Conn) { _, _ = io.WriteString(c, "ClamAV 1.4") }, want: unavailable},
		"a version that is not one": {server: func(c net.Conn) { _, _ = io.WriteString(c, "SSH-2.0-OpenSSH_9.2\x00"); hang(c) }, want: cut},
		"a version without an end":  {server: func(c net.Conn) { _, _ = c.Write(bytes.Repeat([]byte{'x'}, 1<<20)); hang(c) }, want: cut},
		"a version that drips":      {server: func(c net.Conn) { drip(c, "ClamAV 1.4.6/27500/Mon\x00") }, hangs: true, want: unavailable},

		// While the object is sent.
		"RST at the command":          {server: version(func(c net.Conn, _ *bufio.Reader) { reset(c) }), want: cut},
		"closed at the command":       {server: version(func(net.Conn, *bufio.Reader) {}), want: cut},
		"hang at the command":         {server: version(func(net.Conn, *bufio.Reader) { time.Sleep(late) }), hangs: true, want: unavailable},
		"RST in mid-stream":           {server: inMidStream(func(c net.Conn, _ *bufio.Reader) { reset(c) }), want: cut},
		"closed in mid-stream":        {server: inMidStream(func(net.Conn, *bufio.Reader) {}), want: cut},
		"hang in mid-stream":          {server: inMidStream(func(net.Conn, *bufio.Reader) { time.Sleep(late) }), hangs: true, want: unavailable},
		"OK before the stream":        {server: version(tooSoon("stream: OK\x00")), object: large, want: cut},
		"FOUND before the stream":     {server: version(tooSoon("stream: X FOUND\x00")), object: large, want: cut},
		"OK in mid-stream":            {server: inMidStream(tooSoon("stream: OK\x00")), object: large, want: cut},
		"OK in mid-stream, then RST":  {server: inMidStream(func(c net.Conn, r *bufio.Reader) { tooSoon("stream: OK\x00")(c, r); reset(c) }), object: large, want: cut},
		"over the limit, then closed": {server: inMidStream(func(c net.Conn, _ *bufio.Reader) { _, _ = io.WriteString(c, "INSTREAM size limit exceeded. ERROR\x00") }), want: nil},
		"takes a byte a time": {server: version(func(_ net.Conn, r *bufio.Reader) {
			for range 40 {
				_, _ = r.Discard(1)
				time.Sleep(late / 40)
			}
		}), hangs: true, want: unavailable},

		// Instead of the reply.
		"empty reply":             {server: replies(""), want: cut},
		"only an end":             {server: replies("\x00"), want: cut},
		"half a reply":            {server: replies("stream: O"), want: cut},
		"OK without its end":      {server: replies("stream: OK"), want: cut},
		"OK with a newline":       {server: replies("stream: OK\n\x00"), want: cut},
		"OK alone":                {server: replies("OK\x00"), want: cut},
		"OK in small letters":     {server: replies("stream: ok\x00"), want: cut},
		"OK of another command":   {server: replies("/etc/passwd: OK\x00"), want: cut},
		"OK with more after it":   {server: replies("stream: OK\x00stream: X FOUND\x00"), want: cut},
		"OK behind a blank":       {server: replies(" stream: OK\x00"), want: cut},
		"FOUND without a name":    {server: replies("stream:  FOUND\x00"), want: cut},
		"PONG":                    {server: replies("PONG\x00"), want: cut},
		"garbage":                 {server: replies("\xff\xfe\x01\x02\x03\x00"), want: cut},
		"a megabyte of garbage":   {server: replies(strings.Repeat("A", 1<<20)), want: cut},
		"ERROR":                   {server: replies("stream: Can't allocate memory ERROR\x00"), want: errAny},
		"UNKNOWN COMMAND":         {server: replies("UNKNOWN COMMAND\x00"), want: cut},
		"RST instead of a reply":  {server: atEnd(reset), want: cut},
		"hang instead of a reply": {server: atEnd(func(c net.Conn) { hang(c) }), hangs: true, want: unavailable},
		"a reply that drips":      {server: atEnd(func(c net.Conn) { drip(c, "stream: OK\x00") }), hangs: true, want: unavailable},
		"OK after the deadline":   {server: atEnd(func(c net.Conn) { time.Sleep(late); _, _ = io.WriteString(c, "stream: OK\x00") }), hangs: true, want: unavailable},

		// In a session.
		"OK without an id":         {server: replies("stream: OK\x00"), sessions: 1, want: cut},
		"OK for the next command":  {server: replies("2: stream: OK\x00"), sessions: 1, want: cut},
		"OK for command zero":      {server: replies("0: stream: OK\x00"), sessions: 1, want: cut},
		"ids out of order":         {server: replies("2: stream: OK\x001: stream: OK\x00"), sessions: 1, want: cut},
		"an id run together":       {server: replies("1:stream: OK\x00"), sessions: 1, want: cut},
		"an id outside a session":  {server: replies("1: stream: OK\x00"), want: cut},
		"a session that timed out": {server: replies("1: COMMAND READ TIMED OUT ERROR\x00"), sessions: 1, want: errAny},

		// On our own side.
		"the object does not open": {server: replies("stream: OK\x00"), object: unopenable(data), want: scan.ErrSource},
		"the reader fails":         {server: replies("stream: OK\x00"), object: scantest.Broken(data, 1_500_000), want: scan.ErrSource},
		"the reader fails at once": {server: replies("stream: OK\x00"), object: scantest.Broken(data, 0), want: scan.ErrSource},
		"the object is short":      {server: replies("stream: OK\x00"), object: scantest.Resized(data, int64(len(data))+1), want: scan.ErrSource},
		"the object is long":       {server: replies("stream: OK\x00"), object: scantest.Resized(data, int64(len(data))-1), want: scan.ErrSource},
		"the object hangs":         {server: replies("stream: OK\x00"), object: scantest.Stuck(data, 1_000_000), hangs: true, want: scan.ErrSource},
		"the object is too large":  {server: replies("stream: OK\x00"), object: scantest.Zeros(26<<20, nil), want: nil},
	}
}

const (
	timeout = 200 * time.Millisecond
	late    = 2 * timeout
)

// errAny stands for an error without a sentinel.
var errAny = fmt.Errorf("any error")

func TestNoFaultEndsClean(t *testing.T) {
	table := faults(t)
	t.Logf("%d faults", len(table))
	data := bytes.Repeat([]byte("harmless"), 400_000)
	for name, f := range table {
		t.Run(name, func(t *testing.T) {
			ignore := goleak.IgnoreCurrent()
			t.Cleanup(func() { goleak.VerifyNone(t, ignore) })
			if f.server != nil {
				f.address = "tcp://" + serve(t, f.server)
			}
			if f.object.Open == nil {
				f.object = scantest.NewObject(data)
			}
			opts := &clamd.Options{Timeout: 20 * time.Second, Sessions: f.sessions, TLSConfig: &tls.Config{}}
			if f.hangs {
				opts.Timeout, opts.DialTimeout = timeout, timeout/2
			}
			s := newScanner(t, opts, f.address)

			res, err := inTime(t, opts.Timeout+time.Second, func() (scan.Result, error) { return s.Scan(t.Context(), f.object) })
			if f.want == nil {
				require.NoError(t, err)
				require.Equal(t, scan.Unscannable, res.Verdict)
				return
			}
			require.Error(t, err)
			require.NotEqual(t, scan.Clean, res.Verdict)
			require.True(t, scan.Retryable(err), "%v", err)
			if f.want != errAny {
				require.ErrorIs(t, err, f.want)
			}
		})
	}
}

// A control: the same servers without a fault give a verdict, or the table
// above would prove nothing.
func TestTheFaultlessServerIsBelieved(t *testing.T) {
	for sessions, reply := range []string{"stream: OK\x00", "1: stream: OK\x00"} {
		s := newScanner(t, &clamd.Options{Sessions: sessions}, "tcp://"+serve(t, replies(reply)))
		res, err := s.Scan(t.Context(), scantest.NewObject(bytes.Repeat([]byte("harmless"), 400_000)))
		require.NoError(t, err)
		require.Equal(t, scan.Clean, res.Verdict)
		require.Equal(t, "clamd 1.4.6", res.Engine)
		require.Equal(t, "27500", res.Signatures)
	}
}

// inTime wants scan to return within bound. A machine that is busy with other
// things may be late, but not three times.
func inTime(t *testing.T, bound time.Duration, scan func() (scan.Result, error)) (res scan.Result, err error) {
	t.Helper()
	var took time.Duration
	for range 3 {
		begun := time.Now()
		res, err = scan()
		if took = time.Since(begun); took < bound {
			return res, err
		}
	}
	require.Less(t, took, bound)
	return res, err
}

func drip(c net.Conn, text string) {
	for i := range len(text) {
		if _, err := io.WriteString(c, text[i:i+1]); err != nil {
			return
		}
		time.Sleep(timeout / 5)
	}
}

func unopenable(data []byte) scan.Object {
	obj := scantest.NewObject(data)
	obj.Open = func(context.Context) (io.ReadCloser, error) { return nil, scantest.ErrBroken }
	return obj
}
