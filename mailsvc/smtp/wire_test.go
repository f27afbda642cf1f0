package smtp

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func plain(user, pass string) string {
	return base64.StdEncoding.EncodeToString([]byte("\x00" + user + "\x00" + pass))
}

// closeWrite half-closes, as a client that dies mid-way looks like.
func (c *client) closeWrite() {
	c.t.Helper()
	var err error
	switch nc := c.nc.(type) {
	case *net.TCPConn:
		err = nc.CloseWrite()
	case *tls.Conn:
		err = nc.CloseWrite()
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

func TestShortChunkIsNoMessage(t *testing.T) { // S1
	t.Parallel()
	for _, role := range []Role{MX, Submission, Submissions} {
		w := newWorld(t)
		c := w.ready(role)
		c.envelope(clerk, other)
		c.send("BDAT 1000 LAST\r\n" + simple(clerk))
		c.closeWrite()
		if r := c.wantClosed(); strings.Contains(r, "250") {
			t.Errorf("role %v: reply %q to a short chunk", role, r)
		}
		if w.count() != 0 {
			t.Errorf("role %v: a truncated message was delivered", role)
		}
	}
}

func TestBrokenDataRunsNoCommands(t *testing.T) { // S2
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Limits.Idle = 100 * time.Millisecond })
	c := w.ready(MX)
	c.envelope(stranger, other)
	c.say("DATA", "354")
	c.send("Subject: x\r\n\r\nfirst half\r\n") // and silence
	c.want("451")
	rest := c.wantClosed()
	if w.count() != 0 || strings.Contains(rest, "250") {
		t.Fatalf("%d messages; then %q", w.count(), rest)
	}
}

func TestSlowSendersOfDataAreCut(t *testing.T) { // S3
	t.Parallel()
	w := newWorld(t, func(o *Options) {
		o.Limits.Idle = 150 * time.Millisecond
		o.Limits.MinRate = 1000
	})
	c := w.ready(MX)
	c.envelope(stranger, other)
	c.say("DATA", "354")
	tick := time.NewTicker(20 * time.Millisecond) // never idle, but 50 octets a second
	defer tick.Stop()
	for sent := 0; ; sent++ { // what the rate allows is used up after a tenth of the bound
		if sent == 100 {
			t.Fatalf("%d octets, and not cut", sent)
		}
		<-tick.C
		if _, err := io.WriteString(c.nc, "x"); err != nil {
			break
		}
		_ = c.nc.SetReadDeadline(time.Now().Add(time.Millisecond))
		if _, err := c.r.Peek(1); err == nil {
			break
		}
	}
	c.want("451")
}

func TestMalformedChunkEndsTheConnection(t *testing.T) { // S4
	t.Parallel()
	for _, arg := range []string{"30 FOO", "99999999999999999999", "-1", "", "x", "30 LAST LAST", "9223372036854775807 LAST"} {
		for _, second := range []bool{false, true} {
			w := newWorld(t)
			c := w.ready(MX)
			c.envelope(stranger, other)
			if second {
				c.send("BDAT 5\r\nA: b\n")
				c.want("550") // bare LF: reported at once
				continue
			}
			c.send("BDAT " + arg + "\r\nRSET\r\nMAIL FROM:<evil@x.example>\r\n")
			c.want("501")
			if rest := c.wantClosed(); rest != "" {
				t.Errorf("BDAT %q: then %q", arg, rest)
			}
		}
	}
}

func TestChunks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.ready(MX)
	m := simple(stranger)
	want := func(n int) {
		t.Helper()
		if got := w.mail(other); len(got) != n || !strings.HasSuffix(got[n-1], m) {
			t.Fatalf("%d messages, want %d: %q", len(got), n, got)
		}
	}
	c.envelope(stranger, other)
	c.send(fmt.Sprintf("BDAT %d LAST\r\n%s", len(m), m))
	c.want("250")
	want(1)
	// Cut anywhere, CRLF included, pipelined, an empty last chunk.
	for cut := 0; cut <= len(m); cut += 7 {
		c.envelope(stranger, other)
		c.send(fmt.Sprintf("BDAT %d\r\n%sNOOP\r\nBDAT 0\r\nBDAT %d\r\n%sBDAT 0 LAST\r\n", cut, m[:cut], len(m)-cut, m[cut:]))
		for range 5 {
			c.want("250")
		}
	}
	n := len(w.mail(other))
	want(n)
	// RSET in the middle: nothing of it is left.
	c.envelope(stranger, other)
	c.send("BDAT 10\r\nSubject: x")
	c.want("250")
	c.say("DATA", "503")
	c.say("MAIL FROM:<x@x.example>", "503")
	c.say("RSET", "250")
	want(n)
	c.transfer(stranger, []string{other}, m, "250")
	want(n + 1)
	// Chunks without recipients are skipped, not run.
	c.send("BDAT 12\r\nRSET\r\nRSET\r\n")
	c.want("502")
	c.say("NOOP", "250")
	c.say("MAIL FROM:<"+stranger+">", "250")
	c.send("BDAT 6\r\nQUIT\r\nBDAT 6 LAST\r\nQUIT\r\n")
	c.want("502")
	c.want("502")
	// QUIT in the middle.
	c.say("RCPT TO:<"+other+">", "250")
	c.send("BDAT 10\r\nSubject: xQUIT\r\n")
	c.want("250")
	c.want("221")
	c.wantClosed()
	want(n + 1)
}

func TestChunksObeyTheSizeLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Limits.MessageSize = 1000 })
	c := w.ready(MX)
	c.envelope(stranger, other)
	chunk := "Subject: x\r\n\r\n" + repeat("0123456789abcd\r\n", 40)
	c.send(fmt.Sprintf("BDAT %d\r\n%s", len(chunk), chunk))
	c.want("250")
	c.send(fmt.Sprintf("BDAT %d\r\n%s", len(chunk), chunk))
	c.want("552")
	c.send("BDAT 6 LAST\r\nQUIT\r\n")
	c.want("502")
	c.transfer(stranger, []string{other}, simple(stranger), "250")
}

// TestSmuggling sends every known variant of a false end of data: the message
// must be refused, or be one.
func TestSmuggling(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	second := "MAIL FROM:<evil@x.example>\r\nRCPT TO:<" + other + ">\r\nDATA\r\nSubject: smuggled\r\n\r\nx"
	ends := []string{
		"\n.\n", "\n.\r\n", "\r.\r\n", "\r.\r", "\r\n.\n", "\r\n.\r", "\n.\r", "\r.\n", "\r\r\n.\r\n", "\r\n.\r\r\n", "\n\n.\r\n",
		"\r\n\x00.\r\n", "\r\n.\x00\r\n", "\r\n.\r\x00\n", "\r\n\x00\r\n.\n", "\n\r.\r\n", "\r\n\r.\r\n", "\r\n\n.\r\n", "\r\n.\n\r\n",
		"\x00\r\n.\r\n\x00", "\r\n.\x0d\x0d\x0a", "\r\n..\n", "\r\n.\x85\n", "\n\x00.\n", "\r\x00\n.\r\n",
	}
	for _, end := range ends {
		c := w.ready(MX)
		c.envelope(stranger, other)
		c.say("DATA", "354")
		c.send("Subject: first\r\n\r\nbody" + end + second + "\r\n.\r\n")
		r := c.want("")
		if !strings.HasPrefix(r, "550 5.6.11") {
			t.Errorf("%q: reply %q", end, r)
		}
		if rest := c.wantClosed(); strings.Contains(rest, "250") {
			t.Errorf("%q: then %q", end, rest)
		}
	}
	for _, bad := range []string{"a\nb\r\n", "a\rb\r\n", "a\x00b\r\n", "a\r\r\n", "a\r"} {
		c := w.ready(MX)
		c.envelope(stranger, other)
		body := "Subject: first\r\n\r\n" + bad
		c.send(fmt.Sprintf("BDAT %d LAST\r\n%s", len(body), body))
		if r := c.want(""); !strings.HasPrefix(r, "550 5.6.11") {
			t.Errorf("BDAT %q: reply %q", bad, r)
		}
		c.wantClosed()
	}
	if n := w.count(); n != 0 {
		t.Fatalf("%d messages were accepted", n)
	}
}

func TestDotsAndBytesArriveUntouched(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.ready(MX)
	lines := []string{"", ".", "..", ".x", "x.", "...", "\tđ", repeat("a", 3000), repeat("\xff\x01", 200), ". ", repeat(".", 40000)}
	for shift := range 3 { // other cuts of the read buffer
		body := "Subject: x\r\nX-Pad: " + repeat("p", shift*5461) + "\r\n\r\n" + strings.Join(lines, "\r\n") + "\r\n"
		c.envelope(stranger, other)
		c.say("DATA", "354")
		c.send(strings.ReplaceAll(body, "\r\n.", "\r\n..") + ".\r\n")
		c.want("250")
		got := w.mail(other)
		if m := got[len(got)-1]; !strings.HasSuffix(m, body) {
			t.Fatalf("shift %d: the message was changed", shift)
		}
	}
}

func TestLongLines(t *testing.T) { // S7
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Limits.LineLength = 10_000 })
	c := w.ready(MX)
	c.transfer(stranger, []string{other}, "Subject: x\r\n\r\n"+repeat("x", 2100)+"\r\n", "250")
	c.transfer(stranger, []string{other}, "Subject: x\r\n\r\n"+repeat("x", 10_001)+"\r\n", "550")
	c.say("NOOP", "250") // in step
	c.send("NOOP " + repeat("x", maxCommand) + "\r\n")
	c.want("500")
	c.wantClosed()
}

func TestCommandLinesAreStrict(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, line := range []string{"NOOP\n", "NO\x00OP\r\n", "MAIL FROM:<a\rRCPT@x.example>\r\n", "NOOP\x7f\r\n", "RCPT TO:<\"a\x01\"@" + domain + ">\r\n"} {
		c := w.ready(MX)
		c.send(line + "NOOP\r\n")
		c.want("500")
		if rest := c.wantClosed(); rest != "" {
			t.Errorf("%q: then %q", line, rest)
		}
	}
}

func TestAddressesAreChecked(t *testing.T) { // S9
	t.Parallel()
	w := newWorld(t)
	c := w.ready(MX)
	for _, bad := range []string{
		"a@b\xff.example", "a@b..example", "a@-b.example", "vănthư@x.example", "a@" + repeat("b.", 130) + "vn",
		repeat("a", 65) + "@x.example", "\"a\tb\"@x.example",
	} {
		c.say("MAIL FROM:<"+bad+">", "553")
	}
	c.say("MAIL FROM:<\"mẫu\"@tỉnh.example> SMTPUTF8", "250")
	c.say("RCPT TO:<Postmaster>", "250")
	c.say("rcpt to:<postmaster>", "250")
	c.say("RCPT TO:<a\u202eb@"+domain+">", "553")
	c.say("RSET", "250")
	c.say("MAIL FROM:<\"john \\\"doe\"@x.example>", "250")
	c.say("RCPT TO:<"+other+">", "250")
	c.say("DATA", "354")
	c.send(simple(stranger) + ".\r\n")
	c.want("250")
	if m := w.mail(other)[0]; !strings.HasPrefix(m, "Return-Path: <\"john \\\"doe\"@x.example>\r\n") {
		t.Errorf("got %q", m)
	}
}

func TestSTARTTLS(t *testing.T) { // S8 and injection
	t.Parallel()
	w := newWorld(t)
	c := w.dial(Submission)
	if r := c.say("EHLO x.example", "250"); !strings.Contains(r, "STARTTLS") || strings.Contains(r, "AUTH") {
		t.Errorf("before TLS: %q", r)
	}
	c.say("AUTH PLAIN "+plain(clerk, password), "538")
	c.say("STARTTLS now", "501")
	c.say("STARTTLSX", "501")
	c.say("STARTTLS", "220")
	c.secure()
	c.say("MAIL FROM:<"+clerk+">", "502") // the EHLO before TLS is forgotten
	if r := c.say("EHLO x.example", "250"); strings.Contains(r, "STARTTLS") || !strings.Contains(r, "AUTH PLAIN LOGIN") {
		t.Errorf("after TLS: %q", r)
	}
	c.say("STARTTLS", "503")

	c = w.dial(Submission)
	c.say("EHLO x.example", "250")
	c.send("STARTTLS\r\nMAIL FROM:<evil@x.example>\r\n")
	c.want("501")
	if rest := c.wantClosed(); rest != "" {
		t.Errorf("after an injection: %q", rest)
	}

	c = w.dial(MX)
	c.say("EHLO x.example", "250")
	c.say("STARTTLS", "220")
	c.send("EHLO this.is.no.handshake\r\nMAIL FROM:<evil@x.example>\r\n")
	if rest := c.wantClosed(); strings.Contains(rest, "250") {
		t.Errorf("commands ran in clear text: %q", rest)
	}
}

func TestHandshakeHasADeadline(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Limits.Handshake = 50 * time.Millisecond })
	nc, err := net.Dial("tcp", w.addr[Submissions])
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	_ = nc.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.ReadAll(nc); isTimeout(err) {
		t.Fatal("a silent client keeps its connection")
	}
}

func TestSilentClientsAreCut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Limits.Command = 50 * time.Millisecond })
	c := w.dial(MX)
	c.want("421")
	c.wantClosed()
	c = w.dial(MX) // a byte now and then does not help
	c.send("NO")
	c.want("421")
	c.wantClosed()
}

func TestUselessCommandsAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Limits.Commands = 20 })
	c := w.ready(MX)
	c.send(repeat("NOOP\r\n", 40))
	if r := c.wantClosed(); strings.Count(r, "250") != 19 || !strings.Contains(r, "421") {
		t.Errorf("got %q", r)
	}
	c = w.ready(MX)
	for range 30 { // real work is not bounded
		c.transfer(stranger, []string{other}, simple(stranger), "250")
	}
}

func TestConnectionLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Limits.ConnectionsPerIP = 2 })
	a, b := w.dial(MX), w.dial(Submissions)
	nc, err := net.Dial("tcp", w.addr[MX])
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if r, _ := io.ReadAll(nc); !strings.HasPrefix(string(r), "421 ") {
		t.Fatalf("third connection: %q", r)
	}
	a.say("QUIT", "221")
	a.wantClosed()
	b.say("EHLO x.example", "250")
	// The place is free as soon as the socket is closed.
	deadline := time.Now().Add(5 * time.Second)
	for open := 2; open > 1; {
		w.server.mu.Lock()
		open = len(w.server.conns)
		w.server.mu.Unlock()
		if time.Now().After(deadline) {
			t.Fatal("a closed connection still counts")
		}
		<-time.After(time.Millisecond)
	}
	w.dial(MX)
}

func TestPipelining(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.ready(MX)
	m := simple(stranger)
	one := "MAIL FROM:<" + stranger + ">\r\nRCPT TO:<" + other + ">\r\nRCPT TO:<nobody@" + domain + ">\r\nDATA\r\n" + m + ".\r\n"
	c.send(repeat(one, 50) + "QUIT\r\n")
	for range 50 {
		for _, code := range []string{"250", "250", "550", "354", "250"} {
			c.want(code)
		}
	}
	c.want("221")
	if got := w.mail(other); len(got) != 50 {
		t.Fatalf("%d messages", len(got))
	}
}

func TestShutdown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	idle, open, data := w.ready(MX), w.ready(MX), w.ready(MX)
	open.envelope(stranger, other)
	data.envelope(stranger, other)
	data.say("DATA", "354")
	data.send("Subject: x\r\n\r\nhalf")
	done := make(chan error, 1)
	go func() { done <- w.server.Shutdown(context.Background()) }()
	idle.want("421")
	idle.wantClosed()
	open.say("DATA", "354")
	open.send(simple(stranger) + ".\r\n")
	open.want("250")
	open.want("421")
	data.send(" a message\r\n.\r\n")
	data.want("250")
	data.want("421")
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if n := len(w.mail(other)); n != 2 {
		t.Errorf("%d messages", n)
	}
	if _, err := net.Dial("tcp", w.addr[MX]); err == nil {
		t.Error("still listening")
	}
}

func TestShutdownCutsAtTheDeadline(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.ready(MX)
	c.envelope(stranger, other)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := w.server.Shutdown(ctx); err != context.DeadlineExceeded {
		t.Fatalf("error is %v", err)
	}
	c.wantClosed()
}

func TestDeadlineOfDataRolls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &Server{o: Options{Limits: Limits{Idle: time.Minute, MinRate: 1000}}}
		b := &body{w: &wire{s: s}, started: time.Now()}
		if got := time.Until(b.deadline()); got != time.Minute {
			t.Errorf("at first %v", got)
		}
		b.raw = 30_000 // worth 30 seconds
		<-time.After(50 * time.Second)
		if got := time.Until(b.deadline()); got != 40*time.Second {
			t.Errorf("slow: %v", got)
		}
		b.raw = 1 << 30
		if got := time.Until(b.deadline()); got != time.Minute {
			t.Errorf("fast: %v", got)
		}
	})
}

func FuzzLineCheck(f *testing.F) {
	f.Add([]byte("a\r\n.b\r\n\r\n.\r\n"), uint8(3))
	f.Add([]byte("\r\r\n\x00\n."), uint8(1))
	f.Fuzz(func(t *testing.T, in []byte, cut uint8) {
		whole := lineCheck{start: true, limit: 100}
		whole.run(in, false)
		parts := lineCheck{start: true, limit: 100}
		step := int(cut)%7 + 1
		for rest := in; len(rest) > 0; {
			n := min(step, len(rest))
			if parts.run(rest[:n], false) != n {
				t.Fatal("without dots everything is taken")
			}
			rest = rest[n:]
		}
		if (whole.err == nil) != (parts.err == nil) {
			t.Fatalf("%q: %v in one, %v in parts", in, whole.err, parts.err)
		}
		bare := strings.ContainsAny(strings.ReplaceAll(string(in), "\r\n", ""), "\r\n\x00")
		if whole.err == nil && bare && !whole.cr {
			t.Fatalf("%q passed", in)
		}
	})
}

func TestShutdownBeforeServe(t *testing.T) {
	t.Parallel()
	w := &world{}
	s := New(Options{
		Hostname: "mail." + domain, Domains: []string{domain}, Identities: people{},
		Ingest: w.ingest, Deliver: w.deliver, Enqueue: w.enqueue,
	})
	if err := s.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(l, MX); err != ErrStopped {
		t.Errorf("Serve after Shutdown: %v", err)
	}
}
