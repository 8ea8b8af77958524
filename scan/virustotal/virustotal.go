package virustotal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

// DefaultBaseURL is the public API.
const DefaultBaseURL = "https://www.virustotal.com/api/v3"

// DefaultMaxUploadSize is the largest file that VirusTotal takes.
const DefaultMaxUploadSize = 650 << 20

// directUpload is the largest file that /files takes; a larger one goes to a
// URL that /files/upload_url hands out.
const directUpload = 32 << 20

// Options shapes a Scanner.
type Options struct {
	// Upload says whether files of a tenant that VirusTotal does not know may
	// be sent there. Defaults to nil: never.
	Upload func(tenantID string) bool

	// MaxUploadSize is the largest file to upload; a larger unknown one is
	// Unscannable. Defaults to DefaultMaxUploadSize, 650 MiB.
	MaxUploadSize int64

	// InfectedAt is how many engines must call a file malicious for it to be
	// Infected; fewer than that, but any, make it Suspicious. Defaults to 1.
	InfectedAt int

	// SuspiciousAt is how many engines must call a file suspicious for it to
	// be Suspicious. Defaults to 1.
	SuspiciousAt int

	// MinEngines is how many engines must have found nothing for a file to be
	// Clean; with fewer it is Unknown. Defaults to 10.
	MinEngines int

	// MaxAge is how old an analysis may be to call a file Clean; an older one
	// leaves it Unknown. Defaults to 30 days.
	MaxAge time.Duration

	// PerMinute and PerDay bound the requests, as the public API does; a
	// negative number means no bound. Default to 4 and 500.
	PerMinute, PerDay int

	// MaxWait is how long a scan waits for its turn within these bounds
	// before it fails with scan.ErrRateLimited. Defaults to 1 minute.
	MaxWait time.Duration

	// PollInterval is the pause before the first look at an analysis in
	// progress. It grows to four times that, with jitter. Defaults to 15
	// seconds.
	PollInterval time.Duration

	// Timeout bounds one scan, upload and polls included. Defaults to 5
	// minutes.
	Timeout time.Duration

	// BaseURL must be https, or a loopback address. Defaults to
	// DefaultBaseURL.
	BaseURL string

	// HTTPClient sends the requests. Its CheckRedirect is not used: no
	// redirect is followed, for the key would go along. Defaults to a client
	// of its own.
	HTTPClient *http.Client
}

// Scanner asks VirusTotal. It is safe for concurrent use, and all its scans
// share one quota.
type Scanner struct {
	opts      Options
	base      *url.URL
	client    *http.Client
	authorize func(*http.Request)         // adds the key, which lives nowhere else
	redact    func(message string) string // removes the key
	quota     *quota
}

// New returns a Scanner for the account of apiKey. It fails with
// scan.ErrConfig if the key or the base URL cannot be right; no request is
// made.
func New(apiKey string, opts *Options) (*Scanner, error) {
	o := *cmp.Or(opts, &Options{})
	o.MaxUploadSize = cmp.Or(o.MaxUploadSize, DefaultMaxUploadSize)
	o.InfectedAt = cmp.Or(o.InfectedAt, 1)
	o.SuspiciousAt = cmp.Or(o.SuspiciousAt, 1)
	o.MinEngines = cmp.Or(o.MinEngines, 10)
	o.MaxAge = cmp.Or(o.MaxAge, 30*24*time.Hour)
	o.PerMinute = cmp.Or(o.PerMinute, 4)
	o.PerDay = cmp.Or(o.PerDay, 500)
	o.MaxWait = cmp.Or(o.MaxWait, time.Minute)
	o.PollInterval = cmp.Or(o.PollInterval, 15*time.Second)
	o.Timeout = cmp.Or(o.Timeout, 5*time.Minute)

	if apiKey == "" || strings.ContainsFunc(apiKey, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, fail("configure", fmt.Errorf("%w: the API key is empty or has characters that no key has", scan.ErrConfig), false)
	}
	base, err := parseBase(cmp.Or(o.BaseURL, DefaultBaseURL))
	if err != nil {
		return nil, fail("configure", err, false)
	}
	return &Scanner{
		opts: o, base: base, client: newClient(o.HTTPClient), quota: newQuota(o.PerMinute, o.PerDay),
		authorize: func(r *http.Request) { r.Header.Set("x-apikey", apiKey) },
		redact:    func(message string) string { return strings.ReplaceAll(message, apiKey, "[key]") },
	}, nil
}

// Close closes idle connections.
func (s *Scanner) Close() error {
	s.client.CloseIdleConnections()
	return nil
}

// Scan looks obj up by its SHA-256, which must be set, and uploads it if
// VirusTotal has no verdict and the tenant allows that. A verdict from the
// lookup has ByHash set, and the ScannedAt of VirusTotal's analysis.
func (s *Scanner) Scan(ctx context.Context, obj scan.Object) (scan.Result, error) {
	begun := time.Now()
	ctx, cancel := context.WithTimeout(ctx, s.opts.Timeout)
	defer cancel()
	if len(obj.SHA256) != 64 {
		return scan.Result{}, fail("lookup", fmt.Errorf("%w: no SHA-256", scan.ErrSource), false)
	}
	res, err := s.lookup(ctx, obj)
	if err == nil && res.Verdict == scan.Unknown && s.opts.Upload != nil && s.opts.Upload(obj.TenantID) {
		res, err = s.analyse(ctx, obj)
	}
	if err != nil {
		return scan.Result{}, err
	}
	res.Engine, res.Duration = engineName, time.Since(begun)
	return res, nil
}

func (s *Scanner) lookup(ctx context.Context, obj scan.Object) (scan.Result, error) {
	var file fileReport
	err := s.get(ctx, "lookup", s.base.JoinPath("files", obj.SHA256), &file)
	if errors.Is(err, errNotFound) {
		return scan.Result{Detail: "VirusTotal does not know the file"}, nil
	}
	if err != nil {
		return scan.Result{}, err
	}
	about := file.Data.Attributes
	if err := sameFile(obj, about.SHA256, about.Size); err != nil {
		return scan.Result{}, fail("lookup", err, true)
	}
	res, err := s.judge(about.Stats, time.Unix(about.Date, 0).UTC(), about.Classification.Label)
	res.ByHash, res.Bytes = true, about.Size
	return res, err
}

// analyse uploads obj and waits for what the engines say.
func (s *Scanner) analyse(ctx context.Context, obj scan.Object) (scan.Result, error) {
	if obj.Size > s.opts.MaxUploadSize {
		return scan.Result{
			Verdict: scan.Unscannable,
			Detail:  fmt.Sprintf("%d bytes, more than the %d that may be uploaded", obj.Size, s.opts.MaxUploadSize),
		}, nil
	}
	id, err := s.upload(ctx, obj)
	if err != nil {
		return scan.Result{}, err
	}
	for interval := s.opts.PollInterval; ; interval = min(interval*3/2, 4*s.opts.PollInterval) {
		jittered := interval/2 + rand.N(interval) //nolint:gosec // nobody gains by guessing it
		if err := sleep(ctx, jittered); err != nil {
			return scan.Result{}, transportError(ctx, "poll", fmt.Errorf("the analysis did not complete: %w", err))
		}
		var analysis analysisReport
		if err := s.get(ctx, "poll", s.base.JoinPath("analyses", id), &analysis); err != nil {
			return scan.Result{}, err
		}
		switch about := analysis.Data.Attributes; about.Status {
		case "queued", "in-progress":
		case "completed":
			if err := sameFile(obj, analysis.Meta.File.SHA256, analysis.Meta.File.Size); err != nil {
				return scan.Result{}, fail("poll", err, true)
			}
			res, err := s.judge(about.Stats, time.Unix(about.Date, 0).UTC(), "")
			res.Bytes = obj.Size
			return res, err
		default:
			return scan.Result{}, fail("poll", fmt.Errorf("%w: analysis status %.40q", scan.ErrProtocol, about.Status), true)
		}
	}
}

func sameFile(obj scan.Object, sha256 string, size int64) error {
	if !strings.EqualFold(sha256, obj.SHA256) || size != obj.Size {
		return fmt.Errorf("%w: a report on another file", scan.ErrProtocol)
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

const engineName = "virustotal"

func fail(op string, err error, temporary bool) error {
	return &scan.Error{Scanner: engineName, Op: op, Err: err, Temporary: temporary}
}
