package httpapi_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
)

// TestMain fails a full run in which some answer of the contract never came.
func TestMain(m *testing.M) {
	code := m.Run()
	full := true
	for _, narrowing := range []string{"test.run", "test.skip", "test.fuzz", "test.bench", "test.list"} {
		full = full && flag.Lookup(narrowing).Value.String() == ""
	}
	if unseen := contract().unseen(); code == 0 && full && len(unseen) > 0 {
		fmt.Println("FAIL: answers in openapi.json that no test has seen:", unseen)
		code = 1
	}
	os.Exit(code)
}

// openapi holds every response that a test receives against openapi.json.
type openapi struct {
	Paths      map[string]map[string]operation
	Components struct {
		Responses map[string]response
		Headers   map[string]header
	}

	mu       sync.Mutex
	compiler *jsonschema.Compiler
	schemas  map[string]*jsonschema.Schema
	seen     map[string]bool
}

type operation struct{ Responses map[string]response }

type response struct {
	Ref     string `json:"$ref"`
	Headers map[string]header
	Content map[string]json.RawMessage
}

type header struct {
	Ref      string `json:"$ref"`
	Required bool
	Schema   json.RawMessage
}

var contract = sync.OnceValue(func() *openapi {
	source, err := os.ReadFile("openapi.json")
	if err != nil {
		panic(err)
	}
	o := &openapi{schemas: map[string]*jsonschema.Schema{}, seen: map[string]bool{}, compiler: jsonschema.NewCompiler()}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(source))
	if err != nil {
		panic(err)
	}
	o.compiler.AssertFormat()
	if err := o.compiler.AddResource("openapi.json", doc); err != nil {
		panic(err)
	}
	if err := json.Unmarshal(source, o); err != nil {
		panic(err)
	}
	return o
})

// find returns the operation that a request is for; "" if there is none.
func (o *openapi) find(r *http.Request) (path, method string) {
	asked, _ := strings.CutPrefix(strings.TrimPrefix(r.URL.EscapedPath(), testPrefix), "/api/v1")
	method = strings.ToLower(r.Method)
	if method == "head" {
		method = "get"
	}
	for template, operations := range o.Paths {
		if _, ok := operations[method]; !ok {
			continue
		}
		pattern := regexp.MustCompile(`\\\{(\w+)\\\}`).ReplaceAllStringFunc(regexp.QuoteMeta(template), func(name string) string {
			if name == `\{storageKey\}` {
				return `.+`
			}
			return `[^/]+`
		})
		if regexp.MustCompile("^"+pattern+"$").MatchString(asked) && len(template) > len(path) {
			path = template // the longest: the link is more special than {id}/download
		}
	}
	return path, method
}

// check requires that the contract has such a response.
func (o *openapi) check(t testing.TB, r *http.Request, got *http.Response, body []byte) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	isJSON := strings.HasPrefix(got.Header.Get("Content-Type"), "application/json")
	path, method := o.find(r)
	if path == "" || got.StatusCode == http.StatusMethodNotAllowed {
		require.Contains(t, []int{401, 404, 405}, got.StatusCode, "%s %s", r.Method, r.URL)
		if r.Method != http.MethodHead {
			o.validate(t, "/components/schemas/Error", body)
		}
		return
	}
	status := strconv.Itoa(got.StatusCode)
	want, ok := o.Paths[path][method].Responses[status]
	require.True(t, ok, "%s %s answers %s, which openapi.json does not have: %s", method, path, status, body)
	o.seen[method+" "+path+" "+status] = true
	at := "/paths/" + escape(path) + "/" + method + "/responses/" + status
	if want.Ref != "" {
		at = strings.TrimPrefix(want.Ref, "#")
		want = o.Components.Responses[at[strings.LastIndexByte(at, '/')+1:]]
	}
	for name, h := range want.Headers {
		o.checkHeader(t, at+"/headers/"+name, h, got.Header.Get(name))
	}
	if r.Method == http.MethodHead {
		require.Empty(t, body)
		return
	}
	switch _, documented := want.Content["application/json"]; {
	case documented:
		require.True(t, isJSON, "%s %s %s", method, path, status)
		o.validate(t, at+"/content/application~1json/schema", body)
	case want.Content == nil:
		require.Empty(t, body, "%s %s %s", method, path, status)
	}
}

func (o *openapi) checkHeader(t testing.TB, at string, h header, value string) {
	t.Helper()
	if h.Ref != "" {
		at = strings.TrimPrefix(h.Ref, "#")
		h = o.Components.Headers[at[strings.LastIndexByte(at, '/')+1:]]
	}
	if value == "" {
		require.False(t, h.Required, at)
		return
	}
	quoted, err := json.Marshal(value)
	require.NoError(t, err)
	o.validate(t, at+"/schema", quoted)
}

func (o *openapi) validate(t testing.TB, at string, body []byte) {
	t.Helper()
	schema := o.schemas[at]
	if schema == nil {
		var err error
		schema, err = o.compiler.Compile("openapi.json#" + at)
		require.NoError(t, err)
		o.schemas[at] = schema
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	require.NoError(t, err, "%s", body)
	require.NoError(t, schema.Validate(value), "%s: %s", at, body)
}

// unseen are the answers that no test has received, but for those to failures.
func (o *openapi) unseen() (unseen []string) {
	for path, operations := range o.Paths {
		for method, operation := range operations {
			for status := range operation.Responses {
				answer := method + " " + path + " " + status
				if status < "500" && !o.seen[answer] {
					unseen = append(unseen, answer)
				}
			}
		}
	}
	return unseen
}

func escape(path string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(path) }

func TestContractIsServed(t *testing.T) {
	f := newFixture(t)
	want, err := os.ReadFile("openapi.json")
	require.NoError(t, err)
	r := f.call(t, alice, "GET", "/api/v1/openapi.json")
	require.Equal(t, string(want), r.body)
}
