package detect_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect"
)

// TestFilesOfThisMachine looks at files that nobody chose: everything below the
// folders in DETECT_FILES, by extension. It reports and does not judge, for an
// extension is no proof either. Example: DETECT_FILES=/usr/share:/usr/lib.
func TestFilesOfThisMachine(t *testing.T) {
	roots := filepath.SplitList(os.Getenv("DETECT_FILES"))
	if len(roots) == 0 {
		t.Log("DETECT_FILES is not set: nothing to look at")
	}
	const most = 2000 // of one extension
	counts := make(map[string]map[string]int)
	for _, root := range roots {
		_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			ext := strings.TrimPrefix(filepath.Ext(path), ".")
			if _, known := detect.ByExtension(ext); err != nil || !d.Type().IsRegular() || !known || counts[ext][""] >= most {
				return nil
			}
			b, err := os.ReadFile(path)
			if err != nil || len(b) == 0 {
				return nil
			}
			found, err := detect.Default().Detect(t.Context(), detect.Bytes(b))
			if err != nil {
				t.Errorf("%s: %v", path, err)
				return nil
			}
			if counts[ext] == nil {
				counts[ext] = make(map[string]int)
			}
			counts[ext][""]++
			counts[ext][found.MIME]++
			return nil
		})
	}
	for ext, found := range counts {
		all := found[""]
		delete(found, "")
		t.Logf("%d .%s: %v", all, ext, found)
	}
}
