package mailbox

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/stretchr/testify/require"
)

const (
	testPassword = "s3cret/ p@ss"
	testLogin    = "me%40example.com:s3cret%2F%20p%40ss"
)

// imapServer is an IMAP server in memory with the folders INBOX and "Archïv X".
type imapServer struct {
	*imapserver.Server
	addr string
	user *imapmemserver.User
	wire *wireLog
}

// wireLog records what the server receives and sends, after decryption.
type wireLog struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *wireLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *wireLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// startIMAP starts a server; implicit TLS if wrap is given, STARTTLS if
// opts.TLSConfig is.
func startIMAP(t *testing.T, opts imapserver.Options, wrap *tls.Config, messages ...string) *imapServer {
	t.Helper()
	s := &imapServer{user: imapmemserver.NewUser("me@example.com", testPassword), wire: &wireLog{}}
	require.NoError(t, s.user.Create("INBOX", nil))
	require.NoError(t, s.user.Create("Archïv X", nil))
	for _, message := range messages {
		s.deliver(t, "INBOX", message)
	}
	memory := imapmemserver.New()
	memory.AddUser(s.user)
	opts.NewSession = func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
		return memory.NewSession(), nil, nil
	}
	opts.Logger, opts.DebugWriter = log.New(io.Discard, "", 0), s.wire
	s.Server = imapserver.New(&opts)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.addr = listener.Addr().String()
	if wrap != nil {
		listener = tls.NewListener(listener, wrap)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(listener)
	}()
	t.Cleanup(func() {
		_ = s.Close()
		<-done
	})
	return s
}

func (s *imapServer) deliver(t *testing.T, folder, message string) {
	t.Helper()
	_, err := s.user.Append(folder, strings.NewReader(message), &imap.AppendOptions{})
	require.NoError(t, err)
}

// certificate borrows one that is good for 127.0.0.1 and example.com.
func certificate(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	web := httptest.NewTLSServer(nil)
	t.Cleanup(web.Close)
	roots := x509.NewCertPool()
	roots.AddCert(web.Certificate())
	return &tls.Config{Certificates: web.TLS.Certificates}, &tls.Config{RootCAs: roots}
}

func collect(t *testing.T, spec string, opts *Options) (msgs []Message, errs []error) {
	t.Helper()
	src, err := Open(t.Context(), spec, opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, src.Close()) })
	for msg, err := range src.Messages(t.Context()) {
		msgs, errs = append(msgs, msg), append(errs, err)
	}
	return msgs, errs
}

func mailNote(subject string) string {
	return "Subject: " + subject + "\r\nMessage-ID: <" + subject + "@x>\r\n\r\nhi\r\n"
}

// An IMAP account yields what the files yield, attachment for attachment.
func TestIMAPReadsLikeFiles(t *testing.T) {
	const dir = "../../testdata/mail"
	paths, err := list(dir)
	require.NoError(t, err)
	server := startIMAP(t, imapserver.Options{InsecureAuth: true}, nil)
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		server.deliver(t, "INBOX", string(raw))
	}
	want, wantErrs := collect(t, dir, nil)
	got, gotErrs := collect(t, "imap://"+testLogin+"@"+server.addr, nil)
	require.Len(t, got, len(want))
	for i := range want {
		require.Equal(t, wantErrs[i] == nil, gotErrs[i] == nil, paths[i])
		require.Equal(t, want[i].ID, got[i].ID)
		require.Contains(t, got[i].Location, "imap://"+server.addr+"/INBOX;UID=")
		require.Len(t, got[i].Attachments, len(want[i].Attachments))
		for j, part := range want[i].Attachments {
			require.Equal(t, bytesOf(t, part), bytesOf(t, got[i].Attachments[j]))
			require.Equal(t, part.Filename, got[i].Attachments[j].Filename)
		}
	}
	require.True(t, strings.Contains(server.wire.String(), "EXAMINE INBOX"))
	for _, never := range []string{" SELECT ", "FETCH 1 (UID BODY[", "STORE", "EXPUNGE", `\Seen`} {
		require.False(t, strings.Contains(server.wire.String(), never), never)
	}
}

func bytesOf(t *testing.T, part Part) string {
	t.Helper()
	r, err := part.Open()
	require.NoError(t, err)
	raw, err := io.ReadAll(r)
	require.NoError(t, err)
	return string(raw)
}

func TestIMAPFolderAndNewest(t *testing.T) {
	server := startIMAP(t, imapserver.Options{InsecureAuth: true}, nil, mailNote("inbox"))
	for _, subject := range []string{"a", "b", "c"} {
		server.deliver(t, "Archïv X", mailNote(subject))
	}
	msgs, errs := collect(t, "imap://"+testLogin+"@"+server.addr+"/Arch%C3%AFv%20X", &Options{MaxMessages: 2})
	require.Equal(t, []error{nil, nil}, errs)
	require.Equal(t, "b", msgs[0].Subject)
	require.Equal(t, "c", msgs[1].Subject)

	msgs, errs = collect(t, "imap://me%40example.com@"+server.addr+"/inbox", &Options{Password: testPassword})
	require.Equal(t, []error{nil}, errs)
	require.Equal(t, "inbox", msgs[0].Subject)
}

func TestIMAPGoesOnAfterAMessageThatIsTooLarge(t *testing.T) {
	server := startIMAP(t, imapserver.Options{InsecureAuth: true}, nil,
		mailNote("a"), mailNote("big")+strings.Repeat("x", 100_000), mailNote("c"))
	msgs, errs := collect(t, "imap://"+testLogin+"@"+server.addr, &Options{MaxMessageBytes: 1000})
	require.Len(t, msgs, 3)
	require.Equal(t, "c", msgs[2].Subject)
	require.ErrorIs(t, errs[1], ErrTooLarge)
	require.ErrorContains(t, errs[1], "/INBOX;UID=2")
	require.NoError(t, errs[2])
}

func TestIMAPOverTLS(t *testing.T) {
	serverTLS, clientTLS := certificate(t)
	server := startIMAP(t, imapserver.Options{}, serverTLS, mailNote("a"))
	msgs, errs := collect(t, "imaps://"+testLogin+"@"+server.addr, &Options{TLSConfig: clientTLS})
	require.Equal(t, []error{nil}, errs)
	require.Equal(t, "a", msgs[0].Subject)

	_, err := Open(t.Context(), "imaps://"+testLogin+"@"+server.addr, nil)
	require.ErrorContains(t, err, "certificate")
	require.NotContains(t, err.Error(), "s3cret")
}

// Whatever the server, the password leaves this machine encrypted or not at all.
func TestIMAPUpgradesOrRefuses(t *testing.T) {
	serverTLS, clientTLS := certificate(t)
	start := func(server *imapServer, host string, opts Options) error {
		acc, err := parseAccount("imap://"+testLogin+"@"+host, "")
		require.NoError(t, err)
		conn, err := net.Dial("tcp", server.addr)
		require.NoError(t, err)
		defer conn.Close()
		client, err := acc.start(conn, opts)
		if err != nil {
			return err
		}
		defer client.Close()
		return client.Login(acc.user, acc.password).Wait()
	}
	upgrading := startIMAP(t, imapserver.Options{TLSConfig: serverTLS}, nil)
	require.NoError(t, start(upgrading, "example.com", Options{TLSConfig: clientTLS}))
	require.Contains(t, upgrading.wire.String(), "STARTTLS")

	plain := startIMAP(t, imapserver.Options{InsecureAuth: true}, nil)
	require.ErrorIs(t, start(plain, "example.com", Options{TLSConfig: clientTLS}), ErrPlaintext)
	require.NotContains(t, plain.wire.String(), "LOGIN")
	require.NoError(t, start(plain, "example.com", Options{AllowPlaintext: true}))
	for _, host := range []string{"127.0.0.1", "127.8.8.8", "[::1]", "localhost", "LOCALHOST"} {
		require.NoError(t, start(plain, host, Options{}), host)
	}
	for _, host := range []string{"localhost.example.com", "0.0.0.0", "10.0.0.1", "xn--localhost"} {
		require.False(t, isLoopback(host), host)
	}
}

func TestIMAPErrorsNameTheFolderAndKeepThePassword(t *testing.T) {
	server := startIMAP(t, imapserver.Options{InsecureAuth: true}, nil)
	byebye := scripted(t, "* BYE go awayHANGUP", nil)
	talkative := scripted(t, scriptedGreeting, map[string]string{
		"LOGIN": "TAG NO bad password " + testPassword + "\r\n", "LOGOUT": "HANGUP",
	})
	for spec, want := range map[string]string{
		"imap://" + testLogin + "@" + server.addr + "/Nowhere": "imap://" + server.addr + "/Nowhere: imap: NO",
		"imap://me%40example.com:s3cretwrong@" + server.addr:   "imap://" + server.addr + "/INBOX: imap: NO",
		"imap://" + testLogin + "@127.0.0.1:1/":                "imap://127.0.0.1:1/INBOX: dial",
		"imap://" + testLogin + "@" + byebye:                   "imap://" + byebye + "/INBOX: ",
		"imap://" + testLogin + "@" + talkative:                "imap://" + talkative + "/INBOX: refused; the server's answer is withheld",
	} {
		_, err := Open(t.Context(), spec, nil)
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "s3cret")
	}
}

// scripted is a server that answers commands from a table, TAG in an answer
// replaced, and says nothing where the table has nothing. A text that ends in
// HANGUP ends the connection too. It serves one client.
func scripted(t *testing.T, greeting string, answers map[string]string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		say := func(text string) (goOn bool) {
			text, hangup := strings.CutSuffix(text, "HANGUP")
			_, err := io.WriteString(conn, text)
			return err == nil && !hangup
		}
		goOn := say(greeting)
		for lines := bufio.NewScanner(conn); goOn && lines.Scan(); {
			tag, command, _ := strings.Cut(lines.Text(), " ")
			verb, _, _ := strings.Cut(strings.TrimPrefix(command, "UID "), " ")
			goOn = say(strings.ReplaceAll(answers[verb], "TAG", tag))
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
	})
	return listener.Addr().String()
}

const scriptedGreeting = "* OK [CAPABILITY IMAP4rev1] hi\r\n"

func scriptedMailbox(fetch string) map[string]string {
	return map[string]string{
		"CAPABILITY": "* CAPABILITY IMAP4rev1\r\nTAG OK done\r\n", "LOGIN": "TAG OK in\r\n",
		"EXAMINE": "* 2 EXISTS\r\nTAG OK [READ-ONLY] done\r\n", "SEARCH": "* SEARCH 1 2\r\nTAG OK done\r\n",
		"LOGOUT": "* BYE out\r\nTAG OK out\r\nHANGUP", "FETCH": fetch,
	}
}

func TestIMAPServerThatFallsSilent(t *testing.T) {
	opts := &Options{Timeout: 50 * time.Millisecond}
	for name, addr := range map[string]string{
		"after a greeting": scripted(t, scriptedGreeting, nil),
		"before it":        scripted(t, "", nil),
	} {
		_, err := Open(t.Context(), "imap://"+testLogin+"@"+addr, opts)
		require.ErrorContains(t, err, "/INBOX: no answer within 50ms", name)
	}
	opts.Timeout = time.Second // the exchanges before the silence have to fit in, on a busy machine too
	addr := scripted(t, scriptedGreeting, scriptedMailbox("* 1 FETCH (UID 1 BODY[]<0> {500}\r\nSubject: cut\r\n\r\nhalf a"))
	msgs, errs := collect(t, "imap://"+testLogin+"@"+addr, opts)
	require.Len(t, msgs, 1)
	require.Empty(t, msgs[0].Attachments)
	require.ErrorContains(t, errs[0], "/INBOX;UID=1: no answer within 1s")
}

// The client library takes the end of the connection for the end of the
// message; half a message must not pass for a whole one.
func TestIMAPServerThatDiesWithinAMessage(t *testing.T) {
	const half = "Subject: cut\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\nhalf a"
	addr := scripted(t, scriptedGreeting, scriptedMailbox("* 1 FETCH (UID 1 BODY[]<0> {500}\r\n"+half+"HANGUP"))
	msgs, errs := collect(t, "imap://"+testLogin+"@"+addr, nil)
	require.Len(t, msgs, 1)
	require.Empty(t, msgs[0].Attachments)
	require.ErrorContains(t, errs[0], "/INBOX;UID=1: ")
}

func TestIMAPMessageDeletedMeanwhile(t *testing.T) {
	addr := scripted(t, scriptedGreeting, scriptedMailbox("TAG OK nothing\r\n"))
	msgs, _ := collect(t, "imap://"+testLogin+"@"+addr, nil)
	require.Empty(t, msgs)
}

func TestIMAPCancelled(t *testing.T) {
	server := startIMAP(t, imapserver.Options{InsecureAuth: true}, nil, mailNote("a"), mailNote("b"), mailNote("c"))
	src, err := Open(t.Context(), "imap://"+testLogin+"@"+server.addr, nil)
	require.NoError(t, err)
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	stop := errors.New("stop")
	var errs []error
	for _, err := range src.Messages(ctx) {
		errs = append(errs, err)
		cancel(stop)
	}
	require.Len(t, errs, 2)
	require.ErrorIs(t, errs[1], stop)
	require.NoError(t, src.Close())

	_, err = Open(ctx, "imap://"+testLogin+"@"+server.addr, nil)
	require.Error(t, err)
}

func TestIMAPServerThatGoesAway(t *testing.T) {
	server := startIMAP(t, imapserver.Options{InsecureAuth: true}, nil, mailNote("a"), mailNote("b"))
	src, err := Open(t.Context(), "imap://"+testLogin+"@"+server.addr, nil)
	require.NoError(t, err)
	var errs []error
	for _, err := range src.Messages(t.Context()) {
		errs = append(errs, err)
		_ = server.Close()
	}
	require.Len(t, errs, 2)
	require.NoError(t, errs[0])
	require.ErrorContains(t, errs[1], "imap://"+server.addr+"/INBOX;UID=2")
	require.NoError(t, src.Close())
}
