package mailbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/claimcheck"
)

// IMAPScheme begins references to parts on a server, "imap:42/7/2.1": the
// validity of the folder's UIDs, the message's UID, the part's section. They
// say neither whose account it is nor where.
const IMAPScheme = "imap"

// Reference names a part of a message that was read from an IMAP server, for
// Parts to open later and elsewhere. ok is false for any other message.
func (m Message) Reference(part Part) (ref attachment.Reference, ok bool) {
	if m.uid == 0 {
		return ref, false
	}
	return attachment.Reference{Ref: fmt.Sprintf("%s:%d/%d/%s", IMAPScheme, m.validity, m.uid, part.Section)}, true
}

// Parts is an attachment.Source of parts on IMAP servers. Each OpenReference is
// a login and one message read; nothing is kept between two. Where many parts
// of one message are wanted, staging them costs less.
//
// The function returns the account of the tenant of ctx, as for Open, or an
// error if he has none.
type Parts func(ctx context.Context) (spec string, opts *Options, err error)

var _ attachment.Source = Parts(nil)

// OpenReference implements attachment.Source. A message that was deleted, or a
// folder that was made anew, is claimcheck.ErrGone.
func (p Parts) OpenReference(ctx context.Context, ref attachment.Reference) (io.ReadCloser, error) {
	validity, uid, section, ok := parseReference(ref.Ref)
	if !ok {
		return nil, claimcheck.ErrReference
	}
	spec, opts, err := p(ctx)
	if err != nil {
		return nil, err
	}
	s, err := openIMAP(ctx, spec, opts.withDefaults())
	if err != nil {
		return nil, err
	}
	body, err := s.part(ctx, validity, uid, section)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return sourcePart{body, s}, nil
}

func (s *imapSource) part(ctx context.Context, validity, uid uint32, section string) (io.ReadCloser, error) {
	if s.validity != validity {
		return nil, claimcheck.ErrGone
	}
	msg, found, parseErr, err := s.fetch(ctx, s.account.location(), imap.UID(uid))
	if err != nil {
		return nil, s.failure(s.account.location(), err)
	}
	for _, part := range msg.Attachments {
		if found && part.Section == section {
			return part.Open()
		}
	}
	return nil, errors.Join(claimcheck.ErrGone, parseErr)
}

// sourcePart is the only part that is wanted of its source.
type sourcePart struct {
	io.ReadCloser
	source io.Closer
}

func (p sourcePart) Close() error { return errors.Join(p.ReadCloser.Close(), p.source.Close()) }

func parseReference(text string) (validity, uid uint32, section string, ok bool) {
	text, ok = strings.CutPrefix(text, IMAPScheme+":")
	fields := strings.Split(text, "/")
	if !ok || len(fields) != 3 || fields[2] == "" {
		return 0, 0, "", false
	}
	v, err := strconv.ParseUint(fields[0], 10, 32)
	u, uidErr := strconv.ParseUint(fields[1], 10, 32)
	if err != nil || uidErr != nil || u == 0 {
		return 0, 0, "", false
	}
	return uint32(v), uint32(u), fields[2], true
}
