package workflow

import (
	"cmp"
	"context"
	"sync"

	"golang.org/x/sync/errgroup"
)

// An Executor executes nodes of one type. What it returns is $json for the
// next node. The runner calls it from several goroutines.
type Executor func(ctx context.Context, call Call) (output any, err error)

// A Call is one execution of a node.
type Call struct {
	Workflow   *Workflow
	Node       Node           // as the file has it
	Parameters map[string]any // rendered
	Item       int            // index in the loop around the node; -1 outside
}

// Options shape a Runner.
type Options struct {
	Parallel int         // Items of one loop at a time. Defaults to 4.
	Progress func(Event) // Called after each item, one call at a time. Defaults to none.
}

// Event says that an item of a loop is done.
type Event struct {
	Loop  string // the loop's id
	Item  Item
	Done  int // items done so far
	Total int
}

// Result is what became of one node.
type Result struct {
	Node   string // id
	Output any
	Err    error // an *Error, or nil

	// Items are a loop's, in the order of its list. A failed item is no
	// failure of the loop; Output then has nil in its place and otherwise the
	// output of the item's last node.
	Items []Item
}

// Item is what became of one item of a loop.
type Item struct {
	Index   int
	JSON    any      // the item itself
	Results []Result // of the loop's nodes, up to the one that failed
	Err     error    // why it failed, or was not begun; nil if all went well
}

// A Runner executes workflows in this process. It is safe for concurrent use.
type Runner struct {
	executors map[string]Executor
	opts      Options
}

// NewRunner returns a runner that knows the node types given, and LoopType.
func NewRunner(executors map[string]Executor, opts *Options) *Runner {
	r := &Runner{executors: executors}
	if opts != nil {
		r.opts = *opts
	}
	r.opts.Parallel = cmp.Or(r.opts.Parallel, 4)
	return r
}

// Run executes the nodes of wf in order, each with the output of the one
// before as $json; the first sees nothing there. It returns the results so
// far, and an error if a node outside of loops failed or ctx is done. Nothing
// is executed if wf has a node of unknown type.
func (r *Runner) Run(ctx context.Context, wf *Workflow, values map[string]any) ([]Result, error) {
	if err := wf.Check(func(nodeType string) bool { return r.executors[nodeType] != nil }); err != nil {
		return nil, err
	}
	run := &run{Runner: r, workflow: wf}
	return run.nodes(ctx, wf.Nodes, Scope{Context: values}, -1)
}

// run is one execution of one workflow.
type run struct {
	*Runner
	workflow *Workflow
	progress sync.Mutex
}

func (r *run) nodes(ctx context.Context, nodes []Node, scope Scope, item int) ([]Result, error) {
	var results []Result
	for _, node := range nodes {
		if ctx.Err() != nil {
			return results, r.locate(node, context.Cause(ctx))
		}
		result := r.node(ctx, node, scope, item)
		results = append(results, result)
		if result.Err != nil {
			return results, result.Err
		}
		scope = scope.With(result.Output)
	}
	return results, nil
}

func (r *run) node(ctx context.Context, node Node, scope Scope, item int) Result {
	result := Result{Node: node.ID}
	var err error
	if node.Type == LoopType {
		result.Items, result.Output, err = r.loop(ctx, node, scope)
	} else {
		result.Output, err = r.execute(ctx, node, scope, item)
	}
	result.Err = r.locate(node, err)
	return result
}

func (r *run) execute(ctx context.Context, node Node, scope Scope, item int) (any, error) {
	parameters, err := Render(node, scope)
	if err != nil {
		return nil, err
	}
	return r.executors[node.Type](ctx, Call{Workflow: r.workflow, Node: node, Parameters: parameters, Item: item})
}

// loop executes the node's own nodes for every item. It fails only if it has
// no list or ctx is done.
func (r *run) loop(ctx context.Context, node Node, scope Scope) (items []Item, output any, err error) {
	list, err := Items(node, scope)
	if err != nil {
		return nil, nil, err
	}
	items, outputs := make([]Item, len(list)), make([]any, len(list))
	done := 0
	var group errgroup.Group
	group.SetLimit(r.opts.Parallel)
	for i, json := range list {
		group.Go(func() error {
			item := Item{Index: i, JSON: json}
			item.Results, item.Err = r.nodes(ctx, node.Nodes, scope.With(json), i)
			if item.Err == nil {
				outputs[i] = item.Results[len(item.Results)-1].Output
			}
			items[i] = item

			r.progress.Lock()
			defer r.progress.Unlock()
			done++
			if r.opts.Progress != nil {
				r.opts.Progress(Event{Loop: node.ID, Item: item, Done: done, Total: len(list)})
			}
			return nil
		})
	}
	_ = group.Wait() // no item's failure is the loop's
	return items, outputs, context.Cause(ctx)
}

// locate says in which file and node err happened, unless it says so itself.
func (r *run) locate(node Node, err error) error {
	if err == nil {
		return nil
	}
	known, ok := err.(*Error)
	if !ok {
		return &Error{File: r.workflow.File, Node: node.ID, Err: err}
	}
	located := *known
	located.File = r.workflow.File
	return &located
}
