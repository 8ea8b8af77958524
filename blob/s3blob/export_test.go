package s3blob

// SetMaxCopy lowers the size above which Copy works in parts.
func (s *Store) SetMaxCopy(n int64) { s.maxCopy = n }

// What the tests look at from outside.
var (
	Fail   = fail
	Redact = redact
)

func (o *Options) PartSizeOf(size int64) (int64, error) {
	r, err := o.resolve()
	return r.partSize(size), err
}
