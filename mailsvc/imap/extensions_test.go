package imap

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/flate"

	"quangtri.gov.vn/vanthu/internal/cputime"
	"quangtri.gov.vn/vanthu/mailsvc"
)

func TestCondStore(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	for range 3 {
		h.put(alice, "INBOX", letter("a", "b"))
	}
	w := h.login(alice)
	w.ok("ENABLE CONDSTORE")
	w.ok("SELECT INBOX")
	base := modSeqOf(t, w, 3)
	if got := w.ok("STORE 2 +FLAGS.SILENT (\\Flagged)"); len(got) != 1 || !strings.HasPrefix(got[0], "* 2 FETCH (UID 2 MODSEQ (") {
		t.Errorf("%q", got)
	}
	changed := modSeqOf(t, w, 2)
	if changed <= base {
		t.Errorf("MODSEQ %d after %d", changed, base)
	}
	if got := w.ok(fmt.Sprintf("FETCH 1:* (FLAGS) (CHANGEDSINCE %d)", base)); len(got) != 1 || !strings.HasPrefix(got[0], "* 2 FETCH") {
		t.Errorf("%q", got)
	}
	_, a := w.do(fmt.Sprintf("STORE 1:3 (UNCHANGEDSINCE %d) +FLAGS (x)", base))
	if !strings.HasPrefix(a, "OK [MODIFIED 2]") {
		t.Error(a)
	}
	_, a = w.do("UID STORE 1:2 (UNCHANGEDSINCE 0) FLAGS ()")
	if !strings.HasPrefix(a, "OK [MODIFIED 1:2]") {
		t.Error(a)
	}
	got := w.ok(fmt.Sprintf("SEARCH MODSEQ %d", changed))
	if len(got) != 1 || !strings.HasPrefix(got[0], "* SEARCH 1 2 3 (MODSEQ ") {
		t.Errorf("%q", got)
	}
	if got := w.ok("STATUS INBOX (HIGHESTMODSEQ)"); !strings.Contains(got[0], "HIGHESTMODSEQ") {
		t.Errorf("%q", got)
	}
}

func modSeqOf(t *testing.T, w *wire, seq int) (n uint64) {
	t.Helper()
	got := w.ok(fmt.Sprintf("FETCH %d MODSEQ", seq))
	if _, err := fmt.Sscanf(got[0], fmt.Sprintf("* %d FETCH (MODSEQ (%%d))", seq), &n); err != nil {
		t.Fatalf("%q: %v", got, err)
	}
	return n
}

func TestQResync(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	for range 6 {
		h.put(alice, "INBOX", letter("a", "b"))
	}
	f, err := h.store.Folder(context.Background(), alice, alice, "INBOX")
	must(t, err)
	w := h.login(alice)
	w.ok("SELECT INBOX")
	w.ok("STORE 2,4:5 +FLAGS.SILENT (\\Deleted)")
	w.ok("EXPUNGE")
	w.ok("STORE 1 +FLAGS.SILENT (\\Flagged)")
	q := h.login(alice)
	q.fails(fmt.Sprintf("SELECT INBOX (QRESYNC (%d 1))", f.UIDValidity), "BAD")
	q.ok("ENABLE QRESYNC")
	got := q.ok(fmt.Sprintf("SELECT INBOX (CONDSTORE QRESYNC (%d %d 1:4))", f.UIDValidity, f.HighestMod))
	expect(t, only(got, "VANISHED"), "* VANISHED (EARLIER) 2,4")
	if l := only(got, "FETCH"); len(l) != 1 || !strings.HasPrefix(l[0], "* 1 FETCH (UID 1 FLAGS (\\Flagged) MODSEQ (") {
		t.Errorf("%q", l)
	}
	got = q.ok(fmt.Sprintf("UID FETCH 1:* (FLAGS) (CHANGEDSINCE %d VANISHED)", f.HighestMod))
	expect(t, only(got, "VANISHED"), "* VANISHED (EARLIER) 2,4:5")
	w.ok("STORE 3 +FLAGS.SILENT (\\Deleted)")
	w.ok("EXPUNGE")
	expect(t, q.ok("NOOP"), "* VANISHED 6")
	q.ok("STORE 2 +FLAGS.SILENT (\\Deleted)")
	if _, a := q.do("EXPUNGE"); !strings.HasPrefix(a, "OK [HIGHESTMODSEQ ") {
		t.Error(a)
	}
	if got := q.ok(fmt.Sprintf("SELECT INBOX (QRESYNC (%d 1))", f.UIDValidity+1)); len(only(got, "VANISHED")) > 0 {
		t.Errorf("another UIDVALIDITY: %q", got)
	}
	q.ok(fmt.Sprintf("SELECT INBOX (QRESYNC (%d 1 1:6 (1,3 1,3)))", f.UIDValidity))
}

func TestVietnameseSearch(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	bodies := []string{
		letter("=?utf-8?B?xJDhuqV1IHRo4bqndQ==?=", "không có gì"),
		letter("thường", "Kế hoạch ĐẤU THẦU năm 2009"),
		letter("thường", "Đau thau, không phải"),
		letter("thường", "đe\u0302\u0301n nơi ha\u0300nh chi\u0301nh"), // NFD
		"Subject: cu\r\nContent-Type: text/plain; charset=windows-1258\r\nContent-Transfer-Encoding: 8bit\r\n\r\nVi\xea\xf2t Nam\r\n",
		"Subject: tcvn\r\nContent-Type: text/plain; charset=x-viet-tcvn5712\r\n\r\nVi\xd6t Nam\r\n",
		"Subject: html\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>S=E1=BB=9F <b>N=E1=BB=99i</b> v&#7909;</p>\r\n",
		"Subject: =?utf-8?Q?c=C3=B4ng_v=C4=83n?=\r\nX-Note: =?utf-8?Q?ghi_ch=C3=BA?=\r\n\r\nx\r\n",
	}
	for _, m := range bodies {
		h.put(alice, "INBOX", m)
	}
	w := h.login(alice)
	w.ok("SELECT INBOX")
	for _, c := range []struct{ query, want string }{
		{`SUBJECT "dau thau"`, "1"},
		{`SUBJECT "đấu thầu"`, "1"},
		{`SUBJECT "đâu thâu"`, ""},
		{`BODY "đấu thầu"`, "2"},
		{`BODY "dau thau"`, "2 3"},
		{`TEXT "đấu thầu"`, "1 2"},
		{`TEXT "dau thau"`, "1 2 3"},
		{`BODY "đến nơi hành chính"`, "4"},
		{`BODY "den noi"`, "4"},
		{`BODY "việt nam"`, "5 6"},
		{"BODY \"Vie\u0323\u0302t\"", "5 6"},
		{`BODY "sở nội vụ"`, "7"},
		{`HEADER X-Note "ghi chú"`, "8"},
		{`HEADER X-Note ""`, "8"},
		{`TEXT "ghi chu"`, "8"},
		{`TEXT "utf-8"`, "1 2 3 4 7"},
		{`HEADER SUBJECT "cong van"`, "8"},
		{`OR BODY "sở nội vụ" SUBJECT "công"`, "7 8"},
		{`NOT TEXT "thường"`, "1 5 6 7 8"},
		{`(BODY "2009" NOT (SUBJECT "x"))`, "2"},
		{`FUZZY BODY "den noi"`, "4"},
		{`BODY ""`, "1 2 3 4 5 6 7 8"},
	} {
		_, rest, _ := strings.Cut(strings.Join(w.ok("SEARCH CHARSET UTF-8 "+literals(c.query)), ""), "* SEARCH")
		if got := strings.TrimSpace(rest); got != c.want {
			t.Errorf("%s: %q, want %q", c.query, got, c.want)
		}
	}
	w.ok("ENABLE UTF8=ACCEPT")
	expect(t, w.ok(`SEARCH BODY "đến nơi"`), "* SEARCH 4")
}

// literals makes the quoted strings of a command literals, as 8-bit text must be.
func literals(s string) string {
	var b strings.Builder
	for i, part := range strings.Split(s, `"`) {
		if i%2 == 1 {
			fmt.Fprintf(&b, "{%d+}\r\n%s", len(part), part)
		} else {
			b.WriteString(part)
		}
	}
	return b.String()
}

func TestSearchKeys(t *testing.T) {
	t.Parallel()
	now := time.Date(2009, 11, 16, 1, 0, 30, 0, time.UTC)
	h := newHouse(t, Plain, func(o *Options) { o.Now = func() time.Time { return now } })
	h.put(alice, "INBOX", "From: a@x\r\nDate: Sun, 15 Nov 2009 23:00:00 -0800\r\n\r\n"+strings.Repeat("x", 1000), `\Seen`, `\Flagged`, "$Done")
	h.put(alice, "INBOX", "From: b@x\r\nTo: c@x\r\nCc: d@x\r\n\r\nshort", `\Deleted`)
	w := h.login(alice)
	w.ok("SELECT INBOX")
	for query, want := range map[string]string{
		"ALL": "1 2", "SEEN": "1", "UNSEEN": "2", "FLAGGED": "1", "DELETED": "2", "UNDELETED": "1", "KEYWORD $done": "1", "UNKEYWORD $Done": "2",
		"NEW": "", "OLD": "1 2", "RECENT": "", "LARGER 1000": "1", "SMALLER 1000": "2", "FROM a@x": "1", "TO c@x": "2", "CC d": "2", "BCC d": "",
		"ON 16-Nov-2009": "1 2", "BEFORE 16-Nov-2009": "", "SINCE 16-Nov-2009": "1 2", "SENTON 15-Nov-2009": "1", "SENTSINCE 16-Nov-2009": "", "SENTBEFORE 16-Nov-2009": "1",
		"YOUNGER 60": "1 2", "OLDER 60": "", "YOUNGER 20": "", "OLDER 10": "1 2", "UID 2": "2", "UID 2:*": "2", "2": "2", "1,2 UID 1": "1", "NOT 1": "2",
		"EMAILID Mnone": "", "SAVEDATESUPPORTED": "1 2", "SAVEDSINCE 1-Jan-2000": "1 2", "OR 1 2": "1 2", "(1) (2)": "",
	} {
		got := strings.TrimSpace(strings.TrimPrefix(strings.Join(w.ok("SEARCH "+query), ""), "* SEARCH"))
		if got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	got := w.ok("FETCH 2 (EMAILID THREADID SAVEDATE)")
	var id string
	fmt.Sscanf(got[0], "* 2 FETCH (SAVEDATE \"%s", &id)
	_, rest, _ := strings.Cut(got[0], "EMAILID (")
	id, _, _ = strings.Cut(rest, ")")
	expect(t, w.ok("SEARCH EMAILID "+id), "* SEARCH 2")
	for _, bad := range []string{"KEYWORD", "SENTON 2009", "UID", "NOT", "OR 1", "(1", "HEADER x", "LARGER x", "YOUNGER 0", "1 BOGUS", "3", "MODSEQ", `SUBJECT`} {
		w.fails("SEARCH "+bad, "BAD")
	}
	w.fails("SEARCH "+strings.Repeat("(", 5000), "NO [LIMIT]")
	w.fails("SEARCH "+strings.Repeat("NOT ", 5000)+"ALL", "NO [LIMIT]")
	w.fails("SEARCH "+strings.Repeat("OR ALL ", 5000)+"ALL", "NO [LIMIT]")
	w.fails("SEARCH "+strings.Repeat("BODY x ", 60)+"ALL", "NO [LIMIT]")
}

func TestHugeSets(t *testing.T) { // not parallel: its processor time is measured
	h := newHouse(t, Plain, nil)
	for range 3 {
		h.put(alice, "INBOX", letter("a", "b"))
	}
	w := h.login(alice)
	w.ok("SELECT INBOX")
	start := cputime.Process()
	w.ok("UID FETCH 1:4294967295 UID")
	var b strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&b, "%d,", 200_000-2*i)
	}
	expect(t, w.ok("UID FETCH "+b.String()+"3 UID"), "* 2 FETCH (UID 2)", "* 3 FETCH (UID 3)")
	w.fails("UID FETCH "+strings.Repeat("1,", 1<<20)+"1 UID", "BAD")
	w.ok("UID STORE 1:4294967295,2:3 +FLAGS.SILENT (\\Seen)")
	if d := cputime.Process() - start; d > 3*time.Second {
		t.Errorf("took %v", d)
	}
}

func TestSections(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	msg := "Subject: x\r\nX-A: 1\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nYWIAYw==\r\n" +
		"--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\ninner\r\n--b\r\nContent-Transfer-Encoding: x-unknown\r\n\r\nzzz\r\n--b--\r\n"
	h.put(alice, "INBOX", msg)
	w := h.login(alice)
	w.ok("SELECT INBOX")
	for item, want := range map[string]string{
		"BODY.PEEK[HEADER.FIELDS (x-a)]":             "BODY[HEADER.FIELDS (x-a)] {10}\r\nX-A: 1\r\n\r\n",
		"BODY.PEEK[HEADER.FIELDS.NOT (x-a Subject)]": "BODY[HEADER.FIELDS.NOT (x-a Subject)] {45}\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n",
		"BODY.PEEK[1]":                 "BODY[1] {8}\r\nYWIAYw==",
		"BODY.PEEK[1]<2.3>":            "BODY[1]<2> {3}\r\nIAY",
		"BODY.PEEK[1]<100.3>":          "BODY[1]<100> {0}\r\n",
		"BODY.PEEK[2.HEADER]":          "BODY[2.HEADER] {15}\r\nSubject: in\r\n\r\n",
		"BODY.PEEK[2.TEXT]":            "BODY[2.TEXT] {5}\r\ninner",
		"BODY.PEEK[2.1]":               "BODY[2.1] {5}\r\ninner",
		"BODY.PEEK[2.MIME]":            "BODY[2.MIME] {32}\r\nContent-Type: message/rfc822\r\n\r\n",
		"BODY.PEEK[9]":                 "BODY[9] {0}\r\n",
		"BODY.PEEK[1.HEADER]":          "BODY[1.HEADER] {0}\r\n",
		"BINARY.PEEK[1]":               "BINARY[1] ~{4}\r\nab\x00c",
		"BINARY.PEEK[1]<1.2>":          "BINARY[1]<1> ~{2}\r\nb\x00",
		"BINARY.SIZE[1]":               "BINARY.SIZE[1] 4",
		"BINARY.PEEK[2.1]":             "BINARY[2.1] {5}\r\ninner",
		"RFC822.HEADER":                "RFC822.HEADER {65}\r\n" + msg[:65],
		"PREVIEW":                      `PREVIEW "abc"`,
		"PREVIEW (LAZY)":               `PREVIEW "abc"`,
		fmt.Sprint("BODY.PEEK[]<5.7>"): "BODY[]<5> {7}\r\n" + msg[5:12],
	} {
		expect(t, w.ok("FETCH 1 "+item), "* 1 FETCH ("+want+")")
	}
	w.fails("FETCH 1 BINARY.PEEK[3]", "NO [UNKNOWN-CTE]")
	for _, bad := range []string{"BODY[", "BODY[0]", "BODY[1.]", "BODY[MIME]", "BODY[X]", "BODY[HEADER.FIELDS]", "BODY[HEADER.FIELDS ()]", "BODY[]<1>", "BODY[]<1.0>", "(", "()x", "NONE", "BODY[1TEXT]",
		"BODY[" + strings.Repeat("1.", 200) + "1]", "(" + strings.Repeat("BODY[] ", 200) + "UID)"} {
		w.fails("FETCH 1 "+bad, "BAD")
	}
	expect(t, w.ok("FETCH 1 BODY[1]"), "* 1 FETCH (FLAGS (\\Seen) BODY[1] {8}\r\nYWIAYw==)")
	expect(t, w.ok("FETCH 1 (FLAGS RFC822.TEXT)"), fmt.Sprintf("* 1 FETCH (FLAGS (\\Seen) RFC822.TEXT {%d}\r\n%s)", len(msg)-65, msg[65:]))
	if got := w.ok("FETCH 1 FULL"); !strings.Contains(got[0], "BODY ((") || !strings.Contains(got[0], "INTERNALDATE \"16-Nov-2009 08:00:00 +0700\"") {
		t.Errorf("%q", got)
	}
}

// TestPrefixBelongsToTheMessage checks that trace headers of the row are served.
func TestPrefixBelongsToTheMessage(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	ctx := context.Background()
	w, err := h.blobs.Create()
	must(t, err)
	io.WriteString(w, "Subject: x\r\n\r\nbody")
	id, size, err := w.Commit()
	must(t, err)
	prefix := []byte("Return-Path: <r@x>\r\nReceived: by mx\r\n")
	errs := h.store.Deliver(ctx, mailsvc.Delivery{ID: "d1", Targets: []mailsvc.Target{{Account: alice, Prefix: prefix}}, Message: mailsvc.NewMessage{Blob: id, BlobSize: size}}) // no index: made when asked for
	must(t, errs[0])
	c := h.login(alice)
	c.ok("SELECT INBOX")
	expect(t, c.ok("FETCH 1 (RFC822.SIZE BODY.PEEK[] BODY.PEEK[HEADER.FIELDS (Return-Path Subject)] BODY.PEEK[TEXT])"),
		fmt.Sprintf("* 1 FETCH (RFC822.SIZE %d BODY[] {%d}\r\n%sSubject: x\r\n\r\nbody BODY[HEADER.FIELDS (Return-Path Subject)] {34}\r\nReturn-Path: <r@x>\r\nSubject: x\r\n\r\n BODY[TEXT] {4}\r\nbody)",
			len(prefix)+int(size), len(prefix)+int(size), prefix))
	expect(t, c.ok("FETCH 1 BODY.PEEK[]<30.12>"), "* 1 FETCH (BODY[]<30> {12}\r\nby mx\r\nSubje)")
	expect(t, c.ok("SEARCH TEXT \"by mx\""), "* SEARCH 1")
	expect(t, c.ok("SEARCH HEADER Received mx SUBJECT x"), "* SEARCH 1")
}

func TestMultiAppend(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	w := h.login(alice)
	var b strings.Builder
	for i := range 150 {
		m := letter("a", fmt.Sprint("thư ", i))
		fmt.Fprintf(&b, " (\\Seen k%d) \"01-Jan-2009 00:00:00 +0700\" {%d+}\r\n%s", i%3, len(m), m)
	}
	_, a := w.do("APPEND INBOX" + b.String())
	if !strings.HasPrefix(a, "OK [APPENDUID ") || !strings.Contains(a, " 1:150]") {
		t.Fatal(a)
	}
	w.ok("SELECT INBOX")
	got := w.ok("FETCH 150 (FLAGS INTERNALDATE BODY.PEEK[TEXT])")
	if !strings.Contains(got[0], "thư 149") || !strings.Contains(got[0], "k2") || !strings.Contains(got[0], `"01-Jan-2009 00:00:00 +0700"`) {
		t.Errorf("%q", got)
	}
	// All or none: the second one is too large.
	_, a = w.do(fmt.Sprintf("APPEND INBOX {4+}\r\nA: b {%d}", 60<<20))
	if !strings.HasPrefix(a, "NO [TOOBIG]") {
		t.Error(a)
	}
	if n := h.count(alice, "INBOX"); n != 150 {
		t.Errorf("%d messages", n)
	}
}

func TestQuota(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	h.people.change(alice, func(a *mailsvc.Account) { a.Quota = 4096 })
	w := h.login(alice)
	expect(t, w.ok("GETQUOTAROOT INBOX"), `* QUOTAROOT "INBOX" ""`, `* QUOTA "" (STORAGE 0 4)`)
	w.fails("APPEND INBOX {5000}", "NO [OVERQUOTA]")
	big := letter("a", strings.Repeat("x", 3000))
	w.ok(fmt.Sprintf("APPEND INBOX {%d+}\r\n%s", len(big), big))
	w.fails(fmt.Sprintf("APPEND INBOX {%d+}\r\n%s", len(big), big), "NO [OVERQUOTA]")
	expect(t, w.ok(`GETQUOTA ""`), `* QUOTA "" (STORAGE 4 4)`)
	w.fails(`SETQUOTA "" (STORAGE 10)`, "NO [NOPERM]")
	w.fails(`GETQUOTA mau.b@x.test`, "NO [NONEXISTENT]")
	w.ok("SELECT INBOX")
	w.fails("COPY 1 Trash", "NO [TRYCREATE]")
	w.fails("COPY 1 INBOX", "NO [OVERQUOTA]")
	w.fails("REPLACE 1 INBOX {4097}", "NO [OVERQUOTA]")
	bigger := letter("b", strings.Repeat("y", 3500)) // fits in place of the other only
	w.ok(fmt.Sprintf("REPLACE 1 INBOX {%d+}\r\n%s", len(bigger), bigger))
	h.people.change(alice, func(a *mailsvc.Account) { a.Quota = 1024 }) // less than is held
	w.fails(fmt.Sprintf("REPLACE 1 INBOX {%d}", len(bigger)+1), "NO [OVERQUOTA]")
	w.ok(fmt.Sprintf("REPLACE 1 INBOX {%d+}\r\n%s", len(big), big))
	w.ok("STORE 1 +FLAGS (\\Deleted)")
	w.ok("EXPUNGE")
	expect(t, w.ok(`GETQUOTA ""`), `* QUOTA "" (STORAGE 0 1)`)
}

// TestSlowAppend: what a client takes half a day for is not stored. A body that is
// in no mailbox for a day is swept.
func TestSlowAppend(t *testing.T) {
	t.Parallel()
	var later atomic.Int64
	h := newHouse(t, Plain, func(o *Options) {
		o.Now = func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
	})
	w := h.login(alice)
	m := letter("a", "b")
	for hours, want := range map[time.Duration]string{11: "OK", 13: "NO [LIMIT]"} {
		w.send(fmt.Sprintf("x APPEND INBOX {%d+}\r\n%s {%d}\r\n", len(m), m, len(m)))
		if got := w.line(); !strings.HasPrefix(got, "+") {
			t.Fatal(got)
		}
		later.Add(int64(hours * time.Hour))
		w.send(m + "\r\n")
		if _, answer := w.until("x"); !strings.HasPrefix(answer, want) {
			t.Errorf("after %d hours: %s", hours, answer)
		}
	}
	expect(t, w.ok("STATUS INBOX (MESSAGES)"), `* STATUS "INBOX" (MESSAGES 2)`)
}

func TestSpecialUse(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	w := h.login(alice)
	w.ok("ENABLE UTF8=ACCEPT")
	w.ok(`CREATE "Lưu" (USE (\Archive))`)
	w.fails(`CREATE x (USE (\Nonsense))`, "NO [USEATTR]")
	got := w.ok(`LIST (SPECIAL-USE) "" "*"`)
	if len(got) != 5 || len(only(got, `\Archive`)) != 1 {
		t.Errorf("%q", got)
	}
}

func TestSort(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	for _, m := range []string{
		"From: Đạt <z@x>\r\nSubject: Re: Ănh\r\nDate: Tue, 3 Nov 2009 00:00:00 +0700\r\n\r\n1",
		"From: An <y@x>\r\nSubject: [ds] Anh\r\nDate: Tue, 1 Nov 2009 00:00:00 +0700\r\n\r\n333",
		"From: Dung <x@x>\r\nSubject: Fwd: Re: Bình\r\nDate: Tue, 2 Nov 2009 00:00:00 +0700\r\n\r\n22",
	} {
		h.put(alice, "INBOX", m)
	}
	w := h.login(alice)
	w.ok("SELECT INBOX")
	for keys, want := range map[string]string{
		"SUBJECT": "2 1 3", "REVERSE SUBJECT": "3 1 2", "DATE": "2 3 1", "FROM": "3 2 1", "DISPLAYFROM": "2 3 1", "ARRIVAL": "1 2 3", "REVERSE ARRIVAL": "1 2 3", "TO": "1 2 3", "CC REVERSE DATE": "1 3 2",
	} {
		expect(t, w.ok("SORT ("+keys+") UTF-8 ALL"), "* SORT "+want)
	}
	expect(t, w.ok("UID SORT (DATE) US-ASCII NOT 3"), "* SORT 2 1")
	if got := w.ok("SORT RETURN (MIN COUNT) (SUBJECT) UTF-8 ALL"); len(got) != 1 || !strings.HasSuffix(got[0], ") MIN 2 COUNT 3") {
		t.Errorf("%q", got)
	}
	w.fails("SORT () UTF-8 ALL", "BAD")
	w.fails("SORT (REVERSE) UTF-8 ALL", "BAD")
	w.fails("SORT (DATE) X-NONE ALL", "NO [BADCHARSET")
}

func TestThread(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	msg := func(id, refs, subject string, day int) {
		h.put(alice, "INBOX", fmt.Sprintf("Message-ID: <%s>\r\nReferences: %s\r\nSubject: %s\r\nDate: %d Nov 2009 00:00:00 +0700\r\n\r\n", id, refs, subject, day))
	}
	msg("a", "", "một", 1)
	msg("b", "<a>", "Re: một", 2)
	msg("c", "<a> <b>", "Re: một", 3)
	msg("d", "<a>", "Re: một", 4)
	msg("e", "<missing>", "hai", 5)
	msg("f", "<missing>", "ba", 6)
	msg("g", "<g>", "bốn", 7) // its own parent
	msg("h", "", "Re: bốn", 8)
	msg("a", "", "lặp", 9) // an identifier twice
	w := h.login(alice)
	w.ok("SELECT INBOX")
	expect(t, w.ok("THREAD REFERENCES UTF-8 ALL"), "* THREAD (1 (2 3)(4))((5)(6))(7 8)(9)")
	expect(t, w.ok("UID THREAD ORDEREDSUBJECT UTF-8 1:4,7:8"), "* THREAD (1 (2)(3)(4))(7 8)")
	expect(t, w.ok("THREAD REFERENCES UTF-8 NOT ALL"), "* THREAD")
	w.fails("THREAD NONE UTF-8 ALL", "BAD")
}

func TestReplace(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	h.put(alice, "INBOX", letter("a", "b"))
	h.put(alice, "INBOX", letter("c", "d"))
	w := h.login(alice)
	w.ok("SELECT INBOX")
	m := letter("e", "f")
	got := w.ok(fmt.Sprintf("REPLACE 1 INBOX (\\Draft) {%d+}\r\n%s", len(m), m))
	if len(got) != 3 || !strings.HasPrefix(got[0], "* OK [APPENDUID ") || got[1] != "* 1 EXPUNGE" || got[2] != "* 2 EXISTS" {
		t.Errorf("%q", got)
	}
	w.fails("UID REPLACE 99 INBOX {1}", "BAD")
	w.fails("REPLACE 1:2 INBOX {1}", "BAD")
}

func TestCompress(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, func(o *Options) { o.Limits.Compressed = 1 })
	for range 200 {
		h.put(alice, "INBOX", letter("nén", strings.Repeat("x", 500)))
	}
	w := h.login(alice)
	w.ok("COMPRESS DEFLATE")
	in, out := flate.NewReader(w.c), mustFlate(t, w.c)
	w.br = bufio.NewReader(in)
	send := func(s string) {
		io.WriteString(out, s)
		must(t, out.Flush())
	}
	send("a SELECT INBOX\r\n")
	w.until("a")
	for i := range 3 {
		tag := fmt.Sprint("b", i)
		send(tag + " FETCH 1:* BODY.PEEK[]\r\n")
		if got, _ := w.until(tag); len(got) != 200 {
			t.Fatalf("%d responses", len(got))
		}
	}
	send("c COMPRESS DEFLATE\r\n")
	if _, a := w.until("c"); !strings.HasPrefix(a, "NO [COMPRESSIONACTIVE]") {
		t.Error(a)
	}
	h.login(alice).fails("COMPRESS DEFLATE", "NO [LIMIT]")
}

func mustFlate(t *testing.T, w io.Writer) *flate.Writer {
	f, err := flate.NewWriter(w, 6)
	must(t, err)
	return f
}

func TestUnauthenticate(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	w := h.login(alice)
	w.ok("ENABLE UTF8=ACCEPT")
	w.ok("SELECT INBOX")
	w.ok("UNAUTHENTICATE")
	w.fails("SELECT INBOX", "BAD")
	w.ok(fmt.Sprintf("LOGIN %s {%d+}\r\n%s", bob, len(secret), secret))
	w.ok("SELECT INBOX")
}

// badDisk fails as disks do.
type badDisk struct {
	mailsvc.Blobs
	full, lost atomic.Bool
}

func (b *badDisk) Create() (mailsvc.BlobWriter, error) {
	if b.full.Load() {
		return nil, &mailsvc.Error{Op: "create body", Kind: mailsvc.ErrFull}
	}
	return b.Blobs.Create()
}

func (b *badDisk) Begin(body []byte) func() (mailsvc.BlobID, int64, error) {
	if b.full.Load() {
		return func() (mailsvc.BlobID, int64, error) {
			return "", 0, &mailsvc.Error{Op: "commit body", Kind: mailsvc.ErrFull}
		}
	}
	return b.Blobs.Begin(body)
}

func (b *badDisk) Open(id mailsvc.BlobID) (mailsvc.Blob, error) {
	if b.lost.Load() {
		return nil, &mailsvc.Error{Op: "open body", Subject: string(id), Kind: mailsvc.ErrNotFound}
	}
	return b.Blobs.Open(id)
}

func TestBadDisk(t *testing.T) {
	t.Parallel()
	var disk *badDisk
	h := newHouse(t, Plain, func(o *Options) {
		disk = &badDisk{Blobs: o.Blobs}
		o.Blobs = disk
	})
	h.put(alice, "INBOX", letter("còn", "chữ"))
	w := h.login(alice)
	w.ok("SELECT INBOX")
	disk.full.Store(true)
	w.fails("APPEND INBOX {4+}\r\nA: b {4+}\r\nC: d", "NO [UNAVAILABLE]")
	w.ok("NOOP")
	disk.lost.Store(true)
	got, a := w.do("FETCH 1 (ENVELOPE BODY.PEEK[] BODY.PEEK[1] BINARY.PEEK[1] BINARY.SIZE[1] PREVIEW)")
	if !strings.HasPrefix(a, "NO [CORRUPTION]") || len(got) != 1 || !strings.HasSuffix(got[0], "BODY[] NIL BODY[1] NIL BINARY[1] NIL BINARY.SIZE[1] 0 PREVIEW \"\")") {
		t.Errorf("%q %q", got, a)
	}
	expect(t, w.ok("SEARCH BODY chu"), "* SEARCH")
	expect(t, w.ok("SEARCH SUBJECT con"), "* SEARCH 1")
}
