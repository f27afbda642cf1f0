package imap

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2/imapclient"

	"quangtri.gov.vn/vanthu/internal/blob"
	"quangtri.gov.vn/vanthu/mailsvc"
	bodystore "quangtri.gov.vn/vanthu/mailsvc/mailbox"
	"quangtri.gov.vn/vanthu/mailsvc/mailbox/bolt"
	"quangtri.gov.vn/vanthu/mailsvc/mime"
)

const (
	alice  = "mau.a@x.test"
	bob    = "mau.b@x.test"
	office = "snv@x.test"
	secret = "mật khẩu"
)

// people is an identity service in memory.
type people struct {
	mu       sync.Mutex
	accounts map[string]mailsvc.Account
}

func (p *people) Authenticate(_ context.Context, address, password, _ string) (mailsvc.Account, error) {
	a, err := p.Account(address)
	if err != nil || password != secret || a.Kind != mailsvc.Person {
		return mailsvc.Account{}, &mailsvc.Error{Op: "log in", Subject: address, Kind: mailsvc.ErrNotAllowed}
	}
	return a, nil
}

func (p *people) Account(address string) (mailsvc.Account, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a, ok := p.accounts[strings.ToLower(address)]
	if !ok {
		return a, &mailsvc.Error{Op: "find account", Subject: address, Kind: mailsvc.ErrNotFound}
	}
	return a, nil
}

func (p *people) MaySend(a mailsvc.Account, address string) bool { return a.Address == address }

func (p *people) Rights(a mailsvc.Account, agency string) mailsvc.Rights {
	a, err := p.Account(a.Address)
	if err != nil {
		return 0
	}
	for _, g := range a.Grants {
		if g.Agency == agency {
			return g.Rights
		}
	}
	return 0
}

func (p *people) change(address string, f func(*mailsvc.Account)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a := p.accounts[address]
	f(&a)
	p.accounts[address] = a
}

// house is a server on loopback with its stores.
type house struct {
	t      testing.TB
	s      *Server
	store  mailsvc.Store
	blobs  mailsvc.Blobs
	people *people
	addr   string
	mode   TLSMode
	serve  chan error
	cert   tls.Certificate
}

var sampleFolders = []mailsvc.FolderSpec{
	{Name: "Đã gửi", SpecialUse: `\Sent`}, {Name: "Thư nháp", SpecialUse: `\Drafts`},
	{Name: "Thùng rác", SpecialUse: `\Trash`}, {Name: "Thư rác", SpecialUse: `\Junk`},
}

func newHouse(t testing.TB, mode TLSMode, tune func(*Options)) *house {
	t.Helper()
	fatal := func(err error) { t.Errorf("fatal: %v", err) }
	bodies, err := blob.Open(t.TempDir(), blob.Options{Fatal: fatal, NoSync: true})
	must(t, err)
	var h *house
	quota := func(account string) int64 {
		a, _ := h.people.Account(account)
		return a.Quota
	}
	store, err := bolt.Open(t.TempDir(), bolt.Options{Fatal: fatal, NoSync: true, Shards: 1, Quota: quota, Logger: slog.New(slog.DiscardHandler), MmapSize: 64 << 20})
	must(t, err)
	h = &house{t: t, store: store, blobs: bodystore.Bodies{Store: bodies}, mode: mode, people: &people{accounts: map[string]mailsvc.Account{
		alice:  {Address: alice, Name: "Nguyễn Mẫu A", Kind: mailsvc.Person, Grants: []mailsvc.Grant{{Agency: office, Rights: mailsvc.Read | mailsvc.Write | mailsvc.Delete}}},
		bob:    {Address: bob, Name: "Trần Mẫu B", Kind: mailsvc.Person, Grants: []mailsvc.Grant{{Agency: office, Rights: mailsvc.Read}}},
		office: {Address: office, Name: "Sở Nội vụ", Kind: mailsvc.Agency},
	}}}
	for _, a := range []string{alice, bob, office} {
		must(t, store.CreateAccount(context.Background(), a, sampleFolders))
	}
	o := Options{Store: store, Blobs: h.blobs, Identities: h.people}
	if mode != Plain {
		h.cert = testCertificate(t)
		o.TLSConfig = &tls.Config{Certificates: []tls.Certificate{h.cert}}
	}
	if tune != nil {
		tune(&o)
	}
	h.s = New(o)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	h.addr = l.Addr().String()
	h.serve = make(chan error, 1)
	go func() { h.serve <- h.s.Serve(l, mode) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := h.s.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		for _, err := range store.Check(context.Background()) {
			t.Errorf("store: %v", err)
		}
		store.Close()
		bodies.Close()
	})
	return h
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func testCertificate(t testing.TB) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "x.test"}, DNSNames: []string{"x.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	must(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// put stores a message straight in a folder.
func (h *house) put(account, folder, msg string, flags ...string) mailsvc.UID {
	h.t.Helper()
	n, err := mime.Ingest(h.blobs, strings.NewReader(msg))
	must(h.t, err)
	n.Flags, n.Internal = flags, time.Date(2009, 11, 16, 8, 0, 0, 0, time.FixedZone("", 7*3600))
	f, err := h.store.Folder(context.Background(), account, account, folder)
	must(h.t, err)
	uids, err := h.store.Append(context.Background(), account, f.ID, []mailsvc.NewMessage{n})
	must(h.t, err)
	return uids[0]
}

// wire is a client that says exactly what the test says.
type wire struct {
	t   testing.TB
	c   net.Conn
	br  *bufio.Reader
	tag int
}

func (h *house) dial() *wire {
	h.t.Helper()
	c, err := net.Dial("tcp", h.addr)
	must(h.t, err)
	if h.mode == Implicit {
		c = tls.Client(c, &tls.Config{InsecureSkipVerify: true})
	}
	w := &wire{t: h.t, c: c, br: bufio.NewReader(c)}
	h.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	if g := w.line(); !strings.HasPrefix(g, "* OK") {
		h.t.Fatalf("greeting %q", g)
	}
	return w
}

// login dials and logs in.
func (h *house) login(who string) *wire {
	h.t.Helper()
	w := h.dial()
	w.ok(fmt.Sprintf("LOGIN %s {%d+}\r\n%s", who, len(secret), secret))
	return w
}

func (w *wire) send(s string) {
	w.t.Helper()
	_, err := io.WriteString(w.c, s)
	must(w.t, err)
}

// line reads a response with its literals, without the last line ending.
func (w *wire) line() string {
	w.t.Helper()
	s, err := w.tryLine()
	if err != nil {
		w.t.Fatalf("read: %v after %q", err, s)
	}
	return s
}

func (w *wire) tryLine() (string, error) {
	var out strings.Builder
	for {
		l, err := w.br.ReadString('\n')
		if err != nil {
			return out.String() + l, err
		}
		l = strings.TrimSuffix(l, "\r\n")
		out.WriteString(l)
		spec, _, ok := trailingLiteral([]byte(l))
		if !ok {
			return out.String(), nil
		}
		buf := make([]byte, spec.n)
		if _, err := io.ReadFull(w.br, buf); err != nil {
			return out.String(), err
		}
		out.WriteString("\r\n")
		out.Write(buf)
	}
}

// do sends a command and returns its untagged responses and the tagged answer.
func (w *wire) do(cmd string) (untagged []string, answer string) {
	w.t.Helper()
	w.tag++
	tag := fmt.Sprintf("t%d", w.tag)
	w.send(tag + " " + cmd + "\r\n")
	return w.until(tag)
}

func (w *wire) until(tag string) (untagged []string, answer string) {
	w.t.Helper()
	for {
		l := w.line()
		if rest, ok := strings.CutPrefix(l, tag+" "); ok {
			return untagged, rest
		}
		untagged = append(untagged, l)
	}
}

// ok is do for a command that must succeed.
func (w *wire) ok(cmd string) []string {
	w.t.Helper()
	untagged, answer := w.do(cmd)
	if !strings.HasPrefix(answer, "OK") {
		w.t.Fatalf("%s: %s", cmd, answer)
	}
	return untagged
}

// fails is do for a command that must be answered with the given beginning.
func (w *wire) fails(cmd, want string) {
	w.t.Helper()
	if _, answer := w.do(cmd); !strings.HasPrefix(answer, want) {
		w.t.Fatalf("%s: answered %q, want %q", cmd, answer, want)
	}
}

// ended checks that the server has closed the connection.
func (w *wire) ended() {
	w.t.Helper()
	for {
		_, err := w.tryLine()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			w.t.Fatal("the server keeps the connection")
		}
		if err != nil {
			return
		}
	}
}

// expect checks responses of one kind, in order.
func expect(t testing.TB, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Fatalf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// only keeps the responses that contain s.
func only(lines []string, s string) (out []string) {
	for _, l := range lines {
		if strings.Contains(l, s) {
			out = append(out, l)
		}
	}
	return out
}

// client returns go-imap's client, logged in.
func (h *house) client(who string, o *imapclient.Options) *imapclient.Client {
	h.t.Helper()
	var c *imapclient.Client
	var err error
	if o == nil {
		o = new(imapclient.Options)
	}
	o.TLSConfig = &tls.Config{InsecureSkipVerify: true}
	switch h.mode {
	case Implicit:
		c, err = imapclient.DialTLS(h.addr, o)
	case StartTLS:
		c, err = imapclient.DialStartTLS(h.addr, o)
	default:
		c, err = imapclient.DialInsecure(h.addr, o)
	}
	must(h.t, err)
	h.t.Cleanup(func() { c.Close() })
	must(h.t, c.Login(who, secret).Wait())
	return c
}

// letter is a small message.
func letter(subject, text string) string {
	return "From: Mẫu <a@x.test>\r\nSubject: " + subject + "\r\nMessage-ID: <" + fmt.Sprint(len(text)) + "." + subject[:1] + "@x.test>\r\n" +
		"Content-Type: text/plain; charset=utf-8\r\n\r\n" + text + "\r\n"
}

func newReader(r io.Reader) *bufio.Reader { return bufio.NewReader(r) }
