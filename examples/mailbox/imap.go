package mailbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"sync/atomic"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// imapSource reads one folder of an IMAP account (RFC 9051), opened with
// EXAMINE and read with BODY.PEEK, so that nothing on the server changes.
type imapSource struct {
	*parser
	client  *imapclient.Client
	conn    net.Conn
	account account

	validity uint32 // of the folder's UIDs: with another one, they name other messages
}

func openIMAP(ctx context.Context, spec string, opts Options) (*imapSource, error) {
	acc, err := parseAccount(spec, opts.Password)
	if err != nil {
		return nil, err
	}
	p, err := newParser(opts)
	if err != nil {
		return nil, err
	}
	s := &imapSource{parser: p, account: acc}
	if err := s.connect(ctx); err != nil {
		return nil, errors.Join(&Error{Location: acc.location(), Err: acc.redact(err)}, s.Close())
	}
	return s, nil
}

func (s *imapSource) connect(ctx context.Context) error {
	conn, err := s.account.dial(ctx, s.opts)
	if err != nil {
		return err
	}
	s.conn = conn
	err = s.attempt(ctx, func(func()) (err error) {
		s.client, err = s.account.start(conn, s.opts)
		if err != nil {
			return err
		}
		if err := s.client.WaitGreeting(); err != nil {
			return err
		}
		return s.client.Login(s.account.user, s.account.password).Wait()
	})
	if err != nil {
		return err
	}
	return s.attempt(ctx, func(func()) error {
		folder, err := s.client.Select(s.account.folder, &imap.SelectOptions{ReadOnly: true}).Wait()
		if err == nil {
			s.validity = folder.UIDValidity
		}
		return err
	})
}

// logoutGrace is how long a server may take to say goodbye.
const logoutGrace = time.Second

// Close logs out, if the server still listens, and releases the parts.
func (s *imapSource) Close() error {
	if s.client != nil {
		ctx, cancel := context.WithTimeout(context.Background(), logoutGrace)
		defer cancel()
		_ = s.attempt(ctx, func(func()) error { return s.client.Logout().Wait() })
		_ = s.client.Close() // its error is the server hanging up, as it should
	} else if s.conn != nil {
		_ = s.conn.Close()
	}
	return s.parser.Close()
}

// attempt runs an exchange with the server and breaks the connection when ctx
// is done or the server has said nothing for Options.Timeout; each call of
// alive starts that time anew. The client library has no way to be told.
func (s *imapSource) attempt(ctx context.Context, exchange func(alive func()) error) error {
	var silent atomic.Bool
	timer := time.AfterFunc(s.opts.Timeout, func() {
		silent.Store(true)
		_ = s.conn.Close()
	})
	defer timer.Stop()
	defer context.AfterFunc(ctx, func() { _ = s.conn.Close() })()

	err := exchange(func() { timer.Reset(s.opts.Timeout) })
	switch {
	case ctx.Err() != nil: // even if the answer was faster
		return context.Cause(ctx)
	case err == nil:
		return nil
	case silent.Load():
		return fmt.Errorf("no answer within %s", s.opts.Timeout)
	default:
		return err
	}
}

// Messages implements Source. It asks for one message at a time, so that a
// slow consumer leaves no half-sent answer behind.
func (s *imapSource) Messages(ctx context.Context) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		uids, err := s.uids(ctx)
		if err != nil {
			yield(Message{Location: s.account.location()}, s.failure(s.account.location(), err))
			return
		}
		for _, uid := range uids {
			location := fmt.Sprintf("%s;UID=%d", s.account.location(), uid)
			msg, found, parseErr, err := s.fetch(ctx, location, uid)
			if err != nil {
				yield(Message{Location: location}, s.failure(location, err))
				return
			}
			if found && !yield(msg, parseErr) { // not found: deleted since we asked
				return
			}
		}
	}
}

func (s *imapSource) failure(location string, err error) error {
	return &Error{Location: location, Err: s.account.redact(err)}
}

func (s *imapSource) uids(ctx context.Context) (uids []imap.UID, err error) {
	err = s.attempt(ctx, func(func()) error {
		found, err := s.client.UIDSearch(&imap.SearchCriteria{}, nil).Wait()
		if err == nil {
			uids = found.AllUIDs()
		}
		return err
	})
	if over := len(uids) - s.opts.MaxMessages; s.opts.MaxMessages > 0 && over > 0 {
		uids = uids[over:]
	}
	return uids, err
}

// fetch reads one message. parseErr is about the message; err about the
// connection, which is unusable then.
func (s *imapSource) fetch(ctx context.Context, location string, uid imap.UID) (msg Message, found bool, parseErr, err error) {
	section := &imap.FetchItemBodySection{
		Peek:    true,
		Partial: &imap.SectionPartial{Size: s.opts.MaxMessageBytes + 1}, // one more shows that it is too large
	}
	err = s.attempt(ctx, func(alive func()) error {
		cmd := s.client.Fetch(imap.UIDSetNum(uid), &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{section}})
		for data := cmd.Next(); data != nil; data = cmd.Next() {
			for item := data.Next(); item != nil; item = data.Next() {
				body, ok := item.(imapclient.FetchItemDataBodySection)
				if !ok || body.Literal == nil || found {
					continue
				}
				literal := &literalReader{r: body.Literal, left: body.Literal.Size(), alive: alive}
				msg, parseErr = s.parse(ctx, location, literal)
				msg.uid, msg.validity = uint32(uid), s.validity
				found = true
				if literal.cut {
					return io.ErrUnexpectedEOF // and do not touch cmd: the library reads a broken literal a second time, in a race
				}
			}
		}
		return cmd.Close()
	})
	return msg, found, parseErr, err
}

// literalReader tells a literal that was cut short from one that has ended: a
// lost connection looks the same to the client library.
type literalReader struct {
	r     io.Reader
	left  int64
	alive func()
	cut   bool
}

func (l *literalReader) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	l.alive()
	l.left -= int64(n)
	if err != nil && l.left > 0 {
		l.cut = true
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
	}
	return n, err
}
