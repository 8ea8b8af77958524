package detect

import "bytes"

// detectPDF flags encryption. The trailer that says so stands at the end, and
// in a linearised file also at the beginning.
func detectPDF(c Content, head []byte) (Type, error) {
	const window = 4 << 10
	t := of("application/pdf")
	tail, err := c.tail(window)
	if err != nil {
		return t, err
	}
	encrypt := []byte("/Encrypt")
	t.Encrypted = bytes.Contains(tail, encrypt) || bytes.Contains(head[:min(len(head), window)], encrypt)
	return t, nil
}
