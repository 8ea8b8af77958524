package virustotal_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/scantest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/virustotal"
)

func always(string) bool { return true }

func TestSuiteWithUploads(t *testing.T) {
	ignore := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, ignore) })
	const limit = 40 << 20 // so that the large object goes through upload_url
	hanging := newFake(t)
	hanging.on("", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	scantest.Run(t, func(t *testing.T) scantest.Harness {
		f := newFake(t)
		f.polls = 2
		return scantest.Harness{
			Scanner: f.scanner(t, virustotal.Options{Upload: always, MaxUploadSize: limit}),
			Limit:   limit, Large: 35 << 20,
			Hang: hanging.scanner(t, virustotal.Options{}),
		}
	})
}

func TestLookupLeavesTheBytesAlone(t *testing.T) {
	f := newFake(t)
	known, unknown := scantest.NewObject([]byte("known")), scantest.NewObject([]byte("unknown"))
	f.know([]byte("known"), clean())
	for _, obj := range []*scan.Object{&known, &unknown} {
		obj.Open = nil // would panic
	}
	s := scan.Guard(f.scanner(t, virustotal.Options{}))

	res, err := s.Scan(t.Context(), known)
	require.NoError(t, err)
	require.Equal(t, scan.Clean, res.Verdict)
	require.True(t, res.ByHash)
	require.Equal(t, "virustotal", res.Engine)
	require.Equal(t, time.Now().UTC().Format(time.DateOnly), res.Signatures)

	res, err = s.Scan(t.Context(), unknown)
	require.NoError(t, err)
	require.Equal(t, scan.Unknown, res.Verdict, "unknown is not clean")
	require.Equal(t, []string{"GET /api/v3/files/" + known.SHA256, "GET /api/v3/files/" + unknown.SHA256}, f.asked())
}

func TestUploadsOnlyForTenantsThatAllowIt(t *testing.T) {
	f := newFake(t)
	s := f.scanner(t, virustotal.Options{Upload: func(tenantID string) bool { return tenantID == "open" }})
	for tenant, want := range map[string]scan.Verdict{"open": scan.Clean, "closed": scan.Unknown} {
		obj := scantest.NewObject([]byte("a file of " + tenant))
		obj.TenantID = tenant
		res, err := scan.Guard(s).Scan(t.Context(), obj)
		require.NoError(t, err)
		require.Equal(t, want, res.Verdict, tenant)
	}
	uploads := 0
	for _, request := range f.asked() {
		if request == "POST /api/v3/files" {
			uploads++
		}
	}
	require.Equal(t, 1, uploads)
}

func TestLargeFilesTakeTheOtherDoor(t *testing.T) {
	f := newFake(t)
	s := f.scanner(t, virustotal.Options{Upload: always})
	for _, c := range []struct {
		size int64
		door string
	}{{32 << 20, "POST /api/v3/files"}, {32<<20 + 1, "POST /_ah/upload/AMmfu6b-one-time"}} {
		res, err := s.Scan(t.Context(), scantest.Zeros(c.size, nil))
		require.NoError(t, err)
		require.Equal(t, scan.Clean, res.Verdict)
		require.Contains(t, f.asked(), c.door)
	}
}

func TestWhatTheEnginesAmountTo(t *testing.T) {
	fresh, month := time.Now(), 31*24*time.Hour
	for name, c := range map[string]struct {
		opts  virustotal.Options
		stats stats
		age   time.Duration
		want  scan.Verdict
	}{
		"clean":                        {stats: clean(), want: scan.Clean},
		"harmless counts":              {stats: stats{"harmless": 10}, want: scan.Clean},
		"one malicious":                {stats: with("malicious", 1), want: scan.Infected},
		"many malicious":               {stats: with("malicious", 50), want: scan.Infected},
		"below the host's threshold":   {stats: with("malicious", 2), opts: virustotal.Options{InfectedAt: 3}, want: scan.Suspicious},
		"at the host's threshold":      {stats: with("malicious", 3), opts: virustotal.Options{InfectedAt: 3}, want: scan.Infected},
		"suspicious":                   {stats: with("suspicious", 1), want: scan.Suspicious},
		"suspicious, tolerated":        {stats: with("suspicious", 1), opts: virustotal.Options{SuspiciousAt: 2}, want: scan.Clean},
		"malicious is never tolerated": {stats: with("malicious", 1), opts: virustotal.Options{InfectedAt: 9, SuspiciousAt: 9}, want: scan.Suspicious},
		"no stats":                     {stats: nil, want: scan.Unknown},
		"empty stats":                  {stats: stats{}, want: scan.Unknown},
		"all failed":                   {stats: stats{"failure": 70}, want: scan.Unknown},
		"all timed out":                {stats: stats{"timeout": 40, "confirmed-timeout": 30}, want: scan.Unknown},
		"none supports the type":       {stats: stats{"type-unsupported": 70}, want: scan.Unknown},
		"too few had a look":           {stats: stats{"undetected": 9, "failure": 60}, want: scan.Unknown},
		"few, as the host wants":       {stats: stats{"undetected": 2}, opts: virustotal.Options{MinEngines: 2}, want: scan.Clean},
		"clean long ago":               {stats: clean(), age: month, want: scan.Unknown},
		"malicious long ago":           {stats: with("malicious", 1), age: month, want: scan.Infected},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			obj := scantest.NewObject([]byte(name))
			f.files[obj.SHA256] = file{size: obj.Size, date: fresh.Add(-c.age), stats: c.stats, label: "trojan.eicar/test"}
			res, err := scan.Guard(f.scanner(t, c.opts)).Scan(t.Context(), obj)
			require.NoError(t, err)
			require.Equal(t, c.want, res.Verdict)
			require.NotEmpty(t, res.Detail)
			require.Equal(t, c.want == scan.Infected || c.want == scan.Suspicious, res.Threat == "trojan.eicar/test")
		})
	}
}

func TestInAChainAnUnknownFileGoesOn(t *testing.T) {
	f := newFake(t)
	f.know([]byte("bad"), with("malicious", 40))
	next := scantest.NewFake()
	chain := scan.Chain(f.scanner(t, virustotal.Options{}), next)
	res, err := chain.Scan(t.Context(), scantest.NewObject([]byte("bad")))
	require.NoError(t, err)
	require.Equal(t, scan.Infected, res.Verdict)
	require.Empty(t, next.Scans())

	res, err = chain.Scan(t.Context(), scantest.NewObject([]byte("never seen")))
	require.NoError(t, err)
	require.Equal(t, "fake", res.Engine)
}

func TestTheKeyStaysSecret(t *testing.T) {
	f := newFake(t)
	f.on("GET", func(w http.ResponseWriter, r *http.Request) {
		apiError(w, 400, "BadRequestError", "you sent "+r.Header.Get("x-apikey"))
	})
	s := f.scanner(t, virustotal.Options{})
	_, err := s.Scan(t.Context(), scantest.NewObject([]byte("x")))
	require.ErrorContains(t, err, "BadRequestError: you sent [key]")
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		require.NotContains(t, fmt.Sprintf(format, s), apiKey)
	}
	require.NotContains(t, fmt.Sprintf("%+v", err), apiKey)
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	for _, key := range []string{"", "with space", "line\nbreak", "schlüssel"} {
		_, err := virustotal.New(key, nil)
		require.ErrorIs(t, err, scan.ErrConfig, key)
		require.False(t, scan.Retryable(err))
		if key != "" {
			require.NotContains(t, err.Error(), key)
		}
	}
	for _, base := range []string{"http://www.virustotal.com/api/v3", "ftp://127.0.0.1", "https://user@host", "://", "virustotal.com", "https://a/?q"} {
		_, err := virustotal.New(apiKey, &virustotal.Options{BaseURL: base})
		require.ErrorIs(t, err, scan.ErrConfig, base)
	}
	_, err := virustotal.New(apiKey, nil)
	require.NoError(t, err)
}

func TestAnObjectNeedsItsHash(t *testing.T) {
	obj := scantest.NewObject([]byte("x"))
	obj.SHA256 = ""
	_, err := newFake(t).scanner(t, virustotal.Options{}).Scan(t.Context(), obj)
	require.ErrorIs(t, err, scan.ErrSource)
	require.False(t, scan.Retryable(err))
}

func Example() {
	scanner, err := virustotal.New("your-api-key", &virustotal.Options{
		BaseURL: "https://127.0.0.1:1/api/v3", // nobody there
		Upload:  func(tenantID string) bool { return tenantID == "tenant-that-agreed" },
	})
	if err != nil {
		panic(err)
	}
	res, err := scanner.Scan(context.Background(), scantest.NewObject(bytes.Repeat([]byte("x"), 100)))
	fmt.Println(res.Verdict, errors.Is(err, scan.ErrUnavailable))
	// Output: unknown true
}
