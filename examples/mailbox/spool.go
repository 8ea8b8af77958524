package mailbox

import (
	"bufio"
	"errors"
	"io"
	"os"
)

// A spool keeps decoded attachments, one after the other, in one temporary
// file. The file loses its name at once where the system allows that, so
// nothing is left behind even if the process is killed.
type spool struct {
	file  *os.File
	named bool  // the system did not let go of the name
	end   int64 // where the next part begins
	max   int64
	buf   *bufio.Writer // decoders hand out less than a kilobyte at a time
}

func newSpool(dir string, limit int64) (*spool, error) {
	file, err := os.CreateTemp(dir, "mailbox-*")
	if err != nil {
		return nil, err
	}
	named := os.Remove(file.Name()) != nil // Windows refuses while the file is open
	return &spool{file: file, named: named, max: limit, buf: bufio.NewWriterSize(nil, 64<<10)}, nil
}

// add copies r to the end of the file. What a failed copy wrote is
// overwritten by the next.
func (s *spool) add(r io.Reader) (*io.SectionReader, error) {
	s.buf.Reset(&spoolWriter{io.NewOffsetWriter(s.file, s.end), s.max - s.end})
	n, err := io.Copy(s.buf, r)
	if err == nil {
		err = s.buf.Flush()
	}
	if err != nil {
		return nil, err
	}
	section := io.NewSectionReader(s.file, s.end, n)
	s.end += n
	return section, nil
}

func (s *spool) close() error {
	err := s.file.Close()
	if s.named {
		err = errors.Join(err, os.Remove(s.file.Name()))
	}
	return err
}

type spoolWriter struct {
	w    io.Writer
	left int64
}

func (s *spoolWriter) Write(p []byte) (int, error) {
	if int64(len(p)) > s.left {
		return 0, ErrSpoolFull
	}
	s.left -= int64(len(p))
	return s.w.Write(p)
}
