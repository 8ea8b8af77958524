package fsblob_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/fsblob"
)

const tracedPuts = 1000

// putsChild puts blobs and says so on stdout after each.
func putsChild(dir string) int {
	return report(func() error {
		s, err := fsblob.New(dir, nil)
		for i := 0; i < tracedPuts && err == nil; i++ {
			size := 100 + i
			if i%50 == 0 {
				size = 600_000 // more than one chunk
			}
			if err = put(context.Background(), s, fmt.Sprint(i), make([]byte, size), nil); err == nil {
				_, err = fmt.Fprintf(os.Stdout, "stored %d\n", i)
			}
		}
		return err
	})
}

// A call is one system call in a trace, from the line where it starts to the
// line where it returns.
type call struct {
	name, args string
	start, end int
	failed     bool
}

// TestOrderOfSystemCalls watches 1,000 puts: the bytes are written before the
// file is synced, that before it is linked, that before the folder is synced,
// and that before anybody hears of it.
func TestOrderOfSystemCalls(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		missing(t, "strace is not installed; install it with: apt-get install -y --no-install-recommends strace")
	}
	dir := filepath.Join(t.TempDir(), "new", "store")
	log := filepath.Join(t.TempDir(), "trace")
	cmd := child(t, "puts", dir, strace, "-f", "--seccomp-bpf", "-y", "-s", "80", "-o", log,
		"-e", "trace=write,pwrite64,fsync,fdatasync,mkdirat,linkat,renameat,renameat2,unlinkat")
	out, err := cmd.CombinedOutput()
	if err != nil && strings.Contains(string(out), "Operation not permitted") {
		missing(t, "strace may not trace here: "+string(out))
	}
	require.NoError(t, err, "%.2000s", out)

	parent := filepath.Dir(dir)
	trace := readTrace(t, log)
	for _, folder := range []string{filepath.Dir(parent), parent} {
		require.Less(t, only(t, trace.syncs[folder], "sync of "+folder).end, trace.stored[0].start)
	}
	made := only(t, trace.syncs[dir], "sync of the store's folder")
	require.Less(t, made.end, trace.stored[0].start)
	for i := range tracedPuts {
		hash := fmt.Sprintf("%x", sha256.Sum256([]byte(fmt.Sprint(i))))
		shard := filepath.Join(dir, hash[:2])
		link, ok := trace.links[hash]
		require.True(t, ok, "put %d links nothing", i)
		temp := filepath.Join(dir, "tmp", link.from)

		written := trace.writes[temp]
		require.NotEmpty(t, written, "put %d writes nothing", i)
		fileSync := only(t, trace.syncs[temp], "sync of a file")
		folderSync := between(trace.syncs[shard], link.end, trace.stored[i].start)

		require.Less(t, written[len(written)-1].end, fileSync.start, "put %d: written before the file is synced", i)
		require.Less(t, fileSync.end, link.start, "put %d: file synced before it is linked", i)
		require.Len(t, folderSync, 1, "put %d: folder synced once between link and acknowledgement", i)
		require.Less(t, trace.made[hash[:2]].end, made.start, "shard made before the folder is synced")
		require.Less(t, link.start, trace.removed[link.from].start, "put %d: never without a name", i)
	}
	require.Len(t, trace.links, tracedPuts)
	syncs := 0
	for _, calls := range trace.syncs {
		syncs += len(calls)
	}
	require.Equal(t, 3+2*tracedPuts, syncs, "two syncs for each put, one for each folder, and no more")
}

type trace struct {
	writes  map[string][]call // by path
	syncs   map[string][]call // by path
	links   map[string]linked // by new name
	removed map[string]call   // by name
	made    map[string]call   // by name
	stored  []call            // the acknowledgements
}

type linked struct {
	call
	from string
}

func readTrace(t *testing.T, log string) trace {
	tr := trace{
		writes: make(map[string][]call), syncs: make(map[string][]call),
		links: make(map[string]linked), removed: make(map[string]call), made: make(map[string]call),
	}
	fd := regexp.MustCompile(`^\d+<([^>]*)>`)
	quoted := regexp.MustCompile(`"([^"]*)"`)
	for _, c := range readCalls(t, log) {
		if c.failed {
			continue
		}
		path := ""
		if m := fd.FindStringSubmatch(c.args); m != nil {
			path = m[1]
		}
		var names []string
		for _, m := range quoted.FindAllStringSubmatch(c.args, -1) {
			names = append(names, m[1])
		}
		switch c.name {
		case "fsync", "fdatasync":
			tr.syncs[path] = append(tr.syncs[path], c)
		case "linkat":
			tr.links[names[1]] = linked{c, names[0]}
		case "mkdirat":
			tr.made[names[0]] = c
		case "unlinkat":
			tr.removed[names[0]] = c
		case "write", "pwrite64":
			if strings.Contains(c.args, `"stored `) {
				tr.stored = append(tr.stored, c)
			}
			tr.writes[path] = append(tr.writes[path], c)
		default:
			require.Fail(t, "the store publishes by "+c.name+", which this test does not know")
		}
	}
	require.Len(t, tr.stored, tracedPuts)
	return tr
}

// readCalls reads what `strace -f -o` writes: calls on one line, or split in
// "PID name(args <unfinished ...>" and "PID <... name resumed>rest".
func readCalls(t *testing.T, log string) (calls []call) {
	whole := regexp.MustCompile(`^(\d+) +(\w+)\((.*)\) += (-?\d+)`)
	begun := regexp.MustCompile(`^(\d+) +(\w+)\((.*) <unfinished \.\.\.>$`)
	resumed := regexp.MustCompile(`^(\d+) +<\.\.\. (\w+) resumed>.*\) += (-?\d+)`)
	f, err := os.Open(log)
	require.NoError(t, err)
	defer f.Close()
	open := make(map[string]call) // by PID
	lines := bufio.NewScanner(f)
	for n := 0; lines.Scan(); n++ {
		line := lines.Text()
		if m := whole.FindStringSubmatch(line); m != nil {
			calls = append(calls, call{m[2], m[3], n, n, m[4][0] == '-'})
		} else if m := begun.FindStringSubmatch(line); m != nil {
			open[m[1]] = call{name: m[2], args: m[3], start: n}
		} else if m := resumed.FindStringSubmatch(line); m != nil {
			c := open[m[1]]
			c.end, c.failed = n, m[3][0] == '-'
			calls = append(calls, c)
		}
	}
	require.NoError(t, lines.Err())
	return calls
}

func only(t *testing.T, calls []call, what string) call {
	t.Helper()
	require.Len(t, calls, 1, what)
	return calls[0]
}

func between(calls []call, after, before int) (found []call) {
	for _, c := range calls {
		if c.start > after && c.end < before {
			found = append(found, c)
		}
	}
	return found
}
