package host

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
)

// keys judges secrets by how many different bytes they have, and how evenly:
// that finds those a person typed, and none that a machine drew.
func (d *doctor) keys(context.Context) {
	const advice = "make one with: openssl rand -base64 48"
	judge := func(part string, secret []byte) {
		switch bits := entropy(secret); {
		case bits < 80:
			d.say(part, Fail, "easy to guess: few different characters", advice)
		case bits < 105:
			d.say(part, Warn, "looks less random than a drawn one", advice)
		default:
			d.say(part, OK, fmt.Sprintf("%d bytes, and they look random", len(secret)), "")
		}
	}
	for _, key := range d.settings.LinkKeys {
		judge("link key "+key.ID, key.Secret)
	}
	if len(d.settings.LinkKeys) == 0 {
		d.ownKey()
	}
	if login := d.settings.Login; login != nil {
		if login.Secret != "" {
			judge("JWT_SECRET", []byte(login.Secret))
		} else {
			d.say("login", OK, "public keys, which are no secret", "")
		}
	}
}

// ownKey looks at the one that this host keeps.
func (d *doctor) ownKey() {
	const part = "link key"
	info, err := os.Stat(filepath.Join(d.settings.Data, "link.key"))
	switch {
	case err != nil:
		d.say(part, Warn, "there is none yet", "start the host, which makes one, or set LINK_SIGNING_KEYS")
	case info.Mode().Perm()&0o077 != 0:
		d.say(part, Fail, "others on this machine may read link.key", "chmod 600 link.key, and take a new one: remove it, which ends all links")
	default:
		d.say(part, OK, "of this host's own making", "")
	}
}

// entropy is Shannon's, in bits, of the bytes as they are distributed. It is
// somewhat less than what a short random secret really has: 32 hexadecimal
// digits, 128 bits, come out at about 115.
func entropy(secret []byte) (bits float64) {
	counts := map[byte]float64{}
	for _, b := range secret {
		counts[b]++
	}
	total := float64(len(secret))
	for _, n := range counts {
		bits += n * math.Log2(total/n)
	}
	return bits
}
