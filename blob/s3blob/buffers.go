package s3blob

import "sync"

// buffers lends byte slices of one capacity, a part's, so that a busy store
// does not make garbage of the size of its traffic.
type buffers struct {
	size int64
	pool sync.Pool
}

func newBuffers(size int64) *buffers {
	return &buffers{size: size, pool: sync.Pool{New: func() any {
		b := make([]byte, 0, size)
		return &b
	}}}
}

func (b *buffers) get() []byte { return *b.pool.Get().(*[]byte) }

func (b *buffers) put(buf []byte) {
	if int64(cap(buf)) == b.size {
		buf = buf[:0]
		b.pool.Put(&buf)
	}
}

// firstBuffer is what a Writer that does not know its size starts with: most
// attachments are far smaller than a part.
const firstBuffer = 64 << 10

// grow returns buf with room for at least one more byte, up to one part.
func (b *buffers) grow(buf []byte, expected int64) []byte {
	next := int64(cap(buf)) * 4
	if buf == nil {
		next = max(expected, firstBuffer)
	}
	var larger []byte
	if next >= b.size {
		larger = b.get()
	} else {
		larger = make([]byte, 0, next)
	}
	return append(larger, buf...)
}
