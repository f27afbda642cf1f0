package imap

import (
	"fmt"
	"testing"
)

// The tests of this file are about the difference between nothing and an empty
// string, and between text and bytes.

// TestEmptyFieldsAreNotAbsent: ENVELOPE tells a field that is there and empty from
// one that is not there (RFC 9051 section 7.5.2), and so does SEARCH.
func TestEmptyFieldsAreNotAbsent(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	h.put(alice, "INBOX", "Date:\r\nSubject: \r\nIn-Reply-To:\r\n \r\nMessage-ID:\t\r\n\r\nx")
	h.put(alice, "INBOX", "X: y\r\n\r\nx")
	h.put(alice, "INBOX", "Subject:\r\nSubject: second\r\nFrom: a@x\r\n\r\nx")
	w := h.login(alice)
	w.ok("SELECT INBOX")
	expect(t, w.ok("FETCH 1:2 ENVELOPE"), `* 1 FETCH (ENVELOPE ("" "" NIL NIL NIL NIL NIL NIL "" ""))`, `* 2 FETCH (ENVELOPE (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL))`)
	for query, want := range map[string]string{`SUBJECT ""`: "1 3", `HEADER Subject ""`: "1 3", `FROM ""`: "3", `NOT SUBJECT ""`: "2", `HEADER X ""`: "2", `TEXT ""`: "1 2 3", `SUBJECT second`: ""} {
		if got := w.found(query); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
}

// TestQuotedStringsAreText: bytes that are no UTF-8 are refused wherever a quoted
// string stands (RFC 6855 section 3).
func TestQuotedStringsAreText(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	w := h.login(alice)
	for _, mode := range []string{"NOOP", "ENABLE UTF8=ACCEPT"} {
		w.ok(mode)
		w.ok("SELECT INBOX")
		for _, cmd := range []string{"SEARCH SUBJECT \"\xff\"", "SEARCH TEXT \"a\xc4\"", "CREATE \"\xed\xa0\x80\"", "LIST \"\" \"\xe1\xba*\"", "ID (\"name\" \"\xfe\")", "SORT (DATE) UTF-8 BODY \"\xc0\x80\""} {
			w.fails(cmd, "BAD")
		}
	}
}

// TestSearchInOtherCharsets: what a client writes in another charset is found where
// it stands in any.
func TestSearchInOtherCharsets(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	h.put(alice, "INBOX", letter("Đấu thầu", "Đến Việt Nam"))
	h.put(alice, "INBOX", letter("khác", "Đen Viêt Nam"))
	w := h.login(alice)
	w.ok("SELECT INBOX")
	for charset, text := range map[string]string{
		"UTF-8": "Việt Nam", "windows-1258": "Vi\xea\xf2t Nam", "TCVN-5712": "Vi\xd6t Nam", "VISCII": "Vi\xaet Nam", "x-viet-vni": "Vie\xe4t Nam",
	} {
		literal := fmt.Sprintf("BODY {%d+}\r\n%s", len(text), text)
		expect(t, w.ok("SEARCH CHARSET "+charset+" "+literal), "* SEARCH 1")
		expect(t, w.ok("SORT (DATE) "+charset+" "+literal), "* SORT 1")
		expect(t, w.ok("THREAD REFERENCES "+charset+" "+literal), "* THREAD (1)")
	}
	expect(t, w.ok("SEARCH CHARSET ISO-8859-1 BODY {3+}\r\nVi\xea"), "* SEARCH 2")
	expect(t, w.ok("SEARCH CHARSET US-ASCII BODY viet"), "* SEARCH 1 2")
	w.fails("SEARCH CHARSET X-NONE ALL", "NO [BADCHARSET (UTF-8 ")
	w.fails("THREAD REFERENCES X-NONE ALL", "NO [BADCHARSET (UTF-8 ")
}
