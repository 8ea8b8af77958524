package corpus

import "encoding/binary"

// Cabinet is a CAB file with one member, stored as it is ([MS-CAB] 2).
func Cabinet(name string, data []byte) []byte {
	const header, folder, file = 36, 8, 16
	files := header + folder
	blocks := files + file + len(name) + 1
	le := binary.LittleEndian
	b := append([]byte("MSCF"), make([]byte, 4)...)
	b = le.AppendUint32(b, uint32(blocks+8+len(data)))
	b = le.AppendUint64(b, uint64(files)<<32)
	b = append(b, make([]byte, 4)...)
	b = append(b, 3, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0) // version, folders, files, flags, set, number
	b = le.AppendUint32(b, uint32(blocks))
	b = append(b, 1, 0, 0, 0) // blocks, compression
	b = le.AppendUint32(b, uint32(len(data)))
	b = append(b, make([]byte, 12)...)
	b = append(append(b, name...), 0)
	b = append(b, make([]byte, 4)...)
	b = le.AppendUint16(b, uint16(len(data)))
	b = le.AppendUint16(b, uint16(len(data)))
	return append(b, data...)
}
