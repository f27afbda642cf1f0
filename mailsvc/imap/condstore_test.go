package imap

import (
	"fmt"
	"strings"
	"testing"
)

// The tests of this file are about what a client with CONDSTORE and QRESYNC may
// conclude from what it was told (RFC 7162).

// TestFirstCondStoreCommandTellsWhereTheMailboxStands: every command that asks for
// MODSEQ is answered with HIGHESTMODSEQ if it is the first and a mailbox is selected.
func TestFirstCondStoreCommandTellsWhereTheMailboxStands(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	h.put(alice, "INBOX", letter("một", "x"))
	for _, first := range []string{"ENABLE CONDSTORE", "ENABLE QRESYNC", "STATUS INBOX (HIGHESTMODSEQ)", `LIST "" INBOX RETURN (STATUS (HIGHESTMODSEQ))`, "FETCH 1 MODSEQ",
		"UID FETCH 1 UID (CHANGEDSINCE 1)", "SEARCH MODSEQ 1", "SORT (DATE) UTF-8 MODSEQ 1", "STORE 1 (UNCHANGEDSINCE 1) +FLAGS (x)"} {
		w := h.login(alice)
		w.ok("SELECT INBOX")
		if got := only(w.ok(first), "* OK [HIGHESTMODSEQ 2] "); len(got) != 1 {
			t.Errorf("%s: told %d times", first, len(got))
		}
		if got := only(w.ok("FETCH 1 MODSEQ"), "HIGHESTMODSEQ"); len(got) != 0 {
			t.Errorf("%s: told again", first)
		}
		w.c.Close()
	}
	w := h.login(alice)
	if got := w.ok("ENABLE CONDSTORE"); len(got) != 1 {
		t.Errorf("told without a mailbox: %q", got)
	}
	w = h.login(alice)
	w.ok("SELECT INBOX")
	if got := only(w.ok("SELECT INBOX (CONDSTORE)"), "HIGHESTMODSEQ"); len(got) != 1 {
		t.Errorf("%q", got)
	}
}

// TestHighestModSeqWaitsForExpunges: as long as an expunge is kept back, a client
// must not believe that it knows everything up to the MODSEQs that it sees.
func TestHighestModSeqWaitsForExpunges(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	for range 4 {
		h.put(alice, "INBOX", letter("một", "x"))
	}
	w, other := h.login(alice), h.login(alice)
	w.ok("ENABLE QRESYNC")
	w.ok("SELECT INBOX")
	other.ok("SELECT INBOX")
	other.ok(`UID STORE 1 +FLAGS.SILENT (\Deleted)`)
	s := newScript(t)
	s.play(w, `
		C: NOOP
		S: * 1 FETCH (UID 1 FLAGS (\Deleted) MODSEQ (<known>))
	`)
	other.ok("UID EXPUNGE 1")
	s.play(w, `
		C: STORE 2 +FLAGS.SILENT (\Flagged)
		S: * 2 FETCH (UID 2 MODSEQ (<higher>))
		S: * OK [HIGHESTMODSEQ <known>]…
		A: OK [EXPUNGEISSUED]
		C: STORE 2 -FLAGS.SILENT (\Flagged)
		S: * 2 FETCH (UID 2 MODSEQ (<highest>))
		S: * OK [HIGHESTMODSEQ <known>]…
		A: OK [EXPUNGEISSUED]
		C: NOOP
		S: * VANISHED 1
		S: * OK [HIGHESTMODSEQ <highest>]…
		C: NOOP
	`)
	s.rising("<known>", "<higher>", "<highest>")
	// The same for new messages that are kept back during FETCH.
	h.put(alice, "INBOX", letter("hai", "x"))
	other.ok(`UID STORE 2 +FLAGS.SILENT (x)`)
	s.play(w, `
		C: FETCH 1 (MODSEQ)
		S: * 1 FETCH (MODSEQ (<latest>))
		S: * OK [HIGHESTMODSEQ <highest>]…
		C: NOOP
		S: * 4 EXISTS
		S: * 1 FETCH (UID 2 FLAGS (x) MODSEQ (<latest>))
		S: * OK [HIGHESTMODSEQ <latest>]…
	`)
}

// TestCondStoreAnswers are smaller rules of RFC 7162 and RFC 6851.
func TestCondStoreAnswers(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	for range 5 {
		h.put(alice, "INBOX", letter("một", "x"))
	}
	w := h.login(alice)
	w.ok("ENABLE QRESYNC")
	w.ok("SELECT INBOX")
	s := newScript(t)
	s.play(w, `
		Setting \Seen by reading is told with UID and MODSEQ.
		C: FETCH 1 BODY[TEXT]
		S: * 1 FETCH (UID 1 FLAGS (\Seen) MODSEQ (<seen>) BODY[TEXT] {3}⏎x⏎)
		C: FETCH 1 BODY[TEXT]
		S: * 1 FETCH (BODY[TEXT] {3}⏎x⏎)
		What a conditional STORE finds done already is told of, .SILENT or not.
		C: STORE 1:2 (UNCHANGEDSINCE <seen>) +FLAGS.SILENT (\Seen)
		S: * 1 FETCH (UID 1 FLAGS (\Seen) MODSEQ (<seen>))
		S: * 2 FETCH (UID 2 FLAGS (\Seen) MODSEQ (<both>))
		C: UID MOVE 2 "Th&APk-ng r&AOE-c"
		S: * OK [COPYUID …
		S: * VANISHED 2
		A: OK [HIGHESTMODSEQ <moved>]
		C: UID MOVE 2 "Th&APk-ng r&AOE-c"
		A: OK MOVE
		C: STORE 1 +FLAGS.SILENT (\Deleted)
		S: * 1 FETCH (UID 1 MODSEQ (<marked>))
		What CLOSE takes away is not told, and so is not up to where it goes.
		C: CLOSE
		A: OK CLOSE
	`)
	s.rising("<seen>", "<both>", "<moved>", "<marked>")
	if n := h.count(alice, "INBOX"); n != 3 {
		t.Errorf("%d messages", n)
	}
}

// TestSilentStoreHidesNothing: .SILENT is silent about what the client can work out
// for itself, which it cannot if somebody else changed the flags meanwhile.
func TestSilentStoreHidesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	for range 2 {
		h.put(alice, "INBOX", letter("một", "x"))
	}
	for _, c := range []struct{ enable, own, other string }{
		{"NOOP", "", `* 1 FETCH (UID 1 FLAGS (\Seen \Flagged))`},
		{"ENABLE CONDSTORE", `* 2 FETCH (UID 2 MODSEQ (<own>))`, `* 1 FETCH (UID 1 FLAGS (\Seen \Flagged) MODSEQ (<other>))`},
	} {
		w, other := h.login(alice), h.login(alice)
		w.ok(c.enable)
		w.ok("SELECT INBOX")
		other.ok("SELECT INBOX")
		other.ok(`STORE 1:2 FLAGS ()`)
		w.ok("NOOP")
		other.ok(`STORE 1 +FLAGS (\Flagged)`)
		want := "C: STORE 1:2 +FLAGS.SILENT (\\Seen)\n"
		if c.own != "" {
			want += "S: " + c.own + "\n"
		}
		newScript(t).play(w, want+"S: "+c.other+"\nC: STORE 1:2 -FLAGS.SILENT (x)\nC: NOOP")
	}
}

// TestSearchByNumberTellsNoExpunge: not even UID SEARCH may, if its keys are
// sequence numbers (RFC 7162 section 3.2.10.2, RFC 9051 section 7.5.1).
func TestSearchByNumberTellsNoExpunge(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	for range 8 {
		h.put(alice, "INBOX", letter("một", "x"))
	}
	w, other := h.login(alice), h.login(alice)
	w.ok("SELECT INBOX")
	other.ok("SELECT INBOX")
	uid := 0
	for search, byNumber := range map[string]bool{"UID SEARCH 1:8": true, "UID SEARCH NOT (OR 2 UID 1)": true, "UID SORT (DATE) UTF-8 2": true, "UID THREAD REFERENCES UTF-8 *": true,
		"UID SEARCH UID 8": false, "UID SEARCH $": false, "UID SEARCH ALL": false, "SEARCH UID 8": true} {
		uid++
		other.ok(fmt.Sprintf(`UID STORE %d +FLAGS.SILENT (\Deleted)`, uid))
		other.ok("EXPUNGE")
		_, answer := w.do(search)
		if got := strings.HasPrefix(answer, "OK [EXPUNGEISSUED]"); got != byNumber {
			t.Errorf("%s: %s", search, answer)
		}
		w.ok("NOOP")
		h.put(alice, "INBOX", letter("một", "x"))
		w.ok("NOOP")
	}
}
