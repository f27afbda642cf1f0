package smtp

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"quangtri.gov.vn/vanthu/mailsvc"
)

const (
	domain   = "quangtri.example"
	clerk    = "mau.an@" + domain
	alias    = "an@" + domain
	office   = "vpubnd@" + domain
	other    = "mau.binh@" + domain
	off      = "cu@" + domain
	intakeTo = "phathanh@" + domain
	password = "đúng mật khẩu"
)

// people is a fixed set of accounts.
type people struct{}

func (people) Account(address string) (mailsvc.Account, error) {
	switch strings.ToLower(address) {
	case clerk, alias:
		return mailsvc.Account{Address: clerk, Kind: mailsvc.Person}, nil
	case office:
		return mailsvc.Account{Address: office, Kind: mailsvc.Agency}, nil
	case other:
		return mailsvc.Account{Address: other, Kind: mailsvc.Person}, nil
	case off:
		return mailsvc.Account{Address: off, Disabled: true}, nil
	case "postmaster@" + domain:
		return mailsvc.Account{Address: other}, nil
	}
	return mailsvc.Account{}, &mailsvc.Error{Op: "look up", Subject: address, Kind: mailsvc.ErrNotFound}
}

func (p people) Authenticate(_ context.Context, address, pass, _ string) (mailsvc.Account, error) {
	if a, err := p.Account(address); err == nil && pass == password {
		return a, nil
	}
	return mailsvc.Account{}, &mailsvc.Error{Op: "authenticate", Kind: mailsvc.ErrNotAllowed}
}

func (people) MaySend(a mailsvc.Account, address string) bool {
	address = strings.ToLower(address)
	return a.Address == clerk && (address == clerk || address == alias || address == office) || a.Address == address
}

func (people) Rights(mailsvc.Account, string) mailsvc.Rights { return 0 }

// world is a server with everything behind it in memory.
type world struct {
	t      *testing.T
	server *Server
	addr   map[Role]string
	roots  *x509.CertPool

	mu        sync.Mutex
	blobs     map[mailsvc.BlobID]string
	delivered map[string][]string // mailbox -> messages with prefix
	queued    []mailsvc.Outgoing
	taken     []mailsvc.Incoming

	// What the parts behind answer; set before use.
	failDeliver func(try int, account string) error
	failQueue   error
	failIngest  error
	take        func(mailsvc.Incoming) error
	permit      func(*mailsvc.Account, string) error
	tries       int
}

func newWorld(t *testing.T, set ...func(*Options)) *world {
	t.Helper()
	w := &world{t: t, addr: map[Role]string{}, blobs: map[mailsvc.BlobID]string{}, delivered: map[string][]string{}}
	cert, roots := certificate(t)
	w.roots = roots
	o := Options{
		Hostname: "mail." + domain, Domains: []string{domain}, Identities: people{},
		Intakes: map[string]mailsvc.Intake{intakeTo: w}, Ingest: w.ingest, Deliver: w.deliver, Enqueue: w.enqueue,
		TLS:    &tls.Config{Certificates: []tls.Certificate{cert}},
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	for _, f := range set {
		f(&o)
	}
	w.server = New(o)
	for _, role := range []Role{MX, Submission, Submissions} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		w.addr[role] = l.Addr().String()
		done := make(chan struct{})
		go func() { defer close(done); _ = w.server.Serve(l, role) }()
		t.Cleanup(func() { <-done })
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
		defer cancel()
		_ = w.server.Shutdown(ctx)
	})
	return w
}

func (w *world) ingest(r io.Reader) (mailsvc.NewMessage, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return mailsvc.NewMessage{}, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failIngest != nil {
		return mailsvc.NewMessage{}, w.failIngest
	}
	sum := sha256.Sum256(data)
	id := mailsvc.BlobID(hex.EncodeToString(sum[:]))
	w.blobs[id] = string(data)
	return mailsvc.NewMessage{Blob: id, BlobSize: int64(len(data))}, nil
}

func (w *world) deliver(_ context.Context, d mailsvc.Delivery) []error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tries++
	errs := make([]error, len(d.Targets))
	for i, target := range d.Targets {
		if w.failDeliver != nil {
			if errs[i] = w.failDeliver(w.tries, target.Account); errs[i] != nil {
				continue
			}
		}
		w.delivered[target.Account] = append(w.delivered[target.Account], string(target.Prefix)+w.blobs[d.Message.Blob])
	}
	return errs
}

func (w *world) enqueue(_ context.Context, out []mailsvc.Outgoing) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failQueue != nil {
		return w.failQueue
	}
	w.queued = append(w.queued, out...)
	return nil
}

func (w *world) Permit(_ context.Context, a *mailsvc.Account, from string) error {
	if w.permit != nil {
		return w.permit(a, from)
	}
	if a == nil {
		return errors.New("chỉ văn thư đã đăng nhập mới được phát hành")
	}
	return nil
}

func (w *world) Take(_ context.Context, in mailsvc.Incoming) error {
	w.mu.Lock()
	w.taken = append(w.taken, in)
	w.mu.Unlock()
	if w.take != nil {
		return w.take(in)
	}
	return nil
}

// count is how many copies exist anywhere.
func (w *world) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(w.queued)
	for _, m := range w.delivered {
		n += len(m)
	}
	return n
}

// mail returns the messages in a mailbox.
func (w *world) mail(account string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.delivered[account])
}

func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail." + domain}, DNSNames: []string{"mail." + domain},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// client speaks raw SMTP.
type client struct {
	t  *testing.T
	w  *world
	nc net.Conn
	r  *bufio.Reader
}

// dial connects and reads the greeting.
func (w *world) dial(role Role) *client {
	w.t.Helper()
	nc, err := net.Dial("tcp", w.addr[role])
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { nc.Close() })
	c := &client{t: w.t, w: w, nc: nc, r: bufio.NewReader(nc)}
	if role == Submissions {
		c.secure()
	}
	c.want("220")
	return c
}

// secure begins TLS.
func (c *client) secure() {
	c.t.Helper()
	tc := tls.Client(c.nc, &tls.Config{RootCAs: c.w.roots, ServerName: "mail." + domain})
	if err := tc.Handshake(); err != nil {
		c.t.Fatal(err)
	}
	c.nc, c.r = tc, bufio.NewReader(tc)
}

// ready is a client that has said EHLO, and on submission logged in.
func (w *world) ready(role Role) *client {
	w.t.Helper()
	c := w.dial(role)
	if role == Submission {
		c.say("EHLO client.example", "250")
		c.say("STARTTLS", "220")
		c.secure()
	}
	c.say("EHLO client.example", "250")
	if role != MX {
		c.login(clerk, password)
	}
	return c
}

func (c *client) login(user, pass string) {
	c.t.Helper()
	c.say("AUTH PLAIN "+plain(user, pass), "235")
}

// send writes bytes as they are.
func (c *client) send(s string) {
	c.t.Helper()
	_ = c.nc.SetWriteDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(c.nc, s); err != nil {
		c.t.Fatalf("write: %v", err)
	}
}

// reply reads one reply; "" when the connection is closed.
func (c *client) reply() string {
	c.t.Helper()
	_ = c.nc.SetReadDeadline(time.Now().Add(10 * time.Second))
	var all strings.Builder
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			if errors.Is(err, context.DeadlineExceeded) || isTimeout(err) {
				c.t.Fatalf("no reply; so far %q", all.String())
			}
			return all.String()
		}
		all.WriteString(line)
		if len(line) < 4 || line[3] != '-' {
			return all.String()
		}
	}
}

func isTimeout(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}

func (c *client) want(prefix string) string {
	c.t.Helper()
	r := c.reply()
	if !strings.HasPrefix(r, prefix) {
		c.t.Fatalf("reply %q, want %q", r, prefix)
	}
	return r
}

// wantClosed reads to the end and returns what still came.
func (c *client) wantClosed() string {
	c.t.Helper()
	_ = c.nc.SetReadDeadline(time.Now().Add(10 * time.Second))
	rest, err := io.ReadAll(c.r)
	if isTimeout(err) {
		c.t.Fatalf("the connection is still open; got %q", rest)
	}
	return string(rest)
}

func (c *client) say(line, want string) string {
	c.t.Helper()
	c.send(line + "\r\n")
	r := c.reply()
	if !strings.HasPrefix(r, want) {
		c.t.Fatalf("%s: reply %q, want %q", line, r, want)
	}
	return r
}

// envelope says MAIL and RCPT.
func (c *client) envelope(from string, to ...string) {
	c.t.Helper()
	c.say("MAIL FROM:<"+from+">", "250")
	for _, r := range to {
		c.say("RCPT TO:<"+r+">", "250")
	}
}

// transfer does one whole transaction with DATA.
func (c *client) transfer(from string, to []string, message, want string) string {
	c.t.Helper()
	c.envelope(from, to...)
	c.say("DATA", "354")
	c.send(message + ".\r\n")
	return c.want(want)
}

// simple is a message that nobody has anything against.
func simple(from string) string {
	return "From: <" + from + ">\r\nTo: a@b.example\r\nSubject: x\r\nDate: Wed, 01 Jul 2026 08:00:00 +0700\r\nMessage-ID: <1@b.example>\r\n\r\nhello\r\n"
}

const stranger = "ai@ngoai.example"

func fieldsOf(message string) string {
	head, _, _ := strings.Cut(message, "\r\n\r\n")
	return head
}

func repeat(s string, n int) string { return string(bytes.Repeat([]byte(s), n)) }

func numbered(format string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}
