package workflow_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/workflow"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func load(t *testing.T, nodes string) *workflow.Workflow {
	t.Helper()
	wf, err := workflow.Load("w.json", strings.NewReader(`{"id":"w","version":"1","nodes":[`+nodes+`]}`))
	require.NoError(t, err)
	return wf
}

const (
	listNode = `{"id":"list","type":"list","parameters":{"n":"{{ context.n }}"}}`
	loopNode = `{"id":"each","type":"loop","parameters":{"items":"{{ $json.items }}"},"nodes":[{"id":"work","type":"work","parameters":{"value":"{{ $json.value }}"}}]}`
)

// list puts out n items {"value": 0…}.
func list(_ context.Context, call workflow.Call) (any, error) {
	n := call.Parameters["n"].(int)
	items := make([]any, n)
	for i := range items {
		items[i] = map[string]any{"value": i}
	}
	return map[string]any{"items": items}, nil
}

func TestRunInOrder(t *testing.T) {
	wf := load(t, listNode+","+loopNode+`,{"id":"sum","type":"sum","parameters":{"all":"{{ $json }}"}}`)
	var events []workflow.Event
	runner := workflow.NewRunner(map[string]workflow.Executor{
		"list": list,
		"work": func(_ context.Context, call workflow.Call) (any, error) {
			if call.Parameters["value"] == 3 {
				return nil, errors.New("three")
			}
			return fmt.Sprintf("%s/%s/%d:%v", call.Workflow.ID, call.Node.ID, call.Item, call.Parameters["value"]), nil
		},
		"sum": func(_ context.Context, call workflow.Call) (any, error) {
			require.Equal(t, -1, call.Item)
			return len(call.Parameters["all"].([]any)), nil
		},
	}, &workflow.Options{Parallel: 3, Progress: func(e workflow.Event) { events = append(events, e) }})

	results, err := runner.Run(t.Context(), wf, map[string]any{"n": 10})
	require.NoError(t, err, "a failed item is no failed run")
	require.Len(t, results, 3)
	items := results[1].Items
	require.Len(t, items, 10)
	for i, item := range items {
		require.Equal(t, i, item.Index)
		require.Equal(t, map[string]any{"value": i}, item.JSON)
		if i == 3 {
			require.EqualError(t, item.Err, `w.json: node "work": three`)
			require.Nil(t, results[1].Output.([]any)[i])
			continue
		}
		require.NoError(t, item.Err)
		require.Equal(t, fmt.Sprintf("w/work/%d:%d", i, i), item.Results[0].Output)
		require.Equal(t, item.Results[0].Output, results[1].Output.([]any)[i])
	}
	require.Equal(t, 10, results[2].Output)

	require.Len(t, events, 10)
	seen := map[int]bool{}
	for i, event := range events {
		require.Equal(t, "each", event.Loop)
		require.Equal(t, i+1, event.Done)
		require.Equal(t, 10, event.Total)
		seen[event.Item.Index] = true
	}
	require.Len(t, seen, 10)
}

func TestRunRefusesUnknownTypesBeforeItStarts(t *testing.T) {
	called := false
	runner := workflow.NewRunner(map[string]workflow.Executor{"list": func(context.Context, workflow.Call) (any, error) {
		called = true
		return nil, nil
	}}, nil)
	_, err := runner.Run(t.Context(), load(t, listNode+","+loopNode), nil)
	require.ErrorIs(t, err, workflow.ErrUnknownType)
	require.ErrorContains(t, err, `w.json: node "work"`)
	require.False(t, called)
}

func TestRunStopsAtAFailedNode(t *testing.T) {
	boom := errors.New("boom")
	ran := 0
	runner := workflow.NewRunner(map[string]workflow.Executor{
		"list": func(context.Context, workflow.Call) (any, error) { return nil, boom },
		"work": func(context.Context, workflow.Call) (any, error) { ran++; return nil, nil },
	}, nil)
	results, err := runner.Run(t.Context(), load(t, listNode+","+loopNode), map[string]any{"n": 1})
	require.ErrorIs(t, err, boom)
	require.EqualError(t, err, `w.json: node "list": boom`)
	require.Len(t, results, 1)
	require.Zero(t, ran)
}

func TestTemplateErrorsOfARunNameTheFile(t *testing.T) {
	runner := workflow.NewRunner(map[string]workflow.Executor{
		"list": func(context.Context, workflow.Call) (any, error) {
			return map[string]any{"items": []any{map[string]any{"value": 1}, map[string]any{}}}, nil
		},
		"work": func(context.Context, workflow.Call) (any, error) { return "fine", nil },
	}, nil)
	wf := load(t, listNode+","+loopNode)
	results, err := runner.Run(t.Context(), wf, map[string]any{"n": 1})
	require.NoError(t, err)
	require.NoError(t, results[1].Items[0].Err)
	require.EqualError(t, results[1].Items[1].Err, `w.json: node "work": parameter "value": {{ $json.value }} resolves to nothing`)

	_, err = runner.Run(t.Context(), wf, nil)
	require.EqualError(t, err, `w.json: node "list": parameter "n": {{ context.n }} resolves to nothing`)
}

func TestParallelismIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int32
		runner := workflow.NewRunner(map[string]workflow.Executor{
			"list": list,
			"work": func(context.Context, workflow.Call) (any, error) {
				n := now.Add(1)
				defer now.Add(-1)
				for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
				}
				time.Sleep(time.Second)
				return "done", nil
			},
		}, &workflow.Options{Parallel: 5})
		start := time.Now()
		results, err := runner.Run(t.Context(), load(t, listNode+","+loopNode), map[string]any{"n": 50})
		require.NoError(t, err)
		require.Len(t, results[1].Items, 50)
		require.EqualValues(t, 5, most.Load())
		require.Equal(t, 10*time.Second, time.Since(start)) // the bubble's clock: ten rounds of five
	})
}

func TestCancelStopsTheLoop(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stop")
	var begun atomic.Int32
	runner := workflow.NewRunner(map[string]workflow.Executor{
		"list": list,
		"work": func(ctx context.Context, call workflow.Call) (any, error) {
			if begun.Add(1) == 2 {
				cancel(stop)
			}
			<-ctx.Done()
			return nil, context.Cause(ctx)
		},
	}, &workflow.Options{Parallel: 2})
	results, err := runner.Run(ctx, load(t, listNode+","+loopNode), map[string]any{"n": 100})
	require.ErrorIs(t, err, stop)
	require.EqualValues(t, 2, begun.Load())
	require.Len(t, results, 2)
	for _, item := range results[1].Items {
		require.ErrorIs(t, item.Err, stop)
	}
}

func TestChildrenSeeEachOtherAndLoopsNest(t *testing.T) {
	wf := load(t, `{"id":"outer","type":"loop","parameters":{"items":"{{ context.rows }}"},"nodes":[
		{"id":"double","type":"double","parameters":{"list":"{{ $json }}"}},
		{"id":"inner","type":"loop","parameters":{"items":"{{ $json }}"},"nodes":[{"id":"note","type":"note","parameters":{"v":"{{ $json }}"}}]}]}`)
	var mu sync.Mutex
	total := 0.0
	runner := workflow.NewRunner(map[string]workflow.Executor{
		"double": func(_ context.Context, call workflow.Call) (any, error) {
			list := call.Parameters["list"].([]any)
			return append(list, list...), nil
		},
		"note": func(_ context.Context, call workflow.Call) (any, error) {
			mu.Lock()
			defer mu.Unlock()
			total += call.Parameters["v"].(float64)
			return call.Parameters["v"], nil
		},
	}, nil)
	results, err := runner.Run(t.Context(), wf, map[string]any{"rows": []any{[]any{1.0, 2.0}, []any{10.0}}})
	require.NoError(t, err)
	require.Equal(t, 26.0, total)
	require.Equal(t, []any{[]any{1.0, 2.0, 1.0, 2.0}, []any{10.0, 10.0}}, results[0].Output)
}
