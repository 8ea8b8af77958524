// Package acceptance holds the HTTP API against tools that strangers use: a
// browser, and an OpenAPI validator. It has only tests. It is a module of its
// own so that the library does not depend on those tools.
package acceptance
