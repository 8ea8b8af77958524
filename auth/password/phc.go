package password

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// phc is a hash in the PHC string format: $argon2id$v=19$m=,t=,p=$salt$hash,
// salt and hash in base64 without padding.
type phc struct {
	params
	salt []byte
	hash []byte
}

type params struct {
	memory uint32 // KiB
	passes uint32
	lanes  uint8
}

// check holds p against the least that argon2 is defined for and the most that
// the host is willing to spend.
func (p params) check(maxMemory uint32) error {
	switch {
	case p.passes < 1 || p.passes > maxPasses:
		return fmt.Errorf("t=%d, want 1 to %d", p.passes, maxPasses)
	case p.lanes < 1 || p.lanes > maxLanes:
		return fmt.Errorf("p=%d, want 1 to %d", p.lanes, maxLanes)
	case p.memory < 8*uint32(p.lanes) || p.memory > maxMemory:
		return fmt.Errorf("m=%d, want %d to %d", p.memory, 8*uint32(p.lanes), maxMemory)
	}
	return nil
}

func (p phc) String() string {
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memory, p.passes, p.lanes, encode(p.salt), encode(p.hash))
}

// maxPHCBytes is more than any hash within the bounds below needs.
const maxPHCBytes = 256

func parsePHC(text string, maxMemory uint32) (phc, error) {
	if len(text) > maxPHCBytes || strings.ContainsAny(text, "\r\n") { // which base64 would skip
		return phc{}, fmt.Errorf("%w: too long, or of several lines", ErrHash)
	}
	part := strings.Split(text, "$")
	if len(part) != 6 || part[0] != "" || part[1] != "argon2id" || part[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return phc{}, fmt.Errorf("%w: not $argon2id$v=%d$…", ErrHash, argon2.Version)
	}
	var p phc
	var err error
	if p.params, err = parseParams(part[3]); err != nil {
		return phc{}, err
	}
	if err := p.check(maxMemory); err != nil {
		return phc{}, fmt.Errorf("%w: %w", ErrHash, err)
	}
	decode := base64.RawStdEncoding.Strict().DecodeString
	var errSalt, errHash error
	p.salt, errSalt = decode(part[4])
	p.hash, errHash = decode(part[5])
	if errSalt != nil || errHash != nil || len(p.salt) < 8 || len(p.salt) > 64 || len(p.hash) < 16 || len(p.hash) > 64 {
		return phc{}, fmt.Errorf("%w: salt or hash", ErrHash)
	}
	return p, nil
}

// parseParams reads "m=65536,t=3,p=4", in this order, as the format asks.
func parseParams(text string) (params, error) {
	field := strings.Split(text, ",")
	if len(field) != 3 {
		return params{}, fmt.Errorf("%w: parameters", ErrHash)
	}
	var value [3]uint64
	for i, name := range []string{"m=", "t=", "p="} {
		digits, ok := strings.CutPrefix(field[i], name)
		n, err := strconv.ParseUint(digits, 10, []int{32, 32, 8}[i])
		if !ok || err != nil {
			return params{}, fmt.Errorf("%w: parameter %s", ErrHash, name)
		}
		value[i] = n
	}
	return params{memory: uint32(value[0]), passes: uint32(value[1]), lanes: uint8(value[2])}, nil
}
