package corpus

import (
	"encoding/binary"
	"slices"
	"unicode/utf16"
)

// Classes of root storages, as stored.
var (
	noClass  [16]byte
	msiClass = [16]byte{0x84, 0x10, 0x0C, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46}
	mspClass = [16]byte{0x86, 0x10, 0x0C, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46}
)

// A Node is a storage or stream for CompoundFile.
type Node struct {
	name     string
	data     []byte
	children []Node
	storage  bool
}

// Stream is a leaf.
func Stream(name, data string) Node { return Node{name: name, data: []byte(data)} }

// Storage is a folder.
func Storage(name string, children ...Node) Node {
	return Node{name: name, children: children, storage: true}
}

const (
	sector     = 512
	noStream   = 0xFFFFFFFF
	endOfChain = 0xFFFFFFFE
	fatSector  = 0xFFFFFFFD
)

// CompoundFile writes an OLE2 file ([MS-CFB], version 3). Every stream is
// padded to the size from which on it has sectors of its own, so that no mini
// FAT is needed; the reader's handling of one is tested with real files.
func CompoundFile(class [16]byte, nodes ...Node) []byte {
	w := compoundWriter{}
	w.add(Node{name: "Root Entry", children: nodes, storage: true}, 5)
	copy(w.entries[0][80:], class[:])

	const cutoff = 4096
	for i, data := range w.streams {
		if data == nil {
			continue
		}
		padded := append(slices.Clone(data), make([]byte, max(cutoff, (len(data)+sector-1)/sector*sector)-len(data))...)
		padded = padded[:(len(padded)+sector-1)/sector*sector]
		binary.LittleEndian.PutUint32(w.entries[i][116:], w.chain(padded))
		binary.LittleEndian.PutUint32(w.entries[i][120:], uint32(max(cutoff, len(data))))
	}
	var directory []byte
	for _, e := range w.entries {
		directory = append(directory, e[:]...)
	}
	for len(directory)%sector != 0 {
		directory = append(directory, make([]byte, 128)...)
	}
	directoryStart := w.chain(directory)

	perSector := sector / 4
	fatSectors := 1
	for (len(w.fat)+fatSectors+perSector-1)/perSector > fatSectors {
		fatSectors++
	}
	fatStart := len(w.fat)
	for range fatSectors {
		w.fat = append(w.fat, fatSector)
	}
	for len(w.fat)%perSector != 0 {
		w.fat = append(w.fat, noStream)
	}

	header := make([]byte, sector)
	copy(header, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")
	binary.LittleEndian.PutUint16(header[24:], 0x3E)
	binary.LittleEndian.PutUint16(header[26:], 3)
	binary.LittleEndian.PutUint16(header[28:], 0xFFFE)
	binary.LittleEndian.PutUint16(header[30:], 9)
	binary.LittleEndian.PutUint16(header[32:], 6)
	binary.LittleEndian.PutUint32(header[44:], uint32(fatSectors))
	binary.LittleEndian.PutUint32(header[48:], directoryStart)
	binary.LittleEndian.PutUint32(header[56:], cutoff)
	binary.LittleEndian.PutUint32(header[60:], endOfChain)
	binary.LittleEndian.PutUint32(header[68:], endOfChain)
	for i := range 109 {
		at := uint32(noStream)
		if i < fatSectors {
			at = uint32(fatStart + i)
		}
		binary.LittleEndian.PutUint32(header[76+4*i:], at)
	}
	out := append(header, w.sectors...)
	for _, next := range w.fat {
		out = binary.LittleEndian.AppendUint32(out, next)
	}
	return out
}

type compoundWriter struct {
	entries [][128]byte
	streams [][]byte // by entry; nil for storages
	sectors []byte
	fat     []uint32
}

// add writes the entry of n and of everything below, and returns its number.
func (w *compoundWriter) add(n Node, kind byte) uint32 {
	id := uint32(len(w.entries))
	var e [128]byte
	units := utf16.Encode([]rune(n.name))
	for i, u := range units {
		binary.LittleEndian.PutUint16(e[2*i:], u)
	}
	binary.LittleEndian.PutUint16(e[64:], uint16(2*len(units)+2))
	e[66], e[67] = kind, 1
	for _, at := range []int{68, 72, 76} {
		binary.LittleEndian.PutUint32(e[at:], noStream)
	}
	binary.LittleEndian.PutUint32(e[116:], endOfChain)
	w.entries, w.streams = append(w.entries, e), append(w.streams, nil)
	if !n.storage {
		w.streams[id] = n.data
		if n.data == nil {
			w.streams[id] = []byte{}
		}
		return id
	}
	previous := uint32(noStream)
	for _, c := range n.children {
		kind := byte(2)
		if c.storage {
			kind = 1
		}
		child := w.add(c, kind)
		// A list to the right is a valid, if unbalanced, tree.
		if previous == noStream {
			binary.LittleEndian.PutUint32(w.entries[id][76:], child)
		} else {
			binary.LittleEndian.PutUint32(w.entries[previous][72:], child)
		}
		previous = child
	}
	return id
}

// chain stores data, a multiple of the sector size, and returns its start.
func (w *compoundWriter) chain(data []byte) uint32 {
	start := uint32(len(w.fat))
	n := len(data) / sector
	for i := range n {
		next := start + uint32(i) + 1
		if i == n-1 {
			next = endOfChain
		}
		w.fat = append(w.fat, next)
	}
	w.sectors = append(w.sectors, data...)
	return start
}
