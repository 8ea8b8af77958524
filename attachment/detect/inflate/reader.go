// Package inflate unpacks DEFLATE data (RFC 1951) for somebody who mostly wants
// to see no more than how it begins.
//
// A decompressor fills its window of 32 KiB before it yields the first byte,
// and takes as much memory for it. Here it gets to see only the beginning of
// its input at first, and its memory is used again. What comes out is the same.
//
// It is that of the standard library. The one in klauspost/compress is 5 % faster
// here, but where a block has an empty code tree, it decodes with the codes that
// the last stream left behind, who knows whose.
package inflate

import (
	"bufio"
	"bytes"
	"compress/flate"
	"io"
)

const (
	// beginning is how much a first Read may want and still be served from
	// the beginning of the input.
	beginning = 4 << 10

	// firstInput suffices for that much output where nothing compresses: the
	// code tables of a block take 300 bytes.
	firstInput = beginning + 512
)

// A Reader inflates one thing after another in the same memory. The zero value
// wants a Reset. It is not safe for concurrent use.
type Reader struct {
	data   *io.SectionReader
	state  state
	served int64 // since Reset

	flate  io.ReadCloser
	first  []byte // the beginning of data
	memory bytes.Reader
	stream *bufio.Reader
}

type state int

const (
	fresh state = iota
	cut         // the decompressor sees the beginning of data
	whole       // it sees all of data
)

// Reset makes r inflate data; nil lets go of what it had.
func (r *Reader) Reset(data *io.SectionReader) {
	r.data, r.state, r.served = data, fresh, 0
	if data == nil && r.flate != nil {
		r.memory.Reset(nil)
		if r.stream != nil {
			r.stream.Reset(nil)
		}
	}
}

// Read implements io.Reader. Who wants to read far says so with a p of more
// than 4 KiB from the start, and saves the second look at the beginning.
func (r *Reader) Read(p []byte) (int, error) {
	if r.state == fresh {
		r.begin(len(p))
	}
	n, err := r.flate.Read(p)
	r.served += int64(n)
	if r.state == whole || err == nil || err == io.EOF {
		return n, err
	}
	if n > 0 {
		return n, nil // the next call meets the error again
	}
	// The beginning is used up, or broken: all of data decides that.
	if err := r.startOver(); err != nil {
		return 0, err
	}
	return r.Read(p)
}

// begin gives the decompressor what it needs for want bytes.
func (r *Reader) begin(want int) {
	if r.data.Size() > firstInput && want > beginning {
		r.streamAll()
		return
	}
	if r.first == nil {
		r.first = make([]byte, firstInput)
	}
	first := r.first[:min(r.data.Size(), firstInput)]
	if n, _ := r.data.ReadAt(first, 0); n < len(first) {
		r.streamAll() // and meet the error where it belongs
		return
	}
	r.memory.Reset(first)
	r.decompress(&r.memory)
	r.state = cut
	if int64(len(first)) == r.data.Size() {
		r.state = whole
	}
}

func (r *Reader) streamAll() {
	_, _ = r.data.Seek(0, io.SeekStart) // never fails
	if r.stream == nil {
		r.stream = bufio.NewReaderSize(nil, 4<<10)
	}
	r.stream.Reset(r.data)
	r.decompress(r.stream)
	r.state = whole
}

func (r *Reader) decompress(in flate.Reader) {
	if r.flate == nil {
		r.flate = flate.NewReader(in)
		return
	}
	_ = r.flate.(flate.Resetter).Reset(in, nil) // never fails
}

// startOver inflates all of data and skips what was served already: a few
// kilobytes, or 4.7 MB where all of them are the best that DEFLATE can do.
func (r *Reader) startOver() error {
	r.streamAll()
	for skip := r.served; skip > 0; {
		n, err := r.flate.Read(r.first[:min(skip, firstInput)])
		skip -= int64(n)
		switch {
		case skip == 0:
		case err == io.EOF:
			return io.ErrUnexpectedEOF // data is not what it was
		case err != nil:
			return err
		}
	}
	return nil
}
