package clamd_test

import (
	"archive/zip"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/services"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/clamd"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/eicar"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/scantest"
)

// newScanner closes what it returns when the test ends.
func newScanner(tb testing.TB, opts *clamd.Options, addresses ...string) *clamd.Scanner {
	tb.Helper()
	s, err := clamd.New(addresses, opts)
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = s.Close() })
	return s
}

const limit = 8 << 20

// strict is what a clamd.conf should have.
func strict() map[string]string {
	return map[string]string{"AlertExceedsMax": "yes", "AlertEncrypted": "yes"}
}

func TestSuiteOnEveryTransport(t *testing.T) {
	daemon := services.StartClamd(t, strict())
	secure, pool := tlsProxy(t, daemon.TCP)
	for name, c := range map[string]struct {
		address string
		opts    clamd.Options
	}{
		"tcp":           {"tcp://" + daemon.TCP, clamd.Options{}},
		"tcp, sessions": {"tcp://" + daemon.TCP, clamd.Options{Sessions: 4}},
		"unix":          {"unix://" + daemon.Unix, clamd.Options{}},
		"tls":           {"tls://" + secure, clamd.Options{TLSConfig: &tls.Config{RootCAs: pool}}},
		"tls, sessions": {"tls://" + secure, clamd.Options{TLSConfig: &tls.Config{RootCAs: pool}, Sessions: 4}},
	} {
		t.Run(name, func(t *testing.T) {
			ignore := goleak.IgnoreCurrent()
			t.Cleanup(func() { goleak.VerifyNone(t, ignore) })
			c.opts.MaxStreamSize = limit
			s, err := clamd.New([]string{c.address}, &c.opts)
			require.NoError(t, err)
			defer s.Close()
			deaf := newScanner(t, nil, "tcp://"+serve(t, hangUp(0)))
			scantest.Run(t, func(*testing.T) scantest.Harness {
				return scantest.Harness{Scanner: s, Limit: limit, Hang: deaf}
			})
		})
	}
}

func TestFindsEICARWhereverItHides(t *testing.T) {
	daemon := services.StartClamd(t, strict())
	s := newScanner(t, nil, "tcp://"+daemon.TCP)
	plain := eicar.TestFile()
	inZip := zipFile(t, "eicar.com", plain)
	mail := "From: a@example.org\r\nTo: b@example.org\r\nSubject: hello\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/mixed; boundary=XX\r\n\r\n--XX\r\nContent-Type: text/plain\r\n\r\nhello\r\n" +
		"--XX\r\nContent-Type: application/octet-stream; name=a.bin\r\nContent-Transfer-Encoding: base64\r\n" +
		"Content-Disposition: attachment; filename=a.bin\r\n\r\n" + base64.StdEncoding.EncodeToString(plain) + "\r\n--XX--\r\n"
	for name, data := range map[string][]byte{
		"plain":        plain,
		"zip":          inZip,
		"nested zip":   zipFile(t, "deeper.zip", zipFile(t, "inner.zip", inZip)),
		"base64 .eml":  []byte(mail),
		"at an offset": append(bytes.Repeat([]byte{'x'}, 300_001), plain...),
	} {
		t.Run(name, func(t *testing.T) {
			res, err := s.Scan(t.Context(), scantest.NewObject(data))
			require.NoError(t, err)
			require.Equal(t, scan.Infected, res.Verdict)
			require.Contains(t, res.Threat, "EICAR")
			require.Regexp(t, `^clamd \d+\.\d+`, res.Engine)
			require.EqualValues(t, len(data), res.Bytes)
		})
	}
}

func TestFindsClamAVsOwnTestFiles(t *testing.T) {
	files, _ := filepath.Glob("/usr/share/clamav-testfiles/clam*")
	if len(files) == 0 {
		if os.Getenv("REQUIRE_SERVICES") == "1" {
			t.Fatal("install clamav-testfiles")
		}
		t.Skip("install clamav-testfiles")
	}
	s := newScanner(t, nil, "unix://"+services.StartClamd(t, strict()).Unix)
	found := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		res, err := s.Scan(t.Context(), scantest.NewObject(data))
		require.NoError(t, err, file)
		if res.Verdict == scan.Infected {
			found++
		}
	}
	// Some of the packers are undone by signatures that this daemon lacks.
	require.GreaterOrEqual(t, found, len(files)/2, "of %d", len(files))
}

func TestAHundredMegabytes(t *testing.T) {
	s := newScanner(t, &clamd.Options{MaxStreamSize: 150 << 20}, "tcp://"+services.StartClamd(t, strict()).TCP)
	const size = 100 << 20
	res, err := scan.Guard(s).Scan(t.Context(), scantest.Zeros(size, nil))
	require.NoError(t, err)
	require.Equal(t, scan.Clean, res.Verdict)
	require.EqualValues(t, size, res.Bytes)

	res, err = s.Scan(t.Context(), scantest.Zeros(size/4, eicar.TestFile()))
	require.NoError(t, err)
	require.Equal(t, scan.Infected, res.Verdict, "the last bytes were seen too")
}

func TestServerWithALowerLimitThanDeclared(t *testing.T) {
	settings := strict()
	settings["StreamMaxLength"] = "1M"
	daemon := services.StartClamd(t, settings)
	for _, sessions := range []int{0, 2} {
		s := newScanner(t, &clamd.Options{Sessions: sessions}, "tcp://"+daemon.TCP)
		for range 3 { // a session over the limit is closed by the server
			res, err := s.Scan(t.Context(), scantest.Zeros(5<<20, nil))
			require.NoError(t, err)
			require.Equal(t, scan.Unscannable, res.Verdict)
			require.Contains(t, res.Detail, "StreamMaxLength")
		}
	}
}

func TestWhatClamdCannotLookIntoIsUnscannable(t *testing.T) {
	settings := strict()
	settings["MaxFileSize"] = "1M"
	s := newScanner(t, nil, "tcp://"+services.StartClamd(t, settings).TCP)
	res, err := s.Scan(t.Context(), scantest.Zeros(2<<20, nil))
	require.NoError(t, err)
	require.Equal(t, scan.Unscannable, res.Verdict)
	require.Contains(t, res.Threat, "Heuristics.Limits.Exceeded")
}

func TestSelfTest(t *testing.T) {
	opts := &clamd.Options{MaxStreamSize: 2 << 20}
	names := func(probes []clamd.Probe) (names []string) {
		for _, p := range probes {
			names = append(names, p.Name)
		}
		return names
	}

	t.Run("a strict server", func(t *testing.T) {
		defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
		daemon := services.StartClamd(t, strict())
		report, err := newScanner(t, opts, "tcp://"+daemon.TCP).SelfTest(t.Context())
		require.NoError(t, err)
		require.True(t, report.OK(), report)
		require.Equal(t, "7 probes passed\n", report.String())
		daemon.Kill()
	})
	t.Run("default settings", func(t *testing.T) {
		daemon := services.StartClamd(t, map[string]string{"MaxFileSize": "2M", "MaxScanSize": "100M"})
		report, err := newScanner(t, opts, "tcp://"+daemon.TCP).SelfTest(t.Context())
		require.NoError(t, err)
		require.False(t, report.OK())
		require.Equal(t, []string{
			"an encrypted zip",
			"EICAR in a zip that unpacks to 256 MiB",
			"EICAR at the end of a file over the limit",
		}, names(report.WronglyClean()), report)
		require.Contains(t, report.String(), "AlertEncrypted yes")
		require.Contains(t, report.String(), "refused before it is sent")
	})
	t.Run("a limit declared too high", func(t *testing.T) {
		daemon := services.StartClamd(t, map[string]string{"MaxFileSize": "1M", "AlertEncrypted": "yes"})
		report, err := newScanner(t, opts, "tcp://"+daemon.TCP).SelfTest(t.Context())
		require.NoError(t, err)
		require.Contains(t, names(report.WronglyClean()), "EICAR at the end of the largest file")
		require.Contains(t, report.String(), "lower Options.MaxStreamSize")
	})
	t.Run("no signatures that know EICAR", func(t *testing.T) {
		settings := strict()
		settings["DatabaseDirectory"] = otherSignatures(t)
		report, err := newScanner(t, opts, "tcp://"+services.StartClamd(t, settings).TCP).SelfTest(t.Context())
		require.NoError(t, err)
		require.Contains(t, names(report.WronglyClean()), "the EICAR test file")
	})
	t.Run("a server that is down", func(t *testing.T) {
		_, err := newScanner(t, opts, fmt.Sprintf("tcp://127.0.0.1:%d", services.FreePort(t))).SelfTest(t.Context())
		require.ErrorIs(t, err, scan.ErrUnavailable)
	})
}

func TestCommands(t *testing.T) {
	daemon := services.StartClamd(t, nil)
	s := newScanner(t, nil, "tcp://"+daemon.TCP)
	require.NoError(t, s.Ping(t.Context()))
	version, err := s.Version(t.Context())
	require.NoError(t, err)
	require.Regexp(t, `^clamd \d+\.\d+`, version.Engine)
	require.Empty(t, version.Signatures, "private signatures have no version")
	stats, err := s.Stats(t.Context())
	require.NoError(t, err)
	require.Len(t, stats, 1)
	require.Equal(t, "VALID PRIMARY", stats[0].State)
	require.Equal(t, 10, stats[0].ThreadsMax)
	require.Positive(t, stats[0].ThreadsLive)
}

func zipFile(tb testing.TB, name string, data []byte) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create(name)
	require.NoError(tb, err)
	_, err = f.Write(data)
	require.NoError(tb, err)
	require.NoError(tb, w.Close())
	return b.Bytes()
}

// otherSignatures is a database that knows nothing that is sent to it.
func otherSignatures(tb testing.TB) string {
	tb.Helper()
	dir := tb.TempDir()
	line := "Test.Other.Ndb:0:*:" + strings.Repeat("deadbeef", 8) + "\n"
	require.NoError(tb, os.WriteFile(filepath.Join(dir, "other.ndb"), []byte(line), 0o644))
	require.NoError(tb, os.Chmod(dir, 0o755))
	return dir
}

// tlsProxy puts TLS in front of a server, as stunnel does, and returns its
// address and the roots that vouch for it.
func tlsProxy(tb testing.TB, backend string) (address string, roots *x509.CertPool) {
	tb.Helper()
	issuer := httptest.NewUnstartedServer(nil)
	issuer.StartTLS() // only for its certificate
	certificate := issuer.TLS.Certificates[0]
	roots = x509.NewCertPool()
	roots.AddCert(issuer.Certificate())
	issuer.Close()

	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}})
	require.NoError(tb, err)
	serveOn(tb, l, func(front net.Conn) {
		back, err := net.Dial("tcp", backend)
		if err != nil {
			return
		}
		defer back.Close()
		join(front, back)
	})
	return l.Addr().String(), roots
}
