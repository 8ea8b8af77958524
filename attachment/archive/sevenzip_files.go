package archive

import (
	"encoding/binary"
	"unicode/utf16"
)

// filesInfo reads the list of files.
func (p *parser7z) filesInfo() []file7z {
	files := make([]file7z, p.count())
	var emptyFile []bool
	for p.err == nil {
		id := p.byte()
		if id == idEnd {
			break
		}
		body := &parser7z{rest: p.bytes(p.number()), most: p.most}
		switch id {
		case idEmptyStream:
			for i, is := range body.bits(len(files)) {
				files[i].empty = is
			}
		case idEmptyFile:
			emptyFile = body.bits(countEmpty(files))
		case idNames:
			body.names(files)
		case idAttributes:
			body.attributes(files)
		}
		if body.err != nil {
			p.err = body.err
		}
	}
	n := 0
	for i := range files {
		if !files[i].empty {
			continue
		}
		files[i].dir = files[i].dir || n >= len(emptyFile) || !emptyFile[n]
		n++
	}
	return files
}

func countEmpty(files []file7z) int {
	n := 0
	for _, f := range files {
		if f.empty {
			n++
		}
	}
	return n
}

func (p *parser7z) names(files []file7z) {
	p.expect(0) // not external
	for i := range files {
		var units []uint16
		for {
			b := p.bytes(2)
			if b == nil {
				return
			}
			u := binary.LittleEndian.Uint16(b)
			if u == 0 {
				break
			}
			units = append(units, u)
		}
		files[i].name = string(utf16.Decode(units))
	}
}

// attributes reads Windows attributes; the upper half holds a Unix mode if bit
// 15 is set.
func (p *parser7z) attributes(files []file7z) {
	defined := make([]bool, len(files))
	if p.byte() == 0 {
		copy(defined, p.bits(len(files)))
	} else {
		for i := range defined {
			defined[i] = true
		}
	}
	p.expect(0)
	for i := range files {
		if !defined[i] {
			continue
		}
		b := p.bytes(4)
		if b == nil {
			return
		}
		a := binary.LittleEndian.Uint32(b)
		const directory, reparsePoint, unix = 0x10, 0x400, 0x8000
		files[i].dir = a&directory != 0
		files[i].link = a&reparsePoint != 0 || a&unix != 0 && a>>16&0o170000 == 0o120000
	}
}
