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
	if err := keep(path, rand.Text()+rand.Text()); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("keep the link signing key: %w", err)
	}
	return os.ReadFile(path) // of two first starts at once, the key of the first
}

// keep makes a file that is there as a whole or not at all, also after a power cut.
func keep(path, text string) error {
	temp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	_, err = temp.WriteString(text)
	if err = errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	return os.Link(temp.Name(), path)
}

// baseURL is what links begin with. A host with a login may be reached under
// names that it does not know: its links are paths unless it is told.
func baseURL(s Settings) string {
	if s.BaseURL == "" && s.Login == nil && s.Addr != "" {
		return "http://" + s.Addr
	}
	return s.BaseURL
}
