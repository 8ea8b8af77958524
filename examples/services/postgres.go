package services

import (
	"database/sql"
	"fmt"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	_ "github.com/lib/pq" // the driver that NewDatabase connects with
)

// Postgres is a private cluster. Start one per test binary, from the first
// test that needs it, and give each test a database of its own.
type Postgres struct {
	*Process
	Port int
	next atomic.Int64
}

// StartPostgres initialises and starts a cluster. durable keeps fsync on, for
// benchmarks; tests want it off.
func StartPostgres(tb testing.TB, durable bool) *Postgres {
	tb.Helper()
	const install, bin = "apt-get install -y --no-install-recommends postgresql", "/usr/lib/postgresql/*/bin/"
	initdb := find(tb, "initdb", install, bin+"initdb")
	postgres := find(tb, "postgres", install, bin+"postgres")

	dir := tempDir(tb, "postgres")
	boot := exec.Command(initdb, "-D", dir+"/data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")
	boot.Dir = dir
	boot.SysProcAttr = &syscall.SysProcAttr{Credential: credential(tb, "postgres")}
	if out, err := boot.CombinedOutput(); err != nil {
		tb.Fatalf("initdb: %v\n%s", err, out)
	}

	p := &Postgres{Port: FreePort(tb)}
	onOff := map[bool]string{true: "on", false: "off"}[durable]
	p.Process = start(tb, command{
		path: postgres, dir: dir, asUser: "postgres", stopSig: syscall.SIGINT,
		args: []string{
			"-D", dir + "/data", "-k", dir, "-p", fmt.Sprint(p.Port),
			"-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200",
			"-c", "fsync=" + onOff, "-c", "synchronous_commit=" + onOff, "-c", "full_page_writes=" + onOff,
		},
		ready: func() error { return p.exec("postgres", "SELECT 1") },
	})
	return p
}

// URL returns the connection string of a database, as the superuser.
func (p *Postgres) URL(database string) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable", p.Port, database)
}

// NewDatabase creates an empty database and returns its connection string.
func (p *Postgres) NewDatabase(tb testing.TB) string {
	tb.Helper()
	name := fmt.Sprintf("test%d", p.next.Add(1))
	if err := p.exec("postgres", "CREATE DATABASE "+name); err != nil {
		tb.Fatal(err)
	}
	return p.URL(name)
}

// Clone creates a database with everything that is in another one, to which
// nobody may be connected, and returns its connection string.
func (p *Postgres) Clone(tb testing.TB, url string) string {
	tb.Helper()
	original := strings.TrimPrefix(strings.TrimSuffix(url, "?sslmode=disable"), strings.TrimSuffix(p.URL(""), "?sslmode=disable"))
	name := fmt.Sprintf("test%d", p.next.Add(1))
	if err := p.exec("postgres", "CREATE DATABASE "+name+" TEMPLATE "+original); err != nil {
		tb.Fatal(err)
	}
	return p.URL(name)
}

// NewRole creates a login role without any right but to connect, and returns
// url with that role in it. It is what a careful host runs the library as.
func (p *Postgres) NewRole(tb testing.TB, url string) (role, roleURL string) {
	tb.Helper()
	role = fmt.Sprintf("role%d", p.next.Add(1))
	if err := p.exec("postgres", "CREATE ROLE "+role+" LOGIN NOSUPERUSER NOBYPASSRLS"); err != nil {
		tb.Fatal(err)
	}
	return role, strings.Replace(url, "postgres@", role+"@", 1)
}

func (p *Postgres) exec(database, query string) error {
	db, err := sql.Open("postgres", p.URL(database))
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Exec(query)
	return err
}
