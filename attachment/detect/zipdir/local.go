package zipdir

import (
	"bytes"
	"encoding/binary"
)

// LocalLen is the least that a local header takes (APPNOTE 4.3.7).
const LocalLen = localLen

// LocalHeader returns the length of the local header at offset at; 0 if there is
// none, as Data reports.
func (d *Dir) LocalHeader(at int64) int64 {
	var header [localLen]byte
	if _, err := readFull(d.r, header[:], at); err != nil || binary.LittleEndian.Uint32(header[:]) != localSignature {
		return 0
	}
	return localLen + int64(binary.LittleEndian.Uint16(header[26:])) + int64(binary.LittleEndian.Uint16(header[28:]))
}

// HasMember reports whether a local header stands anywhere in p. One without a
// name is padding, which Android's tools write so.
func HasMember(p []byte) bool {
	for signature := binary.LittleEndian.AppendUint32(nil, localSignature); ; {
		i := bytes.Index(p, signature)
		if i < 0 || len(p)-i < localLen {
			return false
		}
		if binary.LittleEndian.Uint16(p[i+26:]) != 0 {
			return true
		}
		p = p[i+len(signature):]
	}
}
