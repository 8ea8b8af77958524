package bench

import (
	"runtime"
	"runtime/metrics"
	"time"
)

// peakOf runs f and returns by how much the heap grew meanwhile at most, in
// bytes, garbage included. It looks once a millisecond.
func peakOf(f func()) int64 {
	runtime.GC()
	runtime.GC() // what pools hold goes with the second: not while f runs
	before := heap()
	stop, peak := make(chan struct{}), make(chan int64)
	go func() {
		highest := before
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				highest = max(highest, heap())
			case <-stop:
				peak <- max(highest, heap()) - before
				return
			}
		}
	}()
	f()
	close(stop)
	return <-peak
}

func heap() int64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}
