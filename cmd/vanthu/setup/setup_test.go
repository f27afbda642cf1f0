package setup

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"quangtri.gov.vn/vanthu/cmd/vanthu/config"
)

var now = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

func TestQuickstart(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "tỉnh", "etc")
	r, err := Quickstart(dir, Options{Domain: "quangtri.test", Sample: true, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(r.ConfigFile)
	if err != nil {
		t.Fatal(err)
	}
	if c.Domain != "quangtri.test" || c.Hostname != "mail.quangtri.test" || c.DataDir != filepath.Join(dir, "data") ||
		!slices.Equal(c.Listen.IMAPS, []string{":993"}) || !c.Dispatch.SampleDirectory || c.Dispatch.PublicURL != "https://mail.quangtri.test" {
		t.Errorf("config %+v", c)
	}
	text, err := os.ReadFile(r.ConfigFile)
	if err != nil {
		t.Fatal(err)
	}
	// What the README says: removing one "#" moves the exercise to 2010.
	if c, err := config.Parse(bytes.Replace(text, []byte("#as_of"), []byte("as_of"), 1), "f", dir); err != nil || c.Dispatch.AsOf != "2010-12-31" {
		t.Errorf("%+v, %v", c.Dispatch, err)
	}
	checkFiles(t, dir)
	checkCertificate(t, c, r.CAFile)
	checkDKIM(t, c, r.Records)
}

// checkFiles holds the directory against what should be there, and who may read it.
func checkFiles(t *testing.T, dir string) {
	t.Helper()
	want := map[string]os.FileMode{
		"vanthu.toml": 0o644, "ca.pem": 0o644, "tls/cert.pem": 0o644,
		"tls/key.pem": 0o600, "dkim/vt-rsa.pem": 0o600, "dkim/vt-ed.pem": 0o600,
	}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		info, err := d.Info()
		if err != nil {
			return err
		}
		mode, ok := want[filepath.ToSlash(name)]
		if !ok || info.Mode() != mode {
			t.Errorf("%s has mode %v, wanted %v", name, info.Mode(), mode)
		}
		delete(want, filepath.ToSlash(name))
		return nil
	})
	if err != nil || len(want) > 0 {
		t.Errorf("missing %v, %v", want, err)
	}
}

func checkCertificate(t *testing.T, c config.Config, caFile string) {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(c.TLS.CertFile, c.TLS.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	ca, err := os.ReadFile(caFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"quangtri.test", "mail.quangtri.test", "autoconfig.quangtri.test", "localhost", "127.0.0.1", "::1"} {
		verify(t, pair.Leaf, ca, host, true)
	}
	verify(t, pair.Leaf, ca, "other.test", false)
}

func verify(t *testing.T, leaf *x509.Certificate, ca []byte, host string, want bool) {
	t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		t.Fatal("no authority")
	}
	_, err := leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: roots, CurrentTime: now})
	if (err == nil) != want {
		t.Errorf("%s: %v", host, err)
	}
}

// checkDKIM holds the published keys against the private ones.
func checkDKIM(t *testing.T, c config.Config, records []Record) {
	t.Helper()
	if len(c.DKIM) != 2 {
		t.Fatalf("%d keys", len(c.DKIM))
	}
	for _, d := range c.DKIM {
		key, err := LoadDKIM(d.KeyFile)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(records, func(r Record) bool { return r.Name == d.Selector+"._domainkey.quangtri.test" && r.Type == "TXT" })
		if i < 0 {
			t.Fatalf("no record for %s", d.Selector)
		}
		_, p, _ := strings.Cut(records[i].Value, "p=")
		raw, err := base64.StdEncoding.DecodeString(p)
		if err != nil {
			t.Fatal(err)
		}
		var public crypto.PublicKey = ed25519.PublicKey(raw)
		if strings.Contains(records[i].Value, "k=rsa") {
			if public, err = x509.ParsePKIXPublicKey(raw); err != nil {
				t.Fatal(err)
			}
			if bits := public.(*rsa.PublicKey).N.BitLen(); bits != 2048 {
				t.Errorf("%d bits", bits)
			}
		}
		if !public.(interface{ Equal(crypto.PublicKey) bool }).Equal(key.Public()) {
			t.Errorf("%s is published with another key", d.Selector)
		}
	}
}

func TestDataStaysOutOfEtc(t *testing.T) {
	t.Parallel()
	for dir, want := range map[string]string{"/etc/vanthu": "/var/lib/vanthu", "/srv/vanthu": "/srv/vanthu/data", "/etcetera": "/etcetera/data"} {
		if _, c, err := configuration(dir, Options{Domain: "a.test"}); err != nil || c.DataDir != want {
			t.Errorf("%s: %s, %v", dir, c.DataDir, err)
		}
	}
}

func TestQuickstartTouchesNothing(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"vanthu.toml", "tls/key.pem", "dkim/vt-ed.pem"} {
		dir := t.TempDir()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Quickstart(dir, Options{Domain: "a.test", Now: now}); !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
		if got, _ := os.ReadFile(path); string(got) != "mine" {
			t.Errorf("%s was changed", name)
		}
		if files, _ := filepath.Glob(filepath.Join(dir, "*.pem")); len(files) != 0 {
			t.Errorf("left behind: %v", files)
		}
	}
}

// A file that appears between the look and the writing survives, and what was
// made so far is taken back.
func TestCreateAllTakesBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	err := createAll(dir, []newFile{{"a", []byte("1"), 0o600}, {"a", []byte("2"), 0o600}})
	if err == nil {
		t.Fatal("made the same file twice")
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 0 {
		t.Errorf("left behind %v, %v", left, err)
	}
}

func TestQuickstartRefusesBadDomain(t *testing.T) {
	t.Parallel()
	for _, domain := range []string{"", "quảng trị", "a b.test", "a.test\"\nx = 1", "-a.test"} {
		dir := filepath.Join(t.TempDir(), "d")
		if _, err := Quickstart(dir, Options{Domain: domain, Now: now}); err == nil {
			t.Errorf("%q was accepted", domain)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%q left files", domain)
		}
	}
}

func TestRecordsAndZone(t *testing.T) {
	t.Parallel()
	c, err := config.Parse([]byte("domain=\"quangtri.test\"\n[tls]\ncert_file=\"c\"\nkey_file=\"k\"\n[listen]\nsubmissions=[\"127.0.0.1:2465\"]\nimaps=[]\n"), "f", "/")
	if err != nil {
		t.Fatal(err)
	}
	records, err := Records(c, map[string]crypto.PublicKey{"s": ed25519.PublicKey(make([]byte, 32))})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := WriteRecords(&b, records); err != nil {
		t.Fatal(err)
	}
	zone := b.String()
	for _, line := range []string{
		"quangtri.test. IN MX 10 mail.quangtri.test.\n",
		"quangtri.test. IN TXT \"v=spf1 mx -all\"\n",
		"s._domainkey.quangtri.test. IN TXT \"v=DKIM1; k=ed25519; p=AAAA",
		"_dmarc.quangtri.test. IN TXT \"v=DMARC1; p=quarantine\"\n",
		"autoconfig.quangtri.test. IN CNAME mail.quangtri.test.\n",
		"_submissions._tcp.quangtri.test. IN SRV 0 1 2465 mail.quangtri.test.\n",
		"; _mta-sts.quangtri.test. IN TXT ",
		"; quangtri.test. IN CAA 0 issue \"letsencrypt.org\"\n",
	} {
		if !strings.Contains(zone, line) {
			t.Errorf("no %q in\n%s", line, zone)
		}
	}
	if strings.Contains(zone, "_imaps") {
		t.Error("a service that is off is published")
	}
	if _, err := Records(c, map[string]crypto.PublicKey{"s": "no key"}); err == nil {
		t.Error("a key of no kind was published")
	}
}

func TestLongTextIsSplit(t *testing.T) {
	t.Parallel()
	got := quoteText(strings.Repeat("x", 600))
	if want := []int{257, 257, 92}; !slices.Equal(lengths(got), want) {
		t.Errorf("got %v", lengths(got))
	}
}

func lengths(s string) (n []int) {
	for part := range strings.SplitSeq(s, " ") {
		n = append(n, len(part))
	}
	return n
}

func TestSelfSignedServes(t *testing.T) {
	t.Parallel()
	cert, ca, err := SelfSigned("mail.quangtri.test", "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := SelfSigned("mail.quangtri.test")
	if err != nil {
		t.Fatal(err)
	}
	if cert.Leaf.SerialNumber.Cmp(other.Leaf.SerialNumber) == 0 {
		t.Error("serial numbers repeat")
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		conn, err := l.Accept()
		if err == nil {
			conn.(*tls.Conn).Handshake()
			conn.Close()
		}
	}()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	conn, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{RootCAs: roots})
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if _, _, err := SelfSigned(); err == nil {
		t.Error("a certificate for nobody")
	}
}

func TestLoadDKIMRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	chain, err := newChain(now, "a.test")
	if err != nil {
		t.Fatal(err)
	}
	ec, err := keyPEM(chain.key)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"empty": nil, "certificate": chain.caPEM, "ecdsa": ec} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadDKIM(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRecordsAreJSON(t *testing.T) {
	t.Parallel()
	b, err := json.Marshal(Record{Name: "a.test", Type: "MX", Value: "10 mail.a.test.", Why: "x"})
	if want := `{"name":"a.test","type":"MX","value":"10 mail.a.test.","optional":false,"why":"x"}`; err != nil || string(b) != want {
		t.Errorf("got %s, %v", b, err)
	}
}

func TestLoopbackIsComplete(t *testing.T) {
	t.Parallel()
	r, err := Quickstart(t.TempDir(), Options{Domain: "a.test", Listen: Loopback(), DataDir: `d"\t`, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	if r.Config.Dispatch.PublicURL != "https://127.0.0.1:2443" || !strings.HasSuffix(r.Config.DataDir, `d"\t`) {
		t.Errorf("%+v", r.Config)
	}
}
