package imap

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"quangtri.gov.vn/vanthu/mailsvc"
)

func TestConnectionLimits(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, func(o *Options) { o.Limits.ConnsPerIP, o.Limits.ConnsPerUser = 3, 2 })
	a, b := h.login(alice), h.login(alice)
	c := h.dial()
	c.fails(fmt.Sprintf("LOGIN %s {%d+}\r\n%s", alice, len(secret), secret), "NO [LIMIT]")
	c.ok(fmt.Sprintf("LOGIN %s {%d+}\r\n%s", bob, len(secret), secret))
	nc, err := net.Dial("tcp", h.addr)
	must(t, err)
	defer nc.Close()
	w := &wire{t: t, c: nc, br: newReader(nc)}
	if l := w.line(); !strings.HasPrefix(l, "* BYE ") {
		t.Error(l)
	}
	w.ended()
	a.ok("LOGOUT")
	a.ended()
	b.ok("NOOP")
	h.login(alice)
}

func TestLoginTimeout(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, func(o *Options) { o.Limits.LoginTimeout = 50 * time.Millisecond })
	w := h.dial()
	if l := w.line(); !strings.HasPrefix(l, "* BYE") {
		t.Error(l)
	}
	w.ended()
	w = h.dial() // dripping does not help
	w.send("a LOGIN {5+}\r\nx")
	w.ended()
}

func TestSenselessCommands(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	w := h.dial()
	for range maxBadRow - 1 {
		w.fails("GET / HTTP/1.1", "BAD")
	}
	w.send("x NONSENSE\r\n")
	w.ended()
	w = h.dial()
	for _, s := range []string{"", "\r\n", " \r\n", "\x00\r\n", "a\r\n", "+ x\r\n", "a  \r\n", "a UID\r\n", "a UID NOOP\r\n", "* NOOP\r\n", "a {3}\r\n", "a \"NOOP\"\r\n", "a SELECT INBOX\r\n", "\xff\xfe NOOP\r\n"} {
		w.send(s)
	}
	w.send("zz NOOP\r\n")
	if _, a := w.until("zz"); !strings.HasPrefix(a, "OK") {
		t.Error(a)
	}
}

func TestPipelining(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	w := h.dial()
	var b strings.Builder
	fmt.Fprintf(&b, "a LOGIN %s {%d+}\r\n%s\r\nb SELECT INBOX\r\nc APPEND INBOX {4+}\r\nA: b\r\n", alice, len(secret), secret)
	for i := range 500 {
		fmt.Fprintf(&b, "n%d NOOP\r\n", i)
	}
	b.WriteString("d FETCH 1 UID\r\ne LOGOUT\r\n")
	w.send(b.String())
	if got, _ := w.until("d"); len(only(got, "* 1 FETCH (UID 1)")) != 1 {
		t.Errorf("%q", got)
	}
	w.until("e")
	w.ended()
}

func TestSlowClientIsCutOff(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, func(o *Options) { o.Limits.WriteTimeout = 100 * time.Millisecond })
	big := letter("to", strings.Repeat("x", 8<<20))
	for range 4 {
		h.put(alice, "INBOX", big)
	}
	w := h.login(alice)
	w.ok("SELECT INBOX")
	w.send("a FETCH 1:* BODY.PEEK[]\r\n") // and nothing is read
	h.until(func() bool { return h.open() == 0 })
}

// until waits for something to come true.
func (h *house) until(done func() bool) {
	h.t.Helper()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	limit := time.After(time.Minute) // only a machine that is overloaded needs long
	for !done() {
		select {
		case <-look.C:
		case <-limit:
			h.t.Fatal("it did not come true")
		}
	}
}

// open returns how many connections the server has.
func (h *house) open() int {
	h.s.mu.Lock()
	defer h.s.mu.Unlock()
	return len(h.s.conns)
}

func TestShutdownSaysBye(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	idle, silent, notified, fresh := h.login(alice), h.login(alice), h.login(alice), h.dial()
	idle.ok("SELECT INBOX")
	idle.send("i IDLE\r\n")
	idle.line()
	notified.ok("NOTIFY SET (PERSONAL (MessageNew MessageExpunge))")
	busy := h.login(bob)
	busy.send("a APPEND INBOX {10}\r\n")
	busy.line() // the server is in the middle of a command
	done := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		done <- h.s.Shutdown(ctx)
	}()
	for _, w := range []*wire{idle, silent, notified, fresh} {
		if l := w.line(); !strings.HasPrefix(l, "* BYE ") {
			t.Errorf("%q", l)
		}
		w.ended()
	}
	busy.send("Subject: x\r\n") // ten bytes and the line ending
	if _, a := busy.until("a"); !strings.HasPrefix(a, "OK [APPENDUID ") {
		t.Errorf("%q", a)
	}
	if l := busy.line(); !strings.HasPrefix(l, "* BYE ") {
		t.Errorf("%q", l)
	}
	must(t, <-done)
	must(t, <-h.serve)
	if n := h.count(bob, "INBOX"); n != 1 {
		t.Errorf("%d messages", n)
	}
	if _, err := net.Dial("tcp", h.addr); err == nil {
		t.Error("still accepting")
	}
}

func TestShutdownDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	busy := h.login(alice)
	busy.send("a APPEND INBOX {10}\r\n")
	busy.line()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := h.s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	busy.ended()
	if n := h.count(alice, "INBOX"); n != 0 {
		t.Errorf("%d messages", n)
	}
}

// TestMemoryBeforeLogin opens many connections that send a part of a command.
func TestMemoryBeforeLogin(t *testing.T) {
	h := newHouse(t, Plain, func(o *Options) { o.Limits.ConnsPerIP = -1 })
	const n = 300
	before := heap()
	for range n {
		w := h.dial()
		w.send("a LOGIN {8000+}\r\n" + strings.Repeat("x", 5000))
	}
	if per := (heap() - before) / n; per > 64<<10 {
		t.Errorf("%d bytes a connection, the client's half included", per)
	} else {
		t.Logf("%d bytes a connection, the client's half included", per)
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC() // what lies in pools goes with the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

func TestNotify(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	h.put(alice, "INBOX", letter("a", "b"))
	w := h.login(alice)
	w.ok("ENABLE UTF8=ACCEPT")
	w.ok("SELECT INBOX")
	w.fails("NOTIFY SET (PERSONAL (Nonsense))", "NO [BADEVENT")
	w.fails("NOTIFY SET (PERSONAL (MessageNew))", "BAD")
	w.fails("NOTIFY SET (NOWHERE NONE)", "BAD")
	got := w.ok(`NOTIFY SET STATUS (SELECTED (MessageNew (UID FLAGS) MessageExpunge FlagChange)) (SUBTREE ("Hộp thư cơ quan") (MessageNew MessageExpunge FlagChange)) (PERSONAL (MessageNew MessageExpunge MailboxName))`)
	if len(only(got, "* STATUS ")) != 9 { // four own besides the selected one, five of the agency
		t.Errorf("%q", got)
	}
	next := func(want string) {
		t.Helper()
		if l := w.line(); !strings.HasPrefix(l, want) {
			t.Fatalf("%q, want %q", l, want)
		}
	}
	h.put(office, "INBOX", letter("c", "d"))
	next(`* STATUS "Hộp thư cơ quan/Sở Nội vụ" (MESSAGES 1 UIDNEXT 2 UIDVALIDITY `)
	h.put(alice, "INBOX", letter("c", "d"))
	next("* 2 EXISTS")
	next("* 2 FETCH (UID 2 FLAGS ())")
	_, err := h.store.CreateFolder(context.Background(), alice, "Mới", "")
	must(t, err)
	next(`* LIST (\HasNoChildren`)
	next(`* STATUS "Mới"`)
	must(t, h.store.DeleteFolder(context.Background(), alice, "Mới"))
	next(`* LIST (\NonExistent) "/" "Mới"`)
	w.ok("NOOP")
	w.send("i IDLE\r\n")
	next("+ idling")
	h.put(alice, "Thư rác", letter("e", "f"))
	next(`* STATUS "Thư rác" (MESSAGES 1`)
	w.send("DONE\r\n")
	w.until("i")
	w.ok("NOTIFY NONE")
	w.ok("NOOP")
}

// TestRightsWithdrawnDuringIdle ends a session that waits.
func TestRightsWithdrawnDuringIdle(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	w := h.login(bob)
	w.ok("ENABLE UTF8=ACCEPT")
	w.ok(`SELECT "Hộp thư cơ quan/Sở Nội vụ"`)
	w.send("i IDLE\r\n")
	w.line()
	h.people.change(bob, func(a *mailsvc.Account) { a.Grants = nil })
	h.put(office, "INBOX", letter("mật", "x"))
	for {
		l, err := w.tryLine()
		if err != nil {
			break
		}
		if strings.Contains(l, "EXISTS") {
			t.Fatal("told of new mail without the right to it")
		}
	}
}
