package queue

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"quangtri.gov.vn/vanthu/mailsvc"
)

const (
	here   = "quangtri.example"
	there  = "bo.example"
	author = "an@" + here
)

// peer is another server, with the misbehaviour that a test needs.
type peer struct {
	// answer may return a reply to a step (a verb, or "dot" after the message),
	// "" for the usual one, or one of the acts below. n counts connections from 1.
	answer func(step, line string, n int) string
	ext    string // lines of EHLO, "250-X\r\n" each
	tls    *tls.Config

	mu       sync.Mutex
	conns    int
	open     int
	mostOpen int
	messages []received
	wire     []byte // everything that came after DATA
	said     []string
}

const (
	hangUp    = "hang up"
	keepQuiet = "keep quiet"
)

// received is one message that came with its final dot.
type received struct{ from, to, data string }

func (p *peer) serve(nc net.Conn) {
	defer nc.Close()
	p.mu.Lock()
	p.conns++
	n := p.conns
	p.open++
	p.mostOpen = max(p.mostOpen, p.open)
	p.mu.Unlock()
	defer func() { p.mu.Lock(); p.open--; p.mu.Unlock() }()
	c := &peerConn{p: p, nc: nc, r: bufio.NewReader(nc), n: n}
	if !c.reply("greeting", "", "220 peer ready") {
		return
	}
	for c.command() {
	}
}

type peerConn struct {
	p        *peer
	nc       net.Conn
	r        *bufio.Reader
	n        int
	from, to string
	secure   bool
}

func (c *peerConn) reply(step, line, usual string) bool {
	a := ""
	if c.p.answer != nil {
		a = c.p.answer(step, line, c.n)
	}
	switch a {
	case "":
		a = usual
	case hangUp:
		return false
	case keepQuiet:
		_, _ = io.Copy(io.Discard, c.r)
		return false
	}
	_, err := io.WriteString(c.nc, a+"\r\n")
	return err == nil && !strings.HasPrefix(a, "421")
}

func (c *peerConn) command() bool {
	line, err := c.r.ReadString('\n')
	if err != nil {
		return false
	}
	line = strings.TrimRight(line, "\r\n")
	c.p.mu.Lock()
	c.p.said = append(c.p.said, line)
	c.p.mu.Unlock()
	verb := strings.ToUpper(strings.SplitN(line, " ", 2)[0])
	switch verb {
	case "EHLO":
		ext := c.p.ext
		if c.p.tls != nil && !c.secure {
			ext += "250-STARTTLS\r\n"
		}
		return c.reply(verb, line, "250-peer\r\n"+ext+"250 8BITMIME")
	case "STARTTLS":
		if !c.reply(verb, line, "220 go") {
			return false
		}
		t := tls.Server(c.nc, c.p.tls)
		if t.Handshake() != nil {
			return false
		}
		c.nc, c.r, c.secure = t, bufio.NewReader(t), true
		return true
	case "MAIL":
		c.from = between(line)
	case "RCPT":
		c.to = between(line)
	case "AUTH":
		return c.reply(verb, line, "235 ok")
	case "DATA":
		return c.reply(verb, line, "354 go") && c.data()
	case "QUIT":
		c.reply(verb, line, "221 bye")
		return false
	}
	return c.reply(verb, line, "250 ok")
}

func between(line string) string {
	_, s, _ := strings.Cut(line, "<")
	s, _, _ = strings.Cut(s, ">")
	return s
}

func (c *peerConn) data() bool {
	var raw bytes.Buffer
	for !bytes.HasSuffix(raw.Bytes(), []byte("\r\n.\r\n")) && !(raw.Len() == 3 && raw.String() == ".\r\n") {
		line, err := c.r.ReadBytes('\n')
		raw.Write(line)
		if err != nil {
			c.p.mu.Lock()
			c.p.wire = append(c.p.wire, raw.Bytes()...)
			c.p.mu.Unlock()
			return false
		}
	}
	text := strings.TrimSuffix(raw.String(), ".\r\n")
	text = strings.ReplaceAll("\r\n"+text, "\r\n.", "\r\n")[2:]
	c.p.mu.Lock()
	c.p.wire = append(c.p.wire, raw.Bytes()...)
	c.p.messages = append(c.p.messages, received{c.from, c.to, text})
	c.p.mu.Unlock()
	return c.reply("dot", "", "250 2.0.0 taken")
}

func (p *peer) got() []received {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]received(nil), p.messages...)
}

func (p *peer) count(prefix string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, l := range p.said {
		if strings.HasPrefix(l, prefix) {
			n++
		}
	}
	return n
}

// pipe is an Options.Dial that reaches the peer through memory.
func (p *peer) pipe(_ context.Context, _, _ string) (net.Conn, error) {
	a, b := net.Pipe()
	go p.serve(b)
	return a, nil
}

// listen puts the peer on a loopback port.
func (p *peer) listen(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(nc)
		}
	}()
	return l.Addr().String()
}

// bodies is a mailsvc.Blobs in memory, and what is behind Local.
type bodies struct {
	mu    sync.Mutex
	all   map[mailsvc.BlobID][]byte
	boxes map[string][]string // address -> messages
	seen  map[string]bool     // delivery ids
	fail  func(to string) error
}

func newBodies() *bodies {
	return &bodies{all: map[mailsvc.BlobID][]byte{}, boxes: map[string][]string{}, seen: map[string]bool{}}
}

func (b *bodies) put(text string) mailsvc.BlobID {
	sum := sha256.Sum256([]byte(text))
	id := mailsvc.BlobID(hex.EncodeToString(sum[:]))
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all[id] = []byte(text)
	return id
}

func (b *bodies) Create() (mailsvc.BlobWriter, error) { return nil, errors.ErrUnsupported }

func (b *bodies) Begin([]byte) func() (mailsvc.BlobID, int64, error) {
	return func() (mailsvc.BlobID, int64, error) { return "", 0, errors.ErrUnsupported }
}

func (b *bodies) Open(id mailsvc.BlobID) (mailsvc.Blob, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	data, ok := b.all[id]
	if !ok {
		return nil, &mailsvc.Error{Op: "open body", Kind: mailsvc.ErrNotFound}
	}
	return blob{bytes.NewReader(data)}, nil
}

type blob struct{ *bytes.Reader }

func (blob) Close() error { return nil }

func (b *bodies) ingest(r io.Reader) (mailsvc.NewMessage, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return mailsvc.NewMessage{}, err
	}
	return mailsvc.NewMessage{Blob: b.put(string(data)), BlobSize: int64(len(data))}, nil
}

func (b *bodies) local(_ context.Context, id, to string, m mailsvc.NewMessage) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail != nil {
		if err := b.fail(to); err != nil {
			return err
		}
	}
	if id != "" && b.seen[id] {
		return nil
	}
	b.seen[id] = true
	b.boxes[to] = append(b.boxes[to], string(m.Prefix)+string(b.all[m.Blob]))
	return nil
}

func (b *bodies) box(to string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.boxes[to]...)
}

const letter = "From: An <an@quangtri.example>\r\nTo: bo@bo.example\r\nSubject: x\r\nDate: Wed, 01 Jul 2026 08:00:00 +0700\r\n\r\nhello\r\n"

// mail is an item for the outside.
func (b *bodies) mail(key string, set ...func(*mailsvc.Outgoing)) []mailsvc.Outgoing {
	m := mailsvc.Outgoing{Key: key, From: author, To: "bo@" + there, Blob: b.put(letter), Size: int64(len(letter)), Prefix: []byte("Received: by mail." + here + "\r\n"), Tracked: true}
	for _, f := range set {
		f(&m)
	}
	return []mailsvc.Outgoing{m}
}

func untracked(m *mailsvc.Outgoing) { m.Tracked = false }

// options are those of a queue whose only way out is the peer.
func (b *bodies) options(t testing.TB, dial func(context.Context, string, string) (net.Conn, error)) Options {
	return Options{
		Hostname: "mail." + here, Domains: []string{here}, Blobs: b, Ingest: b.ingest, Local: b.local, Dial: dial,
		Routes: map[string]string{there: "192.0.2.1:25"}, Resolver: noDNS{},
		Fatal: func(err error) { t.Error(err) }, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
}

type noDNS struct{}

func (noDNS) LookupMX(_ context.Context, name string) ([]*net.MX, error) {
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

func (noDNS) LookupHost(_ context.Context, name string) ([]string, error) {
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

// start opens a queue and runs it until stop or the end of the test.
func start(t *testing.T, path string, o Options) (q *Queue, stop func()) {
	t.Helper()
	q, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := q.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			<-done
			if err := q.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(stop)
	return q, stop
}

func file(t *testing.T) string { return filepath.Join(t.TempDir(), "queue.db") }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// outcome returns what is known of one key.
func outcome(t *testing.T, q *Queue, key string) mailsvc.Outcome {
	t.Helper()
	all, err := q.Outcomes(t.Context(), []string{key})
	must(t, err)
	if len(all) == 0 {
		return mailsvc.Outcome{}
	}
	return all[0]
}

// await waits until the key is in a final phase.
func await(t *testing.T, q *Queue, key string) mailsvc.Outcome {
	t.Helper()
	limit := time.After(20 * time.Second)
	for {
		if o := outcome(t, q, key); o.Phase != mailsvc.Waiting {
			return o
		}
		select {
		case <-q.Settled():
		case <-limit:
			t.Fatalf("%s is still %+v", key, outcome(t, q, key))
		}
	}
}

// gone waits until an untracked item is done with.
func gone(t *testing.T, q *Queue, key string) {
	t.Helper()
	limit := time.After(20 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for outcome(t, q, key).Key != "" {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("%s is still %+v", key, outcome(t, q, key))
		}
	}
}

func wantPhase(t *testing.T, o mailsvc.Outcome, p mailsvc.Phase) {
	t.Helper()
	if o.Phase != p {
		t.Fatalf("outcome is %+v, want %s", o, p)
	}
}

func keyed(i int) string { return fmt.Sprintf("k%03d", i) }
