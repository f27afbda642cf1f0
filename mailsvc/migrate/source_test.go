package migrate

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestParseServer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in    string
		plain bool
		want  Server
		user  string
	}{
		{"imaps://mail.cu.test", false, Server{Host: "mail.cu.test", Port: "993", Security: TLS}, ""},
		{"imaps://lan%40cu.test@mail.cu.test:1993/", false, Server{Host: "mail.cu.test", Port: "1993", Security: TLS}, "lan@cu.test"},
		{"IMAP://lan@mail.cu.test", false, Server{Host: "mail.cu.test", Port: "143", Security: StartTLS}, "lan"},
		{"imap://mail.cu.test", true, Server{Host: "mail.cu.test", Port: "143", Security: Plain}, ""},
		{"imap://127.0.0.1:10143", false, Server{Host: "127.0.0.1", Port: "10143", Security: Plain}, ""},
		{"imap://[::1]", false, Server{Host: "::1", Port: "143", Security: Plain}, ""},
	} {
		got, user, err := ParseServer(tt.in, tt.plain)
		if err != nil || got != tt.want || user != tt.user {
			t.Errorf("%s: %+v, %q, %v", tt.in, got, user, err)
		}
	}
	for _, in := range []string{"", "mail.cu.test", "http://x", "imaps://", "imaps://x/INBOX", "imaps://x?y", "imaps://a b", "imaps://lan:bi-mat@x", "imaps://lan:bi-mat@x:port"} {
		if _, _, err := ParseServer(in, false); err == nil || strings.Contains(err.Error(), "bi-mat") {
			t.Errorf("%q: %v", in, err)
		}
	}
	if _, _, err := ParseServer("imaps://lan:x@h", false); !errors.Is(err, ErrPassword) {
		t.Error(err)
	}
}

// certificate is one for localhost, and a pool that trusts it.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	must(t, err)
	parsed, err := x509.ParseCertificate(der)
	must(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// front is a server that speaks TLS before, or after STARTTLS, what the fake says.
func (f *fake) front(t *testing.T, cert tls.Certificate, start func(conn net.Conn) bool) Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if start != nil && !start(conn) {
				conn.Close()
				continue
			}
			secure := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{cert}})
			if secure.Handshake() == nil {
				f.mu.Lock()
				f.conns++
				c := &fakeConn{f, secure, f.conns}
				f.mu.Unlock()
				c.run()
			}
			conn.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	s := plainServer(t, l)
	s.Host, s.Security = "localhost", TLS
	return s
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	cert, pool := certificate(t)
	for name, tt := range map[string]struct {
		change func(*Server)
		want   string // in the error; "" if it must go
	}{
		"trusted":    {func(s *Server) { s.CA = pool }, ""},
		"unknown":    {func(*Server) {}, "--ca"},
		"other name": {func(s *Server) { s.CA, s.Host = pool, "127.0.0.1" }, "không mang tên"},
		"not TLS":    {func(s *Server) { s.Security = Plain }, "không chào"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, f := newHouse(t), newFake(t, plainLetters(2)...)
			s := f.front(t, cert, nil)
			tt.change(&s)
			o := h.options()
			if s.Security == Plain { // both wait for the other's first word
				o.Patience = 100 * time.Millisecond
			}
			r := Run(t.Context(), Job{Server: s, User: "lan", Password: "x", Account: lan}, o)
			if tt.want == "" && !r.Complete() || !strings.Contains(r.Error, tt.want) {
				t.Errorf("%+v", r)
			}
			if tt.want != "" && len(f.asked) > 0 {
				t.Errorf("the server was spoken to: %q", f.asked)
			}
		})
	}
}

// startTLSServer greets and answers STARTTLS.
func startTLSServer(greeting, answer string) func(net.Conn) bool {
	return func(conn net.Conn) bool {
		io.WriteString(conn, greeting)
		line, _ := bufio.NewReader(conn).ReadString('\n')
		if !strings.HasSuffix(line, " STARTTLS\r\n") {
			return false
		}
		io.WriteString(conn, answer)
		return true
	}
}

func TestStartTLS(t *testing.T) {
	t.Parallel()
	cert, pool := certificate(t)
	for name, tt := range map[string]struct {
		greeting, answer, want string
	}{
		"as it should be": {"* OK hello\r\n", "* CAPABILITY IMAP4rev1\r\na OK now\r\n", ""},
		"refused":         {"* OK hello\r\n", "a NO not today\r\n", "--plain"},
		"preauth":         {"* PREAUTH come in\r\n", "a OK now\r\n", "chưa mã hóa"},
		"bye":             {"* BYE away\r\n", "", "chưa mã hóa"},
		"injected":        {"* OK hello\r\n", "a OK now\r\n* OK [CAPABILITY IMAP4rev1] injected\r\n", "TLS"},
		"endless":         {strings.Repeat("x", 2*maxGreeting), "", "không chào"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, f := newHouse(t), newFake(t, plainLetters(2)...)
			f.greeting = "* CAPABILITY IMAP4rev1" // the fake greets, a server after STARTTLS does not
			s := f.front(t, cert, startTLSServer(tt.greeting, tt.answer))
			s.Security, s.CA = StartTLS, pool
			o := h.options()
			o.Patience = 2 * time.Second
			r := Run(t.Context(), Job{Server: s, User: "lan", Password: "x", Account: lan}, o)
			if tt.want == "" && !r.Complete() || !strings.Contains(r.Error, tt.want) {
				t.Errorf("%+v", r)
			}
			if tt.want != "" && slices.ContainsFunc(f.asked, func(s string) bool { return strings.HasPrefix(s, "LOGIN") }) {
				t.Error("the password was sent")
			}
		})
	}
}

// TestMaster: an administrator enters for somebody else.
func TestMaster(t *testing.T) {
	t.Parallel()
	h, f := newHouse(t), newFake(t, plainLetters(1)...)
	f.caps = "IMAP4rev1 AUTH=PLAIN SASL-IR"
	s := f.serve()
	s.Master = "quantri"
	if r := f.run(h, s); !r.Complete() {
		t.Errorf("%+v", r)
	}
	if want := "AUTHENTICATE PLAIN bGFuAHF1YW50cmkAeA=="; !slices.Contains(f.asked, want) { // lan, quantri, x
		t.Errorf("%q", f.asked)
	}
}

func TestParseList(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]string{
		"plain":       "old,new,password\nlan,lan@moi.test,\"a,b;\"\"c\"\n",
		"spreadsheet": "\uFEFFĐịa chỉ mới;Tài khoản cũ;Mật khẩu\r\nlan@moi.test;lan;\"a,b;\"\"c\"\r\n",
		"tabs":        "new\told\tmật khẩu cũ\nlan@moi.test\t lan \t\"a,b;\"\"c\"\n\n",
	} {
		rows, err := ParseList(strings.NewReader(in), false)
		if err != nil || len(rows) != 1 || rows[0] != (Row{Line: 2, User: "lan", Account: "lan@moi.test", Password: `a,b;"c`}) {
			t.Errorf("%s: %+v, %v", name, rows, err)
		}
	}
	for in, want := range map[string]string{
		"":                             "dòng đầu",
		"old,new,password":             "không có dòng nào",
		"old,new,pass\n":               `"pass"`,
		"old,old,new,password\n":       "đúng một",
		"old,new\na,b\n":               "mật khẩu",
		"old,new,password\na,b,\n":     "dòng 2: thiếu mật khẩu",
		"old,new,password\na,,bi-mat":  "dòng 2: thiếu địa chỉ",
		"old,new,password\n,b,bi-mat":  "dòng 2: thiếu tài khoản",
		"old,new,password\na,b\n":      "dòng 2: có 2 ô",
		"old,new,password\na,b,\"x\ny": "CSV",
		"old,new,password,password_env\na,b,bi-mat,B\n": "nhiều hơn một",
		"old,new,password\na,b,x\na,b,y\n":              "dòng 3: đã có ở dòng 2",
	} {
		if _, err := ParseList(strings.NewReader(in), false); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "bi-mat") {
			t.Errorf("%q: %v", in, err)
		}
	}
	if rows, err := ParseList(strings.NewReader("old,new\na,b\n"), true); err != nil || len(rows) != 1 {
		t.Errorf("with a master: %+v, %v", rows, err)
	}
}

// TestDamagedJournal: what cannot be read is read again from the old server.
func TestDamagedJournal(t *testing.T) {
	t.Parallel()
	old, here := newHouse(t), newHouse(t)
	for n := range 5 {
		old.put(t, "INBOX", letter(n), time.Unix(1e9, 0))
	}
	server := old.serve(t)
	here.migrate(t, server)
	path := journalPath(here.dir, Job{Server: server, User: lan, Account: lan}, "INBOX")
	whole, err := os.ReadFile(path)
	must(t, err)
	for n := 0; n < len(whole); n += 7 {
		damaged := slices.Clone(whole)
		damaged[n] ^= 0x20
		must(t, os.WriteFile(path, append(damaged, "half a li"...), 0o600))
		if n%175 == 0 { // a run is slow
			here.migrate(t, server)
			if len(here.folder(t, "INBOX")) != 5 {
				t.Fatalf("damage at %d: %d messages", n, len(here.folder(t, "INBOX")))
			}
		}
		g, err := openJournal(path, validity{}, true)
		if err != nil || len(g.entries) > 5 {
			t.Errorf("damage at %d: %d entries, %v", n, len(g.entries), err)
		}
	}
	if other, _ := filepath.Glob(filepath.Join(here.dir, "*", "*")); len(other) != 6 {
		t.Errorf("%d journals", len(other))
	}
}
