package imap

import (
	"context"
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
		C: NOTIFY SET (MAILBOXES a NONE) (SUBTREE (a c) (MessageNew MessageExpunge))
		C: NOTIFY NONE
		C: NOTIFY SET STATUS (MAILBOXES (a c) (MessageNew MessageExpunge)) (SUBTREE a (MailboxName MessageNew MessageExpunge FlagChange)) (INBOXES NONE) (PERSONAL (MailboxName SubscriptionChange))
		S: * STATUS "a" (MESSAGES 1 UIDNEXT 2 UIDVALIDITY … UNSEEN 1)
		S: * STATUS "a/b" (MESSAGES 0 UIDNEXT 1 …)
		S: * STATUS "c" (MESSAGES 0 UIDNEXT 1 …)
	`)
	// The first group that names a mailbox counts: "a" has no FlagChange, "a/b" has.
	other.ok("SELECT a")
	other.ok(`STORE 1 +FLAGS.SILENT (\Flagged)`)
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
	got := []string{w.line(), w.line()}
	if len(only(got, `"e" ("OLDNAME" ("a"))`)) != 1 || len(only(got, `"e/b" ("OLDNAME" ("a/b"))`)) != 1 {
		t.Errorf("%q", got)
	}
	w.ok("NOOP")
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
	// What a command itself brings is told of in the same way.
	got := w.ok("COPY 1 INBOX")
	got = append(got, w.ok("NOOP")...)
	if len(only(got, "EXISTS")) != 1 || len(only(got, "* 3 FETCH (UID 5)")) != 1 {
		t.Errorf("%q", got)
	}
	w.ok("NOTIFY NONE")
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
