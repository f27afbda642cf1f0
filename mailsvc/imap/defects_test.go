package imap

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"quangtri.gov.vn/vanthu/internal/cputime"
	"quangtri.gov.vn/vanthu/mailsvc"
)

// The tests of this file are about mistakes that IMAP servers are known to make.

func smallMessages(o *Options) { o.Limits.MaxMessage = 1000 }

// exists reports how many messages a folder holds.
func (h *house) count(account, folder string) int {
	h.t.Helper()
	f, err := h.store.Folder(context.Background(), account, account, folder)
	must(h.t, err)
	return int(f.Messages)
}

func TestRefusedLiteralIsNotExecuted(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, smallMessages)
	_, err := h.store.CreateFolder(context.Background(), alice, "victim", "")
	must(t, err)
	evil := "z1 DELETE victim\r\n" + strings.Repeat("x", 3000) + "\r\nz2 DELETE victim\r\n"
	w := h.login(alice)
	for _, cmd := range []string{"APPEND INBOX", "APPEND nowhere", "APPEND INBOX (\\Seen) \"1-Jan-2009 00:00:00 +0700\"", "SUBSCRIBE", "NONSENSE", "LOGIN"} {
		_, a := w.do(fmt.Sprintf("%s {%d+}\r\n%s", cmd, len(evil), evil))
		if strings.HasPrefix(a, "OK") {
			t.Errorf("%s: %s", cmd, a)
		}
		w.ok("NOOP") // in step
	}
	// A client that announces more than is ever read is cut off.
	w.send("a APPEND INBOX {99999999999+}\r\nz3 DELETE victim\r\nz4 DELETE victim\r\n")
	w.ended()
	w = h.dial() // before login
	w.send(fmt.Sprintf("a LOGIN {%d+}\r\n%s b\r\nb NOOP\r\n", 20000, strings.Repeat("c NOOP\r\n", 2500)))
	if _, a := w.until("a"); !strings.HasPrefix(a, "BAD") {
		t.Error(a)
	}
	if got, _ := w.until("b"); len(got) > 0 {
		t.Errorf("text of a literal was executed: %q", got)
	}
	if h.count(alice, "victim") != 0 || h.count(alice, "INBOX") != 0 {
		t.Error("something was stored")
	}
}

func TestRefusedSynchronisingLiteralIsAnsweredAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, smallMessages)
	w := h.dial()
	w.fails("LOGIN {100000}", "BAD [TOOBIG]")
	w.ok("NOOP")
	w = h.login(alice)
	w.fails("APPEND INBOX {1001}", "NO [TOOBIG]")
	w.fails("APPEND nowhere {10}", "NO [TRYCREATE]")
	w.fails("CREATE {9999999999}", "BAD [TOOBIG]")
	w.fails("CREATE {99999999999999999999999999}", "BAD [TOOBIG]")
	w.ok("NOOP")
}

func TestCutOffAppendStoresNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	w := h.login(alice)
	w.send("a APPEND INBOX {100+}\r\nSubject: x\r\n\r\nshort")
	w.c.(*net.TCPConn).CloseWrite()
	w.ended()
	if n := h.count(alice, "INBOX"); n != 0 {
		t.Errorf("%d messages", n)
	}
}

func TestBadTailOfAppendStoresNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	w := h.login(alice)
	w.fails("APPEND INBOX {5+}\r\nA: b\n garbage", "BAD")
	w.fails("APPEND INBOX UTF8 (~{5+}\r\nA: b\n", "BAD")
	w.fails("APPEND INBOX {5+}\r\nA: b\n {5+}\r\nA: b\n(", "BAD")
	w.fails("APPEND INBOX", "BAD")
	w.fails("APPEND INBOX {0+}\r\n", "NO")
	w.ok("NOOP")
	if n := h.count(alice, "INBOX"); n != 0 {
		t.Errorf("%d messages", n)
	}
}

// poison are messages that made other servers panic, hang or show nothing.
func poison() map[string]string {
	var deep strings.Builder
	for i := range 4000 {
		fmt.Fprintf(&deep, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	return map[string]string{
		"multipart without parts":     "Content-Type: multipart/mixed; boundary=b\r\n\r\n",
		"multipart without boundary":  "Content-Type: multipart/alternative\r\n\r\nx",
		"line without colon":          "Subject: x\r\nno colon\r\n\r\nbody\r\n",
		"bare LF":                     "Subject: x\nTo: y\n\nbody\n",
		"bare CR":                     "Subject: x\r\rTo: y\r\n\r\nbo\rdy",
		"NUL":                         "Subject: a\x00b\r\n\r\nbo\x00dy",
		"8-bit header":                "Subject: Đấu\xff thầu\r\nFrom: \"Sở\" <a@x>\r\n\r\nx",
		"mbox line":                   "From a@b Mon Jan 1\r\nSubject: x\r\n\r\nbody",
		"encoded message":             "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nQQ==",
		"deep":                        deep.String(),
		"200,000 parts":               "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\n\r\n", 200_000),
		"100,000 addresses":           "To: " + strings.Repeat("a@b,", 100_000) + "\r\n\r\n",
		"quotes":                      "Subject: \"\\\" \\\r\n\r\n",
		"header like a literal":       "Subject: {10}\r\n\r\nx",
		"no header at all":            "\r\n",
		"nothing but a line ending":   "\n",
		"parameters without a value":  "Content-Type: text/plain; charset; =; ;;\"\r\n\r\nx",
		"line breaks in a parameter":  "Content-Type: text/plain; name=\"a\r\n b\rc\"\r\n\r\nx",
		"header folded into nothing":  "Subject:\r\n \r\n \r\n\r\nx",
		"long header":                 "Subject: " + strings.Repeat("=?utf-8?Q?=C4=90?= ", 20_000) + "\r\n\r\nx",
		"disposition without a value": "Content-Disposition: ;\r\nContent-Language: ,\r\n\r\nx",
	}
}

func TestPoisonMessagesAreServed(t *testing.T) { // not parallel: its processor time is measured
	h := newHouse(t, Plain, nil)
	w := h.login(alice)
	for name, msg := range poison() {
		h.put(alice, "INBOX", msg)
		w.ok("SELECT INBOX")
		start := cputime.Process()
		got := w.ok("FETCH * (RFC822.SIZE ENVELOPE BODYSTRUCTURE BODY BODY.PEEK[] BODY.PEEK[HEADER] BODY.PEEK[TEXT] BODY.PEEK[1] BODY.PEEK[1.MIME] BINARY.PEEK[1] PREVIEW)")
		if d := cputime.Process() - start; d > 3*time.Second {
			t.Errorf("%s: took %v", name, d)
		}
		if len(got) != 1 {
			t.Fatalf("%s: %d responses", name, len(got))
		}
		if !strings.Contains(got[0], fmt.Sprintf("RFC822.SIZE %d ", len(msg))) {
			t.Errorf("%s: wrong size", name)
		}
		if !strings.Contains(got[0], fmt.Sprintf("BODY[] {%d}\r\n%s ", len(msg), msg)) {
			t.Errorf("%s: the bytes are not the message's", name)
		}
		w.ok("SEARCH TEXT nonesuch")
	}
	if n := h.count(alice, "INBOX"); n != len(poison()) {
		t.Errorf("%d messages", n)
	}
}

func TestExamineChangesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	h.put(alice, "INBOX", letter("a", "b"), `\Deleted`)
	w := h.login(alice)
	for _, l := range w.ok("EXAMINE INBOX") {
		if strings.Contains(l, "PERMANENTFLAGS") && !strings.Contains(l, "PERMANENTFLAGS ()") {
			t.Error(l)
		}
	}
	w.fails("STORE 1 +FLAGS (\\Seen)", "NO")
	w.fails("EXPUNGE", "NO")
	w.fails("UID EXPUNGE 1", "NO")
	w.fails("MOVE 1 \"Th&APk-ng r&AOE-c\"", "NO")
	expect(t, w.ok("FETCH 1 BODY[TEXT]"), "* 1 FETCH (BODY[TEXT] {3}\r\nb\r\n)")
	expect(t, w.ok("FETCH 1 FLAGS"), "* 1 FETCH (FLAGS (\\Deleted))")
	w.ok("CLOSE")
	if n := h.count(alice, "INBOX"); n != 1 {
		t.Errorf("%d messages", n)
	}
	w.ok("SELECT INBOX")
	w.ok("CLOSE")
	if n := h.count(alice, "INBOX"); n != 0 {
		t.Errorf("CLOSE did not expunge: %d messages", n)
	}
}

func TestWildcardsAreCheap(t *testing.T) { // not parallel: its processor time is measured
	h := newHouse(t, Plain, nil)
	for i := range 50 {
		_, err := h.store.CreateFolder(context.Background(), alice, fmt.Sprintf("%s%d", strings.Repeat("a", 200), i), "")
		must(t, err)
	}
	w := h.login(alice)
	start := cputime.Process()
	for _, p := range []string{strings.Repeat("*a", 200) + "b", strings.Repeat("%a", 200) + "b", strings.Repeat("*%", 400), strings.Repeat("*a%", 150)} {
		w.ok(`LIST "" "` + p + `"`)
	}
	if d := cputime.Process() - start; d > 2*time.Second {
		t.Errorf("took %v", d)
	}
	if got := w.ok(`LIST "" "%aa%9"`); len(got) != 5 {
		t.Errorf("%d folders: %q", len(got), got)
	}
}

func TestEnableSaysWhatItDid(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	h.put(alice, "INBOX", letter("a", "b"))
	w := h.login(alice)
	expect(t, w.ok("ENABLE X-NONE IMAP4REV1"), "* ENABLED")
	expect(t, w.ok("ENABLE UTF8=ACCEPT UTF8=ACCEPT"), "* ENABLED UTF8=ACCEPT")
	w.ok("SELECT INBOX")
	expect(t, w.ok("SEARCH ALL"), "* SEARCH 1")
	expect(t, w.ok("ENABLE CONDSTORE IMAP4rev2"), "* ENABLED CONDSTORE IMAP4rev2", "* OK [HIGHESTMODSEQ 2] highest that you know")
	if got := w.ok("SEARCH ALL"); len(got) != 1 || !strings.HasPrefix(got[0], "* ESEARCH (TAG ") || !strings.HasSuffix(got[0], ") ALL 1") {
		t.Errorf("%q", got)
	}
	for _, l := range w.ok("SELECT INBOX") {
		if strings.Contains(l, "RECENT") {
			t.Error(l)
		}
	}
}

func TestFolderNames(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	w := h.login(alice)
	w.ok(`CREATE "S&Ht8- KH&-CN"`)
	w.fails(`CREATE "Sở KH&CN"`, "NO [ALREADYEXISTS]") // 8-bit before ENABLE is taken as it stands
	w.fails("CREATE \"S\xe1 KH\"", "BAD")              // 8-bit, but no UTF-8
	w.fails(`CREATE "KH&CN"`, "BAD")                   // no modified UTF-7
	w.fails(`CREATE "&2AA-"`, "BAD")                   // half a surrogate pair
	w.fails(`CREATE "a//b"`, "NO")                     // an empty level
	w.fails(`CREATE "a*b"`, "NO")                      // a wildcard
	w.fails(`CREATE "&AAE-"`, "NO")                    // a control character
	w.fails(`CREATE "inbox"`, "NO")                    // exists
	w.fails(`CREATE "S&Ht8- KH&-CN"`, "NO [ALREADYEXISTS]")
	if got := only(w.ok(`LIST "" "*"`), "KH&-CN"); len(got) != 1 {
		t.Errorf("%q", got)
	}
	u := h.login(alice)
	u.ok("ENABLE UTF8=ACCEPT")
	expect(t, u.ok(`LIST "" "Sở KH&CN"`), `* LIST (\HasNoChildren) "/" "Sở KH&CN"`)
	expect(t, u.ok(`LIST "" "Sơ`+"\u0309"+` KH&CN"`), `* LIST (\HasNoChildren) "/" "Sở KH&CN"`) // NFD finds NFC
	expect(t, u.ok(`STATUS "Sở KH&CN" (MESSAGES)`), `* STATUS "Sở KH&CN" (MESSAGES 0)`)
	u.ok(`CREATE "GD&ĐT/VH&TT"`)
	u.ok("CREATE \"bản\u0323 nháp/\"")
	u.ok(`RENAME "Sở KH&CN" "Sở \"KH\" & CN"`)
	u.ok(`SELECT "Sở \"KH\" & CN"`)
	u.ok(`DELETE "Sở \"KH\" & CN"`)
	u.fails(`DELETE "GD&ĐT"`, "NO [HASCHILDREN]")
	u.ok(`DELETE "GD&ĐT/VH&TT"`)
	u.ok(`DELETE "GD&ĐT"`)
	u.fails(`DELETE inbox`, "NO [CANNOT]")
	u.fails("CREATE \"\xff\"", "BAD")
}

func TestSearchReturnSave(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	for i := range 5 {
		h.put(alice, "INBOX", letter("thư", fmt.Sprint("số ", i)))
	}
	w := h.login(alice)
	w.ok("SELECT INBOX")
	expect(t, w.ok("SEARCH RETURN (SAVE) 2:4"))
	expect(t, w.ok("FETCH $ UID"), "* 2 FETCH (UID 2)", "* 3 FETCH (UID 3)", "* 4 FETCH (UID 4)")
	got := w.ok("UID SEARCH RETURN (SAVE COUNT) UID $ NOT 3")
	if len(got) != 1 || !strings.HasSuffix(got[0], "UID COUNT 2") {
		t.Errorf("%q", got)
	}
	got = w.ok("SEARCH RETURN () $")
	if len(got) != 1 || !strings.HasSuffix(got[0], ") ALL 2,4") {
		t.Errorf("%q", got)
	}
	got = w.ok("SEARCH RETURN (MIN MAX COUNT) NOT ALL")
	if len(got) != 1 || !strings.HasSuffix(got[0], ") COUNT 0") {
		t.Errorf("%q", got)
	}
	w.fails("SEARCH RETURN (SAVE) CHARSET X-NONE ALL", "NO [BADCHARSET (UTF-8 US-ASCII ISO-8859-1 WINDOWS-1258 TCVN-5712 VISCII)]")
	expect(t, w.ok("FETCH $ UID"))
	w.fails("SEARCH UNHEARD", "BAD")
	w.fails("SEARCH", "BAD")
	w.ok("STORE 1,3 +FLAGS.SILENT (\\Deleted)")
	w.ok("SEARCH RETURN (SAVE) ALL")
	expect(t, w.ok("EXPUNGE"), "* 1 EXPUNGE", "* 2 EXPUNGE")
	expect(t, w.ok("FETCH $ UID"), "* 1 FETCH (UID 2)", "* 2 FETCH (UID 4)", "* 3 FETCH (UID 5)")
}

func TestIdle(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, func(o *Options) { o.Limits.KeepAlive = 30 * time.Millisecond })
	w := h.login(alice)
	w.ok("SELECT INBOX")
	w.send("a IDLE\r\n")
	if l := w.line(); l != "+ idling" {
		t.Fatal(l)
	}
	h.put(alice, "INBOX", letter("mới", "x"))
	for l := w.line(); l != "* 1 EXISTS"; l = w.line() {
		if l != "* OK still here" {
			t.Fatal(l)
		}
	}
	for w.line() != "* OK still here" { // the line lives on
	}
	w.send("DONE\r\nb NOOP\r\n") // pipelined, as iOS does
	w.until("a")
	if _, a := w.until("b"); !strings.HasPrefix(a, "OK") {
		t.Error(a)
	}
	w.send("c IDLE\r\n")
	w.line()
	w.send("NOT DONE\r\n")
	w.until("c")
	w.ok("NOOP")
	w.send("d IDLE\r\n")
	w.line()
	w.c.Close()
}

func TestListTellsNothingUnasked(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	w := h.login(bob)
	_, err := h.store.CreateFolder(context.Background(), bob, "a/b/c", "")
	must(t, err)
	must(t, h.store.Subscribe(context.Background(), bob, "a", false))
	must(t, h.store.Subscribe(context.Background(), bob, "a/b", false))
	must(t, h.store.Subscribe(context.Background(), bob, "a/b/c", true))
	for _, l := range w.ok(`LIST "" "*"`) {
		if strings.Contains(l, "CHILDINFO") || strings.Contains(l, "OLDNAME") || strings.Contains(l, `\Subscribed`) {
			t.Error(l)
		}
	}
	expect(t, w.ok(`LIST "" ""`), `* LIST (\Noselect) "/" ""`)
	expect(t, w.ok(`LIST (SUBSCRIBED RECURSIVEMATCH) "" "a%"`), `* LIST (\HasChildren) "/" "a" ("CHILDINFO" ("SUBSCRIBED"))`)
	expect(t, w.ok(`LSUB "" "a%"`), `* LSUB (\Noselect \HasChildren) "/" "a"`)
	expect(t, w.ok(`LSUB "a/" "*"`), `* LSUB (\HasNoChildren) "/" "a/b/c"`)
	expect(t, w.ok(`LIST "" ("a" "a/b") RETURN (CHILDREN STATUS (MESSAGES UNSEEN))`),
		`* LIST (\HasChildren) "/" "a"`, `* STATUS "a" (MESSAGES 0 UNSEEN 0)`, `* LIST (\HasChildren) "/" "a/b"`, `* STATUS "a/b" (MESSAGES 0 UNSEEN 0)`)
	w.fails(`LIST (RECURSIVEMATCH) "" "*"`, "BAD")
	w.fails(`STATUS a (NONSENSE)`, "BAD")
	w.fails(`STATUS none (MESSAGES)`, "NO [NONEXISTENT]")
	expect(t, w.ok(`STATUS a (MESSAGES RECENT UIDNEXT UNSEEN DELETED SIZE APPENDLIMIT DELETED-STORAGE)`),
		`* STATUS "a" (MESSAGES 0 RECENT 0 UIDNEXT 1 UNSEEN 0 DELETED 0 SIZE 0 APPENDLIMIT 52428800 DELETED-STORAGE 0)`)
}

func TestEnvelopeKeepsWhatCanBeRead(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	h.put(alice, "INBOX", "Subject: =?x?Q?raw?=  kept\r\nFrom: a@x;b@y\r\nTo: group: c@x, broken <d@x;, e@x\r\n\r\n")
	w := h.login(alice)
	w.ok("SELECT INBOX")
	expect(t, w.ok("FETCH 1 ENVELOPE"), `* 1 FETCH (ENVELOPE (NIL "=?x?Q?raw?=  kept" `+strings.Repeat(`((NIL NIL "a" "x")(NIL NIL "b" "y")) `, 3)+
		`((NIL NIL "group" NIL)(NIL NIL "c" "x")("broken" NIL "d" "x;")(NIL NIL "e" "x")(NIL NIL NIL NIL)) NIL NIL NIL NIL))`)
}

func TestRightsOfAgencyMailboxes(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	h.put(office, "INBOX", letter("công văn", "x"))
	const in = `"Hộp thư cơ quan/Sở Nội vụ"`
	a, b := h.login(alice), h.login(bob)
	for _, w := range []*wire{a, b} {
		w.ok("ENABLE UTF8=ACCEPT CONDSTORE")
		w.ok("SELECT " + in)
	}
	b.ok("STORE 1 +FLAGS (\\Seen)") // everybody's own
	if got := a.ok("NOOP"); len(only(got, "Seen")) != 0 {
		t.Errorf("one person's \\Seen was told another: %q", got)
	}
	if got := a.ok("FETCH 1 FLAGS"); !strings.Contains(got[0], "FLAGS ()") {
		t.Errorf("%q", got)
	}
	for _, cmd := range []string{"STORE 1 +FLAGS (\\Flagged)", "STORE 1 +FLAGS (\\Seen \\Deleted)", "STORE 1 FLAGS (\\Seen)", "EXPUNGE", "MOVE 1 INBOX",
		"APPEND " + in + " {4+}\r\nA: b", "COPY 1 " + in, `CREATE "Hộp thư cơ quan/Sở Nội vụ/x"`, `DELETE "Hộp thư cơ quan/Sở Nội vụ/Thùng rác"`} {
		b.fails(cmd, "NO [NOPERM]")
	}
	b.fails(`SELECT "Hộp thư cơ quan/Sở Tài chính"`, "NO [NONEXISTENT]")
	b.fails(`SELECT "Hộp thư cơ quan"`, "NO [CANNOT]")
	b.fails(`CREATE "Hộp thư cơ quan/của tôi"`, "NO")
	b.ok("SELECT " + in)
	expect(t, b.ok("MYRIGHTS "+in), "* MYRIGHTS "+in+" lrs")
	expect(t, a.ok("MYRIGHTS "+in), "* MYRIGHTS "+in+" lrswikxtecd")
	a.ok("STORE 1 +FLAGS (\\Answered $done)")
	if got := b.ok("NOOP"); len(only(got, `* 1 FETCH (UID 1 FLAGS (`)) != 1 || len(only(got, "$done")) != 1 {
		t.Errorf("%q", got)
	}
	b.ok("COPY 1 INBOX")
	if n := h.count(bob, "INBOX"); n != 1 {
		t.Errorf("%d copies", n)
	}
	a.ok(`MOVE 1 "Hộp thư cơ quan/Sở Nội vụ/Thùng rác"`)
	expect(t, b.ok("NOOP"), "* 1 EXPUNGE")
	h.people.change(bob, func(x *mailsvc.Account) { x.Grants = nil })
	b.send("q NOOP\r\n")
	b.ended()
	if got := h.login(bob).ok(`LIST "" "*"`); len(only(got, "c&AaE- quan")) != 0 {
		t.Errorf("%q", got)
	}
	h.people.change(alice, func(x *mailsvc.Account) { x.Disabled = true })
	a.send("q NOOP\r\n")
	a.ended()
}

func TestSequenceNumbersStay(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	for range 4 {
		h.put(alice, "INBOX", letter("a", "b"))
	}
	a, b := h.login(alice), h.login(alice)
	a.ok("SELECT INBOX")
	b.ok("SELECT INBOX")
	b.ok("STORE 2 +FLAGS.SILENT (\\Deleted)")
	b.ok("EXPUNGE")
	h.put(alice, "INBOX", letter("c", "d"))
	expect(t, a.ok("FETCH 3 UID"), "* 3 FETCH (UID 3)") // 2 is kept back, and so is the new one
	expect(t, a.ok("FETCH 2 UID"))
	expect(t, a.ok("STORE 1 -FLAGS.SILENT (x)"), "* 5 EXISTS")
	expect(t, a.ok("SEARCH ALL"), "* SEARCH 1 3 4 5")
	expect(t, a.ok("STORE 5 +FLAGS (x)"), "* 5 FETCH (UID 5 FLAGS (x))")
	expect(t, a.ok("NOOP"), "* 2 EXPUNGE")
	expect(t, a.ok("FETCH 2:* UID"), "* 2 FETCH (UID 3)", "* 3 FETCH (UID 4)", "* 4 FETCH (UID 5)")
	a.fails("FETCH 5 UID", "BAD")
	a.fails("FETCH 0 UID", "BAD")
	expect(t, a.ok("UID FETCH 100:200 UID"))
	expect(t, a.ok("UID FETCH 4294967295:* UID"), "* 4 FETCH (UID 5)")
}

// TestNewMailIsNotToldDuringFetch: a mail program busy with the answers of FETCH
// may overlook it, and hear nothing more in IDLE.
func TestNewMailIsNotToldDuringFetch(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	var later atomic.Int64
	h.s.now = func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
	h.put(alice, "INBOX", letter("a", "b"))
	a := h.login(alice)
	a.ok("SELECT INBOX")
	h.put(alice, "INBOX", letter("c", "d"))
	expect(t, a.ok("UID FETCH 1 UID"), "* 1 FETCH (UID 1)")
	if got := a.ok("FETCH 1 BODY[]"); len(only(got, "EXISTS")) != 0 {
		t.Errorf("%q", got)
	}
	if a.send("i IDLE\r\n"); a.line() != "* 2 EXISTS" {
		t.Error("not told when IDLE begins")
	}
	for a.line() != "+ idling" {
	}
	a.send("DONE\r\n")
	for !strings.HasPrefix(a.line(), "i OK") {
	}
	h.put(alice, "INBOX", letter("e", "f"))
	expect(t, a.ok("FETCH 1 UID"), "* 1 FETCH (UID 1)")
	expect(t, a.ok("NOOP"), "* 3 EXISTS")
	h.put(alice, "INBOX", letter("g", "h"))
	expect(t, a.ok("FETCH 1 UID"), "* 1 FETCH (UID 1)")
	later.Store(int64(newsAfter))
	expect(t, a.ok("FETCH 1 UID"), "* 1 FETCH (UID 1)", "* 4 EXISTS") // it sends nothing else
	expect(t, a.ok("UID FETCH 4 UID"), "* 4 FETCH (UID 4)")
}
