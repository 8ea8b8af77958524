package torture

import (
	"context"
	"database/sql"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime/pprof"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/httpapi"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/sqlrepo"
	"github.com/metabuilder/workflow-plugin-attachment-handler/auth"
	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/ratelimit"
	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/redislimit"
	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/token"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/s3blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/services"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/clamd"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// patience is the deadline that a host gives a request and an execution, where
// its services fail.
const patience = 5 * time.Second

func tenants() []string {
	return []string{"7d9c2b1e-0f4a-4c35-9a57-1f0b6f6f3c11", "0b0f7a52-6c4e-4a55-8f43-0c6b1f5d2a90"}
}

const userID = "e2b7f3f0-5d1c-4f6e-8d0a-3a1d2c9b8e22"

// room has every service.
type room struct {
	postgres *services.Postgres
	s3       *services.S3
	clamd    *services.Clamd
	redis    *services.Redis
}

func newRoom(t testing.TB, buckets ...string) room {
	t.Helper()
	return room{services.StartPostgres(t, false), services.StartS3(t, buckets...), services.StartClamd(t, nil), services.StartRedis(t)}
}

// places are where a host finds its services.
type places struct{ database, s3, bucket, clamd, redis string }

// places returns the direct ones, with a new database.
func (rm room) places(t testing.TB, bucket string) places {
	t.Helper()
	database := rm.postgres.NewDatabase(t)
	role, roleURL := rm.postgres.NewRole(t, database)
	db, err := sql.Open("postgres", database)
	require.NoError(t, err)
	defer db.Close()
	_, err = db.Exec("GRANT CREATE ON SCHEMA public TO " + role)
	require.NoError(t, err)
	return places{database: roleURL, s3: rm.s3.Endpoint, bucket: bucket, clamd: rm.clamd.TCP, redis: rm.redis.Addr}
}

// parts are what a host stands on. They are also opened a second time, without
// faults in between, to look at what is left.
type parts struct {
	db    *sqlx.DB
	repo  *sqlrepo.Repository
	bytes *s3blob.Store
	store *tenant.Store
}

func openParts(t testing.TB, rm room, at places) parts {
	t.Helper()
	var p parts
	var err error
	p.db, err = sqlrepo.OpenPostgres(at.database)
	require.NoError(t, err)
	p.db.SetMaxOpenConns(20)
	p.db.SetMaxIdleConns(20)
	t.Cleanup(func() { require.NoError(t, p.db.Close()) })
	p.repo = sqlrepo.NewPostgres(p.db)

	transport := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(transport.CloseIdleConnections)
	client, err := s3blob.NewClient(t.Context(), &s3blob.ClientOptions{
		Endpoint: at.s3, PathStyle: true, Transport: transport,
		Credentials: credentials.NewStaticCredentialsProvider(rm.s3.AccessKey, rm.s3.SecretKey, ""),
	})
	require.NoError(t, err)
	p.bytes, err = s3blob.New(client, at.bucket, &s3blob.Options{PartSize: 5 << 20, PartTimeout: patience})
	require.NoError(t, err)
	p.store = tenant.NewStore(p.bytes, nil)
	return p
}

// host is the library wired together as mailhost does it, with shorter waits.
type host struct {
	parts
	name     string
	patience time.Duration
	handler  *attachment.AttachmentHandler
	ledger   scan.Ledger
	pool     *scan.Pool
	limiter  *ratelimit.Resilient
	issuer   *token.Issuer
	url      string
	client   *http.Client
}

// openHost starts a host that runs until the test ends.
func openHost(t testing.TB, name string, patience time.Duration, rm room, at places) *host {
	t.Helper()
	h := &host{parts: openParts(t, rm, at), name: name, patience: patience}
	require.NoError(t, h.repo.Migrate(t.Context()))

	scanner, err := clamd.New([]string{"tcp://" + at.clamd}, &clamd.Options{Timeout: patience, DialTimeout: time.Second})
	require.NoError(t, err)
	h.ledger = attachment.NewLedger(h.store, h.repo)
	h.pool = scan.NewPool(scan.NewWorker(scanner, h.ledger, &scan.WorkerOptions{
		Lease: 2 * time.Second, Timeout: 2 * patience,
		// Against such pauses the faults last for days.
		Backoff: 100 * time.Millisecond, MaxBackoff: time.Second, MaxOutageBackoff: time.Second, MaxAttempts: 1000,
	}), nil)
	links, err := blob.NewLinkSigner([]blob.LinkKey{{ID: "1", Secret: []byte("a secret of thirty-two bytes, ok")}}, nil)
	require.NoError(t, err)
	h.handler, err = attachment.New(h.store, h.repo, &attachment.Options{Queue: h.pool, Links: links, Backend: "s3", RaceWait: 200 * time.Millisecond})
	require.NoError(t, err)
	h.run(t, h.pool.Run)
	h.run(t, scan.NewReconciler(h.ledger, h.pool, &scan.ReconcilerOptions{Interval: 200 * time.Millisecond}).Run)

	api, err := httpapi.New(h.handler, auth.RequirePermission(tenant.Read), &httpapi.Options{CanAccess: auth.CanAccess})
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(hurried(patience, h.chain(t, at.redis).Handler(api)))
	server.Start()
	t.Cleanup(server.Close)
	h.url = server.URL
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 32
	t.Cleanup(transport.CloseIdleConnections)
	h.client = &http.Client{Transport: transport, Timeout: time.Minute}
	return h
}

// claim has every goroutine that starts from here counted as the host's.
func claim(name string) {
	pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels("host", name)))
}

// run lets a part of the host work until the test ends.
func (h *host) run(t testing.TB, part func(context.Context) error) {
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = part(ctx) })
	t.Cleanup(func() { stop(); running.Wait() })
}

func (h *host) chain(t testing.TB, redisAddr string) *auth.Chain {
	t.Helper()
	key, err := token.NewSecret("1", []byte("nG7!pQ2vX9#rT4mK8$wZ1bY6&cJ3hL5d"))
	require.NoError(t, err)
	keys, err := token.NewKeySet(key)
	require.NoError(t, err)
	h.issuer, err = token.NewIssuer(keys, nil)
	require.NoError(t, err)
	verifier, err := token.NewVerifier(keys, nil)
	require.NoError(t, err)
	authenticator, err := auth.NewAuthenticator(verifier, &auth.AuthenticatorOptions{Public: []string{"GET " + attachment.DownloadPath}})
	require.NoError(t, err)
	shared, err := redislimit.Open("redis://"+redisAddr, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, shared.Close()) })
	h.limiter = ratelimit.NewResilient(shared, nil)
	chain, err := auth.NewChain(authenticator, &auth.ChainOptions{
		Limiter: h.limiter, UserLimit: ratelimit.PerMinute(1_000_000), AddressLimit: ratelimit.PerMinute(1_000_000),
	})
	require.NoError(t, err)
	return chain
}

// hurried bounds every request, as a host must: the API waits for its parts as
// long as the context lasts.
func hurried(patience time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// as acts for a tenant inside the process.
func as(tenantID string) context.Context {
	return tenant.NewContext(context.Background(), tenant.User{
		Tenant: tenantID, ID: userID, Actions: []tenant.Action{tenant.Read, tenant.Write, tenant.Delete},
	})
}

// call sends a request as the tenant's user; "" sends it as nobody. cut says
// that the answer ended early.
func (h *host) call(tenantID, method, path, contentType string, body io.Reader) (status int, answer []byte, cut bool) {
	r, err := http.NewRequest(method, h.url+path, body)
	if err != nil {
		panic(err)
	}
	r.Header.Set("Content-Type", contentType)
	if tenantID != "" {
		bearer, err := h.issuer.Issue(token.Claims{TenantID: tenantID, UserID: userID, Role: "user"})
		if err != nil {
			panic(err)
		}
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	response, err := h.client.Do(r)
	if err != nil {
		return 0, []byte(err.Error()), true
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(response.Body)
	return response.StatusCode, answer, err != nil
}
