package workflow

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// Scope is what the templates of a node can see.
type Scope struct {
	JSON    any            // $json: the output of the node before, or the item
	Context map[string]any // context: what the host started the run with
}

// With returns the scope of the next node: the same context, another $json.
func (s Scope) With(json any) Scope { return Scope{JSON: json, Context: s.Context} }

// Render returns the node's parameters with their templates resolved, at every
// depth. node.Parameters is left as it is. Numbers of the file stay float64,
// as encoding/json reads them. The error, an *Error, names node, parameter and
// template; its File is for the caller to know.
func Render(node Node, scope Scope) (map[string]any, error) {
	rendered, err := (&visitor{node: node.ID, visit: func(t template) (any, string, error) {
		return t.render(scope)
	}}).value("", node.Parameters)
	if err != nil {
		return nil, err
	}
	parameters, _ := rendered.(map[string]any)
	return parameters, nil
}

// Items returns what a loop iterates over: its rendered parameter "items",
// which must be a list. An empty list is fine.
func Items(loop Node, scope Scope) ([]any, error) {
	parameters, err := Render(loop, scope)
	if err != nil {
		return nil, err
	}
	items, err := asList(parameters["items"])
	if err != nil {
		written, _ := loop.Parameters["items"].(string)
		return nil, &Error{Node: loop.ID, Parameter: "items", Template: written, Err: err}
	}
	return items, nil
}

func asList(value any) ([]any, error) {
	if items, ok := value.([]any); ok {
		return items, nil
	}
	list := reflect.ValueOf(value) // a host's own []map[string]any, or the like
	if list.Kind() != reflect.Slice {
		return nil, fmt.Errorf("is %w but a %T", ErrNotList, value)
	}
	items := make([]any, list.Len())
	for i := range items {
		items[i] = list.Index(i).Interface()
	}
	return items, nil
}

// checkTemplates parses every template of a node's parameters.
func checkTemplates(file string, node Node) error {
	v := &visitor{file: file, node: node.ID, visit: func(template) (any, string, error) { return nil, "", nil }}
	_, err := v.value("", node.Parameters)
	return err
}

// maxPathBytes bounds "headers.subject[3]…", and so the depth of parameters.
const maxPathBytes = 1 << 10

// visitor copies a value and puts what visit returns in place of each template.
// Maps are visited in the order of their keys, so that of two mistakes always
// the same one is reported.
type visitor struct {
	file, node string
	visit      func(t template) (value any, failed string, err error)
}

func (v *visitor) value(path string, value any) (any, error) {
	if len(path) > maxPathBytes {
		return nil, &Error{File: v.file, Node: v.node, Parameter: path, Err: errors.New("nested too deep")}
	}
	switch value := value.(type) {
	case string:
		return v.text(path, value)
	case []any:
		list := make([]any, len(value))
		for i, element := range value {
			var err error
			if list[i], err = v.value(fmt.Sprintf("%s[%d]", path, i), element); err != nil {
				return nil, err
			}
		}
		return list, nil
	case map[string]any:
		object := make(map[string]any, len(value))
		for _, key := range slices.Sorted(maps.Keys(value)) {
			at := key
			if path != "" {
				at = path + "." + key
			}
			var err error
			if object[key], err = v.value(at, value[key]); err != nil {
				return nil, err
			}
		}
		return object, nil
	default:
		return value, nil
	}
}

func (v *visitor) text(path, text string) (any, error) {
	t, err := parseTemplate(text)
	if err != nil {
		return nil, &Error{File: v.file, Node: v.node, Parameter: path, Template: text, Err: err}
	}
	value, failed, err := v.visit(t)
	if err != nil {
		return nil, &Error{File: v.file, Node: v.node, Parameter: path, Template: failed, Err: err}
	}
	return value, nil
}
