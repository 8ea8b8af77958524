//go:build unix

package policy_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect/corpus"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/policy"
)

// workload returns files of about size bytes, as offices send them.
func workload(size int) map[string][]byte {
	noise := make([]byte, size)
	state := uint32(1)
	for i := range noise {
		state = state*1664525 + 1013904223
		noise[i] = byte(state >> 24)
	}
	pad := func(head []byte) []byte { return append(append([]byte{}, head...), noise[:max(0, size-len(head))]...) }
	const main = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
	picture := string(noise[:size-size/20])
	docx := corpus.OOXML("word", main, "word/media/image1.png", picture, "word/styles.xml", "<w:styles/>", "word/settings.xml", "<w:settings/>", "docProps/app.xml", "<Properties/>")
	const sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
	line := "2026-11-23 10:00:00 INFO the quick brown fox jumps over the lazy dog\n"
	table := strings.Repeat("2026-11-23,10.50,EUR,Müller,paid\r\n", size/35) + base64.StdEncoding.EncodeToString(noise[:size/50])
	return map[string][]byte{
		"invoice.pdf":  scanned(noise),
		"damaged.pdf":  pad(corpus.PDF()), // without a table where one belongs: all of it is searched
		"photo.jpg":    pad([]byte("\xFF\xD8\xFF\xE0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00")),
		"server.log":   []byte(strings.Repeat(line, size/len(line))),
		"page.html":    []byte("<!DOCTYPE html><html><body>" + strings.Repeat("<p>Lorem ipsum dolor sit amet</p>", size/33)),
		"letter.docx":  docx,
		"docs.zip":     corpus.Zip("letter.docx", string(corpus.OOXML("word", main)), "scan.tiff", "II*\x00"+string(noise[:size/2]), "photo.jpg", "\xFF\xD8\xFF\xE0"+string(noise[:size/2])),
		"invoices.zip": corpus.Zip("letter.docx", string(corpus.OOXML("word", main)), "invoice.pdf", string(scanned(noise[:size/2])), "photo.jpg", "\xFF\xD8\xFF\xE0"+string(noise[:size/2])), // a PDF is unpacked whole
		"data.bin1":    noise,

		"report.docx": corpus.OOXML("word", main, parts(9, "word/part%d.xml", "<w:p><w:r><w:t>Lorem ipsum</w:t></w:r></w:p>", picture, size)...),
		"budget.xlsx": corpus.OOXML("xl", sheet, parts(12, "xl/worksheets/sheet%d.xml", "<c r=\"A1\"><v>12.50</v></c>", picture, size)...),
		"library.jar": corpus.Zip(append([]string{"META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\n"}, parts(40, "org/example/Type%d.class", "\xCA\xFE\xBA\xBE\x00\x00\x00\x41", picture, size)...)...),
		"scans.zip":   corpus.Zip(parts(200, "scans/page %d.png", "\x89PNG\r\n\x1A\n\x00\x00\x00\x0DIHDR", picture, size)...),
		"tables.zip":  corpus.Zip("a.csv", table, "b.csv", table, "c.txt", strings.Repeat(line, size/len(line))),
		"stored.zip":  stored("letter.docx", string(corpus.OOXML("word", main)), "scan.tiff", "II*\x00"+string(noise[:size/2]), "photo.jpg", "\xFF\xD8\xFF\xE0"+string(noise[:size/2])),
		"nested.zip": corpus.Zip(
			"letters.zip", string(corpus.Zip("letter.docx", string(corpus.OOXML("word", main, "word/media/image1.png", picture[:size/2])))),
			"scans.zip", string(corpus.Zip("scan.tiff", "II*\x00"+string(noise[:size/3]))),
		),
	}
}

// parts returns n members of size bytes in all, which compress a little.
func parts(n int, name, head, noise string, size int) (members []string) {
	each := size / n
	for i := range n {
		body := strings.Repeat(head, each/4/len(head)) + noise[i*each/2:][:each/2]
		members = append(members, fmt.Sprintf(name, i), head+body)
	}
	return members
}

// stored packs without compressing.
func stored(namesAndData ...string) []byte {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for i := 0; i < len(namesAndData); i += 2 {
		m, err := w.CreateHeader(&zip.FileHeader{Name: namesAndData[i], Method: zip.Store})
		if err == nil {
			_, _ = m.Write([]byte(namesAndData[i+1]))
		}
	}
	_ = w.Close()
	return out.Bytes()
}

// scanned is a document of one picture.
func scanned(picture []byte) []byte {
	return corpus.PDFOf(
		corpus.PDFObject{Value: "<< /Type /Catalog /Pages 2 0 R >>"},
		corpus.PDFObject{Value: "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"},
		corpus.PDFObject{Value: "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Resources << /XObject << /I 4 0 R >> >> /Contents 5 0 R >>"},
		corpus.PDFObject{Value: "/Type /XObject /Subtype /Image /Width 1000 /Height 1000 /BitsPerComponent 8 /ColorSpace /DeviceGray /Filter /DCTDecode", Stream: picture},
		corpus.PDFObject{Stream: []byte("q 200 0 0 200 0 0 cm /I Do Q")},
	)
}

// cpuTime is what the process has used, garbage collection included, so that a
// busy machine does not spoil the comparison.
func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// unpacked are the files that must be unpacked or read to the end to be judged:
// archives and PDFs within archives, PDFs whose tables lie, and archives of
// hundreds. The others show what they are in the beginning of each member.
var unpacked = []string{"scans.zip", "tables.zip", "nested.zip", "invoices.zip", "damaged.pdf"}

func BenchmarkJudge(b *testing.B) {
	benchmarkJudge(b, func(name string) bool { return !slices.Contains(unpacked, name) })
}

func BenchmarkJudgeUnpacked(b *testing.B) {
	benchmarkJudge(b, func(name string) bool { return slices.Contains(unpacked, name) })
}

// benchmarkJudge compares what it takes to judge a file with its SHA-256.
func benchmarkJudge(b *testing.B, wanted func(name string) bool) {
	p := policy.Default().Allow(policy.Extensions("jar", "class"))
	for _, size := range []struct {
		name  string
		bytes int
	}{{"100KB", 100 << 10}, {"10MB", 10 << 20}} {
		for name, data := range workload(size.bytes) {
			if !wanted(name) {
				continue
			}
			b.Run(size.name+"/"+name, func(b *testing.B) {
				if d := judge(b, p, name, "", data); !d.Allow {
					b.Fatalf("%s: %s", d.Reason, d.Message)
				}
				b.ReportAllocs()
				start := cpuTime()
				for b.Loop() {
					judge(b, p, name, "", data)
				}
				took := float64(cpuTime()-start) / float64(b.N)
				b.ReportMetric(took/1e3, "cpu-µs/op")
				b.ReportMetric(took/hashing(size.bytes), "of-sha256")
			})
		}
	}
}

// hashing is the CPU time in ns that the SHA-256 of size bytes takes.
func hashing(size int) float64 {
	data := make([]byte, size)
	start, rounds := cpuTime(), max(1, 50<<20/size)
	for range rounds {
		sha256.Sum256(data)
	}
	return float64(cpuTime()-start) / float64(rounds)
}

func BenchmarkHostile(b *testing.B) {
	for name, data := range hostile(b) {
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			b.ReportAllocs()
			start := cpuTime()
			for b.Loop() {
				judge(b, policy.Default(), "a.zip", "", data)
			}
			b.ReportMetric(float64(cpuTime()-start)/float64(b.N)/1e3, "cpu-µs/op")
		})
	}
}
