package scantest

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

// A Step is what a Fake does in one scan, in the order of the fields. The zero
// Step reads the object and calls it clean.
type Step struct {
	Wait    time.Duration   // sleep first, or until ctx ends
	Block   <-chan struct{} // then wait for this to be closed, or until ctx ends
	Panic   any             // then panic with this
	Err     error           // then fail with this
	Unread  bool            // do not read the object
	Result  scan.Result     // say this; Verdict Unknown stands for Clean unless Silent
	Silent  bool            // say Unknown
	Claimed int64           // Result.Bytes, if not what was read
}

// Fake is a scanner that follows a script: one Step per scan, the last one for
// all further scans. Without a script it reads everything and finds it clean.
type Fake struct {
	mu      sync.Mutex
	script  []Step
	objects []scan.Object
}

// NewFake returns a Fake with that script.
func NewFake(script ...Step) *Fake { return &Fake{script: script} }

// Scan does the next step.
func (f *Fake) Scan(ctx context.Context, obj scan.Object) (scan.Result, error) {
	step := f.next(obj)
	if err := step.wait(ctx); err != nil {
		return scan.Result{}, err
	}
	if step.Panic != nil {
		panic(step.Panic)
	}
	if step.Err != nil {
		return scan.Result{}, step.Err
	}
	res := step.Result
	if !step.Unread {
		n, err := readAll(ctx, obj)
		if err != nil {
			return scan.Result{}, &scan.Error{Scanner: "fake", Op: "read", Err: fmt.Errorf("%w: %w", scan.ErrSource, err), Temporary: true}
		}
		res.Bytes = n
	}
	if step.Claimed != 0 {
		res.Bytes = step.Claimed
	}
	if res.Verdict == scan.Unknown && !step.Silent {
		res.Verdict = scan.Clean
	}
	if res.Engine == "" {
		res.Engine = "fake"
	}
	return res, nil
}

// Scans returns the objects that were scanned, in order.
func (f *Fake) Scans() []scan.Object {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]scan.Object(nil), f.objects...)
}

func (f *Fake) next(obj scan.Object) Step {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := min(len(f.objects), len(f.script)-1)
	f.objects = append(f.objects, obj)
	if i < 0 {
		return Step{}
	}
	return f.script[i]
}

func (s Step) wait(ctx context.Context) error {
	timer := time.NewTimer(s.Wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	if s.Block == nil {
		return ctx.Err()
	}
	select {
	case <-s.Block:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func readAll(ctx context.Context, obj scan.Object) (int64, error) {
	body, err := obj.Open(ctx)
	if err != nil {
		return 0, err
	}
	defer body.Close()
	n, err := io.Copy(io.Discard, body)
	if err == nil && n != obj.Size {
		err = fmt.Errorf("%d bytes instead of %d", n, obj.Size)
	}
	return n, err
}
