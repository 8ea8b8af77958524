package corpus

import "strings"

// UUEncode writes data into text as uuencode does.
func UUEncode(name string, data []byte) string {
	var b strings.Builder
	b.WriteString("begin 644 " + name + "\n")
	const perLine = 45
	for len(data) > 0 {
		line := data[:min(len(data), perLine)]
		data = data[len(line):]
		b.WriteByte(' ' + byte(len(line)))
		for len(line) > 0 {
			var three [3]byte
			line = line[copy(three[:], line):]
			bits := int(three[0])<<16 | int(three[1])<<8 | int(three[2])
			for shift := 18; shift >= 0; shift -= 6 {
				c := byte(bits>>shift) & 0x3F
				if c == 0 {
					c = '`' - ' '
				}
				b.WriteByte(' ' + c)
			}
		}
		b.WriteByte('\n')
	}
	b.WriteString("`\nend\n")
	return b.String()
}
