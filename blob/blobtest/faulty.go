package blobtest

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// ErrInjected is what a Fault without an Err of its own fails with.
var ErrInjected = errors.New("injected fault")

// A Fault disturbs calls of one kind.
type Fault struct {
	// Op is the kind, as blob.Error names it: "create", "write", "commit",
	// "abort", "open", "read", "stat", "delete", "list", "copy", "sign" or
	// "reclaim".
	Op string

	// Nth chooses one call, counted from 1 since the Fault was injected.
	// Defaults to 0: every call.
	Nth int

	// Err is what the call fails with, as the cause of a *blob.Error unless it
	// is one already. Defaults to ErrInjected.
	Err error

	// Temporary marks that *blob.Error as worth a repetition.
	Temporary bool

	// After lets the call do its work first, as when the answer of a remote
	// store is lost.
	After bool

	// Short lets so many bytes of a read or write through before it fails.
	Short int

	// Cut ends a read with io.EOF after Short bytes, instead of an error, as
	// a proxy does that drops a connection.
	Cut bool

	// Delay waits before anything else, as long as the call's context lives.
	// A Fault with a Delay and without Err, Short and Cut does nothing worse.
	Delay time.Duration

	// Meanwhile is called before the call does anything, or with After once it
	// has done its work. Without After it, too, is enough for a Fault.
	Meanwhile func()
}

// Faulty is a store that fails as told and otherwise does what the store
// inside does. It offers every optional interface, answering ErrUnsupported
// where the store inside lacks one. It is safe for concurrent use.
type Faulty struct {
	forward

	mu     sync.Mutex
	faults []*armed
	calls  map[string]int
}

type armed struct {
	Fault
	seen int
}

// NewFaulty wraps s.
func NewFaulty(s blob.Store, faults ...Fault) *Faulty {
	f := &Faulty{forward: forward{s}, calls: make(map[string]int)}
	f.Inject(faults...)
	return f
}

// Inject adds faults. Where several fit a call, the first injected is taken.
func (f *Faulty) Inject(faults ...Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fault := range faults {
		f.faults = append(f.faults, &armed{Fault: fault})
	}
}

// Heal removes all faults.
func (f *Faulty) Heal() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = nil
}

// Calls says how many calls of a kind were made so far, disturbed or not.
func (f *Faulty) Calls(op string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[op]
}

// strike counts a call, waits out a delay, lets happen what happens meanwhile,
// and returns the fault that the call has to suffer, or nil.
func (f *Faulty) strike(ctx context.Context, op string) (*Fault, error) {
	fault := f.next(op)
	if fault == nil {
		return nil, nil
	}
	if fault.Delay > 0 {
		timer := time.NewTimer(fault.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	before := fault.Meanwhile != nil && !fault.After
	if before {
		fault.Meanwhile()
	}
	if (fault.Delay > 0 || before) && fault.Err == nil && fault.Short == 0 && !fault.Cut {
		return nil, nil
	}
	return fault, nil
}

func (f *Faulty) next(op string) (found *Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls[op]++
	for _, a := range f.faults {
		if a.Op != op {
			continue
		}
		a.seen++
		if found == nil && (a.Nth == 0 || a.Nth == a.seen) {
			found = &a.Fault
		}
	}
	return found
}

func (fault *Fault) error(op, key string) error {
	var e *blob.Error
	switch {
	case errors.As(fault.Err, &e):
		return fault.Err
	case fault.Err == nil:
		return &blob.Error{Op: op, Key: key, Err: ErrInjected, Temporary: fault.Temporary}
	}
	return &blob.Error{Op: op, Key: key, Err: fault.Err, Temporary: fault.Temporary}
}

// disturb makes one call through f.
func disturb[T any](ctx context.Context, f *Faulty, op, key string, call func() (T, error)) (T, error) {
	var zero T
	fault, err := f.strike(ctx, op)
	if err != nil {
		return zero, &blob.Error{Op: op, Key: key, Err: err}
	}
	if fault == nil {
		return call()
	}
	if fault.After {
		v, err := call()
		if err != nil {
			return zero, err
		}
		discard(v)
		if fault.Meanwhile != nil {
			fault.Meanwhile()
		}
	}
	return zero, fault.error(op, key)
}

// discard releases an answer that the caller never gets.
func discard(answer any) {
	switch v := answer.(type) {
	case *blob.Reader:
		_ = v.Close()
	case *faultyWriter:
		_ = v.Writer.Abort()
	}
}

// Create implements [blob.Store].
func (f *Faulty) Create(ctx context.Context, key string, opts *blob.WriteOptions) (blob.Writer, error) {
	return disturb(ctx, f, "create", key, func() (blob.Writer, error) {
		w, err := f.Store.Create(ctx, key, opts)
		if err != nil {
			return nil, err
		}
		return &faultyWriter{Writer: w, faulty: f, key: key}, nil
	})
}

// Open implements [blob.Store].
func (f *Faulty) Open(ctx context.Context, key string, offset, length int64) (*blob.Reader, error) {
	return disturb(ctx, f, "open", key, func() (*blob.Reader, error) {
		r, err := f.Store.Open(ctx, key, offset, length)
		if err != nil {
			return nil, err
		}
		return blob.NewReader(r.Info, &faultyBody{ReadCloser: r, ctx: ctx, faulty: f, key: key}), nil
	})
}

// Delete implements [blob.Store].
func (f *Faulty) Delete(ctx context.Context, key string) error {
	_, err := disturb(ctx, f, "delete", key, func() (struct{}, error) { return struct{}{}, f.Store.Delete(ctx, key) })
	return err
}

// Stat implements [blob.Statter].
func (f *Faulty) Stat(ctx context.Context, key string) (blob.Info, error) {
	return disturb(ctx, f, "stat", key, func() (blob.Info, error) { return f.forward.Stat(ctx, key) })
}

// Copy implements [blob.Copier].
func (f *Faulty) Copy(ctx context.Context, dst, src string) (blob.Info, error) {
	return disturb(ctx, f, "copy", dst, func() (blob.Info, error) { return f.forward.Copy(ctx, dst, src) })
}

// Reclaim implements [blob.Reclaimer].
func (f *Faulty) Reclaim(ctx context.Context, cutoff time.Time) (int, error) {
	return disturb(ctx, f, "reclaim", "", func() (int, error) { return f.forward.Reclaim(ctx, cutoff) })
}

// SignURL implements [blob.URLSigner].
func (f *Faulty) SignURL(ctx context.Context, key string, opts *blob.SignURLOptions) (string, error) {
	return disturb(ctx, f, "sign", key, func() (string, error) { return f.forward.SignURL(ctx, key, opts) })
}

// List implements [blob.Lister]. A Fault with After strikes at the end.
func (f *Faulty) List(ctx context.Context, prefix string) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		_, err := disturb(ctx, f, "list", prefix, func() (struct{}, error) {
			for info, err := range f.forward.List(ctx, prefix) {
				if !yield(info, err) || err != nil {
					return struct{}{}, errStopped
				}
			}
			return struct{}{}, nil
		})
		if err != nil && !errors.Is(err, errStopped) {
			yield(blob.Info{}, err)
		}
	}
}

var errStopped = errors.New("the caller has stopped listing")
