package archive

import "fmt"

// Property ids of 7z headers.
const (
	idEnd              = 0x00
	idHeader           = 0x01
	idProperties       = 0x02
	idAdditionalStream = 0x03
	idMainStreams      = 0x04
	idFiles            = 0x05
	idPackInfo         = 0x06
	idUnpackInfo       = 0x07
	idSubStreams       = 0x08
	idSize             = 0x09
	idCRC              = 0x0A
	idFolder           = 0x0B
	idUnpackSize       = 0x0C
	idNumStreams       = 0x0D
	idEmptyStream      = 0x0E
	idEmptyFile        = 0x0F
	idNames            = 0x11
	idAttributes       = 0x15
	idEncodedHeader    = 0x17
)

type file7z struct {
	name             string
	empty, dir, link bool
}

type archive7z struct {
	folders []*folder
	files   []file7z
}

// stream7z is the content of one file.
type stream7z struct {
	folder *folder
	first  bool // of its folder
	size   uint64
}

// streams returns the contents one after the other.
func (a *archive7z) streams() func() (stream7z, bool) {
	at, n := 0, 0
	return func() (stream7z, bool) {
		for at < len(a.folders) && n >= len(a.folders[at].streams) {
			at, n = at+1, 0
		}
		if at >= len(a.folders) {
			return stream7z{}, false
		}
		f := a.folders[at]
		n++
		return stream7z{f, n == 1, f.streams[n-1]}, true
	}
}

// parse7z reads a header that is not, or no longer, compressed. No list in it
// may have more than most elements.
func parse7z(header []byte, most int) (*archive7z, error) {
	a := &archive7z{}
	if header[0] == idEnd {
		return a, nil
	}
	p := &parser7z{rest: header[1:], most: most}
	if header[0] != idHeader {
		return nil, fmt.Errorf("%w: 7z header", ErrMalformed)
	}
	for p.err == nil {
		switch id := p.byte(); id {
		case idEnd:
			return a, p.err
		case idMainStreams:
			a.folders = p.streamsInfo()
		case idFiles:
			a.files = p.filesInfo()
		case idProperties:
			for p.err == nil && p.byte() != idEnd {
				p.bytes(p.number())
			}
		default: // additional streams: nobody writes them
			p.fail()
		}
	}
	return nil, p.err
}

// parser7z reads numbers and remembers the first error; after it, everything
// reads as zero.
type parser7z struct {
	rest []byte
	most int
	err  error
}

func (p *parser7z) fail() {
	if p.err == nil {
		p.err = fmt.Errorf("%w: 7z header", ErrMalformed)
	}
}

func (p *parser7z) byte() byte {
	b := p.bytes(1)
	if len(b) == 0 {
		return 0
	}
	return b[0]
}

func (p *parser7z) bytes(n uint64) []byte {
	if p.err != nil || n > uint64(len(p.rest)) {
		p.fail()
		return nil
	}
	b := p.rest[:n]
	p.rest = p.rest[n:]
	return b
}

// number reads an integer whose first byte says, in leading ones, how many
// bytes follow.
func (p *parser7z) number() uint64 {
	first := p.byte()
	var value uint64
	for i, mask := 0, byte(0x80); i < 8; i, mask = i+1, mask>>1 {
		if first&mask == 0 {
			return value | uint64(first&(mask-1))<<(8*i)
		}
		value |= uint64(p.byte()) << (8 * i)
	}
	return value
}

// count reads how many elements follow.
func (p *parser7z) count() int {
	n := p.number()
	if n > uint64(p.most) {
		if p.err == nil {
			p.err = ErrTooMany
		}
		return 0
	}
	return int(n)
}

// expect skips properties until id.
func (p *parser7z) expect(id byte) {
	if p.byte() != id {
		p.fail()
	}
}

func (p *parser7z) bits(n int) []bool {
	packed := p.bytes(uint64(n+7) / 8)
	if packed == nil {
		return make([]bool, n)
	}
	all := make([]bool, n)
	for i := range all {
		all[i] = packed[i/8]&(0x80>>(i%8)) != 0
	}
	return all
}

// digests skips the checksums of n things and says which of them have one.
func (p *parser7z) digests(n int) []bool {
	defined := make([]bool, n)
	if p.byte() == 0 {
		defined = p.bits(n)
	} else {
		for i := range defined {
			defined[i] = true
		}
	}
	for _, is := range defined {
		if is {
			p.bytes(4)
		}
	}
	return defined
}

func (p *parser7z) streamsInfo() []*folder {
	var folders []*folder
	var sizes []uint64
	at := uint64(0)
	for p.err == nil {
		switch p.byte() {
		case idEnd:
			placeFolders(folders, at, sizes, p)
			return folders
		case idPackInfo:
			at, sizes = p.packInfo()
		case idUnpackInfo:
			folders = p.unpackInfo()
		case idSubStreams:
			p.subStreams(folders)
		default:
			p.fail()
		}
	}
	return nil
}

// placeFolders works out where the packed streams of each folder lie.
func placeFolders(folders []*folder, at uint64, sizes []uint64, p *parser7z) {
	const signatureHeader, huge = 32, 1 << 60
	if at > huge {
		p.fail()
		return
	}
	position, next := int64(at)+signatureHeader, 0
	for _, f := range folders {
		for i := range f.packed {
			if next >= len(sizes) || sizes[next] > huge || position > huge {
				p.fail()
				return
			}
			if i == 0 {
				f.start, f.size = position, int64(sizes[next])
			}
			position += int64(sizes[next])
			next++
		}
	}
}

func (p *parser7z) packInfo() (at uint64, sizes []uint64) {
	at = p.number()
	n := p.count()
	for p.err == nil {
		switch p.byte() {
		case idEnd:
			return at, sizes
		case idSize:
			for range n {
				sizes = append(sizes, p.number())
			}
		case idCRC:
			p.digests(n)
		default:
			p.fail()
		}
	}
	return at, sizes
}

func (p *parser7z) unpackInfo() []*folder {
	p.expect(idFolder)
	n := p.count()
	p.expect(0) // not external
	folders := make([]*folder, 0, min(n, 64))
	for range n {
		folders = append(folders, p.folder())
		if p.err != nil {
			return nil
		}
	}
	p.expect(idUnpackSize)
	for _, f := range folders {
		for _, c := range f.coders {
			for range c.out {
				f.sizes = append(f.sizes, p.number())
			}
		}
		f.streams = []uint64{f.unpackSize()}
	}
	for p.err == nil {
		switch p.byte() {
		case idEnd:
			return folders
		case idCRC:
			for i, is := range p.digests(n) {
				folders[i].checked = is
			}
		default:
			p.fail()
		}
	}
	return nil
}

func (p *parser7z) folder() *folder {
	const maxCoders, maxStreams = 8, 8
	f := &folder{}
	n := p.number()
	if n == 0 || n > maxCoders {
		p.fail()
		return f
	}
	ins, outs := 0, 0
	for range n {
		c := coder{in: 1, out: 1}
		flags := p.byte()
		for _, b := range p.bytes(uint64(flags & 0x0F)) {
			c.method = c.method<<8 | uint64(b)
		}
		if flags&0x10 != 0 {
			in, out := p.number(), p.number()
			if in == 0 || out == 0 || in > maxStreams || out > maxStreams {
				p.fail()
				return f
			}
			c.in, c.out = int(in), int(out)
		}
		if flags&0x20 != 0 {
			c.properties = p.bytes(p.number())
		}
		ins, outs = ins+c.in, outs+c.out
		f.coders = append(f.coders, c)
	}
	bound := outs - 1
	for range bound {
		p.number()
		p.number()
	}
	packed := ins - bound
	if packed < 1 {
		p.fail()
		return f
	}
	f.packed = make([]int, packed)
	if packed > 1 {
		for range packed {
			p.number()
		}
	}
	return f
}

func (p *parser7z) subStreams(folders []*folder) {
	id := p.byte()
	if id == idNumStreams {
		total := 0
		for _, f := range folders {
			n := p.count()
			if total += n; total > p.most {
				p.err = ErrTooMany
				return
			}
			f.streams = make([]uint64, n)
			if n == 1 {
				f.streams[0] = f.unpackSize()
			}
		}
		id = p.byte()
	}
	for _, f := range folders {
		rest := f.unpackSize()
		for i := range f.streams {
			n := rest // the last one takes what is left
			if i < len(f.streams)-1 && id == idSize {
				n = p.number()
			}
			if n > rest {
				p.fail()
				return
			}
			f.streams[i] = n
			rest -= n
		}
	}
	if id == idSize {
		id = p.byte()
	}
	if id == idCRC {
		unknown := 0
		for _, f := range folders {
			if len(f.streams) != 1 || !f.checked {
				unknown += len(f.streams)
			}
		}
		p.digests(unknown)
		id = p.byte()
	}
	if id != idEnd {
		p.fail()
	}
}
