package torture

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

// seed is TORTURE_SEED, or a new one. What it decides is the same each time;
// in which order the machine does it is not.
func seed(t testing.TB) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(os.Getenv("TORTURE_SEED"), 10, 64)
	if err != nil {
		n = uint64(time.Now().UnixNano())
	}
	t.Logf("TORTURE_SEED=%d", n)
	return n
}

// seconds is a duration from the environment.
func seconds(name string, usual time.Duration) time.Duration {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return time.Duration(n) * time.Second
	}
	return usual
}

// A user works at random, remembers what he has stored, and complains.
type user struct {
	*host
	t      testing.TB
	r      *rand.Rand
	name   string
	items  []*item
	made   int
	count  map[string]int
	strict bool // nothing is broken: every call must succeed
}

func newUser(t testing.TB, h *host, name string, seed, n uint64) *user {
	return &user{host: h, t: t, r: rand.New(rand.NewPCG(seed, n)), name: name, count: map[string]int{}}
}

// maxItems is how many attachments a user keeps.
const maxItems = 60

// act does one thing.
func (u *user) act() {
	it := u.any()
	n := u.r.IntN(100)
	switch {
	case len(u.items) >= maxItems:
		u.delete(u.items[0])
	case n < 50 || it == nil:
		u.store(u.fresh())
	case n < 60:
		u.store(it)
	case n < 80:
		u.download(it)
	case n < 85:
		u.list(it.tenant, it.message)
	case n < 90:
		u.look(it)
	case n < 95:
		u.delete(it)
	default:
		u.refused()
	}
}

// any returns an item that was stored, nil if there is none.
func (u *user) any() *item {
	if len(u.items) == 0 {
		return nil
	}
	if it := u.items[u.r.IntN(len(u.items))]; it.id != "" && !it.gone {
		return it
	}
	return nil
}

// fresh makes an item: small or large, infected or not, with bytes of its own
// or those of another.
func (u *user) fresh() *item {
	u.made++
	it := &item{
		tenant: tenants()[u.r.IntN(2)], message: fmt.Sprintf("%s-%d", u.name, u.made/50), name: fmt.Sprintf("%d.txt", u.made),
		size: 10 + u.r.IntN(8000), seed: u.r.Uint64(), infected: u.r.IntN(8) == 0,
	}
	switch n := u.r.IntN(100); {
	case n < 20 && len(u.items) > 0:
		twin := u.items[u.r.IntN(len(u.items))]
		it.tenant, it.size, it.seed, it.infected = twin.tenant, twin.size, twin.seed, twin.infected
	case n < 30:
		it.size = 400_000 + u.r.IntN(300_000) // around what the handler holds before it streams
	case n < 31:
		it.size = 5<<20 + 1 + u.r.IntN(1<<20) // two parts in S3
	}
	if it.infected {
		it.size = max(it.size, 300)
	}
	u.items = append(u.items, it)
	return it
}

func (u *user) store(it *item) {
	u.count["stores"]++
	switch u.r.IntN(3) {
	case 0:
		result := u.execute(it)
		if result.Status != attachment.StatusSuccess {
			u.failed("execute", it, result.ErrorCode, *result.Retryable)
			return
		}
		u.keep(it, result.Output.Data)
	case 1:
		p, err := u.stream(it)
		if err != nil {
			e := attachment.AsError(err)
			u.failed("process", it, e.Code, e.Retryable)
			return
		}
		u.keep(it, *p)
	default:
		status, answer := u.upload(it)
		if status == http.StatusCreated {
			u.keep(it, answer.Results[0].Data)
		} else if u.troubled("upload", it, status, []byte(answer.Error)) && len(answer.Results) > 0 {
			u.failed("upload", it, answer.Results[0].ErrorCode, answer.Results[0].Retryable)
		}
	}
}

// failed judges an error code: while something is broken, it must be one that
// says so.
func (u *user) failed(what string, it *item, code attachment.Code, retryable bool) {
	u.count["failures"]++
	ours := slices.Contains([]attachment.Code{attachment.CodeStorage, attachment.CodeDatabase, attachment.CodeHandler}, code)
	if u.strict || !ours || !retryable {
		u.t.Errorf("%s of %s: %s, retryable %t", what, it, code, retryable)
	}
}

// troubled judges an HTTP status that is none of those expected, likewise.
func (u *user) troubled(what string, it *item, status int, answer []byte) bool {
	u.count["failures"]++
	if u.strict || status != http.StatusServiceUnavailable {
		u.t.Errorf("%s of %s: %d %.300s", what, it, status, answer)
		return false
	}
	return true
}

func (u *user) download(it *item) {
	u.count["downloads"]++
	tenant, path := it.tenant, it.path("/download")
	if u.r.IntN(2) == 0 {
		tenant, path = "", it.link
	}
	status, answer, cut := u.call(tenant, "GET", path, "", nil)
	switch {
	case status == http.StatusOK && it.infected:
		u.t.Errorf("L5: %s was served", it)
	case cut && !u.strict: // after the header, or with it still in a buffer
		u.count["failures"]++
	case status == http.StatusOK && hashOf(answer) != it.hash():
		u.t.Errorf("L1: %s has other bytes", it)
	case status == http.StatusOK, status == http.StatusConflict, status == http.StatusForbidden && it.infected:
	default:
		u.troubled("download", it, status, answer)
	}
}

func (u *user) list(tenantID, message string) {
	u.count["lists"]++
	status, answer, _ := u.call(tenantID, "GET", "/api/v1/emails/"+message+"/attachments", "", nil)
	if status != http.StatusOK {
		u.troubled("list", &item{message: message}, status, answer)
		return
	}
	for _, it := range u.items {
		if it.id != "" && !it.gone && it.tenant == tenantID && it.message == message && !strings.Contains(string(answer), it.id) {
			u.t.Errorf("L1: %s is not in the list", it)
		}
	}
}

// look asks for the verdict. Until there is one it is pending; the wrong one is
// never given.
func (u *user) look(it *item) {
	u.count["looks"]++
	status, answer, _ := u.call(it.tenant, "GET", it.path("/scan-status"), "", nil)
	if status != http.StatusOK {
		u.troubled("status", it, status, answer)
		return
	}
	var got struct {
		VirusScanStatus scan.Status `json:"virusScanStatus"`
	}
	_ = json.Unmarshal(answer, &got)
	if s := got.VirusScanStatus; s != scan.StatusPending && s != it.verdict() {
		u.t.Errorf("L5: %s is %s", it, s)
	}
}

func (it *item) verdict() scan.Status {
	if it.infected {
		return scan.StatusInfected
	}
	return scan.StatusClean
}

// delete may fail, and be done all the same: it is then done again later.
func (u *user) delete(it *item) {
	if it.id == "" { // it may be stored all the same: only a success tells the id
		u.store(it)
		return
	}
	u.count["deletes"]++
	it.gone = true
	status, answer, _ := u.call(it.tenant, "DELETE", it.path(""), "", nil)
	switch {
	case status == http.StatusNoContent, status == http.StatusOK:
		u.forget(it)
	case status == http.StatusNotFound && !u.strict:
		u.forget(it) // an earlier attempt came through
	default:
		u.troubled("delete", it, status, answer)
	}
}

func (u *user) forget(it *item) {
	u.items = slices.DeleteFunc(u.items, func(other *item) bool { return other == it })
}

// refused sends what no policy takes, whatever is broken.
func (u *user) refused() {
	u.count["refusals"]++
	ctx, cancel := context.WithTimeout(as(tenants()[0]), u.patience)
	defer cancel()
	for name, node := range map[attachment.Code]map[string]any{
		attachment.CodeSecurityViolation: {"messageId": "m", "filename": "setup.exe", "size": 2, "attachmentData": "TVo="},
		attachment.CodeSizeLimit:         {"messageId": "m", "filename": "a.txt", "size": 5000, "maxSize": 1024, "attachmentData": "TVo="},
		attachment.CodeInvalidParams:     {"filename": "a.txt", "size": 2, "attachmentData": "TVo="},
	} {
		result := u.handler.Execute(ctx, attachment.Node{ID: "n", Type: attachment.NodeType, Parameters: node})
		if result.ErrorCode != name || *result.Retryable {
			u.t.Errorf("L7: %s instead of %s", result.ErrorCode, name)
		}
	}
}
