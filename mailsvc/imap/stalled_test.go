package imap

import (
	"context"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"quangtri.gov.vn/vanthu/internal/cputime"
	"quangtri.gov.vn/vanthu/mailsvc"
	"quangtri.gov.vn/vanthu/mailsvc/mime"
)

// The tests of this file are about clients that do not read, do not write, or
// ask for as much work as one command can.

// fill puts n short messages into Alice's INBOX.
func (h *house) fill(n int) { h.fillWith(n, letter("một", "thân")) }

// fillWith puts n equal messages into Alice's INBOX.
func (h *house) fillWith(n int, msg string) {
	h.t.Helper()
	row, err := mime.Ingest(h.blobs, strings.NewReader(msg))
	must(h.t, err)
	f, err := h.store.Folder(context.Background(), alice, alice, "INBOX")
	must(h.t, err)
	rows := make([]mailsvc.NewMessage, 1000)
	for i := range rows {
		rows[i] = row
	}
	for ; n > 0; n -= len(rows) {
		_, err := h.store.Append(context.Background(), alice, f.ID, rows[:min(n, len(rows))])
		must(h.t, err)
	}
}

// TestStalledReaderHoldsLittle pipelines commands with long answers and reads
// none of them: the server stops taking commands, it does not pile answers up, be
// they those of many commands or the one of a FETCH of 100 MB.
func TestStalledReaderHoldsLittle(t *testing.T) {
	h := newHouse(t, Plain, nil)
	h.fillWith(20_000, letter("một", strings.Repeat("thân ", 800)))
	for name, command := range map[string]string{
		"NOOP": "x NOOP\r\n", "SEARCH": "x SEARCH ALL\r\n", "FETCH": "x FETCH 1:* (FLAGS ENVELOPE)\r\n", "bodies": "x FETCH 1:* BODY.PEEK[]\r\n",
		"SORT": "x SORT (ARRIVAL) UTF-8 ALL\r\n", "LIST": "x LIST \"\" * RETURN (STATUS (MESSAGES))\r\n", "BAD": "x\r\n",
	} {
		w := h.login(alice)
		w.ok("SELECT INBOX")
		before := heap()
		many := []byte(strings.Repeat(command, 100))
		sent := 0
		for err := error(nil); err == nil && sent < 32<<10; { // or until the server takes no more
			var n int
			w.c.SetWriteDeadline(time.Now().Add(300 * time.Millisecond))
			n, err = w.c.Write(many)
			sent += n
		}
		h.until(func() bool { return h.open() == 0 || resting() })
		if grown := heap() - before; grown > 4<<20 {
			t.Errorf("%s: %d bytes more after %d bytes of commands", name, grown, sent)
		}
		w.c.Close()
		h.until(func() bool { return h.open() == 0 })
	}
}

// resting reports whether a connection waits for its client: to read, or to send
// more when it was told everything.
func resting() bool {
	stacks := make([]byte, 4<<20)
	for g := range strings.SplitSeq(string(stacks[:runtime.Stack(stacks, true)]), "\n\n") {
		state, stack, _ := strings.Cut(g, "\n")
		if strings.Contains(state, "[IO wait") && strings.Contains(stack, "imap.(*conn).serve") {
			return true
		}
	}
	return false
}

// TestStalledCompressedReaderHoldsLittle does the same with COMPRESS on: a
// compressor takes close to a MiB and must not wait with the client.
func TestStalledCompressedReaderHoldsLittle(t *testing.T) {
	h := newHouse(t, Plain, nil)
	noise := make([]byte, 4<<20)
	for i, x := 0, uint32(1); i < len(noise); i++ { // does not compress
		x = x*1664525 + 1013904223
		noise[i] = byte(x>>24) | 1
	}
	h.put(alice, "INBOX", letter("ồn", "x")+string(noise))
	const clients = 40
	before := int64(0)
	for i := range clients + 1 {
		if i == 1 {
			before = heap() // after the first: tables and pools are there
		}
		w := h.login(alice)
		w.ok("SELECT INBOX")
		w.ok("COMPRESS DEFLATE")
		out := mustFlate(t, w.c)
		io.WriteString(out, "x FETCH 1 BODY.PEEK[]\r\n")
		must(t, out.Flush())
		if _, err := w.br.Peek(1); err != nil { // the answer has begun
			t.Fatal(err)
		}
	}
	if per := (heap() - before) / clients; per > 900<<10 { // the test's own compressor is in it
		t.Errorf("%d bytes a stalled connection", per)
	}
}

// TestIdlerThatDoesNotRead idles, reads nothing and is told of very much.
func TestIdlerThatDoesNotRead(t *testing.T) {
	h := newHouse(t, Plain, func(o *Options) { o.Limits.WriteTimeout = 200 * time.Millisecond })
	h.fill(5_000)
	idler := h.login(alice)
	must(t, idler.c.(*net.TCPConn).SetReadBuffer(4<<10))
	idler.ok("SELECT INBOX")
	idler.send("i IDLE\r\n")
	idler.line()
	other := h.login(alice)
	other.ok("SELECT INBOX")
	before := heap()
	sign := "+"
	for i := 0; h.open() > 1; i++ {
		if i > 2_000 {
			t.Fatal("the client that does not read is still served")
		}
		other.ok("STORE 1:* " + sign + "FLAGS.SILENT (x)")
		sign = string("+-"[i%2])
	}
	if grown := heap() - before; grown > 8<<20 {
		t.Errorf("%d bytes more", grown)
	}
	other.ok("NOOP")
}

// silenceLimits are short, but a busy machine gets a login done in them.
func silenceLimits(o *Options) {
	o.Limits.ReadTimeout, o.Limits.IdleTimeout = time.Second, 1500*time.Millisecond
}

// TestSilence ends connections that stop in the middle of anything.
func TestSilence(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, silenceLimits)
	silent := map[string]*wire{}
	for _, beginning := range []string{"", "a NO", "a LOGIN {5}\r\n", "a APPEND INBOX {500}\r\nxx", "a APPEND INBOX {500+}\r\nxx", "a IDLE\r\n", "a SEARCH (", "a NOTIFY SET (PERSONAL (MessageNew MessageExpunge))\r\n"} {
		silent[beginning] = h.login(alice)
		silent[beginning].send(beginning)
	}
	for beginning, w := range silent {
		bye := false
		for {
			l, err := w.tryLine()
			if err != nil {
				break
			}
			bye = bye || strings.HasPrefix(l, "* BYE ")
		}
		if !bye {
			t.Errorf("%q: no BYE", beginning)
		}
	}
	if n := h.count(alice, "INBOX"); n != 0 {
		t.Errorf("%d messages of what was never sent in full", n)
	}
}

// TestSilentHandshake ends connections whose TLS does not come about.
func TestSilentHandshake(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Implicit, silenceLimits)
	silent := map[string]net.Conn{}
	for _, beginning := range []string{"", "\x16\x03\x01", "GET / HTTP/1.1\r\n\r\n"} {
		c, err := net.Dial("tcp", h.addr)
		must(t, err)
		io.WriteString(c, beginning)
		silent[beginning] = c
	}
	for beginning, c := range silent {
		c.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := io.Copy(io.Discard, c); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("%q: %v", beginning, err)
		}
		c.Close()
	}
}

// cpuTraps are commands that look small.
func cpuTraps() map[string]string {
	var sets, uids strings.Builder
	for i := range 60_000 {
		fmt.Fprintf(&sets, "%d,", 1+i%2000)
		fmt.Fprintf(&uids, "%d:%d,", 120_000-2*i, 4_000_000_000-i)
	}
	names := strings.Repeat("x-some-name-of-a-field ", 199) + "y"
	fields := strings.Repeat("BODY.PEEK[HEADER.FIELDS ("+names+")] ", 99)
	return map[string]string{
		"a set of 60,000":        "FETCH " + sets.String() + "1 UID",
		"ranges of UIDs":         "UID FETCH " + uids.String() + "1 UID",
		"sets in SEARCH":         "SEARCH " + strings.Repeat("UID 1:4294967295 ", 900) + "ALL",
		"fifty words":            "SEARCH " + strings.Repeat("OR BODY khongco ", 48) + "BODY x BODY y",
		"fifty headers":          "SEARCH " + strings.Repeat("OR HEADER X-None z ", 48) + "HEADER A b HEADER C d",
		"a long word":            "SEARCH TEXT \"" + strings.Repeat("aaaa ", 200) + "\"",
		"marks":                  "SEARCH CHARSET UTF-8 TEXT {1000+}\r\n" + strings.Repeat("\u0301", 500),
		"nested parentheses":     "SEARCH " + strings.Repeat("(", 90) + "ALL" + strings.Repeat(")", 90),
		"a thousand keys":        "SEARCH " + strings.Repeat("OR NOT SEEN ", 300) + "ALL",
		"header names":           "FETCH 1 (" + fields + "UID)",
		"the same section":       "FETCH 1:* (" + strings.Repeat("BODY.PEEK[HEADER] ", 99) + "UID)",
		"patterns":               "LIST \"\" (" + strings.Repeat("\""+strings.Repeat("*%a", 100)+"\" ", 99) + "\"x\")",
		"sort keys":              "SORT (" + strings.Repeat("REVERSE SUBJECT ", 9) + "DATE) UTF-8 ALL",
		"event groups":           "NOTIFY SET " + strings.Repeat("(SUBTREE ("+strings.Repeat("a ", 9)+"b) (MessageNew MessageExpunge)) ", 49) + "(PERSONAL NONE)",
		"flags":                  "STORE 1:* +FLAGS.SILENT (" + strings.Repeat("x ", 3000) + "y)",
		"BINARY of many":         "FETCH 1:* (" + strings.Repeat("BINARY.SIZE[1] ", 99) + "UID)",
		"an ID of many":          "ID (" + strings.Repeat("\"a\" \"b\" ", 29) + "\"a\" \"b\")",
		"a QRESYNC of many":      "SELECT INBOX (QRESYNC (1 1 " + sets.String() + "1 (" + sets.String() + "1 " + sets.String() + "1)))",
		"quoted backslashes":     "SEARCH SUBJECT \"" + strings.Repeat(`\\`, 1000) + "\"",
		"REFERENCES of nothing":  "THREAD REFERENCES UTF-8 ALL",
		"a status of everything": "LIST \"\" * RETURN (STATUS (MESSAGES UIDNEXT UNSEEN DELETED SIZE DELETED-STORAGE MAILBOXID))",
	}
}

// TestCommandsAreCheap lets each of them run on 2,000 messages, one with a header
// as long as they come. It bounds what one of them allocates and its processor
// time, and is not parallel for that.
func TestCommandsAreCheap(t *testing.T) {
	h := newHouse(t, Plain, nil)
	h.put(alice, "INBOX", strings.Repeat("X-A: b\r\n", 30_000)+"\r\n"+strings.Repeat("Một dòng của văn bản.\r\n", 10_000))
	h.fill(1999)
	w := h.login(alice)
	w.ok("ENABLE QRESYNC")
	for name, command := range cpuTraps() {
		w.ok("SELECT INBOX")
		before := allocated()
		start := cputime.Process()
		_, answer := w.do(command)
		took := cputime.Process() - start
		if took > 5*time.Second {
			t.Errorf("%s took %v", name, took)
		}
		if got := allocated() - before; got > 384<<20 {
			t.Errorf("%s allocated %d MiB", name, got>>20)
		}
		t.Logf("%s: %d MiB, %v, %.60s", name, (allocated()-before)>>20, took.Round(time.Millisecond), answer)
		w.ok("NOTIFY NONE")
	}
}
