package imap

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// The tests of this file are about agency mailboxes that several people use.

const (
	officeBox   = `"Hộp thư cơ quan/Sở Nội vụ`
	officeInbox = officeBox + `"`
	officeTrash = officeBox + `/Thùng rác"`
)

func grant(rights mailsvc.Rights) func(*mailsvc.Account) {
	return func(a *mailsvc.Account) {
		a.Grants = nil
		if rights != 0 {
			a.Grants = []mailsvc.Grant{{Agency: office, Rights: rights}}
		}
	}
}

// TestEveryCommandAsksForRights tries everything on an agency's mailbox with
// each set of rights.
func TestEveryCommandAsksForRights(t *testing.T) {
	t.Parallel()
	const (
		r   = mailsvc.Read
		rw  = r | mailsvc.Write
		rd  = r | mailsvc.Delete
		rwd = rw | mailsvc.Delete
	)
	all := []mailsvc.Rights{0, r, rw, rd, rwd}
	const nobody = ^mailsvc.Rights(0) // more than there is
	h := newHouse(t, Plain, func(o *Options) { o.Limits.ConnsPerIP, o.Limits.ConnsPerUser = -1, -1 })
	for _, c := range []struct {
		command  string
		need     mailsvc.Rights
		selected bool // the mailbox is selected before
	}{
		{"SELECT " + officeInbox, r, false},
		{"EXAMINE " + officeInbox, r, false},
		{"STATUS " + officeInbox + " (MESSAGES UIDNEXT HIGHESTMODSEQ DELETED-STORAGE)", r, false},
		{"MYRIGHTS " + officeInbox, r, false},
		{"GETACL " + officeInbox, r, false},
		{"GETQUOTAROOT " + officeInbox, r, false},
		{"LISTRIGHTS " + officeInbox + " x", r, false},
		{"APPEND " + officeInbox + " {4+}\r\nA: b", rw, false},
		{"APPEND " + officeInbox + " (\\Seen) {4+}\r\nA: b", rw, false},
		{"APPEND " + officeInbox + " (\\Deleted) {4+}\r\nA: b", rw, false}, // without \Deleted
		{"CREATE " + officeBox + `/mới"`, rw, false},
		{"DELETE " + officeTrash, rd, false},
		{"RENAME " + officeTrash + " " + officeBox + `/khác"`, rwd, false},
		{"SUBSCRIBE " + officeInbox, r, false},
		{"COPY 1 " + officeTrash, rw, true},
		{"COPY 1 INBOX", r, true},
		{"MOVE 1 " + officeTrash, rw, true},
		{"MOVE 1 INBOX", rd, true},
		{"UID MOVE 1 INBOX", rd, true},
		{"FETCH 1 BODY[]", r, true},
		{"SEARCH TEXT x", r, true},
		{"SEARCH RETURN (SAVE) TEXT x", r, true},
		{"SORT (DATE) UTF-8 ALL", r, true},
		{"THREAD REFERENCES UTF-8 ALL", r, true},
		{"STORE 1 +FLAGS (\\Seen)", r, true},
		{"STORE 1 -FLAGS.SILENT (\\Seen)", r, true},
		{"STORE 1 +FLAGS (\\Answered)", rw, true},
		{"STORE 1 +FLAGS ($done)", rw, true},
		{"STORE 1 +FLAGS (\\Deleted)", rd, true},
		{"STORE 1 (UNCHANGEDSINCE 1000) -FLAGS (\\Deleted)", rd, true},
		{"STORE 1 FLAGS ()", rwd, true},
		{"EXPUNGE", rd, true},
		{"UID EXPUNGE 1", rd, true},
		{"REPLACE 1 INBOX {4+}\r\nA: b", nobody, true}, // two accounts have no transaction in common
		{"REPLACE 1 " + officeInbox + " {4+}\r\nA: b", rwd, true},
	} {
		for _, have := range all {
			if c.selected && have == 0 {
				continue
			}
			w := h.freshOffice(have)
			if c.selected {
				w.ok("SELECT " + officeInbox)
			}
			_, answer := w.do(c.command)
			want := "NO ["
			if have&c.need == c.need {
				want = "OK"
			}
			if !strings.HasPrefix(answer, want) {
				t.Errorf("%s with rights %b: %s", c.command, have, answer)
			}
			if have == 0 && !strings.HasPrefix(answer, "NO [NONEXISTENT]") && !strings.HasPrefix(answer, "NO [TRYCREATE]") {
				t.Errorf("%s tells a stranger that the mailbox is there: %s", c.command, answer)
			}
			w.c.Close()
		}
	}
}

// freshOffice makes another agency of the same name, with one message, and logs
// Bob in with rights to it.
func (h *house) freshOffice(rights mailsvc.Rights) *wire {
	h.t.Helper()
	address := strings.ToLower(rand.Text()) + "@x.test"
	must(h.t, h.store.CreateAccount(context.Background(), address, sampleFolders))
	h.people.change(address, func(a *mailsvc.Account) {
		*a = mailsvc.Account{Address: address, Name: "Sở Nội vụ", Kind: mailsvc.Agency}
	})
	h.put(address, "INBOX", letter("công văn", "x"), `\Deleted`)
	h.people.change(bob, func(a *mailsvc.Account) {
		a.Grants = nil
		if rights != 0 {
			a.Grants = []mailsvc.Grant{{Agency: address, Rights: rights}}
		}
	})
	w := h.login(bob)
	w.ok("ENABLE UTF8=ACCEPT")
	return w
}

// TestCloseWithoutTheRightToDelete leaves what is marked \Deleted.
func TestCloseWithoutTheRightToDelete(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	h.put(office, "INBOX", letter("công văn", "x"), `\Deleted`)
	w := h.login(bob)
	w.ok("ENABLE UTF8=ACCEPT")
	w.ok("SELECT " + officeInbox)
	w.ok("CLOSE")
	if n := h.count(office, "INBOX"); n != 1 {
		t.Errorf("%d messages", n)
	}
}

// TestRightsThatChangeWhileSelected takes rights away and gives them back under a
// session that has the mailbox open.
func TestRightsThatChangeWhileSelected(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	for range 2 {
		h.put(office, "INBOX", letter("công văn", "x"))
	}
	w := h.login(bob)
	h.people.change(bob, grant(mailsvc.Read|mailsvc.Write|mailsvc.Delete))
	newScript(t).play(w, `
		C: ENABLE UTF8=ACCEPT
		S: * ENABLED UTF8=ACCEPT
		C: EXAMINE INBOX
		S: * FLAGS …
		S: * 0 EXISTS
		S: * 0 RECENT
		S: * OK [PERMANENTFLAGS …
		S: * OK [UIDVALIDITY …
		S: * OK [UIDNEXT …
		S: * OK [HIGHESTMODSEQ …
		S: * OK [MAILBOXID …
		C: CLOSE
	`)
	w.ok("SELECT " + officeInbox)
	w.ok(`STORE 1 +FLAGS.SILENT (\Flagged \Deleted)`)
	h.people.change(bob, grant(mailsvc.Read))
	w.fails(`STORE 1 -FLAGS (\Flagged)`, "NO [NOPERM]")
	w.fails("EXPUNGE", "NO [NOPERM]")
	w.fails("MOVE 1 INBOX", "NO [NOPERM]")
	w.ok("FETCH 1 FLAGS")
	h.people.change(bob, grant(mailsvc.Read|mailsvc.Delete))
	w.ok("EXPUNGE")
	h.people.change(bob, grant(0))
	got, err := []string{}, error(nil)
	w.send("x FETCH 1 BODY.PEEK[]\r\n")
	for err == nil {
		var l string
		if l, err = w.tryLine(); l != "" {
			got = append(got, l)
		}
	}
	if strings.Contains(strings.Join(got, "\n"), "công văn") || len(only(got, "* BYE")) != 1 {
		t.Errorf("%q", got)
	}
}

// TestAgencyMailboxesAreListed checks names, attributes and what LIST says of
// agencies with difficult names.
func TestAgencyMailboxesAreListed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	names := map[string]string{"a1@x.test": "Sở KH&CN", "a2@x.test": "Phòng A/B", "a3@x.test": "  Trùng\tTên ", "a4@x.test": "Trùng Tên", "a5@x.test": "", "a6@x.test": "So\u031b\u0309 Y", "a7@x.test": "100% *sao*"}
	var grants []mailsvc.Grant
	for address, name := range names {
		must(t, h.store.CreateAccount(context.Background(), address, nil))
		h.people.change(address, func(a *mailsvc.Account) { *a = mailsvc.Account{Address: address, Name: name, Kind: mailsvc.Agency} })
		grants = append(grants, mailsvc.Grant{Agency: address, Rights: mailsvc.Read})
	}
	h.people.change("a8@x.test", func(a *mailsvc.Account) {
		*a = mailsvc.Account{Address: "a8@x.test", Name: "Đã đóng", Kind: mailsvc.Agency, Disabled: true}
	})
	grants = append(grants, mailsvc.Grant{Agency: "a8@x.test", Rights: mailsvc.Read}, mailsvc.Grant{Agency: "gone@x.test", Rights: mailsvc.Read}, mailsvc.Grant{Agency: alice, Rights: mailsvc.Read})
	h.people.change(bob, func(a *mailsvc.Account) { a.Grants = grants })
	w := h.login(bob)
	w.ok("ENABLE UTF8=ACCEPT")
	got := w.ok(`LIST "Hộp thư cơ quan/" "*" RETURN (SUBSCRIBED)`)
	for _, want := range []string{"Sở KH&CN", "Phòng A-B", "Trùng Tên (a3@x.test)", "Trùng Tên (a4@x.test)", "a5@x.test", "Sở Y", "100% *sao*"} {
		if len(only(got, `* LIST (\HasNoChildren \Subscribed) "/" "Hộp thư cơ quan/`+want+`"`)) != 1 {
			t.Errorf("no %s in %q", want, got)
		}
		w.ok(`SELECT "Hộp thư cơ quan/` + want + `"`)
	}
	if len(got) != 7 {
		t.Errorf("%d mailboxes: %q", len(got), got)
	}
	utf7 := h.login(bob)
	if got := utf7.ok(`LIST "" "H&Htk-p th&AbA- c&AaE- quan/S&Ht8- KH&-CN*"`); len(got) != 1 {
		t.Errorf("%q", got)
	}
}

// TestAgencyInboxHasOneName: the agency's own, which nobody can change or take away.
func TestAgencyInboxHasOneName(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	h.people.change(alice, grant(mailsvc.Read|mailsvc.Write|mailsvc.Delete))
	h.put(office, "INBOX", letter("một", "x"))
	w := h.login(alice)
	w.ok("ENABLE UTF8=ACCEPT")
	const other = officeBox + `/inbox"`
	w.fails("SELECT "+other, "NO [NONEXISTENT]")
	w.fails("CREATE "+other, "NO [NONEXISTENT]")
	w.fails("RENAME "+officeTrash+" "+other, "NO [NONEXISTENT]")
	w.fails("RENAME "+officeInbox+" "+officeBox+`/Cũ"`, "NO [CANNOT]")
	w.fails("RENAME "+officeInbox+` "Hộp thư cơ quan/Sở khác"`, "NO")
	w.fails("DELETE "+officeInbox, "NO [CANNOT]")
	w.fails("CREATE "+officeInbox, "NO [ALREADYEXISTS]")
	w.ok("CREATE " + officeBox + `/INBOX/Dưới"`)
	expect(t, w.ok("STATUS "+officeInbox+" (MESSAGES)"), "* STATUS "+officeInbox+" (MESSAGES 1)")
}

// TestChangesAreSeenByAll lets one person work in an agency's mailbox and another
// look on: every change is told at once.
func TestChangesAreSeenByAll(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	h.put(office, "INBOX", letter("một", "x"))
	h.people.change(bob, grant(mailsvc.Read))
	a, b := h.login(alice), h.login(bob)
	for _, w := range []*wire{a, b} {
		w.ok("ENABLE UTF8=ACCEPT")
		w.ok("SELECT " + officeInbox)
	}
	b.send("i IDLE\r\n")
	b.line()
	last := ""
	next := func(want string) {
		t.Helper()
		l := b.line()
		for l == last { // flags that somebody else has no part in may be told again
			l = b.line()
		}
		if last = l; l != want {
			t.Fatalf("told %q, want %q", l, want)
		}
	}
	a.ok(`STORE 1 +FLAGS ($da-xu-ly)`)
	next("* 1 FETCH (UID 1 FLAGS ($da-xu-ly))")
	a.ok(`STORE 1 +FLAGS (\Seen)`) // alice's own: nobody else is told
	a.ok(`STORE 1 +FLAGS (\Answered)`)
	next(`* 1 FETCH (UID 1 FLAGS (\Answered $da-xu-ly))`)
	m := letter("hai", "y")
	a.ok(fmt.Sprintf("APPEND %s {%d+}\r\n%s", officeInbox, len(m), m))
	next("* 2 EXISTS")
	a.ok("MOVE 1 " + officeTrash)
	next("* 1 EXPUNGE")
	a.ok(`STORE 1 +FLAGS.SILENT (\Deleted)`)
	next(`* 1 FETCH (UID 2 FLAGS (\Deleted))`)
	a.ok("CLOSE")
	next("* 1 EXPUNGE")
	b.send("DONE\r\n")
	b.until("i")
	// Each has a count of unread mail of their own.
	h.put(office, "INBOX", letter("ba", "x"))
	a.ok("SELECT " + officeInbox)
	a.ok("FETCH 1 BODY[]")
	expect(t, a.ok("STATUS "+officeInbox+" (UNSEEN)"), "* STATUS "+officeInbox+" (UNSEEN 0)")
	expect(t, b.ok("STATUS "+officeInbox+" (UNSEEN)"), "* STATUS "+officeInbox+" (UNSEEN 1)", "* 1 EXISTS")
	expect(t, b.ok("SEARCH UNSEEN"), "* SEARCH 1")
	expect(t, a.ok("SEARCH UNSEEN"), "* SEARCH")
	// A reader's \Seen survives a flag change by somebody else.
	b.ok(`STORE 1 +FLAGS.SILENT (\Seen)`)
	a.ok(`STORE 1 FLAGS (\Flagged)`)
	if got := b.ok("FETCH 1 FLAGS"); got[0] != `* 1 FETCH (FLAGS (\Seen \Flagged))` {
		t.Errorf("%q", got)
	}
	if got := a.ok("FETCH 1 FLAGS"); got[0] != `* 1 FETCH (FLAGS (\Flagged))` {
		t.Errorf("%q", got)
	}
}
