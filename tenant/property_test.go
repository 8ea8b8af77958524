package tenant_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/blobtest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// TestUsageIsTheSumOfSizes runs random calls of two tenants and compares with
// a model after each.
func TestUsageIsTheSumOfSizes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		const maxBytes, maxBlobs = 200_000, 6
		ctx := t.Context()
		m := &tenant.Memory{}
		s := tenant.NewStore(memblob.New(nil), &tenant.StoreOptions{Manager: m})
		tenants, keys := []string{"a", "a.b"}, []string{"k", "l", "m/n", "a/k"}
		stored := map[string]map[string]int64{"a": {}, "a.b": {}}
		for _, id := range tenants {
			require.NoError(t, m.SetLimits(id, tenant.Limits{MaxBytes: maxBytes, MaxBlobs: maxBlobs}))
		}
		sum := func(id string) (u tenant.Usage) {
			for _, size := range stored[id] {
				u.Bytes += size
				u.Blobs++
			}
			return u
		}
		type open struct {
			w       blob.Writer
			id, key string
			size    int64
			wrong   bool // fewer bytes than announced
		}
		var writers []open
		anyTenant, anyKey := rapid.SampledFrom(tenants), rapid.SampledFrom(keys)
		pick := func(rt *rapid.T) open {
			if len(writers) == 0 {
				rt.Skip("no writer is open")
			}
			i := rapid.IntRange(0, len(writers)-1).Draw(rt, "writer")
			o := writers[i]
			writers = append(writers[:i], writers[i+1:]...)
			return o
		}
		rt.Repeat(map[string]func(*rapid.T){
			"write": func(rt *rapid.T) {
				o := open{id: anyTenant.Draw(rt, "tenant"), key: anyKey.Draw(rt, "key"), wrong: rapid.Bool().Draw(rt, "wrong")}
				o.size = rapid.Int64Range(0, 120_000).Draw(rt, "size")
				opts := &blob.WriteOptions{}
				if rapid.Bool().Draw(rt, "announced") || o.wrong {
					opts.Size = o.size
				}
				if o.wrong {
					opts.Size++
				}
				w, err := s.Create(as(ctx, o.id), o.key, opts)
				if err == nil {
					_, err = w.Write(make([]byte, o.size))
				}
				if err == nil {
					o.w = w
					writers = append(writers, o)
					return
				}
				if w != nil {
					require.NoError(rt, w.Abort())
				}
				if !errors.Is(err, blob.ErrExists) {
					require.ErrorIs(rt, err, tenant.ErrQuota)
				}
			},
			"commit": func(rt *rapid.T) {
				o := pick(rt)
				_, err := o.w.Commit(as(ctx, o.id))
				_, taken := stored[o.id][o.key]
				switch {
				case o.wrong && !taken:
					require.ErrorIs(rt, err, blob.ErrMismatch)
				case o.wrong:
					require.Error(rt, err)
				case taken:
					require.ErrorIs(rt, err, blob.ErrExists)
				default:
					require.NoError(rt, err)
					stored[o.id][o.key] = o.size
				}
			},
			"abort": func(rt *rapid.T) { require.NoError(rt, pick(rt).w.Abort()) },
			"delete": func(rt *rapid.T) {
				id, key := anyTenant.Draw(rt, "tenant"), anyKey.Draw(rt, "key")
				require.NoError(rt, s.Delete(as(ctx, id), key))
				delete(stored[id], key)
			},
			"copy": func(rt *rapid.T) {
				id, dst, src := anyTenant.Draw(rt, "tenant"), anyKey.Draw(rt, "dst"), anyKey.Draw(rt, "src")
				_, err := s.Copy(as(ctx, id), dst, src)
				size, found := stored[id][src]
				switch _, taken := stored[id][dst]; {
				case !found:
					require.ErrorIs(rt, err, blob.ErrNotFound)
				case errors.Is(err, tenant.ErrQuota):
				case taken:
					require.ErrorIs(rt, err, blob.ErrExists)
				default:
					require.NoError(rt, err)
					stored[id][dst] = size
				}
			},
			"": func(rt *rapid.T) {
				for _, id := range tenants {
					counted, err := m.Usage(id)
					require.NoError(rt, err)
					require.LessOrEqual(rt, counted.Bytes, int64(maxBytes))
					require.LessOrEqual(rt, counted.Blobs, int64(maxBlobs))
					measured, err := s.Measure(as(ctx, id))
					require.NoError(rt, err)
					require.Equal(rt, sum(id), measured)

					want := sum(id)
					for _, o := range writers {
						if o.id == id {
							want.Bytes += o.size
							want.Blobs++
						}
					}
					require.GreaterOrEqual(rt, counted.Bytes, want.Bytes, "what is written is reserved")
					require.Equal(rt, want.Blobs, counted.Blobs)
				}
			},
		})
		for _, o := range writers {
			require.NoError(t, o.w.Abort())
		}
		for _, id := range tenants {
			settled(t, s, m, id)
		}
	})
}

// TestFaultsNeverLoseCount: whatever fails, a Delete that succeeds puts the
// count of its key right.
func TestFaultsNeverLoseCount(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		ctx := as(t.Context(), "acme")
		inner := blobtest.NewFaulty(memblob.New(nil))
		m := &unreachable{}
		require.NoError(rt, m.SetLimits("acme", tenant.Limits{}))
		s := tenant.NewStore(inner, &tenant.StoreOptions{Manager: m})
		use := func() tenant.Usage {
			u, err := m.Usage("acme")
			require.NoError(rt, err)
			return u
		}
		// A key has one writer at a time, as the port's users have it: which of
		// two wrote what is there, nobody could tell afterwards.
		free := func(key string) bool {
			_, err := inner.Store.Open(t.Context(), "acme/"+key, 0, 0)
			return errors.Is(err, blob.ErrNotFound)
		}
		key := rapid.Custom(func(rt *rapid.T) string { return fmt.Sprint(rapid.IntRange(0, 3).Draw(rt, "key")) })
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			inner.Heal()
			if op := rapid.SampledFrom([]string{"", "create", "write", "commit", "commit", "delete", "copy", "stat"}).Draw(rt, "fault"); op != "" {
				inner.Inject(blobtest.Fault{Op: op, After: rapid.Bool().Draw(rt, "after")})
			}
			m.release.Store(rapid.IntRange(0, 3).Draw(rt, "release") == 0)
			switch rapid.IntRange(0, 3).Draw(rt, "call") {
			case 0, 1:
				k := key.Draw(rt, "put")
				if !free(k) {
					continue
				}
				_ = upload(ctx, s, k, rapid.IntRange(0, 1000).Draw(rt, "size"), 300, rapid.Bool().Draw(rt, "announced"))
			case 2:
				_ = s.Delete(ctx, key.Draw(rt, "delete"))
			case 3:
				if dst := key.Draw(rt, "dst"); free(dst) {
					_, _ = s.Copy(ctx, dst, key.Draw(rt, "src"))
				}
			}
			counted := use()
			inner.Heal()
			stored, err := s.Measure(ctx)
			require.NoError(rt, err)
			require.GreaterOrEqual(rt, counted.Bytes, stored.Bytes, "never charged with less than is there")
			require.GreaterOrEqual(rt, counted.Blobs, stored.Blobs)
		}
		inner.Heal()
		m.release.Store(false)
		for i := range 4 {
			require.NoError(rt, s.Delete(ctx, fmt.Sprint(i)))
		}
		require.Zero(rt, use())
	})
}
