package scantest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/eicar"
)

// Harness is a scanner under test, which must know the EICAR test file, and
// what the suite has to know about it.
type Harness struct {
	Scanner scan.Scanner

	// Limit is the largest object it takes. Defaults to 0: there is none, and
	// nothing over it is tried.
	Limit int64

	// Large is the size of the large object. Defaults to 32 MiB, or Limit if
	// that is smaller.
	Large int64

	// Hang is the same scanner before a server that accepts everything and
	// never answers. Defaults to nil: there is no server.
	Hang scan.Scanner
}

// Run proves a scanner. open returns one for each subtest; it is used bare,
// without a scan.Guard, which would hide what is wrong with it.
func Run(t *testing.T, open func(t *testing.T) Harness) {
	for _, check := range checks() {
		t.Run(check.name, func(t *testing.T) {
			if err := check.run(t.Context(), open(t)); err != nil {
				t.Fatal(err)
			}
		})
	}
}

type check struct {
	name string
	run  func(ctx context.Context, h Harness) error
}

func checks() []check {
	return []check{
		{"clean", cleanIsClean},
		{"EICAR", eicarIsInfected},
		{"empty", emptyIsHarmless},
		{"large", largeIsStreamed},
		{"one byte at a time", slowSource},
		{"open fails", openFails},
		{"reader fails", readerFails},
		{"source ends early", shortSource},
		{"source goes on", longSource},
		{"cancelled before", cancelledBefore},
		{"cancelled while reading", cancelledWhileReading},
		{"over the limit", overLimit},
		{"hang", hang},
		{"many at once", concurrent},
		{"every stream is closed", closesStreams},
		{"names do not matter", hostileNames},
	}
}

// soon is how quickly a scanner has to return once its context is done.
const soon = time.Second

func cleanIsClean(ctx context.Context, h Harness) error {
	data := []byte(strings.Repeat("nothing to see here\n", 500))
	res, err := h.Scanner.Scan(ctx, NewObject(data))
	return wantClean(res, err, int64(len(data)))
}

func eicarIsInfected(ctx context.Context, h Harness) error {
	res, err := h.Scanner.Scan(ctx, NewObject(eicar.TestFile()))
	if err != nil {
		return err
	}
	if res.Verdict != scan.Infected || res.Threat == "" || res.Engine == "" {
		return fmt.Errorf("EICAR: got %+v, want infected with Threat and Engine", res)
	}
	return nil
}

func emptyIsHarmless(ctx context.Context, h Harness) error {
	res, err := h.Scanner.Scan(ctx, NewObject(nil))
	if err != nil {
		return err
	}
	if res.Verdict == scan.Infected || res.Verdict == scan.Suspicious || res.Bytes != 0 {
		return fmt.Errorf("empty: got %+v", res)
	}
	return nil
}

func largeIsStreamed(ctx context.Context, h Harness) error {
	size := h.Large
	if size == 0 {
		size = 32 << 20
	}
	if h.Limit > 0 {
		size = min(size, h.Limit)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	res, err := h.Scanner.Scan(ctx, Zeros(size, nil))
	runtime.ReadMemStats(&after)
	if err := wantClean(res, err, size); err != nil {
		return err
	}
	if used := after.TotalAlloc - before.TotalAlloc; size >= 8<<20 && used > uint64(size)/2 {
		return fmt.Errorf("a scan of %d bytes allocated %d", size, used)
	}
	return nil
}

func slowSource(ctx context.Context, h Harness) error {
	data := eicar.TestFile()
	obj := NewObject(data)
	obj.Open = Stream(obj.Size, func() io.Reader { return oneByte{bytes.NewReader(data)} }).Open
	res, err := h.Scanner.Scan(ctx, obj)
	return wantVerdict(scan.Infected, res, err)
}

func openFails(ctx context.Context, h Harness) error {
	obj := NewObject([]byte("bytes"))
	obj.Open = func(context.Context) (io.ReadCloser, error) { return nil, ErrBroken }
	res, err := h.Scanner.Scan(ctx, obj)
	return wantSourceError("a failing Open", res, err)
}

func readerFails(ctx context.Context, h Harness) error {
	data := bytes.Repeat([]byte("data"), 50_000)
	for _, n := range []int{0, 1, len(data) / 2, len(data) - 1, len(data)} {
		res, err := h.Scanner.Scan(ctx, Broken(data, n))
		if err := wantSourceError(fmt.Sprintf("a reader that fails after %d bytes", n), res, err); err != nil {
			return err
		}
	}
	return nil
}

func shortSource(ctx context.Context, h Harness) error {
	data := bytes.Repeat([]byte("data"), 50_000)
	for _, missing := range []int{1, len(data) / 2, len(data)} {
		obj := NewObject(data)
		obj.Open = NewObject(data[:len(data)-missing]).Open
		res, err := h.Scanner.Scan(ctx, obj)
		if err := wantSourceError(fmt.Sprintf("a source that ends %d bytes early", missing), res, err); err != nil {
			return err
		}
	}
	return nil
}

func longSource(ctx context.Context, h Harness) error {
	data := bytes.Repeat([]byte("data"), 50_000)
	res, err := h.Scanner.Scan(ctx, Resized(data, int64(len(data)-1)))
	return wantSourceError("a source with one byte more than announced", res, err)
}

func cancelledBefore(ctx context.Context, h Harness) error {
	return wantPrompt(ctx, 0, h.Scanner, NewObject([]byte("bytes")))
}

func cancelledWhileReading(ctx context.Context, h Harness) error {
	return wantPrompt(ctx, 50*time.Millisecond, h.Scanner, Stuck(bytes.Repeat([]byte("data"), 50_000), 100_000))
}

func overLimit(ctx context.Context, h Harness) error {
	if h.Limit == 0 {
		return nil
	}
	for _, more := range []int64{1, 1 << 20} {
		res, err := h.Scanner.Scan(ctx, Zeros(h.Limit+more, nil))
		if err := wantVerdict(scan.Unscannable, res, err); err != nil {
			return fmt.Errorf("%d bytes over the limit: %w", more, err)
		}
	}
	return nil
}

func hang(ctx context.Context, h Harness) error {
	if h.Hang == nil {
		return nil
	}
	return wantPrompt(ctx, 50*time.Millisecond, h.Hang, NewObject([]byte("bytes")))
}

func concurrent(ctx context.Context, h Harness) error {
	errs := make([]error, 16)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			if i%2 == 0 {
				errs[i] = eicarIsInfected(ctx, h)
			} else {
				errs[i] = cleanIsClean(ctx, h)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func closesStreams(ctx context.Context, h Harness) error {
	for _, obj := range []scan.Object{NewObject([]byte("bytes")), NewObject(eicar.TestFile()), Broken([]byte("bytes"), 2)} {
		var opened, closed int
		open := obj.Open
		obj.Open = func(ctx context.Context) (io.ReadCloser, error) {
			body, err := open(ctx)
			opened++
			return &countingCloser{body, &closed}, err
		}
		_, _ = h.Scanner.Scan(ctx, obj)
		if opened != closed {
			return fmt.Errorf("%d streams opened, %d closed", opened, closed)
		}
	}
	return nil
}

func hostileNames(ctx context.Context, h Harness) error {
	for _, name := range []string{"", "../../etc/passwd", "a\r\nX-Injected: 1", "a\x00stream: OK", strings.Repeat("n", 5000), `"; name="x`} {
		obj := NewObject(eicar.TestFile())
		obj.Filename = name
		res, err := h.Scanner.Scan(ctx, obj)
		if err := wantVerdict(scan.Infected, res, err); err != nil {
			return fmt.Errorf("EICAR named %.40q: %w", name, err)
		}
	}
	return nil
}

func wantVerdict(want scan.Verdict, res scan.Result, err error) error {
	if err == nil && res.Verdict != want {
		return fmt.Errorf("got %+v, want %s", res, want)
	}
	return err
}

func wantClean(res scan.Result, err error, size int64) error {
	if err != nil {
		return err
	}
	if res.Verdict != scan.Clean || res.Bytes != size || res.Threat != "" || res.Engine == "" {
		return fmt.Errorf("got %+v, want clean after %d bytes, with an Engine", res, size)
	}
	return nil
}

func wantSourceError(what string, res scan.Result, err error) error {
	if err == nil {
		return fmt.Errorf("%s: got %+v, want an error", what, res)
	}
	if !errors.Is(err, scan.ErrSource) || !scan.Retryable(err) {
		return fmt.Errorf("%s: got %w, want a retryable ErrSource", what, err)
	}
	return nil
}

// wantPrompt scans under contexts that end after d, one by its deadline and one
// by being cancelled, and wants an error and no verdict soon after that. A busy
// machine may be late, but not three times.
func wantPrompt(ctx context.Context, d time.Duration, s scan.Scanner, obj scan.Object) error {
	byDeadline := func() (context.Context, context.CancelFunc) { return context.WithTimeout(ctx, d) }
	byCancel := func() (context.Context, context.CancelFunc) {
		inner, cancel := context.WithCancel(ctx)
		if d == 0 {
			cancel()
		}
		timer := time.AfterFunc(d, cancel)
		return inner, func() { timer.Stop(); cancel() }
	}
	for _, begin := range []func() (context.Context, context.CancelFunc){byDeadline, byCancel} {
		var took time.Duration
		for range 3 {
			inner, cancel := begin()
			begun := time.Now()
			res, err := s.Scan(inner, obj)
			took = time.Since(begun)
			cancel()
			if err == nil {
				return fmt.Errorf("got %+v, want an error", res)
			}
			if !scan.Retryable(err) {
				return fmt.Errorf("got %w, want a retryable error", err)
			}
			if took <= d+soon {
				break
			}
		}
		if took > d+soon {
			return fmt.Errorf("returned after %s, its context ended after %s", took, d)
		}
	}
	return nil
}

type oneByte struct{ r io.Reader }

func (o oneByte) Read(p []byte) (int, error) { return o.r.Read(p[:min(1, len(p))]) }

type countingCloser struct {
	io.ReadCloser
	closed *int
}

func (c *countingCloser) Close() error {
	*c.closed++
	return c.ReadCloser.Close()
}
