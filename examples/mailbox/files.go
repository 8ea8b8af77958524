package mailbox

import (
	"bufio"
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// files is a source of .eml and mbox files. Their names are fixed when it is
// opened; they are read one by one during the iteration.
type files struct {
	*parser
	paths []string
}

func openPath(path string, opts Options) (Source, error) {
	paths, err := list(path)
	if err != nil {
		return nil, &Error{Location: path, Err: pathCause(err)}
	}
	p, err := newParser(opts)
	if err != nil {
		return nil, err
	}
	return &files{parser: p, paths: paths}, nil
}

// list returns the mail files that path stands for.
func list(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	if isDir(filepath.Join(path, "cur")) && isDir(filepath.Join(path, "new")) {
		return listMaildir(path)
	}
	paths, err := listFolder(path, func(name string) bool {
		ext := strings.ToLower(filepath.Ext(name))
		return ext == ".eml" || ext == ".mbox"
	})
	if err == nil && len(paths) == 0 {
		err = ErrNoMail
	}
	return paths, err
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// listMaildir returns the messages by their unique names, which begin with the
// time of delivery. What is in tmp is not delivered yet; Maildir++ subfolders
// are mailboxes of their own.
func listMaildir(path string) ([]string, error) {
	var all []string
	for _, sub := range []string{"cur", "new"} {
		paths, err := listFolder(filepath.Join(path, sub), func(string) bool { return true })
		if err != nil {
			return nil, err
		}
		all = append(all, paths...)
	}
	slices.SortFunc(all, func(a, b string) int { return strings.Compare(filepath.Base(a), filepath.Base(b)) })
	return all, nil
}

// listFolder returns the regular files that keep wants, by name. Hidden ones
// are a program's own.
func listFolder(dir string, keep func(name string) bool) ([]string, error) {
	entries, err := os.ReadDir(dir) // sorted
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		if strings.HasPrefix(entry.Name(), ".") || !keep(entry.Name()) {
			continue
		}
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() { // a pipe would block the reader
			paths = append(paths, path)
		}
	}
	return paths, nil
}

// Messages implements Source.
func (f *files) Messages(ctx context.Context) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		left := f.opts.MaxMessages
		for _, path := range f.paths {
			for msg, err := range f.file(ctx, path) {
				if !yield(msg, err) {
					return
				}
				if left--; left == 0 { // a limit of 0 never gets here
					return
				}
			}
			if ctx.Err() != nil {
				yield(Message{Location: path}, &Error{Location: path, Err: context.Cause(ctx)})
				return
			}
		}
	}
}

// file yields the one message or the many that path holds.
func (f *files) file(ctx context.Context, path string) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		file, err := openMoved(path)
		if err != nil {
			yield(Message{Location: path}, &Error{Location: path, Err: err})
			return
		}
		defer file.Close()
		br := bufio.NewReader(file)
		if start, _ := br.Peek(len(fromLine)); string(start) == fromLine {
			f.mbox(ctx, path, br, yield)
			return
		}
		if info, err := file.Stat(); err == nil && info.Size() == 0 && filepath.Ext(path) == ".mbox" {
			return // a mailbox with nothing in it
		}
		yield(f.parse(ctx, path, br))
	}
}

// openMoved opens path or, if it is gone, the same Maildir message under
// another name: a mail program moves it from new to cur when it sees it and
// appends its flags after a colon, at any time.
func openMoved(path string) (*os.File, error) {
	file, err := os.Open(path)
	if err == nil {
		return file, nil
	}
	dir, name := filepath.Split(path)
	unique, _, _ := strings.Cut(name, ":")
	cur := filepath.Join(dir, "..", "cur")
	if entries, listErr := os.ReadDir(cur); listErr == nil && errors.Is(err, fs.ErrNotExist) {
		for _, entry := range entries {
			if now, _, _ := strings.Cut(entry.Name(), ":"); now == unique {
				return os.Open(filepath.Join(cur, entry.Name()))
			}
		}
	}
	return nil, pathCause(err)
}

// pathCause strips what an Error's Location says already.
func pathCause(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}
