package clients

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// patience bounds the wait for one thing to happen, on a machine that others
// use too.
const patience = 60 * time.Second

// vanthu is the binary under test, built once by TestMain, and compiledReader where
// it has its PDF reader compiled: a site would take seconds for that.
var vanthu, compiledReader string

func TestMain(m *testing.M) { os.Exit(build(m)) }

func build(m *testing.M) int {
	dir, err := os.MkdirTemp("", "vanthu-clients-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	vanthu = filepath.Join(dir, "vanthu")
	if out, err := exec.Command("go", "build", "-o", vanthu, "quangtri.gov.vn/vanthu/cmd/vanthu").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build vanthu: %v\n%s", err, out)
		return 1
	}
	compile := exec.Command(vanthu, "read", filepath.Join("..", "..", "..", "configs", "demo", "quyet-dinh-1208.pdf"))
	compile.Env = append(os.Environ(), "XDG_CACHE_HOME="+filepath.Join(dir, "cache"))
	if out, err := compile.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "read a PDF: %v\n%s", err, out)
		return 1
	}
	compiledReader = filepath.Join(dir, "cache", "vanthu")
	return m.Run()
}

// login is an account and its password.
type login struct{ Address, Password string }

// server is a running vanthu.
type server struct {
	IMAP, IMAPS, Submissions, HTTP, HTTPS string
	tls                                   *tls.Config // trusts it
}

// demo starts the demonstration and returns it with its accounts: two clerks, an
// official who reads for Sở Nội vụ, then as many others as asked for.
func demo(t *testing.T, accounts int) (server, []login) {
	t.Helper()
	dir := t.TempDir()
	ready := filepath.Join(dir, "ready.json")
	out := run(t, exec.Command(vanthu, "demo", "--data", filepath.Join(dir, "data"), "--ready-file", ready, "--accounts", fmt.Sprint(accounts)))
	// Ended in the middle of its story, the demonstration rightly says so.
	t.Cleanup(func() { out.find(t, "Máy chủ trình diễn đang chạy") })
	var told struct {
		IMAP, IMAPS, Submissions, CA string
		Accounts                     []login
	}
	await(t, "the demonstration listens", func() bool {
		b, err := os.ReadFile(ready)
		return err == nil && json.Unmarshal(b, &told) == nil
	})
	return server{IMAP: told.IMAP, IMAPS: told.IMAPS, Submissions: told.Submissions, tls: trust(t, told.CA)}, told.Accounts
}

// trust takes the file of an authority.
func trust(t *testing.T, file string) *tls.Config {
	t.Helper()
	pem, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		t.Fatalf("%s holds no certificate", file)
	}
	return &tls.Config{RootCAs: pool, ServerName: "localhost"}
}

// run starts a process that serves until the test ends. It must then end well.
// It returns what the process writes, as it comes.
func run(t *testing.T, c *exec.Cmd) *output {
	t.Helper()
	out := &output{changed: make(chan struct{}, 1)}
	c.Stdout, c.Stderr = out, out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Process.Signal(syscall.SIGTERM)
		kill := time.AfterFunc(patience, func() { c.Process.Kill() })
		defer kill.Stop()
		if err := c.Wait(); err != nil {
			t.Errorf("%s: %v\n%s", strings.Join(c.Args, " "), err, out)
		}
	})
	return out
}

// output keeps what a process writes.
type output struct {
	mu      sync.Mutex
	b       bytes.Buffer
	changed chan struct{}
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	select {
	case o.changed <- struct{}{}:
	default:
	}
	return o.b.Write(p)
}

// String implements fmt.Stringer.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// find waits for a pattern and returns its groups.
func (o *output) find(t *testing.T, pattern string) []string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	end := time.NewTimer(patience)
	defer end.Stop()
	for {
		if m := re.FindStringSubmatch(o.String()); m != nil {
			return m
		}
		select {
		case <-o.changed:
		case <-end.C:
			t.Fatalf("no %s in:\n%s", pattern, o)
		}
	}
}

// await polls for what another process does and tells nobody.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// dial connects over TLS without logging in. BAD in the dialogue fails the test.
func (s server) dial(t *testing.T, handler *imapclient.UnilateralDataHandler) *imapclient.Client {
	t.Helper()
	wire := new(dialogue)
	c, err := imapclient.DialTLS(s.IMAPS, &imapclient.Options{TLSConfig: s.tls, UnilateralDataHandler: handler, DebugWriter: wire})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		for _, l := range wire.lines() {
			if bad.MatchString(l) {
				t.Errorf("the server said %q", l)
			}
		}
	})
	return c
}

// enter connects and logs in. A server that offers both revisions of IMAP speaks
// the older one until it is asked; go-imap's client writes names as in the newer.
func (s server) enter(t *testing.T, who login) *imapclient.Client {
	t.Helper()
	return s.enterWatching(t, who, nil)
}

func (s server) enterWatching(t *testing.T, who login, handler *imapclient.UnilateralDataHandler) *imapclient.Client {
	t.Helper()
	c := s.dial(t, handler)
	must(t, c.Login(who.Address, who.Password).Wait())
	value(c.Enable(imap.CapIMAP4rev2).Wait())(t)
	return c
}

// bad is an answer that tells of a client or a server that does not know the protocol.
var bad = regexp.MustCompile(`^\S+ BAD\b`)

// dialogue keeps both sides of a session. The client writes from two goroutines.
type dialogue struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (d *dialogue) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.b.Write(p)
}

func (d *dialogue) lines() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []string
	for s := bufio.NewScanner(bytes.NewReader(d.b.Bytes())); s.Scan(); {
		all = append(all, s.Text())
	}
	return all
}

// must fails the test on an error.
func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// value takes the value of a call, or fails the test: value(f())(t).
func value[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
