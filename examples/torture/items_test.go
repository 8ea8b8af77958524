package torture

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"mime/multipart"
	"net/url"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/services"
)

// An item is one attachment, which may be stored again and again.
type item struct {
	tenant, message, name string
	size                  int
	seed                  uint64 // of the bytes
	infected              bool

	sum      string // once it was asked for
	id, link string // once it was stored
	gone     bool   // was to be deleted
}

// data makes the bytes anew: a text, with a virus in it or not. Its first page
// is its own, and the others repeat it.
func (it *item) data() []byte {
	r := rand.New(rand.NewPCG(it.seed, uint64(it.size)))
	text := make([]byte, it.size)
	page := min(len(text), 4096)
	for i := range page {
		text[i] = "abcdefghijklmnopqrstuvwxyz     \n"[r.IntN(32)]
	}
	for n := page; n < len(text); n *= 2 {
		copy(text[n:], text[:n])
	}
	if it.infected {
		copy(text[it.size/3:], services.EICAR())
	}
	return text
}

func (it *item) hash() string {
	if it.sum == "" {
		it.sum = hashOf(it.data())
	}
	return it.sum
}

func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// execute runs the node.
func (h *host) execute(it *item) attachment.Result { return h.executeWithin(it, h.patience) }

func (h *host) executeWithin(it *item, limit time.Duration) attachment.Result {
	ctx, cancel := context.WithTimeout(as(it.tenant), limit)
	defer cancel()
	return h.handler.Execute(ctx, attachment.Node{ID: "n", Type: attachment.NodeType, Parameters: map[string]any{
		"messageId": it.message, "filename": it.name, "size": it.size,
		"attachmentData": base64.StdEncoding.EncodeToString(it.data()),
	}})
}

// stream runs the handler over a stream, which does not lie in memory.
func (h *host) stream(it *item) (*attachment.Processed, error) {
	ctx, cancel := context.WithTimeout(as(it.tenant), h.patience)
	defer cancel()
	return h.handler.Process(ctx, attachment.Input{
		MessageID: it.message, Filename: it.name, Size: int64(it.size), Data: struct{ *bytes.Reader }{bytes.NewReader(it.data())},
	})
}

// uploaded is the answer to an upload.
type uploaded struct {
	Error   string `json:"error"`
	Results []struct {
		Data      attachment.Processed `json:"data"`
		ErrorCode attachment.Code      `json:"errorCode"`
		Retryable bool                 `json:"retryable"`
	} `json:"results"`
}

func (h *host) upload(it *item) (status int, answer uploaded) {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	part, err := w.CreateFormFile("file", it.name)
	if err != nil {
		panic(err)
	}
	_, _ = part.Write(it.data())
	_ = w.Close()
	path := "/api/v1/messages/" + url.PathEscape(it.message) + "/attachments"
	status, raw, _ := h.call(it.tenant, "POST", path, w.FormDataContentType(), &body)
	_ = json.Unmarshal(raw, &answer)
	return status, answer
}

func (it *item) path(rest string) string { return "/api/v1/attachments/" + it.id + rest }

func (it *item) String() string {
	return fmt.Sprintf("%s/%s (%d bytes, seed %d, infected %t, id %s)", it.message, it.name, it.size, it.seed, it.infected, it.id)
}

// eventually waits for ok, at most so long, and reports whether it came.
func eventually(within time.Duration, ok func() bool) bool {
	for end := time.Now().Add(within); ; time.Sleep(20 * time.Millisecond) {
		if ok() {
			return true
		}
		if time.Now().After(end) {
			return false
		}
	}
}
