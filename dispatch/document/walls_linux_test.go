package document

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"quangtri.gov.vn/vanthu/dispatch"
)

// unshareUser asks for a user namespace without leaving this process's own.
func unshareUser() error {
	cmd := exec.Command("/bin/true")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER}
	return cmd.Run()
}

// probe tries something inside the walls, with namespaces or as on a system
// that refuses them, and returns what the worker says of it.
func probe(t *testing.T, r *Reader, what string, with ...any) string {
	t.Helper()
	order := probeMark + what + " " + strings.TrimSuffix(fmt.Sprintln(with...), "\n")
	out, err := r.work(t.Context(), task{Size: int64(len(order)), CacheDir: r.o.CacheDir, Tesseract: noTesseract, Warmed: r.compiled()}, []byte(order))
	if err != nil {
		t.Fatalf("probe %s: %v", what, err)
	}
	return string(out)
}

// bothCages runs a test with namespaces and without.
func bothCages(t *testing.T, test func(*testing.T, *Reader)) {
	for _, bare := range []bool{false, true} {
		t.Run(map[bool]string{false: "namespaces", true: "bare"}[bare], func(t *testing.T) {
			t.Parallel()
			r := NewReader(testOptions)
			r.bare.Store(bare)
			test(t, r)
		})
	}
}

func TestWorkerLimits(t *testing.T) {
	t.Parallel()
	want := map[string]uint64{"cpu": uint64(textTime/time.Second) + 1, "data": limitData, "space": limitSpace, "core": 0, "open": limitOpen, "file": limitFile}
	if !memoryLimits {
		delete(want, "data")
		delete(want, "space")
	}
	bothCages(t, func(t *testing.T, r *Reader) {
		var got map[string][2]uint64
		if err := json.Unmarshal([]byte(probe(t, r, "limits")), &got); err != nil {
			t.Fatal(err)
		}
		for name, n := range want {
			if l := got[name]; l[0] > n || l[1] > n {
				t.Errorf("%s: limits %v, want at most %d", name, l, n)
			}
		}
	})
}

// TestWorkerHasNoNetwork: neither a listener on this machine nor any other
// socket can be had, whether or not there are namespaces.
func TestWorkerHasNoNetwork(t *testing.T) {
	t.Parallel()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tcp.Close() })
	path := filepath.Join(t.TempDir(), "s")
	local, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { local.Close() })
	bothCages(t, func(t *testing.T, r *Reader) {
		for network, address := range map[string]string{"tcp": tcp.Addr().String(), "udp": tcp.Addr().String(), "unix": path} {
			if got := probe(t, r, "dial", network, address); !strings.Contains(got, "operation not permitted") {
				t.Errorf("dial %s: %s", network, got)
			}
		}
	})
}

// TestWorkerNamespace: where the system gives namespaces, the worker's network
// is not this process's.
func TestWorkerNamespace(t *testing.T) {
	t.Parallel()
	r := NewReader(testOptions)
	got := probe(t, r, "readlink", "/proc/self/ns/net")
	own, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	if refused := unshareUser(); refused != nil {
		t.Logf("the system refuses namespaces: %v", refused)
		return
	}
	if got == own || !strings.HasPrefix(got, "net:[") {
		t.Errorf("the worker's network is %s, this process's %s", got, own)
	}
}

// TestWorkerHasNoFiles: nothing of the service can be read, listed, changed or
// removed, and no code can be left for later workers outside their own directory.
func TestWorkerHasNoFiles(t *testing.T) {
	t.Parallel()
	if landlockVersion() == 0 {
		t.Log("this kernel has no Landlock: there is no wall around files")
		return
	}
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	bothCages(t, func(t *testing.T, r *Reader) {
		for _, try := range [][]any{{"read", secret}, {"write", secret}, {"remove", secret}, {"list", dir}, {"write", filepath.Join(dir, "new")},
			{"read", "/etc/passwd"}, {"list", "/"}, {"list", "/proc"}} {
			if got := probe(t, r, try[0].(string), try[1]); !strings.Contains(got, "permission denied") {
				t.Errorf("%v: %s", try, got)
			}
		}
	})
}

// TestWorkerLeavesNoCode: once compiled code is there, a worker that a file has
// taken over cannot put other code in its place for the workers after it. Where
// someone has emptied the directory, a worker may fill it again.
func TestWorkerLeavesNoCode(t *testing.T) {
	t.Parallel()
	if landlockVersion() == 0 {
		t.Log("this kernel has no Landlock: there is no wall around files")
		return
	}
	r := NewReader(testOptions)
	if err := r.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := probe(t, r, "write", filepath.Join(r.o.CacheDir, "new")); !strings.Contains(got, "permission denied") {
		t.Errorf("write: %s", got)
	}
	code, err := filepath.Glob(filepath.Join(r.o.CacheDir, "*", "*"))
	if err != nil || len(code) == 0 {
		t.Fatalf("no compiled code: %v", err)
	}
	if got := probe(t, r, "remove", code[0]); !strings.Contains(got, "permission denied") {
		t.Errorf("remove: %s", got)
	}
	r.o.CacheDir = filepath.Join(t.TempDir(), "cache")
	if got := probe(t, r, "write", filepath.Join(r.o.CacheDir, "new")); got != "done" {
		t.Errorf("write into an emptied directory: %s", got)
	}
}

// TestWorkerStaysInGroup: a worker cannot leave the group that is killed, make
// namespaces of its own, or signal a process outside.
func TestWorkerStaysInGroup(t *testing.T) {
	t.Parallel()
	victim := exec.Command("/bin/sleep", "1000")
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = victim.Process.Kill()
		_ = victim.Wait()
	})
	bothCages(t, func(t *testing.T, r *Reader) {
		for _, what := range []string{"leave", "session", "unshare"} {
			if got := probe(t, r, what); !strings.Contains(got, "operation not permitted") {
				t.Errorf("%s: %s", what, got)
			}
		}
		if landlockVersion() < 6 {
			t.Log("this kernel does not bound signals")
			return
		}
		if got := probe(t, r, "kill", victim.Process.Pid); got == "done" {
			t.Error("the worker killed a process outside")
		}
	})
}

// TestTimeoutKillsGroup: when the time is over, what the worker started is
// killed with it.
func TestTimeoutKillsGroup(t *testing.T) {
	t.Parallel()
	bothCages(t, func(t *testing.T, r *Reader) {
		mark := fmt.Sprintf("%d.%d", 1000+os.Getpid(), time.Now().UnixNano())
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			defer cancel()
			awaitProcess(t, mark, true)
		}()
		got := r.Read(ctx, "a.odt", []byte(probeMark+"run "+mark))
		if got.Verdict != dispatch.Rejected || got.Problem.Code != "timeout" {
			t.Errorf("got %+v %+v", got, got.Problem)
		}
		awaitProcess(t, mark, false)
	})
}

// awaitProcess waits until a process with an argument is there, or is not.
func awaitProcess(t *testing.T, argument string, there bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for running(argument) != there {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("process with %q: want there: %v", argument, there)
		}
	}
}

func running(argument string) bool {
	all, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, name := range all {
		if b, err := os.ReadFile(name); err == nil && strings.HasPrefix(string(b), "/bin/sleep\x00"+argument+"\x00") {
			return true
		}
	}
	return false
}

// TestDeathIsAnAnswer: whatever ends a worker, there is one sentence to read,
// and the same reader reads the next file.
func TestDeathIsAnAnswer(t *testing.T) {
	t.Parallel()
	c := corpus(t, "d01")[0]
	deaths := map[string]string{"crash": "", "panic": "", "say": "{\"verdict\":", "flood": "", "memory": strconv.Itoa(1 << 30)}
	if !memoryLimits {
		delete(deaths, "memory")
	}
	bothCages(t, func(t *testing.T, r *Reader) {
		for what, with := range deaths {
			got := r.Read(t.Context(), "a.odt", []byte(probeMark+what+" "+with))
			if got.Verdict != dispatch.Rejected || got.Problem == nil || !strings.HasSuffix(got.Problem.Message, ".") || got.Problem.Code == "service" {
				t.Errorf("%s: got %+v %+v", what, got, got.Problem)
			}
			if next := r.Read(t.Context(), c.File, c.load(t)); next.Fields.Number != c.Fields.Number {
				t.Errorf("after %s: the next file is %s %+v", what, next.Verdict, next.Problem)
			}
		}
	})
}
