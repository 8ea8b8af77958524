package detect_test

import (
	"mime"
	"testing"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect/corpus"
)

// FuzzDetect proves that every content has a type, whether only its head is
// there or all of it.
func FuzzDetect(f *testing.F) {
	for _, s := range corpus.Build() {
		if len(s.Data) <= 8<<10 {
			f.Add(s.Data)
		}
	}
	d := detect.Default()
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, c := range []detect.Content{detect.Bytes(b), {Head: b, Size: -1}} {
			found, err := d.Detect(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := mime.ParseMediaType(found.MIME); err != nil || found.MIME == "" {
				t.Fatalf("type %q: %v", found.MIME, err)
			}
			if found.MIME != detect.Unknown && found.Family == "" {
				t.Fatalf("%q has no family", found.MIME)
			}
		}
	})
}
