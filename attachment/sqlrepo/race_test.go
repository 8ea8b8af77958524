package sqlrepo_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/attachmenttest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/sqlrepo"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/fsblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// The race harness: 64 actors of 4 tenants put, delete, read, list and sweep
// at once, over few contents, so that every content is forever losing its last
// reference and being stored again. Each actor keeps a model of its own
// message and compares.
//
// RACE_SECONDS sets how long each of the three goes on, TORTURE_SEED what each
// actor does.

func raceTime() time.Duration {
	if n, err := strconv.Atoi(os.Getenv("RACE_SECONDS")); err == nil {
		return time.Duration(n) * time.Second
	}
	return 2 * time.Second
}

func TestRacesInMemory(t *testing.T) {
	race(t, attachmenttest.NewRepository(), memblob.New(nil))
}

func TestRacesOnSQLite(t *testing.T) {
	files, err := fsblob.New(filepath.Join(t.TempDir(), "blobs"), nil)
	require.NoError(t, err)
	race(t, openSQLite(t), files)
}

func TestRacesOnPostgres(t *testing.T) {
	db := connect(t, startPostgres(t).database(t))
	db.SetMaxOpenConns(40)
	race(t, sqlrepo.NewPostgres(db), memblob.New(nil))
}

// actor plays one user of one tenant.
type actor struct {
	t       *testing.T
	handler *attachment.AttachmentHandler
	ctx     context.Context
	tenant  string
	message string
	rand    *rand.Rand
	live    map[string][]byte // by attachment id
	names   map[string]string // attachment id by name
	foreign func() string     // an attachment id of another tenant
	puts    int
}

func race(t *testing.T, repo attachment.Repository, raw blob.Store) {
	store := tenant.NewStore(raw, nil)
	handler, err := attachment.New(store, repo, nil)
	require.NoError(t, err)
	contents := make([][]byte, 12)
	for i := range contents {
		contents[i] = bytes.Repeat([]byte{'a' + byte(i)}, 100*(i+1))
	}
	var mu sync.Mutex
	seen := map[string]string{} // tenant by attachment id
	actors := make([]*actor, 64)
	var wg sync.WaitGroup
	seed, end := tortureSeed(t), time.Now().Add(raceTime())
	for i := range actors {
		a := &actor{
			t: t, handler: handler, tenant: fmt.Sprintf("tenant%d", i%4), message: fmt.Sprintf("m%d", i),
			rand: chance(seed, uint64(i)), live: map[string][]byte{}, names: map[string]string{},
		}
		a.ctx = tenant.NewContext(t.Context(), tenant.User{Tenant: a.tenant, ID: "u", Actions: []tenant.Action{tenant.Read, tenant.Write, tenant.Delete}})
		a.foreign = func() string {
			mu.Lock()
			defer mu.Unlock()
			for id, owner := range seen {
				if owner != a.tenant {
					return id
				}
			}
			return ""
		}
		actors[i] = a
		wg.Go(func() {
			for time.Now().Before(end) && !t.Failed() {
				if id := a.act(contents); id != "" {
					mu.Lock()
					seen[id] = a.tenant
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	puts := 0
	for _, a := range actors {
		for id, content := range a.live {
			a.read(id, content)
		}
		a.list()
		puts += a.puts
	}
	t.Logf("%d attachments", puts)
	settled(t, handler, repo, raw)
}

// act does one thing at random; it returns the id of what it stored.
func (a *actor) act(contents [][]byte) string {
	switch n := a.rand.IntN(20); {
	case n < 9:
		return a.put(contents[a.rand.IntN(len(contents))])
	case n < 14:
		if id := a.any(); id != "" {
			a.check("delete", a.handler.Delete(a.ctx, id))
			delete(a.live, id)
			for name, named := range a.names {
				if named == id {
					delete(a.names, name)
				}
			}
		}
	case n < 17:
		if id := a.any(); id != "" {
			a.read(id, a.live[id])
		}
	case n < 18:
		a.list()
	case n < 19:
		if id := a.foreign(); id != "" {
			if _, err := a.handler.Get(a.ctx, id); !errors.Is(err, attachment.ErrNotFound) {
				a.t.Errorf("another tenant's attachment: %v", err)
			}
		}
	default:
		_, err := a.handler.Sweep(context.WithoutCancel(a.t.Context()), &attachment.SweepOptions{DeletedGrace: time.Nanosecond})
		a.check("sweep", err)
	}
	return ""
}

// any picks what is live by the seed, "" if nothing is.
func (a *actor) any() string {
	ids := slices.Sorted(maps.Keys(a.live))
	if len(ids) == 0 {
		return ""
	}
	return ids[a.rand.IntN(len(ids))]
}

func (a *actor) put(content []byte) string {
	a.puts++
	name := fmt.Sprintf("%d.txt", a.rand.IntN(8)) + string(content[:1]) + ".txt"
	input := attachment.Input{
		MessageID: a.message, Filename: name, Size: int64(len(content)), Data: bytes.NewReader(content), SkipVirusScan: true,
	}
	processed, err := a.handler.Process(a.ctx, input)
	a.check("put", err)
	if err != nil {
		return ""
	}
	record, err := a.handler.Get(a.ctx, processed.AttachmentID)
	// A name that was deleted and not yet purged is still there, deleted; it
	// may be purged at any moment.
	if errors.Is(err, attachment.ErrNotFound) || err == nil && record.IsDeleted {
		return ""
	}
	a.check("get", err)
	if known, ok := a.names[name]; ok && known != processed.AttachmentID {
		a.t.Errorf("a replay gave %s and then %s", known, processed.AttachmentID)
	}
	a.names[name], a.live[processed.AttachmentID] = processed.AttachmentID, content
	return processed.AttachmentID
}

func (a *actor) read(id string, want []byte) {
	record, err := a.handler.Get(a.ctx, id)
	a.check("get", err)
	r, err := a.handler.Open(a.ctx, record, 0, -1)
	a.check("open", err)
	if err != nil {
		return
	}
	defer r.Close()
	got, err := io.ReadAll(r)
	a.check("read", err)
	if !bytes.Equal(got, want) {
		a.t.Errorf("attachment %s has other bytes", id)
	}
}

func (a *actor) list() {
	page, err := a.handler.List(a.ctx, attachment.Query{MessageID: a.message, Limit: 500})
	a.check("list", err)
	var got, want []string
	for _, record := range page.Records {
		if record.TenantID != a.tenant {
			a.t.Errorf("%s sees %s of %s", a.tenant, record.ID, record.TenantID)
		}
		got = append(got, record.ID)
	}
	for id := range a.live {
		want = append(want, id)
	}
	slices.Sort(got)
	slices.Sort(want)
	if err == nil && !slices.Equal(got, want) {
		a.t.Errorf("list shows %v, model has %v", got, want)
	}
}

func (a *actor) check(what string, err error) {
	if err != nil {
		a.t.Errorf("%s: %v", what, err)
	}
}

// settled sweeps to the end and compares what is stored with what is referred
// to.
func settled(t *testing.T, handler *attachment.AttachmentHandler, repo attachment.Repository, raw blob.Store) {
	t.Helper()
	for range 2 {
		_, err := handler.Sweep(t.Context(), &attachment.SweepOptions{DeletedGrace: time.Nanosecond, IntentGrace: time.Nanosecond})
		require.NoError(t, err)
	}
	keys := map[string]bool{}
	for i := range 4 {
		id := fmt.Sprintf("tenant%d", i)
		ctx := tenant.NewContext(t.Context(), tenant.User{Tenant: id, ID: "u", Actions: []tenant.Action{tenant.Read}})
		for q := (attachment.Query{Limit: 500}); ; {
			page, err := repo.List(ctx, q)
			require.NoError(t, err)
			for _, record := range page.Records {
				keys[tenant.Namespace(id)+record.StorageKey] = true
			}
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
		}
	}
	lister, ok := blob.As[blob.Lister](raw)
	require.True(t, ok)
	stored := 0
	for info, err := range lister.List(t.Context(), "") {
		require.NoError(t, err)
		require.True(t, keys[info.Key], "an orphan: %s", info.Key)
		stored++
	}
	require.Equal(t, len(keys), stored)
}
