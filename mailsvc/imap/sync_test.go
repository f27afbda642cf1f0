package imap

import (
	"fmt"
	"strings"
	"testing"
)

// The dialogues of this file are about staying in step: CONDSTORE, QRESYNC,
// sequence numbers while others expunge, IDLE.

// number is a word of a script as a number.
func (s *script) number(word string) (n uint64) {
	s.t.Helper()
	if _, err := fmt.Sscan(s.words[word], &n); err != nil {
		s.t.Fatalf("%s is %q", word, s.words[word])
	}
	return n
}

func (s *script) rising(words ...string) {
	s.t.Helper()
	for i := 1; i < len(words); i++ {
		if s.number(words[i-1]) >= s.number(words[i]) {
			s.t.Errorf("%s=%s is not less than %s=%s", words[i-1], s.words[words[i-1]], words[i], s.words[words[i]])
		}
	}
}

func TestConditionalStore(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	for range 4 {
		h.put(alice, "INBOX", letter("một", "thân"))
	}
	w, other := h.login(alice), h.login(alice)
	s := newScript(t)
	s.play(w, `
		C: SELECT INBOX (CONDSTORE)
		S: * FLAGS …
		S: * 4 EXISTS
		S: * 0 RECENT
		S: * OK [PERMANENTFLAGS …
		S: * OK [UIDVALIDITY …
		S: * OK [UIDNEXT 5]…
		S: * OK [HIGHESTMODSEQ <first>]…
		S: * OK [MAILBOXID …
		C: FETCH 4 MODSEQ
		S: * 4 FETCH (MODSEQ (<first>))
		C: UID STORE 2 (UNCHANGEDSINCE <first>) +FLAGS.SILENT (\Flagged)
		S: * 2 FETCH (UID 2 MODSEQ (<second>))
		RFC 7162 example 6: what was changed meanwhile is left alone and named.
		C: STORE 1:4 (UNCHANGEDSINCE <first>) +FLAGS (\Answered)
		S: * 1 FETCH (UID 1 FLAGS (\Answered) MODSEQ (<third>))
		S: * 3 FETCH (UID 3 FLAGS (\Answered) MODSEQ (<third>))
		S: * 4 FETCH (UID 4 FLAGS (\Answered) MODSEQ (<third>))
		A: OK [MODIFIED 2]
		C: UID STORE 1:4 (UNCHANGEDSINCE 1) FLAGS.SILENT ()
		A: OK [MODIFIED 1:4]
		Nothing changes, so the MODSEQ stays.
		C: STORE 1 (UNCHANGEDSINCE <third>) +FLAGS (\Answered)
		S: * 1 FETCH (UID 1 FLAGS (\Answered) MODSEQ (<third>))
		C: FETCH 1:* (UID) (CHANGEDSINCE <first>)
		S: * 1 FETCH (UID 1 MODSEQ (<third>))
		S: * 2 FETCH (UID 2 MODSEQ (<second>))
		S: * 3 FETCH (UID 3 MODSEQ (<third>))
		S: * 4 FETCH (UID 4 MODSEQ (<third>))
		C: FETCH 1:* (FLAGS) (CHANGEDSINCE <third>)
		C: FETCH 1 FLAGS (NONSENSE 3)
		A: BAD
		C: FETCH 1 FLAGS (CHANGEDSINCE 9223372036854775808)
		A: BAD
		C: FETCH 1 FLAGS (CHANGEDSINCE 9223372036854775807)
		C: FETCH 1 FLAGS (CHANGEDSINCE 1 VANISHED)
		A: BAD
		C: STORE 1 (UNCHANGEDSINCE x) FLAGS ()
		A: BAD
		C: SEARCH MODSEQ "/flags/\\draft" all <third> NOT 3
		S: * SEARCH 1 4 (MODSEQ <third>)
		C: SEARCH MODSEQ 9223372036854775807
		S: * SEARCH
		C: SEARCH RETURN (MIN) MODSEQ <second>
		S: * ESEARCH (TAG …) MIN 1 MODSEQ <third>
		C: SEARCH RETURN (MAX COUNT ALL) 2 MODSEQ 1
		S: * ESEARCH (TAG …) MAX 2 ALL 2 COUNT 1 MODSEQ <second>
		C: SORT (REVERSE ARRIVAL) UTF-8 MODSEQ <second> 2:3
		S: * SORT 2 3 (MODSEQ <third>)
		C: STATUS INBOX (HIGHESTMODSEQ)
		S: * STATUS "INBOX" (HIGHESTMODSEQ <third>)
		A message that appears is told with EXISTS, its MODSEQ is above all.
	`)
	s.rising("<first>", "<second>", "<third>")
	other.ok("SELECT INBOX")
	other.ok(`STORE 2 -FLAGS (\Flagged)`)
	s.play(w, `
		C: NOOP
		S: * 2 FETCH (UID 2 FLAGS () MODSEQ (<fourth>))
		C: NOOP
		C: STORE 2 +FLAGS (x)
		S: * 2 FETCH (UID 2 FLAGS (x) MODSEQ (<fifth>))
	`)
	s.rising("<third>", "<fourth>", "<fifth>")
}

// TestExpungeIssued checks that a message which is gone is neither
// changed nor mistaken for another.
func TestExpungeIssued(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	for range 4 {
		h.put(alice, "INBOX", letter("một", "thân"))
	}
	a, b := h.login(alice), h.login(alice)
	a.ok("SELECT INBOX")
	b.ok("SELECT INBOX")
	b.ok(`UID STORE 2 +FLAGS.SILENT (\Deleted)`)
	b.ok("EXPUNGE")
	newScript(t).play(a, `
		C: FETCH 2:3 UID
		S: * 3 FETCH (UID 3)
		A: OK [EXPUNGEISSUED]
		C: FETCH 2 BODY.PEEK[]
		A: OK [EXPUNGEISSUED]
		C: STORE 2:3 +FLAGS (x)
		S: * 3 FETCH (UID 3 FLAGS (x))
		A: OK [EXPUNGEISSUED]
		C: SEARCH ALL
		S: * SEARCH 1 3 4
		A: OK [EXPUNGEISSUED]
		C: SORT (ARRIVAL) UTF-8 ALL
		S: * SORT 1 3 4
		A: OK [EXPUNGEISSUED]
		C: THREAD ORDEREDSUBJECT UTF-8 2,4
		S: * THREAD (4)
		A: OK [EXPUNGEISSUED]
		C: SEARCH 4
		S: * SEARCH 4
		Nothing can be copied of what is gone; the client is told why.
		C: COPY 2 INBOX
		S: * 2 EXPUNGE
		A: NO [EXPUNGEISSUED]
		C: FETCH 2 UID
		S: * 2 FETCH (UID 3)
		C: UID COPY 2 INBOX
		C: UID FETCH 2 FLAGS
		C: UID STORE 2 +FLAGS (y)
		C: UID EXPUNGE 2
		C: UID SEARCH 1:*
		S: * SEARCH 1 3 4
	`)
}

// TestFloodOfExpunges lets one client read by number while another deletes:
// numbers always mean the messages that the client believes.
func TestFloodOfExpunges(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	for range 120 {
		h.put(alice, "INBOX", letter("một", "thân"))
	}
	a, b := h.login(alice), h.login(alice)
	a.ok("SELECT INBOX")
	b.ok("SELECT INBOX")
	uids := make([]int, 0, 120) // what a believes
	for i := range 120 {
		uids = append(uids, i+1)
	}
	apply := func(lines []string) {
		for _, l := range lines {
			var n, uid int
			if k, _ := fmt.Sscanf(l, "* %d EXPUNGE", &n); k == 1 && strings.HasSuffix(l, "EXPUNGE") {
				uids = append(uids[:n-1], uids[n:]...)
			} else if k, _ := fmt.Sscanf(l, "* %d FETCH (UID %d", &n, &uid); k == 2 && uids[n-1] != uid {
				t.Fatalf("message %d is %d here and %d there", n, uids[n-1], uid)
			}
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for uid := 1; uid < 120; uid += 3 {
			b.ok(fmt.Sprintf(`UID STORE %d:%d +FLAGS.SILENT (\Deleted)`, uid, uid+1))
			b.ok("EXPUNGE")
		}
	}()
	for i := 0; ; i++ {
		var got []string
		switch i % 4 {
		case 0, 1:
			got = a.ok("FETCH 1:* UID")
		case 2:
			got = a.ok("UID FETCH 1:* UID")
		case 3:
			got = a.ok("NOOP")
		}
		apply(got)
		select {
		case <-done:
			apply(a.ok("NOOP"))
			apply(a.ok("FETCH 1:* UID"))
			if len(uids) != 40 {
				t.Errorf("%d messages left", len(uids))
			}
			return
		default:
		}
	}
}

func TestQuickResync(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	for range 10 {
		h.put(alice, "INBOX", letter("một", "thân"))
	}
	w, q := h.login(alice), h.login(alice)
	s := newScript(t)
	s.play(w, `
		C: ENABLE QRESYNC
		S: * ENABLED QRESYNC
		C: SELECT INBOX
		S: * FLAGS …
		S: * 10 EXISTS
		S: * 0 RECENT
		S: * OK [PERMANENTFLAGS …
		S: * OK [UIDVALIDITY <validity>]…
		S: * OK [UIDNEXT 11]…
		S: * OK [HIGHESTMODSEQ <start>]…
		S: * OK [MAILBOXID …
		C: UID STORE 2,5:7,10 +FLAGS.SILENT (\Deleted)
		S: * 2 FETCH (UID 2 MODSEQ (<marked>))
		S: * 5 FETCH (UID 5 MODSEQ (<marked>))
		S: * 6 FETCH (UID 6 MODSEQ (<marked>))
		S: * 7 FETCH (UID 7 MODSEQ (<marked>))
		S: * 10 FETCH (UID 10 MODSEQ (<marked>))
		C: UID EXPUNGE 1:6
		S: * VANISHED 2,5:6
		A: OK [HIGHESTMODSEQ <some>]
		C: EXPUNGE
		S: * VANISHED 7,10
		A: OK [HIGHESTMODSEQ <all>]
		C: EXPUNGE
		A: OK EXPUNGE
		C: STORE 1 +FLAGS (\Flagged)
		S: * 1 FETCH (UID 1 FLAGS (\Flagged) MODSEQ (<flagged>))
		C: UID MOVE 3 "Th&APk-ng r&AOE-c"
		S: * OK [COPYUID …
		S: * VANISHED 3
	`)
	s.rising("<start>", "<marked>", "<some>", "<all>", "<flagged>")
	s.play(q, `
		C: ENABLE QRESYNC CONDSTORE
		S: * ENABLED QRESYNC CONDSTORE
		C: SELECT INBOX (QRESYNC (<validity> <start>))
		S: * FLAGS …
		S: * 4 EXISTS
		S: * 0 RECENT
		S: * OK [PERMANENTFLAGS …
		S: * OK [UIDVALIDITY <validity>]…
		S: * OK [UIDNEXT 11]…
		S: * OK [HIGHESTMODSEQ <now>]…
		S: * OK [MAILBOXID …
		S: * VANISHED (EARLIER) 2:3,5:7,10
		S: * 1 FETCH (UID 1 FLAGS (\Flagged) MODSEQ (<flagged>))
		Only the messages that the client knows of.
		C: SELECT INBOX (QRESYNC (<validity> <all> 1:2,4:9 (1:3 1,3,5)))
		S: * OK [CLOSED]…
		S: * FLAGS …
		S: * 4 EXISTS
		S: * 0 RECENT
		S: * OK [PERMANENTFLAGS …
		S: * OK [UIDVALIDITY <validity>]…
		S: * OK [UIDNEXT 11]…
		S: * OK [HIGHESTMODSEQ <now>]…
		S: * OK [MAILBOXID …
		S: * 1 FETCH (UID 1 FLAGS (\Flagged) MODSEQ (<flagged>))
		C: UID FETCH 1:4 (FLAGS) (CHANGEDSINCE <all> VANISHED)
		S: * VANISHED (EARLIER) 3
		S: * 1 FETCH (UID 1 FLAGS (\Flagged) MODSEQ (<flagged>))
		C: UID FETCH 300:500 (FLAGS) (CHANGEDSINCE <start> VANISHED)
		C: FETCH 1:2 (FLAGS) (CHANGEDSINCE <start> VANISHED)
		A: BAD
		C: UID FETCH 1:2 (FLAGS) (VANISHED)
		A: BAD
		C: UID FETCH 1:2 (FLAGS) (VANISHED CHANGEDSINCE <now>)
		C: SELECT INBOX (QRESYNC (<validity> 1 $))
		A: BAD
		C: SELECT INBOX (QRESYNC (<validity>))
		A: BAD
		C: SELECT INBOX (QRESYNC <validity> 1)
		A: BAD
	`)
}
