package imap

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// syncBuffer is a buffer that several may write to.
type syncBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

// TestLogsTellNothing looks for a word that was password, subject, body, search
// word, folder name and rubbish in everything that was logged.
func TestLogsTellNothing(t *testing.T) {
	t.Parallel()
	const canary = "chim-bao-bao"
	var logged syncBuffer
	var disk *badDisk
	h := newHouse(t, Plain, func(o *Options) {
		o.Logger = slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
		disk = &badDisk{Blobs: o.Blobs}
		o.Blobs = disk
	})
	h.put(alice, "INBOX", letter(canary, canary))
	w := h.dial()
	w.do("LOGIN " + alice + " " + canary)
	w.do("AUTHENTICATE PLAIN " + base64Of("\x00"+alice+"\x00"+canary))
	w = h.login(alice)
	w.ok("SELECT INBOX")
	for _, c := range []string{"SEARCH TEXT " + canary, "SEARCH " + canary, "CREATE " + canary, "SELECT " + canary + "/x", "SELECT INBOX", canary + " x",
		"FETCH 1 (ENVELOPE BODY[])", fmt.Sprintf("APPEND INBOX {%d+}\r\n%s", len(canary), canary), "STORE 1 +FLAGS (" + canary + ")", "FETCH 1 BODY[" + canary + "]",
		"NOTIFY SET (MAILBOXES " + canary + " (MessageNew MessageExpunge))"} {
		w.do(c)
	}
	disk.full.Store(true)
	w.do(fmt.Sprintf("APPEND INBOX {%d+}\r\n%s", len(canary), canary))
	disk.lost.Store(true)
	w.do("FETCH 1 BODY[]")
	w.send("x APPEND INBOX {100+}\r\n" + canary)
	w.c.Close()
	h.until(func() bool { return h.open() == 1 })
	if s := logged.String(); strings.Contains(s, canary) || strings.Contains(s, base64Of(canary)[:12]) || !strings.Contains(s, "message bytes") {
		t.Errorf("logged: %s", s)
	}
}

// panicDisk panics where a mistake of ours would.
type panicDisk struct {
	mailsvc.Blobs
	on atomic.Bool
}

func (p *panicDisk) Open(id mailsvc.BlobID) (mailsvc.Blob, error) {
	if p.on.Load() {
		panic("a mistake")
	}
	return p.Blobs.Open(id)
}

func (p *panicDisk) Begin(body []byte) func() (mailsvc.BlobID, int64, error) {
	wait := p.Blobs.Begin(body)
	return func() (mailsvc.BlobID, int64, error) {
		id, size, err := wait()
		if p.on.Load() {
			err = fmt.Errorf("no commit")
		}
		return id, size, err
	}
}

// TestPanicEndsOneConnection makes a mistake happen in one session: it ends, the
// others go on and nothing stays locked or counted.
func TestPanicEndsOneConnection(t *testing.T) {
	t.Parallel()
	var disk *panicDisk
	h := newHouse(t, Plain, func(o *Options) {
		disk = &panicDisk{Blobs: o.Blobs}
		o.Blobs, o.Limits.ConnsPerIP, o.Limits.ConnsPerUser = disk, 3, 2
	})
	h.put(alice, "INBOX", letter("một", "x"))
	other := h.login(alice)
	other.ok("SELECT INBOX")
	for range 5 { // more often than connections are allowed
		w := h.login(alice)
		w.ok("SELECT INBOX")
		disk.on.Store(true)
		w.fails("APPEND INBOX {4+}\r\nA: b", "NO [SERVERBUG]")
		w.send("x FETCH 1 BODY[]\r\n")
		w.ended()
		disk.on.Store(false)
	}
	other.ok("FETCH 1 BODY[]")
	other.ok("CREATE x")
}

// TestNamesOfMailboxesAreOnlyNames uses names that mean something elsewhere.
func TestNamesOfMailboxesAreOnlyNames(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	w := h.login(alice)
	for _, name := range []string{"x/../../etc/passwd", "..", ".", "./x", "C:\\x", "con", "a\u202eb", "x;y", "$(id)", "'; --", "<script>"} {
		q := string(appendString(nil, encodeUTF7(name), false))
		w.ok("CREATE " + q)
		m := letter("một", name)
		w.ok(fmt.Sprintf("APPEND %s {%d+}\r\n%s", q, len(m), m))
		if n := h.count(alice, name); n != 1 {
			t.Errorf("%q holds %d messages", name, n)
		}
	}
	for _, name := range []string{"a\x00b", "a\nb", "a\rb", "a\u2028b", "a\u0085b", "a\x7fb"} {
		w.fails(fmt.Sprintf("CREATE {%d+}\r\n%s", len(name), name), "")
		_, err := h.store.Folder(context.Background(), alice, alice, name)
		if err == nil {
			t.Errorf("%q was created", name)
		}
	}
}

// TestHostileTextStaysInItsString puts what would end a response into every place
// that a message or a name can reach.
func TestHostileTextStaysInItsString(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	evil := "x\r\n* 999 EXISTS\r\n"
	coded := base64Word(evil)
	h.put(alice, "INBOX", "From: "+coded+" <\""+coded+"\"@x>\r\nSubject: "+coded+"\r\nMessage-ID: <a\rb\x00c>\r\nContent-Type: text/plain; name=\""+coded+"\"; x=\"a\r\n\t* 999 EXISTS\"\r\n"+
		"Content-Disposition: attachment; filename*=utf-8''%0D%0A*%20999%20EXISTS\r\nContent-ID: \r\n * 999 EXISTS\r\n\r\n"+evil, "$a")
	w := h.login(alice)
	w.ok("SELECT INBOX")
	for _, c := range []string{"FETCH 1 (ENVELOPE BODYSTRUCTURE BODY PREVIEW BODY[] BODY[HEADER] FLAGS)", "SORT (SUBJECT FROM DISPLAYFROM) UTF-8 ALL", "SEARCH TEXT x", "THREAD REFERENCES UTF-8 ALL",
		"FETCH 1 BODY[HEADER.FIELDS ({18+}\r\nx\r\n* 999 EXISTS\r\n)]", "SEARCH HEADER {18+}\r\nx\r\n* 999 EXISTS\r\n y"} {
		got, _ := w.do(c)
		for _, l := range got {
			if strings.HasPrefix(l, "* 999") {
				t.Errorf("%.40s: %q", c, got)
			}
		}
	}
	long := strings.Repeat("t", 101)
	io.WriteString(w.c, long+" NOOP\r\n")
	if l := w.line(); !strings.HasPrefix(l, "* BAD") {
		t.Error(l)
	}
}
