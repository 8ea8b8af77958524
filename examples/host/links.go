package host

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// openLinks signs with the operator's keys, or with one that this host keeps.
func openLinks(s Settings) (*blob.LinkSigner, error) {
	keys := s.LinkKeys
	if len(keys) == 0 {
		secret, err := linkSecret(filepath.Join(s.Data, "link.key"))
		if err != nil {
			return nil, err
		}
		keys = []blob.LinkKey{{ID: "1", Secret: secret}}
	}
	return blob.NewLinkSigner(keys, nil)
}

// linkSecret reads the signing key, or makes one on the first run.
func linkSecret(path string) ([]byte, error) {
	secret, err := os.ReadFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return secret, err
	}
	secret = []byte(rand.Text() + rand.Text())
	temp := path + ".new"
	if err := os.WriteFile(temp, secret, 0o600); err != nil {
		return nil, fmt.Errorf("keep the link signing key: %w", err)
	}
	return secret, os.Rename(temp, path)
}

// baseURL is what links begin with. A host with a login may be reached under
// names that it does not know: its links are paths unless it is told.
func baseURL(s Settings) string {
	if s.BaseURL == "" && s.Login == nil && s.Addr != "" {
		return "http://" + s.Addr
	}
	return s.BaseURL
}
