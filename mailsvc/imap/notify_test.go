package imap

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// TestNotifyEvents goes through the events of RFC 5465, each with what it tells.
func TestNotifyEvents(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	h.people.change(alice, grant(0))
	ctx := context.Background()
	for _, f := range []string{"a", "a/b", "c"} {
		_, err := h.store.CreateFolder(ctx, alice, f, "")
		must(t, err)
	}
	h.put(alice, "a", letter("một", "x"))
	w, other := h.login(alice), h.login(alice)
	next := func(want string) {
		t.Helper()
		if l := w.line(); !newScript(t).matches(want, l) {
			t.Fatalf("told %q, want %q", l, want)
		}
	}
	newScript(t).play(w, `
		C: NOTIFY SET
		A: BAD
		C: NOTIFY
		A: BAD
		C: NOTIFY SET (SELECTED (MessageExpunge))
		A: BAD
		C: NOTIFY SET (SELECTED (FlagChange))
		A: BAD
		C: NOTIFY SET (PERSONAL (AnnotationChange))
		A: NO [BADEVENT (
		C: NOTIFY SET (PERSONAL (MailboxMetadataChange ServerMetadataChange))
		A: NO [BADEVENT (
		C: NOTIFY SET (PERSONAL ())
		A: BAD
		C: NOTIFY SET (SELECTED (MessageNew MessageExpunge MailboxName))
		A: BAD
		C: NOTIFY SET (SELECTED (MessageNew MessageExpunge)) (SELECTED-DELAYED NONE)
		A: BAD
		C: NOTIFY SET (PERSONAL (MessageNew (UID) MessageExpunge))
		A: BAD
		C: NOTIFY SET (MAILBOXES a NONE) (SUBTREE (a c) (MessageNew MessageExpunge))
		C: NOTIFY NONE
		C: NOTIFY SET STATUS (MAILBOXES (a c) (MessageNew MessageExpunge)) (SUBTREE a (MailboxName MessageNew MessageExpunge FlagChange)) (INBOXES NONE) (PERSONAL (MailboxName SubscriptionChange))
		S: * STATUS "a" (MESSAGES 1 UIDNEXT 2 UIDVALIDITY … UNSEEN 1 HIGHESTMODSEQ …)
		S: * STATUS "a/b" (MESSAGES 0 UIDNEXT 1 … HIGHESTMODSEQ …)
		S: * STATUS "c" (MESSAGES 0 UIDNEXT 1 UIDVALIDITY … UNSEEN 0)
	`)
	// All groups that name a mailbox count together, unless one says NONE.
	other.ok("SELECT a")
	other.ok(`STORE 1 +FLAGS.SILENT (\Flagged)`)
	next(`* STATUS "a" (MESSAGES 1 UIDNEXT 2 …)`)
	h.put(alice, "INBOX", letter("một", "x")) // nobody asked
	h.put(alice, "a/b", letter("một", "x"))
	next(`* STATUS "a/b" (MESSAGES 1 UIDNEXT 2 …)`)
	other.ok("SELECT a/b")
	other.ok(`STORE 1 +FLAGS.SILENT (\Flagged)`)
	next(`* STATUS "a/b" (MESSAGES 1 UIDNEXT 2 …)`)
	other.ok(`UID MOVE 1 a`)
	for range 2 { // both in one transaction
		if l := w.line(); l[:12] != `* STATUS "a"` && l[:14] != `* STATUS "a/b"` {
			t.Fatal(l)
		}
	}
	other.ok("CREATE d")
	next(`* LIST (\HasNoChildren \Subscribed) "/" "d"`)
	other.ok("UNSUBSCRIBE d")
	next(`* LIST (\HasNoChildren) "/" "d"`)
	other.ok("RENAME d \"&ARE-\"")
	next(`* LIST (\HasNoChildren) "/" "&ARE-" ("OLDNAME" ("d"))`)
	other.ok(`DELETE "&ARE-"`)
	next(`* LIST (\NonExistent) "/" "&ARE-"`)
	other.ok("RENAME a e") // its children move along
	next(`* LIST (\HasChildren \Subscribed) "/" "e" ("OLDNAME" ("a"))`)
	other.ok("RENAME e/b e/f")
	next(`* LIST (\HasNoChildren \Subscribed) "/" "e/f" ("OLDNAME" ("e/b"))`)
	other.ok("CREATE c/g") // for the one above it that is news too
	next(`* LIST (\HasChildren \Subscribed) "/" "c"`)
	next(`* LIST (\HasNoChildren \Subscribed) "/" "c/g"`)
	other.ok("DELETE c/g")
	next(`* LIST (\HasNoChildren \Subscribed) "/" "c"`)
	next(`* LIST (\NonExistent) "/" "c/g"`)
	expect(t, w.ok("NOOP"))
}

// TestNotifySelected tells of the selected mailbox without being asked, with what
// the client wants to know of new messages, also when they come during a command.
func TestNotifySelected(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	for range 3 {
		h.put(alice, "INBOX", letter("một", "x"))
	}
	w, other := h.login(alice), h.login(alice)
	other.ok("SELECT INBOX")
	w.ok("SELECT INBOX")
	w.ok("NOTIFY SET (SELECTED-DELAYED (MessageNew (UID BODY.PEEK[HEADER.FIELDS (Subject)]) MessageExpunge FlagChange))")
	h.put(alice, "INBOX", letter("a", "x"))
	next := func(want string) {
		t.Helper()
		if l := w.line(); l != want {
			t.Fatalf("told %q, want %q", l, want)
		}
	}
	next("* 4 EXISTS")
	next("* 4 FETCH (UID 4 BODY[HEADER.FIELDS (Subject)] {14}\r\nSubject: a\r\n\r\n)")
	other.ok(`STORE 1 +FLAGS.SILENT (\Deleted)`)
	next(`* 1 FETCH (UID 1 FLAGS (\Deleted))`)
	other.ok("EXPUNGE")
	w.ok(`UID STORE 2 +FLAGS.SILENT (x)`) // expunges are delayed until a command allows them
	w.ok("NOTIFY SET (SELECTED (MessageNew (UID) MessageExpunge FlagChange))")
	other.ok(`STORE 1 +FLAGS.SILENT (\Deleted)`)
	next(`* 1 FETCH (UID 2 FLAGS (\Deleted x))`)
	other.ok("EXPUNGE")
	next("* 1 EXPUNGE")
	// What the client itself brings it knows already.
	got := w.ok("COPY 1 INBOX")
	got = append(got, w.ok(fmt.Sprintf("APPEND INBOX {%d+}\r\n%s", len(letter("b", "x")), letter("b", "x")))...)
	got = append(got, w.ok("NOOP")...)
	expect(t, got, "* 3 EXISTS", "* 4 EXISTS")
	h.put(alice, "INBOX", letter("c", "x"))
	next("* 5 EXISTS")
	next("* 5 FETCH (UID 7)")
}

// TestNotifyKeepsQuiet: what NOTIFY does not ask for is not told, also not at the
// end of a command or during IDLE, except for what the command itself takes away.
func TestNotifyKeepsQuiet(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	for range 4 {
		h.put(alice, "INBOX", letter("một", "x"))
	}
	w, other := h.login(alice), h.login(alice)
	other.ok("SELECT INBOX")
	w.ok("SELECT INBOX")
	happen := func() {
		other.ok(`UID STORE 1 +FLAGS.SILENT (\Flagged)`)
		h.put(alice, "INBOX", letter("a", "x"))
		other.ok(`UID STORE 1 -FLAGS.SILENT (\Flagged)`)
	}
	happen()
	expect(t, w.ok("NOTIFY SET (PERSONAL (MessageNew MessageExpunge))"), "* 5 EXISTS", "* 1 FETCH (UID 1 FLAGS ())") // SET is a NOOP too
	for _, quiet := range []string{"NOTIFY SET (PERSONAL (MessageNew MessageExpunge))", "NOTIFY NONE"} {
		w.ok(quiet)
		other.ok(`UID STORE 2 +FLAGS.SILENT (\Deleted)`)
		other.ok("EXPUNGE")
		happen()
		expect(t, w.ok("NOOP"))
		expect(t, w.ok("UID FETCH 3 UID"), "* 3 FETCH (UID 3)")
		expect(t, w.ok("UID STORE 3 +FLAGS (x)"), "* 3 FETCH (UID 3 FLAGS (x))")
		expect(t, w.ok("UID STORE 3 -FLAGS.SILENT (x)"))
		w.send("i IDLE\r\n")
		if l := w.line(); l != "+ idling" {
			t.Fatalf("%s: %q", quiet, l)
		}
		happen()
		w.send("DONE\r\n")
		if got, _ := w.until("i"); len(got) != 0 {
			t.Errorf("%s: %q", quiet, got)
		}
	}
	w.ok(`UID STORE 4 +FLAGS.SILENT (\Deleted)`)
	if got := w.ok("EXPUNGE"); len(only(got, "EXPUNGE")) != 2 || len(only(got, "FETCH")) != 0 {
		t.Errorf("%q", got)
	}
	w.ok("NOTIFY SET (SELECTED (MessageNew MessageExpunge))")
	happen() // flags are not asked for
	for l := w.line(); !strings.HasSuffix(l, " EXISTS"); l = w.line() {
		t.Errorf("told %q", l)
	}
	expect(t, w.ok("NOOP"))
	w.ok("NOTIFY SET (SELECTED (MessageNew MessageExpunge FlagChange))")
	other.ok(`UID STORE 1 +FLAGS.SILENT (\Flagged)`)
	if l := w.line(); l != `* 1 FETCH (UID 1 FLAGS (\Flagged))` {
		t.Errorf("told %q", l)
	}
}

// TestDelayedExpungesAreToldInIdle: SELECTED-DELAYED waits for a command that
// allows them, and IDLE is one.
func TestDelayedExpungesAreToldInIdle(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	for range 2 {
		h.put(alice, "INBOX", letter("một", "x"))
	}
	w, other := h.login(alice), h.login(alice)
	other.ok("SELECT INBOX")
	w.ok("SELECT INBOX")
	w.ok("NOTIFY SET (SELECTED-DELAYED (MessageNew MessageExpunge))")
	w.send("i IDLE\r\n")
	w.line()
	other.ok(`UID STORE 1 +FLAGS.SILENT (\Deleted)`)
	other.ok("EXPUNGE")
	if l := w.line(); l != "* 1 EXPUNGE" {
		t.Errorf("told %q", l)
	}
	w.send("DONE\r\n")
	w.until("i")
}

// TestNotifySeesNewGrants watches an agency that the person may use only later.
func TestNotifySeesNewGrants(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	h.people.change(bob, grant(0))
	w := h.login(bob)
	w.ok("ENABLE UTF8=ACCEPT")
	w.ok(`NOTIFY SET (SUBTREE "Hộp thư cơ quan" (MessageNew MessageExpunge MailboxName))`)
	h.people.change(bob, grant(mailsvc.Read))
	h.put(bob, "INBOX", letter("một", "x")) // wakes the session
	seen := 0
	for seen < 5 {
		if l := w.line(); len(l) > 7 && l[:7] == "* LIST " {
			seen++
		}
	}
	w.ok("NOOP")
	h.put(office, "INBOX", letter("một", "x"))
	for l := w.line(); !strings.HasPrefix(l, "* STATUS "+officeInbox+" (MESSAGES 1 "); l = w.line() {
	}
	h.people.change(bob, grant(0))
	h.put(office, "INBOX", letter("một", "x"))
	for l := w.line(); l != `* LIST (\NonExistent) "/" `+officeInbox; l = w.line() {
		if len(only([]string{l}, "MESSAGES 2")) > 0 {
			t.Fatalf("told of mail without the right to it: %q", l)
		}
	}
}
