package token

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// MaxJWKSBytes bounds a key set that comes over the network.
const MaxJWKSBytes = 256 << 10

// RemoteOptions tunes RemoteKeys.
type RemoteOptions struct {
	// MaxAge is how long keys are used before they are fetched again.
	// Defaults to 15 minutes.
	MaxAge time.Duration

	// MaxStale is how long keys are used at all, while fetching them again
	// fails. A key that the issuer has withdrawn is trusted for that long by
	// a host that cannot reach him. Defaults to one hour.
	MaxStale time.Duration

	// MinInterval is the least time between two fetches, so that tokens with
	// invented key ids cost the issuer nothing. Defaults to 30 seconds.
	MinInterval time.Duration

	// Timeout bounds one fetch. Defaults to 5 seconds.
	Timeout time.Duration

	// Transport sends the request. Defaults to one that obeys the proxy
	// settings of the environment and keeps no connection open.
	Transport http.RoundTripper

	// Logger hears of failed fetches. Defaults to none.
	Logger *slog.Logger
}

// RemoteKeys are the keys an issuer publishes as a JWKS. They are fetched when
// they are first needed, when they are old, and when a token names one that is
// not among them; nothing runs in between.
type RemoteKeys struct {
	address string
	opts    RemoteOptions
	client  http.Client

	mu       sync.Mutex
	index    *keyIndex // nil until the first fetch has succeeded
	fetched  time.Time // when index was fetched
	tried    time.Time // when the last fetch began
	lastErr  error     // why the last fetch failed
	fetching chan struct{}
}

// NewRemoteKeys returns the keys published at address: an https URL without
// user info. Redirects are followed only on the same host. It does not fetch
// yet.
func NewRemoteKeys(address string, opts *RemoteOptions) (*RemoteKeys, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
		return nil, fmt.Errorf("%w: a JWKS address is an https URL without user info and fragment", ErrConfig)
	}
	k := &RemoteKeys{address: address}
	if opts != nil {
		k.opts = *opts
	}
	setDefault(&k.opts.MaxAge, 15*time.Minute)
	setDefault(&k.opts.MaxStale, time.Hour)
	setDefault(&k.opts.MinInterval, 30*time.Second)
	setDefault(&k.opts.Timeout, 5*time.Second)
	k.opts.MaxStale = max(k.opts.MaxStale, k.opts.MaxAge, k.opts.MinInterval) // or it could not be fetched again in time
	if k.opts.Logger == nil {
		k.opts.Logger = slog.New(slog.DiscardHandler)
	}
	if k.opts.Transport == nil {
		k.opts.Transport = &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10}
	}
	k.client = http.Client{Transport: k.opts.Transport, CheckRedirect: func(next *http.Request, via []*http.Request) error {
		if next.URL.Scheme != "https" || next.URL.Host != u.Host || len(via) > 3 {
			return errors.New("redirected to another host, or too often")
		}
		return nil
	}}
	return k, nil
}

func setDefault(d *time.Duration, value time.Duration) {
	if *d <= 0 {
		*d = value
	}
}

// Lookup implements Keys.
func (k *RemoteKeys) Lookup(ctx context.Context, alg Algorithm, kid string) ([]*Key, error) {
	k.mu.Lock()
	defer k.mu.Unlock()

	found, err := k.lookup(alg, kid)
	if err == nil && (time.Since(k.fetched) < k.opts.MaxAge || k.fetching != nil) {
		return found, nil // fresh, or somebody else is refreshing
	}
	if err := k.refresh(ctx); err != nil {
		return nil, err
	}
	return k.lookup(alg, kid)
}

// lookup consults what has been fetched. It needs the lock.
func (k *RemoteKeys) lookup(alg Algorithm, kid string) ([]*Key, error) {
	if k.index == nil || time.Since(k.fetched) >= k.opts.MaxStale {
		if k.lastErr == nil {
			return nil, fmt.Errorf("%w: no current key set", ErrUnavailable)
		}
		return nil, fmt.Errorf("%w: no current key set: %w", ErrUnavailable, k.lastErr)
	}
	return k.index.lookup(alg, kid)
}

// refresh fetches, or waits for the fetch that is under way, unless the last
// one is too recent. It needs the lock and gives it up meanwhile. Its error is
// only ever the caller's own: having to stop waiting.
func (k *RemoteKeys) refresh(ctx context.Context) error {
	if done := k.fetching; done != nil {
		k.mu.Unlock()
		defer k.mu.Lock()
		select {
		case <-done:
			return nil
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
		}
	}
	if !k.tried.IsZero() && time.Since(k.tried) < k.opts.MinInterval {
		return nil
	}
	k.tried = time.Now()
	k.fetching = make(chan struct{})
	k.mu.Unlock()

	index, err := k.fetch(ctx)

	k.mu.Lock()
	close(k.fetching)
	k.fetching = nil
	if k.lastErr = err; err != nil {
		k.opts.Logger.WarnContext(ctx, "fetching signing keys failed", slog.Any("error", err))
		return nil
	}
	k.index, k.fetched = index, time.Now()
	return nil
}

// fetch serves everybody who waits, so it does not end with the request that
// happened to start it.
func (k *RemoteKeys) fetch(ctx context.Context) (*keyIndex, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), k.opts.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, k.address, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/jwk-set+json, application/json")
	response, err := k.client.Do(request)
	if err != nil {
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err // without the address: its query may hold a secret
		}
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", response.StatusCode)
	}
	document, err := io.ReadAll(io.LimitReader(response.Body, MaxJWKSBytes+1))
	if err != nil {
		return nil, err
	}
	if len(document) > MaxJWKSBytes {
		return nil, fmt.Errorf("%w: JWKS of more than %d bytes", ErrKey, MaxJWKSBytes)
	}
	set, err := ParseJWKS(document)
	if err != nil {
		return nil, err
	}
	return set.current.Load(), nil
}
