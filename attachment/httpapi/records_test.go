package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
)

func TestGetAndDelete(t *testing.T) {
	f := newFixture(t)
	p := f.clean(t, alice, "m1", "a.txt", content)
	path := "/api/v1/attachments/" + p.AttachmentID
	got := decode[attachment.EmailAttachment](t, f.call(t, alice, "GET", path))
	require.Equal(t, p.AttachmentID, got.ID)
	require.Equal(t, "alice", got.UserID)

	f.call(t, "acme/alice/reader", "DELETE", path).refused(t, http.StatusForbidden, "forbidden")
	r := f.call(t, alice, "DELETE", path)
	require.Equal(t, http.StatusNoContent, r.StatusCode)
	for _, method := range []string{"GET", "DELETE"} {
		f.call(t, alice, method, path).refused(t, http.StatusNotFound, "not_found")
	}
	require.Len(t, f.events, 1)
}

// TestForeignIsUnknown: what a caller may not know of looks like what never
// was, to the last byte.
func TestForeignIsUnknown(t *testing.T) {
	f := newFixture(t)
	live := f.clean(t, alice, "m1", "a.txt", content)
	deleted := f.clean(t, alice, "m1", "b.txt", "gone")
	require.NoError(t, f.Delete(ctxAs(alice), deleted.AttachmentID))
	const unknown = "00000000-0000-8000-8000-000000000000"
	for _, route := range []string{"GET %s", "DELETE %s", "GET %s/download", "HEAD %s/download"} {
		for _, caller := range []string{bob, mallory} {
			call := func(id string) reply {
				var method, path string
				_, err := fmt.Sscanf(fmt.Sprintf(route, "/api/v1/attachments/"+id), "%s %s", &method, &path)
				require.NoError(t, err)
				r := f.call(t, caller, method, path)
				r.Header.Del("Date")
				return r
			}
			want := call(unknown)
			require.Equal(t, http.StatusNotFound, want.StatusCode)
			for _, id := range []string{live.AttachmentID, deleted.AttachmentID, "x", "%00", "downloads", "{" + unknown[1:35] + "}"} {
				got := call(id)
				require.Equal(t, want.StatusCode, got.StatusCode, "%s %s", route, id)
				require.Equal(t, want.body, got.body)
				require.Equal(t, want.Header, got.Header)
			}
		}
	}
	require.Empty(t, f.events)
}

func TestListByMessage(t *testing.T) {
	f := newFixture(t)
	const message = "<odd/id ü?#%@example.com>"
	path := "/api/v1/emails/%3Codd%2Fid%20%C3%BC%3F%23%25@example.com%3E/attachments"
	for i := range 5 {
		f.store(t, alice, message, fmt.Sprintf("a%d.txt", i), fmt.Sprint("text ", i))
	}
	f.store(t, bob, message, "bob.txt", "of bob")
	f.store(t, mallory, message, "mallory.txt", "of mallory")
	f.store(t, alice, "another", "x.txt", "elsewhere")

	names := func(caller string) (names []string) {
		for cursor := ""; ; {
			page := decode[attachment.Page](t, f.call(t, caller, "GET", path+"?limit=2&cursor="+cursor))
			require.LessOrEqual(t, len(page.Records), 2)
			for _, record := range page.Records {
				names = append(names, record.Filename)
			}
			if cursor = page.Next; cursor == "" {
				return names
			}
		}
	}
	require.ElementsMatch(t, []string{"a0.txt", "a1.txt", "a2.txt", "a3.txt", "a4.txt"}, names(alice))
	require.ElementsMatch(t, []string{"bob.txt"}, names(bob))
	require.Len(t, names(admin), 6)
	require.ElementsMatch(t, []string{"mallory.txt"}, names(mallory))
	require.JSONEq(t, `{"attachments":[]}`, f.call(t, "initech/peter/admin", "GET", path).body)

	for _, query := range []string{"?limit=0", "?limit=-1", "?limit=x", "?limit=99999999999999999999", "?cursor=x"} {
		f.call(t, alice, "GET", path+query).refused(t, http.StatusBadRequest, "bad_request")
	}
	f.call(t, alice, "GET", "/api/v1/emails/a%00b/attachments").refused(t, http.StatusBadRequest, "bad_request")
}

// TestWhoMayDoWhat asks for every route without a tenant and without any right.
func TestWhoMayDoWhat(t *testing.T) {
	f := newFixture(t)
	p := f.clean(t, alice, "m1", "a.txt", content)
	one := "/api/v1/attachments/" + p.AttachmentID
	for _, route := range []string{
		"GET /api/v1/attachments", "GET /api/v1/emails/m1/attachments", "POST /api/v1/messages/m1/attachments",
		"GET " + one, "DELETE " + one, "GET " + one + "/download", "HEAD " + one + "/download", "GET " + one + "/scan-status",
		"POST " + one + "/rescan", "POST " + one + "/release", "POST " + one + "/quarantine", "POST " + one + "/restore",
	} {
		method, path, _ := strings.Cut(route, " ")
		for caller, want := range map[string]int{nobody: 401, "*/alice/admin": 401, "acme/alice/guest": 403} {
			require.Equal(t, want, f.call(t, caller, method, path).StatusCode, "%s as %q", route, caller)
		}
	}
	require.Empty(t, f.events)
	require.Equal(t, 200, f.call(t, alice, "GET", one).StatusCode)
}
