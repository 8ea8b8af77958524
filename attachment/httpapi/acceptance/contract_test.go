package acceptance

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/stretchr/testify/require"
)

func load(source []byte) (*openapi3.T, error) {
	document, err := openapi3.NewLoader().LoadFromData(source)
	if err == nil {
		err = document.Validate(openapi3.NewLoader().Context)
	}
	return document, err
}

// TestContract has a stranger's eyes on openapi.json: that it is OpenAPI 3.1,
// and that requests and responses of one attachment's life are what it says.
func TestContract(t *testing.T) {
	s := newSite(t)
	source, err := os.ReadFile("../openapi.json")
	require.NoError(t, err)
	// The router does not resolve a server's address against the document's.
	document, err := load(bytes.Replace(source, []byte(`"url": "../v1"`), []byte(`"url": "`+s.URL+`/api/v1"`), 1))
	require.NoError(t, err)
	require.Equal(t, "3.1.0", document.OpenAPI)
	router, err := legacy.NewRouter(document)
	require.NoError(t, err)

	for _, damage := range []string{`"openapi": "3.1.0"`, `"operationId": "get"`, `"required": true, "content"`, `"#/components/schemas/Page"`, `"in": "path"`} {
		_, err := load(bytes.Replace(source, []byte(damage), []byte(`"title": 1`), 1))
		require.Error(t, err, "a validator that takes it without %s would take anything", damage)
	}

	one := "/api/v1/attachments/" + s.stored["dot.png"].AttachmentID
	for _, call := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/api/v1/emails/m1/attachments?limit=2", "", 200},
		{"GET", "/api/v1/attachments?status=skipped", "", 200},
		{"GET", one, "", 200},
		{"GET", one + "/scan-status", "", 200},
		{"GET", "/api/v1/attachments/00000000-0000-8000-8000-000000000000", "", 404},
		{"POST", one + "/rescan", "", 403},
		{"POST", one + "/release", `{"reason":"because"}`, 403},
		{"DELETE", one, "", 403},
		{"GET", "/api/v1/openapi.json", "", 200},
	} {
		r, err := http.NewRequestWithContext(t.Context(), call.method, s.URL+call.path, bytes.NewReader([]byte(call.body)))
		require.NoError(t, err)
		if call.body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		route, params, err := router.FindRoute(r)
		require.NoError(t, err, "%s %s", call.method, call.path)
		options := &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true}
		input := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route, Options: options}
		require.NoError(t, openapi3filter.ValidateRequest(t.Context(), input))

		response, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, call.status, response.StatusCode, "%s", body)
		require.NoError(t, openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
			RequestValidationInput: input, Status: response.StatusCode, Header: response.Header, Body: io.NopCloser(bytes.NewReader(body)), Options: options,
		}), "%s %s", call.method, call.path)
	}
}
