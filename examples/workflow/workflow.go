package workflow

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// A Workflow is a list of nodes, executed in order.
type Workflow struct {
	ID      string `json:"id"`
	Name    string `json:"name,omitempty"`
	Version string `json:"version"`
	Nodes   []Node `json:"nodes"`

	// File is where the workflow was loaded from; errors name it.
	File string `json:"-"`
}

// A Node is one step.
type Node struct {
	ID         string         `json:"id"`
	Name       string         `json:"name,omitempty"`
	Type       string         `json:"type"`
	Parameters map[string]any `json:"parameters,omitempty"` // templates not rendered

	// Nodes are executed for each item of a loop. Only loops have any.
	Nodes []Node `json:"nodes,omitempty"`
}

// LoopType is the type of the node that executes its own nodes once for each
// item of the list that its parameter "items" gives.
const LoopType = "loop"

// Limits on a workflow file.
const (
	maxFileBytes = 1 << 20
	maxNesting   = 8
)

// LoadFile loads the workflow in a file.
func LoadFile(path string) (*Workflow, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("workflow: %w", err)
	}
	defer file.Close()
	return Load(path, file)
}

// Load reads a workflow and checks its shape: every node has a type and an id
// of its own, loops have items and nodes, every template parses. file is what
// errors call it. Errors are of type *Error, several at once joined.
func Load(file string, r io.Reader) (*Workflow, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxFileBytes+1))
	if err == nil && len(raw) > maxFileBytes {
		err = ErrTooLarge
	}
	if err != nil {
		return nil, &Error{File: file, Err: err}
	}
	wf := &Workflow{File: file}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields() // a misspelt "parameters" must not pass as none
	if err := decoder.Decode(wf); err != nil {
		return nil, &Error{File: file, Err: describeJSON(raw, decoder.InputOffset(), err)}
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, &Error{File: file, Err: errors.New("more text after the workflow")}
	}
	c := checker{file: file, ids: map[string]bool{}}
	if wf.ID == "" {
		c.fail("", errors.New("workflow without an id"))
	}
	if len(wf.Nodes) == 0 {
		c.fail("", errors.New("workflow without nodes"))
	}
	c.nodes(wf.Nodes, 1)
	return wf, errors.Join(c.errs...)
}

// describeJSON adds the line, which a person looks for, to a decoding error.
func describeJSON(raw []byte, offset int64, err error) error {
	var syntax *json.SyntaxError
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		offset = int64(len(raw))
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &wrongType):
		offset = wrongType.Offset
	}
	line := 1 + bytes.Count(raw[:min(int(offset), len(raw))], []byte("\n"))
	return fmt.Errorf("line %d: %w", line, err)
}

// Check reports every node whose type known does not accept; LoopType is
// always known.
func (wf *Workflow) Check(known func(nodeType string) bool) error {
	c := checker{file: wf.File}
	c.types(wf.Nodes, known)
	return errors.Join(c.errs...)
}

type checker struct {
	file string
	ids  map[string]bool
	errs []error
}

func (c *checker) fail(node string, err error) {
	c.errs = append(c.errs, &Error{File: c.file, Node: node, Err: err})
}

func (c *checker) nodes(nodes []Node, depth int) {
	for i, node := range nodes {
		switch {
		case depth > maxNesting:
			c.fail(node.ID, fmt.Errorf("loops nested deeper than %d", maxNesting))
			return
		case node.ID == "":
			c.fail("", fmt.Errorf("node %d of its list has no id", i+1))
		case c.ids[node.ID]:
			c.fail(node.ID, errors.New("id is taken by another node"))
		}
		c.ids[node.ID] = true
		c.shape(node)
		if err := checkTemplates(c.file, node); err != nil {
			c.errs = append(c.errs, err)
		}
		c.nodes(node.Nodes, depth+1)
	}
}

func (c *checker) shape(node Node) {
	switch {
	case node.Type == "":
		c.fail(node.ID, errors.New("node without a type"))
	case node.Type != LoopType && len(node.Nodes) > 0:
		c.fail(node.ID, fmt.Errorf("only a %q node has nodes of its own", LoopType))
	case node.Type == LoopType && len(node.Nodes) == 0:
		c.fail(node.ID, errors.New("loop without nodes"))
	case node.Type == LoopType && node.Parameters["items"] == nil:
		c.fail(node.ID, errors.New(`loop without the parameter "items"`))
	}
}

func (c *checker) types(nodes []Node, known func(string) bool) {
	for _, node := range nodes {
		if node.Type != LoopType && !known(node.Type) {
			c.fail(node.ID, fmt.Errorf("%w %q", ErrUnknownType, node.Type))
		}
		c.types(node.Nodes, known)
	}
}
