package clients

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// domain is served in every test.
const domain = "quangtri.gov.vn"

// site is a domain set up as an operator does it, with "vanthu quickstart".
type site struct {
	dir    string
	config string
}

var anyLoopback = regexp.MustCompile(`127\.0\.0\.1:\d+`)

// setUp makes a site with the sample directory, in the year of its documents.
// where gives each of quickstart's addresses another one.
func setUp(t *testing.T, where func(string) string, more string) site {
	t.Helper()
	s := site{dir: filepath.Join(t.TempDir(), "try")}
	s.config = filepath.Join(s.dir, "vanthu.toml")
	s.command(t, "quickstart", domain, "--dir", s.dir, "--loopback", "--sample")
	text := value(os.ReadFile(s.config))(t)
	edited := anyLoopback.ReplaceAllStringFunc(string(text), where)
	edited = strings.Replace(edited, "#as_of =", "as_of =", 1) + more
	must(t, os.WriteFile(s.config, []byte(edited), 0o600))
	if out, err := exec.Command("cp", "-a", compiledReader, filepath.Join(s.dir, "data", "cache")).CombinedOutput(); err != nil {
		t.Fatalf("copy: %v %s", err, out)
	}
	return s
}

// command runs a command of vanthu at the site and returns what it prints.
func (s site) command(t *testing.T, args ...string) string {
	t.Helper()
	c := exec.Command(vanthu, args...)
	if args[0] != "quickstart" {
		c.Args = append(c.Args, "-c", s.config)
	}
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("vanthu %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

var shownPassword = regexp.MustCompile(`shown once\): (\S+)`)

// person makes an account, as an operator does it.
func (s site) person(t *testing.T, local, name string) login {
	t.Helper()
	address := local + "@" + domain
	m := shownPassword.FindStringSubmatch(s.command(t, "account", "add", address, "--name", name))
	if m == nil {
		t.Fatalf("no password was shown for %s", address)
	}
	return login{address, m[1]}
}

// serve starts the site. It returns where it listens, and its log.
func (s site) serve(t *testing.T) (server, *output) {
	t.Helper()
	log := run(t, exec.Command(vanthu, "serve", "-c", s.config))
	m := log.find(t, listens)
	return server{Submissions: m[1], IMAP: m[2], IMAPS: m[3], HTTP: m[4], HTTPS: m[5], tls: trust(t, filepath.Join(s.dir, "ca.pem"))}, log
}

// anyPort lets the system choose.
func anyPort(string) string { return "127.0.0.1:0" }
