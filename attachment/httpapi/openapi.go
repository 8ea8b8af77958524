package httpapi

import (
	_ "embed" // openapi.json
	"net/http"
)

//go:embed openapi.json
var openAPI string

func (a *api) contract(w http.ResponseWriter, _ *http.Request) error {
	writeBody(w, http.StatusOK, []byte(openAPI))
	return nil
}
