package blobtest

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
)

// small is the suite for stores in memory.
func small() suite { return suite{bulk: 1<<20 + 13, patience: 100 * time.Millisecond} }

// recorder stands in for *testing.T and remembers what a law complains about.
type recorder struct {
	ctx      context.Context
	failures []string
}

func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return r.ctx }

func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

// complaints runs a check to its end and returns what it found.
func complaints(t *testing.T, check func(tb)) []string {
	r := &recorder{ctx: t.Context()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				r.Errorf("panic: %v", p)
			}
		}()
		check(r)
	}()
	<-done
	return r.failures
}

// TestEveryLawHasTeeth breaks each law in one or more ways and wants to see
// the law notice, and no law without a store that breaks it.
func TestEveryLawHasTeeth(t *testing.T) {
	broken := make(map[string][]defect)
	for _, group := range [][]defect{byteDefects(), publishDefects(), describeDefects(), contextDefects(t), optionalDefects()} {
		for _, d := range group {
			broken[d.law] = append(broken[d.law], d)
		}
	}
	for _, l := range small().laws() {
		t.Run(l.name, func(t *testing.T) {
			require.NotEmpty(t, broken[l.name], "nothing shows that this law can fail")
			for _, d := range broken[l.name] {
				found := complaints(t, func(r tb) { l.check(r, d.store(memblob.New(nil))) })
				require.NotEmpty(t, found, "a store passes that %s", d.does)
			}
			delete(broken, l.name)
		})
	}
	require.Empty(t, broken, "defects of laws that do not exist")
}

func TestRightStoresPass(t *testing.T) {
	type plain struct{ blob.Store }
	for name, store := range map[string]func() blob.Store{
		"memory":                      func() blob.Store { return memblob.New(nil) },
		"without optional interfaces": func() blob.Store { return plain{memblob.New(nil)} },
		"only pretending to them":     func() blob.Store { return NewFaulty(plain{memblob.New(nil)}) },
		"faulty without faults":       func() blob.Store { return NewFaulty(memblob.New(nil)) },
		"bound": func() blob.Store {
			return Bind(memblob.New(nil), func(ctx context.Context) context.Context { return ctx })
		},
		"unrigged": func() blob.Store { return &rigged{Store: memblob.New(nil)} },
	} {
		for _, l := range small().laws() {
			require.Empty(t, complaints(t, func(r tb) { l.check(r, store()) }), "%s: %s", name, l.name)
		}
	}
}
