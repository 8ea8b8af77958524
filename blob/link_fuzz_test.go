package blob_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// FuzzLinkVerify: whatever arrives, Verify does not panic, and accepts only
// what Sign writes.
func FuzzLinkVerify(f *testing.F) {
	now := linkTime
	s := linkSigner(f, &now)
	valid, err := s.Sign(wholeLink)
	require.NoError(f, err)
	f.Add("GET", wholeLink.Key, valid)
	f.Add("HEAD", wholeLink.Key, valid)
	f.Add("GET", "k", "")
	f.Add("", "", "&&&===%%%")
	f.Add("GET", "k", "expires=9223372036854775807&kid=a&sig=")
	f.Add("GET", "k", "expires=-9223372036854775808&kid=a&sig=%zz")
	f.Add("GET", "k", strings.Repeat("expires=1&", 300))
	f.Fuzz(func(t *testing.T, method, key, query string) {
		l, err := s.Verify(method, key, query)
		if err == nil {
			again, err := s.Sign(l)
			require.NoError(t, err)
			require.Equal(t, again, query)
		}
		require.Less(t, len(blob.RedactQuery(query)), 1<<12)
	})
}

// FuzzLinkSign: what Sign accepts, Verify gives back unchanged.
func FuzzLinkSign(f *testing.F) {
	now := linkTime
	s := linkSigner(f, &now)
	f.Add("GET", wholeLink.Key, "attachment", wholeLink.Filename, wholeLink.Subject, int64(3600))
	f.Add("PUT", "a/b", "", "", "", int64(60))
	f.Add("GET", "a", "inline", "a&sig=b", "%00", int64(604800))
	f.Fuzz(func(t *testing.T, method, key, disposition, filename, subject string, seconds int64) {
		l := blob.Link{Method: method, Key: key, Disposition: disposition, Filename: filename, Subject: subject,
			Expires: linkTime.Add(time.Duration(seconds) * time.Second)}
		query, err := s.Sign(l)
		if err != nil {
			return
		}
		got, err := s.Verify(method, key, query)
		require.NoError(t, err)
		require.True(t, l.Expires.Equal(got.Expires))
		got.Expires = l.Expires
		require.Equal(t, l, got)
	})
}

func BenchmarkLinkSign(b *testing.B) {
	now := linkTime
	s := linkSigner(b, &now)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Sign(wholeLink); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLinkVerify(b *testing.B) {
	now := linkTime
	s := linkSigner(b, &now)
	query, err := s.Sign(wholeLink)
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Verify("GET", wholeLink.Key, query); err != nil {
			b.Fatal(err)
		}
	}
}
