package clamd

import (
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

func TestVerdictOf(t *testing.T) {
	for threat, want := range map[string]scan.Verdict{
		"Test.EICAR.Ndb.UNOFFICIAL":               scan.Infected,
		"Win.Test.EICAR_HDB-1":                    scan.Infected,
		"Heuristics.Encrypted.Zip":                scan.Unscannable,
		"Heuristics.Encrypted.PDF":                scan.Unscannable,
		"Heuristics.Limits.Exceeded.MaxFileSize":  scan.Unscannable,
		"Heuristics.Phishing.Email.SpoofedDomain": scan.Suspicious,
		"Heuristics.OLE2.ContainsMacros.VBA":      scan.Suspicious,
		"PUA.Win.Packer.Upx-48":                   scan.Suspicious,
		"Win.Trojan.Heuristics.Encrypted-1":       scan.Infected,
		"YARA.eicar.UNOFFICIAL(44d88612fea8:68)":  scan.Infected,
		"OK":                                      scan.Infected,
	} {
		require.Equal(t, want, verdictOf(threat), threat)
	}
}

func TestParseVersion(t *testing.T) {
	for line, want := range map[string]scan.Version{
		"ClamAV 1.4.6": {Engine: "clamd 1.4.6"},
		"ClamAV 1.4.6/27500/Mon Nov 23 08:00:00 2026": {Engine: "clamd 1.4.6", Signatures: "27500"},
		"ClamAV 0.103.12/27000/x":                     {Engine: "clamd 0.103.12", Signatures: "27000"},
	} {
		got, err := parseVersion(line)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, line := range []string{"", "ClamAV", "ClamAV ", "clamav 1", "1.4.6", "ClamAV 1\n2"} {
		_, err := parseVersion(line)
		require.ErrorIs(t, err, scan.ErrProtocol, line)
	}
}

func TestParseStats(t *testing.T) {
	stats, ok := parseStats("POOLS: 1\n\nSTATE: VALID PRIMARY\nTHREADS: live 3  idle 2 max 10 idle-timeout 30\nQUEUE: 5 items\n\tSTATS 0.000004 \n\nMEMSTATS: heap N/A\nEND")
	require.True(t, ok)
	require.Equal(t, Stats{State: "VALID PRIMARY", ThreadsLive: 3, ThreadsIdle: 2, ThreadsMax: 10, Queue: 5}, stats)
	for _, text := range []string{"", "END", "POOLS: 1", "POOLS: 1\nEND", "STATE: VALID\nEND", "POOLS: 1\nSTATE: VALID"} {
		_, ok := parseStats(text)
		require.False(t, ok, text)
	}
}

func TestParseAddress(t *testing.T) {
	for s, want := range map[string]target{
		"tcp://10.0.0.1:3310":          {network: "tcp", address: "10.0.0.1:3310"},
		"tcp://clamd":                  {network: "tcp", address: "clamd:3310"},
		"tcp://[::1]:3311":             {network: "tcp", address: "[::1]:3311"},
		"tls://av.example.org:9999":    {network: "tcp", address: "av.example.org:9999", host: "av.example.org"},
		"unix:///run/clamav/clamd.ctl": {network: "unix", address: "/run/clamav/clamd.ctl"},
	} {
		got, err := parseAddress(s)
		require.NoError(t, err, s)
		require.Equal(t, want, got)
	}
	for _, s := range []string{"", "clamd", "clamd:3310", "http://clamd", "tcp://", "tcp://:3310", "tcp://a/b", "tcp://u:p@a", "tcp://a?x=1", "unix://run/x", "unix://", "tcp://a:b:c", "\x00"} {
		_, err := parseAddress(s)
		require.ErrorIs(t, err, scan.ErrConfig, s)
		require.NotContains(t, s, "u:p@ ", "no credentials in errors")
	}
	_, err := New(nil, nil)
	require.ErrorIs(t, err, scan.ErrConfig)
	require.False(t, scan.Retryable(err))
}

// FuzzParseReply holds the parser to the law: OK is one spelling only.
func FuzzParseReply(f *testing.F) {
	for _, line := range []string{"stream: OK", "1: stream: OK", "stream: X FOUND", "INSTREAM size limit exceeded. ERROR", "stream:  FOUND", "a ERROR", "stream: OK\n", "stream: OK FOUND"} {
		f.Add(line, 0)
		f.Add(line, 1)
	}
	f.Fuzz(func(t *testing.T, line string, id int) {
		r, err := parseReply(line, id)
		want := "stream: OK"
		if id > 0 {
			want = strconv.Itoa(id) + ": " + want
		}
		if (err == nil && r.kind == replyOK) != (line == want) {
			t.Fatalf("%q, command %d: %+v, %v", line, id, r, err)
		}
		if err == nil && r.kind == replyFound && (strings.TrimSpace(r.text) == "" || !strings.HasSuffix(line, " FOUND")) {
			t.Fatalf("%q: %+v", line, r)
		}
	})
}

// FuzzReadReply: whatever the chunks, only what precedes the one NUL counts.
func FuzzReadReply(f *testing.F) {
	f.Add([]byte("stream: OK\x00"), 3)
	f.Add([]byte("stream: OK\x00x"), 100)
	f.Add([]byte("stream: OK"), 1)
	f.Add(make([]byte, 5000), 1)
	f.Fuzz(func(t *testing.T, data []byte, step int) {
		line, err := readReply(&stepReader{data, max(1, step)})
		if err == nil && !strings.HasPrefix(string(data), line+"\x00") {
			t.Fatalf("%q from %q", line, data)
		}
		if err == nil && len(line) > maxReply+512 {
			t.Fatalf("%d bytes", len(line))
		}
	})
}

type stepReader struct {
	data []byte
	step int
}

func (r *stepReader) Read(p []byte) (int, error) {
	if len(r.data) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), r.step)], r.data)
	r.data = r.data[n:]
	return n, nil
}
