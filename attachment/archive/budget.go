package archive

import (
	"errors"
	"fmt"
	"io"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect/inflate"
)

// Sentinels. Test with errors.Is.
var (
	ErrMalformed   = errors.New("archive: malformed")
	ErrUnsupported = errors.New("archive: cannot be read")
	ErrEncrypted   = errors.New("archive: encrypted")
	ErrBomb        = errors.New("archive: unpacks to far more than it is")
	ErrTooMany     = errors.New("archive: too many members")
	ErrTooDeep     = errors.New("archive: nested too deep")

	// ErrAmbiguous is an ErrMalformed by design: programs that open the same
	// file show different members of it.
	ErrAmbiguous = fmt.Errorf("%w: two archives in one", ErrMalformed)
)

// Limits bound the examination of one attachment with everything nested in it.
type Limits struct {
	// Depth is how many archives may lie within each other. Defaults to 5.
	Depth int

	// Members is how many members are looked at in all. Defaults to 10,000.
	Members int

	// Inflated is how many bytes are unpacked in all. Defaults to 1 GiB.
	Inflated int64

	// Ratio is how many times its own size an attachment may claim to hold,
	// or turn out to. Defaults to 250.
	Ratio int64

	// RatioFloor is how many bytes may be unpacked whatever the ratio: small
	// files compress well. Defaults to 8 MiB.
	RatioFloor int64

	// TempDir is where nested archives of more than 1 MiB are unpacked.
	// Defaults to "": os.TempDir.
	TempDir string
}

// WithDefaults returns l with its zero fields filled in.
func (l Limits) WithDefaults() Limits {
	l.Depth = orDefault(l.Depth, 5)
	l.Members = orDefault(l.Members, 10_000)
	l.Inflated = orDefault(l.Inflated, 1<<30)
	l.Ratio = orDefault(l.Ratio, 250)
	l.RatioFloor = orDefault(l.RatioFloor, 8<<20)
	return l
}

func orDefault[N int | int64](n, def N) N {
	if n > 0 {
		return n
	}
	return def
}

// A Budget is what is left of the limits during one examination. It is not
// safe for concurrent use.
type Budget struct {
	limits   Limits
	size     int64 // of the attachment itself
	depth    int
	members  int
	claimed  int64 // by directories
	inflated int64 // in truth

	inflaters []*inflate.Reader // idle; one for each level that an archive had
	spare     []byte            // what a closed spool left
}

// NewBudget returns the budget for an attachment of size bytes.
func NewBudget(limits Limits, size int64) *Budget {
	b := new(Budget)
	b.Reset(limits, size)
	return b
}

// Reset makes b the budget for the next attachment. It keeps the memory in which
// the last one was unpacked: up to 50 KB for each level of nesting, and 128 KB.
func (b *Budget) Reset(limits Limits, size int64) {
	*b = Budget{limits: limits.WithDefaults(), size: max(size, 1), inflaters: b.inflaters, spare: b.spare}
}

// takeInflater returns a decompressor that nobody else uses.
func (b *Budget) takeInflater() *inflate.Reader {
	last := len(b.inflaters) - 1
	if last < 0 {
		return new(inflate.Reader)
	}
	r := b.inflaters[last]
	b.inflaters = b.inflaters[:last]
	return r
}

// keepInflater takes back what takeInflater gave; nil is nothing.
func (b *Budget) keepInflater(r *inflate.Reader) {
	if r != nil {
		r.Reset(nil)
		b.inflaters = append(b.inflaters, r)
	}
}

// Enter goes one archive deeper; the caller calls Leave when it is done.
func (b *Budget) Enter() error {
	if b.depth >= b.limits.Depth {
		return ErrTooDeep
	}
	b.depth++
	return nil
}

// Leave comes back from Enter.
func (b *Budget) Leave() { b.depth-- }

func (b *Budget) member() error {
	if b.members++; b.members > b.limits.Members {
		return ErrTooMany
	}
	return nil
}

// claim counts what a directory says a member holds.
func (b *Budget) claim(n uint64) error {
	const huge = 1 << 60
	b.claimed += int64(min(n, huge))
	if b.claimed < 0 || b.excessive(b.claimed) {
		return ErrBomb
	}
	return nil
}

// inflate counts what was truly unpacked.
func (b *Budget) inflate(n int) error {
	b.inflated += int64(n)
	if b.inflated > b.limits.Inflated || b.excessive(b.inflated) {
		return ErrBomb
	}
	return nil
}

func (b *Budget) excessive(n int64) bool {
	return n > b.limits.RatioFloor && n/b.limits.Ratio > b.size
}

// meter counts what passes through it.
type meter struct {
	r io.Reader
	b *Budget
}

func (m meter) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	if over := m.b.inflate(n); over != nil {
		return n, over
	}
	return n, err
}
