package token

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every object that parseObject accepts has the members that encoding/json
// sees, and every object that it refuses has a reason.
func FuzzParseObject(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":1}`, ` { "a" : [1,"]",{"b":"}"}] , "c" : null } `, `{"a":1,"A":2}`, `{"a":"\"\\","":-1e5}`, `[]`, `{"a":true}x`, "{\"\xff\":1}", `{"\ud800":1,"\udfff":2}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got := map[string]string{}
		err := parseObject(data, func(name string, value []byte) error {
			got[name] = string(value)
			return nil
		})
		var want map[string]json.RawMessage
		if json.Unmarshal(data, &want) != nil || want == nil {
			require.ErrorIs(t, err, ErrMalformed)
			return
		}
		if err != nil {
			require.ErrorIs(t, err, ErrMalformed)
			return // broken UTF-8, twice, or too many: TestAttacks tells them apart
		}
		require.Equal(t, slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got)))
		for name, value := range want {
			require.Equal(t, strings.TrimSpace(string(value)), got[name])
		}
	})
}
