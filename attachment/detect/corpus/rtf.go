package corpus

import (
	"encoding/binary"
	"encoding/hex"
)

// RTFOf is a document with one embedded object, whose hexadecimal data are
// given.
func RTFOf(objectData string) []byte {
	return []byte(`{\rtf1\ansi\deff0{\fonttbl{\f0 Times New Roman;}}\f0\fs24 See {\object\objemb{\*\objdata ` + objectData + `}{\result {\pict\wmetafile8 0100090000}}} there.\par}`)
}

// RTFWith is a document with one object in it, of a class and with the data of
// its program.
func RTFWith(class, data string) []byte {
	return RTFOf(hex.EncodeToString(OLEObject(class, data)))
}

// OLEObject is an embedded object ([MS-OLEDS] 2.2.5).
func OLEObject(class, data string) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 0x0501)
	b = binary.LittleEndian.AppendUint32(b, 2)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(class)+1))
	b = append(append(b, class...), 0)
	b = append(b, make([]byte, 8)...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	return append(b, data...)
}
