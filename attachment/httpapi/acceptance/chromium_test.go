package acceptance

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// chromium is one browser with one tab. It saves every download.
type chromium struct {
	ctx context.Context
	dir string // where downloads go, under their GUID

	mu        sync.Mutex
	downloads map[string]*download // by GUID
}

type download struct {
	url, name string
	done      bool
	file      string
}

// startChromium skips the test where there is none, or fails it if
// REQUIRE_SERVICES is set.
func startChromium(t *testing.T) *chromium {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		const message = "chromium is not installed; install it with: apt-get install -y --no-install-recommends chromium"
		if os.Getenv("REQUIRE_SERVICES") == "1" {
			t.Fatal(message)
		}
		t.Skip(message)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WSURLReadTimeout(time.Minute), chromedp.UserDataDir(t.TempDir()))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(closeTab)

	c := &chromium{ctx: ctx, dir: t.TempDir(), downloads: map[string]*download{}}
	require.NoError(t, chromedp.Do(ctx))
	require.NoError(t, chromedp.ListenBrowser(ctx, c.hear))
	_, err = chromedp.CallBrowser(ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllowAndName, DownloadPath: c.dir, EventsEnabled: new(true),
	})
	require.NoError(t, err)
	return c
}

func (c *chromium) hear(event any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch e := event.(type) {
	case *browser.EventDownloadWillBegin:
		c.downloads[e.GUID] = &download{url: e.URL, name: e.SuggestedFilename}
	case *browser.EventDownloadProgress:
		if d := c.downloads[e.GUID]; d != nil && e.State == browser.DownloadProgressStateCompleted {
			d.done, d.file = true, filepath.Join(c.dir, e.GUID)
		}
	}
}

// open goes to a page.
func (c *chromium) open(t *testing.T, url string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(c.ctx, time.Minute)
	defer cancel()
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(url)), url)
}

// visit goes to what may be a page or a download, without waiting for either,
// and returns why it is no page, "" if it is one.
func (c *chromium) visit(t *testing.T, url string) (errorText string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(c.ctx, time.Minute)
	defer cancel()
	result, err := chromedp.Call(ctx, page.Navigate, page.NavigateParams{URL: url})
	require.NoError(t, err)
	return result.ErrorText
}

func evaluate[T any](t *testing.T, c *chromium, script string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(c.ctx, 2*time.Minute)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	require.NoError(t, err)
	return v
}

// saved waits for the download of a URL and returns its name and bytes.
func (c *chromium) saved(t *testing.T, url string) (name string, data []byte) {
	t.Helper()
	var file string
	require.Eventually(t, func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		for guid, d := range c.downloads {
			if d.done && strings.HasPrefix(d.url, url) {
				name, file = d.name, d.file
				delete(c.downloads, guid)
				return true
			}
		}
		return false
	}, time.Minute, 5*time.Millisecond, "no download of %s", url)
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	return name, data
}
