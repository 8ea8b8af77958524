package blobtest

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

func keysKeptApart(t tb, s blob.Store) {
	keys := []string{
		"a", "A", "ａ", "é", "e\u0301", "ß", "ss", "İ", "i", "K", "\u212a",
		"契約書/見積 1.pdf", "отчёт/Q3.xlsx", "عقد.pdf", "הסכם", "สัญญา", "अनुबंध", "😀/🏦.png",
		"dot.", "dot", "space ", "space", " space", "con", "NUL.txt", "a:b", `*?"<>|`,
		"%2e%2e", "%252e", "q?x=1&y=2#z", "plus+plus", "plus plus", "...", ".hidden", "~", "tmp", "quote'd",
		"folder/same", "other/same", "other/deep/same",
		strings.Repeat("s", 255), strings.Repeat("s", 254) + "t", strings.Repeat("d/", 40) + "deep",
	}
	for _, key := range keys {
		info := put(t, s, key, []byte("content of "+key), nil)
		if info.Key != key {
			t.Errorf("Commit to %q reports key %q", key, info.Key)
		}
	}
	for _, key := range keys {
		holds(t, s, key, []byte("content of "+key))
		if info, err := blob.Stat(t.Context(), s, key); err != nil || info.Key != key {
			t.Errorf("Stat(%q) = key %q, %v", key, info.Key, err)
		}
	}
}

func invalidKeys(t tb, s blob.Store) {
	ctx := t.Context()
	put(t, s, "valid", []byte("valid"), nil)
	copier, copies := blob.As[blob.Copier](s)
	signer, signs := blob.As[blob.URLSigner](s)
	for _, key := range []string{
		"", "/", "/a", "a/", "a//b", ".", "..", "../valid", "a/../valid", "./valid", "a/..",
		`a\b`, "a\x00b", "a\nb", "a\u202eb", "a\u200bb", "\xff", "a\xed\xa0\x80",
		strings.Repeat("s", 256), strings.Repeat("s/", 512) + "s",
	} {
		w, err := s.Create(ctx, key, nil)
		if err == nil {
			_ = w.Abort()
		}
		refused(t, "Create", err, blob.ErrInvalidKey, key, "create")
		r, err := s.Open(ctx, key, 0, -1)
		if err == nil {
			_ = r.Close()
		}
		refused(t, "Open", err, blob.ErrInvalidKey, key, "open")
		refused(t, "Delete", s.Delete(ctx, key), blob.ErrInvalidKey, key, "delete")
		_, err = blob.Stat(ctx, s, key)
		refused(t, "Stat", err, blob.ErrInvalidKey, key, "stat", "open")
		if copies {
			_, err = copier.Copy(ctx, key, "valid")
			refusedOrUnsupported(t, "Copy to", err, key, "copy")
			_, err = copier.Copy(ctx, "copied", key)
			refusedOrUnsupported(t, "Copy from", err, key, "copy")
		}
		if signs {
			_, err = signer.SignURL(ctx, key, nil)
			refusedOrUnsupported(t, "SignURL", err, key, "sign")
		}
	}
	holds(t, s, "valid", []byte("valid"))
}

func refusedOrUnsupported(t tb, call string, err error, key, op string) {
	t.Helper()
	if !unsupported(err) {
		refused(t, call, err, blob.ErrInvalidKey, key, op)
	}
}

func description(t tb, s blob.Store) {
	full := map[string]string{
		"filename": `"quoted; name.pdf", a=b`, "x-1-y": "~!@#$%^&*()_+{}|:<>?`-=[];'\\/.,",
		"0": "0",
	}
	full["long"] = strings.Repeat("v", blob.PortableMetadataBytes-metadataBytes(full)-len("long"))
	for i, c := range []struct {
		opts *blob.WriteOptions
		want blob.Info
	}{
		{nil, blob.Info{ContentType: blob.DefaultContentType}},
		{&blob.WriteOptions{}, blob.Info{ContentType: blob.DefaultContentType}},
		{&blob.WriteOptions{ContentType: `multipart/mixed; boundary="a b"`}, blob.Info{ContentType: `multipart/mixed; boundary="a b"`}},
		{&blob.WriteOptions{ContentType: "text/html", Metadata: full}, blob.Info{ContentType: "text/html", Metadata: full}},
	} {
		c.want.Key, c.want.Size, c.want.ModTime = fmt.Sprint("described/", i), 4, time.Now()
		if c.opts != nil {
			c.opts.Metadata = maps.Clone(c.opts.Metadata)
		}
		w := begin(t, s, c.want.Key, []byte("body"), c.opts)
		if c.opts != nil {
			clear(c.opts.Metadata) // the caller's own again
		}
		committed := commit(t, w)
		sameBlob(t, committed, c.want)
		clear(committed.Metadata)
		for range 2 {
			r := openRange(t, s, c.want.Key, 0, -1)
			sameBlob(t, r.Info, c.want)
			clear(r.Info.Metadata)
			_ = r.Close()
			info, err := blob.Stat(t.Context(), s, c.want.Key)
			if err != nil {
				t.Fatalf("Stat: %v", err)
			}
			sameBlob(t, info, c.want)
			clear(info.Metadata)
		}
	}
}

func metadataBytes(m map[string]string) (total int) {
	for k, v := range m {
		total += len(k) + len(v)
	}
	return total
}

func invalidOptions(t tb, s blob.Store) {
	for name, opts := range map[string]*blob.WriteOptions{
		"a content type that injects a header": {ContentType: "text/html\r\nSet-Cookie: a=b"},
		"a negative size":                      {Size: -1},
		"a digest in upper case":               {SHA256: strings.ToUpper(hexDigest(nil))},
		"a metadata key in upper case":         {Metadata: map[string]string{"Key": "v"}},
		"a metadata value in Unicode":          {Metadata: map[string]string{"k": "é"}},
		"a metadata value with a newline":      {Metadata: map[string]string{"k": "a\nb"}},
		"too much metadata":                    {Metadata: map[string]string{"k": strings.Repeat("v", blob.MaxMetadataBytes)}},
	} {
		w, err := s.Create(t.Context(), "options", opts)
		if err == nil {
			_ = w.Abort()
		}
		refused(t, "Create with "+name, err, blob.ErrInvalidOptions, "options", "create")
	}
	absent(t, s, "options")
}

func (u suite) sameInfo(t tb, s blob.Store) {
	for i, size := range []int{0, 70_000, u.bulk} {
		key, data := fmt.Sprint("info/", i), noise(11, size)
		committed := put(t, s, key, data, &blob.WriteOptions{
			ContentType: "application/pdf", Size: int64(size), SHA256: hexDigest(data),
			Metadata: map[string]string{"filename": "report.pdf"},
		})
		if committed.ModTime.IsZero() {
			t.Errorf("Commit reports no ModTime")
		}
		sameBlob(t, committed, blob.Info{
			Key: key, Size: int64(size), ContentType: "application/pdf", SHA256: hexDigest(data),
			ModTime: time.Now(), Metadata: map[string]string{"filename": "report.pdf"},
		})

		stat, err := blob.Stat(t.Context(), s, key)
		if err != nil {
			t.Fatalf("Stat: %v", err)
		}
		sameBlob(t, stat, committed)
		for _, length := range []int64{0, -1} {
			r := openRange(t, s, key, int64(size)/2, length)
			sameBlob(t, r.Info, committed)
			if r.Info.SHA256 != stat.SHA256 || !r.Info.ModTime.Equal(stat.ModTime) {
				t.Errorf("Open describes %+v, Stat %+v", r.Info, stat)
			}
			_ = r.Close()
		}
	}
}
