package archive

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect/cfb"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect/zipdir"
)

// walkOOXML checks the ZIP that a document is, and shows only the objects that
// somebody embedded in it. They have no name worth judging: a double click opens
// them as what they are.
func walkOOXML(ctx context.Context, w *walker) error {
	dir, err := zipdir.Open(w.r, w.size)
	if err != nil {
		return zipError(err)
	}
	var embedded []zipdir.Entry
	err = w.checkZip(ctx, dir, func(e zipdir.Entry) {
		if strings.Contains(strings.ToLower(e.Name), "embeddings/") && !e.IsDir() {
			embedded = append(embedded, e)
		}
	})
	if err != nil {
		return err
	}
	visit := w.visit
	w.visit = func(m Member, r io.Reader) error {
		m.Name = ""
		return visit(m, r)
	}
	for _, e := range embedded {
		if err := w.showEntry(ctx, dir, &e); err != nil {
			return err
		}
	}
	return nil
}

// walkOLE shows the attachments of an Outlook message ([MS-OXMSG] 2.2.2) and
// the files packaged in any compound document.
func walkOLE(ctx context.Context, w *walker) error {
	f, err := cfb.Open(w.r, w.size)
	if err != nil {
		return oleError(err)
	}
	var damage error
	for _, e := range f.Entries() {
		err = nil
		switch {
		case e.Kind == cfb.Storage && strings.HasPrefix(e.Name, "__attach_version1.0_#"):
			err = w.showAttachment(ctx, f, e)
		case e.Kind == cfb.Stream && strings.EqualFold(e.Name, "\x01Ole10Native"):
			err = w.showPackage(ctx, f.Open(e))
		case e.Kind == cfb.Stream && (e.Name == "Package" || e.Name == "CONTENTS"):
			// A whole document, as Office and Acrobat embed theirs.
			err = w.show(ctx, Member{Size: e.Size}, contextReader{ctx, f.Open(e)})
		}
		switch {
		case errors.Is(err, ErrMalformed):
			damage = err // the others may be whole
		case err != nil:
			return err
		}
	}
	return damage
}

func oleError(err error) error {
	if errors.Is(err, cfb.ErrMalformed) {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return err
}

// showAttachment reads one attachment of a message: property 3707 is its long
// name, 3704 the short one, 3701 its bytes.
func (w *walker) showAttachment(ctx context.Context, f *cfb.File, storage cfb.Entry) error {
	var long, short string
	var data *cfb.Entry
	for _, e := range f.Children(storage) {
		switch strings.ToLower(e.Name) {
		case "__substg1.0_3707001f", "__substg1.0_3707001e":
			long = streamName(f, e)
		case "__substg1.0_3704001f", "__substg1.0_3704001e":
			short = streamName(f, e)
		case "__substg1.0_37010102":
			data = &e
		}
	}
	m := Member{Name: long}
	if m.Name == "" {
		m.Name = short
	}
	if data == nil {
		return w.show(ctx, m, nil) // an embedded message: its attachments come by themselves
	}
	m.Size = data.Size
	return w.show(ctx, m, contextReader{ctx, f.Open(*data)})
}

func streamName(f *cfb.File, e cfb.Entry) string {
	b := make([]byte, min(e.Size, maxNameBytes))
	n, _ := f.ReadPrefix(e, b) // a name that cannot be read is none
	if strings.HasSuffix(strings.ToLower(e.Name), "1f") {
		return utf16Name(b[:n])
	}
	return zeroTerminated(b[:n])
}

// showPackage reads an OLE package: a file that a double click starts under the
// name given here. Size, flags, label, path, two words, a second path, data.
func (w *walker) showPackage(ctx context.Context, r io.Reader) error {
	in := bufio.NewReader(contextReader{ctx, r})
	if _, err := in.Discard(4); err != nil {
		return nil // empty: nothing to start
	}
	if flags, err := in.Peek(2); err != nil || binary.LittleEndian.Uint16(flags) != 2 {
		return w.show(ctx, Member{Size: -1}, in) // no package, just an object
	}
	in.Discard(2)
	label, err1 := readZ(in)
	file, err2 := readZ(in)
	_, err3 := in.Discard(4)
	_, err4 := in.Discard(4) // the length of what follows
	temp, err5 := readZ(in)
	size, err6 := in.Peek(4)
	if err := errors.Join(err1, err2, err3, err4, err5, err6); err != nil {
		return fmt.Errorf("%w: OLE package", ErrMalformed)
	}
	length := int64(binary.LittleEndian.Uint32(size))
	in.Discard(4)
	for _, name := range []string{label, temp} {
		if name != "" && baseName(name) != baseName(file) {
			if err := w.show(ctx, Member{Name: baseName(name)}, nil); err != nil {
				return err
			}
		}
	}
	return w.show(ctx, Member{Name: baseName(file), Size: length}, io.LimitReader(in, length))
}

// baseName drops the folders of the machine that packed the file.
func baseName(name string) string {
	return name[strings.LastIndexAny(name, `/\`)+1:]
}

func readZ(in *bufio.Reader) (string, error) {
	var out bytes.Buffer
	for out.Len() <= maxNameBytes {
		c, err := in.ReadByte()
		if err != nil || c == 0 {
			return out.String(), err
		}
		out.WriteByte(c)
	}
	return "", ErrMalformed
}
