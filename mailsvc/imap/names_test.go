package imap

import (
	"context"
	"testing"

	"quangtri.gov.vn/vanthu/internal/viet"
	"quangtri.gov.vn/vanthu/mailsvc"
)

// The dialogues of this file are about mailboxes: names, LIST and its
// extensions, subscriptions, special use, CREATE, RENAME, DELETE, STATUS.

func TestListExtended(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	h.people.change(alice, func(a *mailsvc.Account) { a.Grants = nil })
	w := h.login(alice)
	newScript(t).play(w, `
		C: ENABLE UTF8=ACCEPT
		S: * ENABLED UTF8=ACCEPT
		C: CREATE foo/bar/baz
		C: CREATE foo2
		C: UNSUBSCRIBE foo
		C: UNSUBSCRIBE foo/bar
		C: UNSUBSCRIBE foo2
		RFC 5258 section 5: the selection options, alone and together.
		C: LIST (SUBSCRIBED) "" "foo*"
		S: * LIST (\HasNoChildren \Subscribed) "/" "foo/bar/baz"
		C: LIST (SUBSCRIBED RECURSIVEMATCH) "" "%"
		S: * LIST (\HasNoChildren \Subscribed) "/" "INBOX"
		S: * LIST (\HasNoChildren \Subscribed \Sent) "/" "Đã gửi"
		S: * LIST (\HasChildren) "/" "foo" ("CHILDINFO" ("SUBSCRIBED"))
		S: * LIST (\HasNoChildren \Subscribed \Trash) "/" "Thùng rác"
		S: * LIST (\HasNoChildren \Subscribed \Drafts) "/" "Thư nháp"
		S: * LIST (\HasNoChildren \Subscribed \Junk) "/" "Thư rác"
		C: LIST () "" "foo%" RETURN (SUBSCRIBED)
		S: * LIST (\HasChildren) "/" "foo"
		S: * LIST (\HasNoChildren) "/" "foo2"
		C: LIST (REMOTE) "" "foo2" RETURN (CHILDREN)
		S: * LIST (\HasNoChildren) "/" "foo2"
		C: LIST "" ("foo2" "INBOX" "nothing" "foo/%/b%") RETURN ()
		S: * LIST (\HasNoChildren) "/" "INBOX"
		S: * LIST (\HasNoChildren) "/" "foo/bar/baz"
		S: * LIST (\HasNoChildren) "/" "foo2"
		C: LIST (SPECIAL-USE) "" "*" RETURN (SPECIAL-USE SUBSCRIBED)
		S: * LIST (\HasNoChildren \Subscribed \Sent) "/" "Đã gửi"
		S: * LIST (\HasNoChildren \Subscribed \Trash) "/" "Thùng rác"
		S: * LIST (\HasNoChildren \Subscribed \Drafts) "/" "Thư nháp"
		S: * LIST (\HasNoChildren \Subscribed \Junk) "/" "Thư rác"
		C: LIST (NONSENSE) "" "*"
		A: BAD
		C: LIST (RECURSIVEMATCH REMOTE) "" "*"
		A: BAD
		C: LIST "" "*" RETURN (NONSENSE)
		A: BAD
		The reference lengthens the pattern; INBOX has no case, alone or with children.
		C: LIST "foo/" "%"
		S: * LIST (\HasChildren) "/" "foo/bar"
		C: LIST foo/ bar/%
		S: * LIST (\HasNoChildren) "/" "foo/bar/baz"
		C: LIST "" inbox
		S: * LIST (\HasNoChildren) "/" "INBOX"
		C: CREATE Inbox/con
		C: LIST "" iNbOx/%
		S: * LIST (\HasNoChildren) "/" "INBOX/con"
		C: LIST "" "INB%"
		S: * LIST (\HasChildren) "/" "INBOX"
		C: LIST "" "%ox"
		C: LIST "" ""
		S: * LIST (\Noselect) "/" ""
		C: LIST "foo" ""
		S: * LIST (\Noselect) "/" ""
		C: LIST "" "*%o*/%*z"
		S: * LIST (\HasNoChildren) "/" "foo/bar/baz"
		C: LIST "" («foo2» "x") RETURN (STATUS (MESSAGES HIGHESTMODSEQ) MYRIGHTS)
		S: * LIST (\HasNoChildren) "/" "foo2"
		S: * MYRIGHTS "foo2" …
		S: * STATUS "foo2" (MESSAGES 0 HIGHESTMODSEQ …)
		LSUB shows what leads to a subscribed folder only to patterns that end with %.
		C: LSUB "" "foo%"
		S: * LSUB (\Noselect \HasChildren) "/" "foo"
		C: LSUB "" "foo*"
		S: * LSUB (\HasNoChildren) "/" "foo/bar/baz"
	`)
}

func TestSubscriptionOfWhatIsGone(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	newScript(t).play(h.login(alice), `
		C: SUBSCRIBE nowhere
		A: NO [NONEXISTENT]
		What is not there is not subscribed: some mail programs unsubscribe twice.
		C: UNSUBSCRIBE nowhere
		RFC 9051 section 6.3.7: DELETE leaves the subscription, until the client gives it up.
		C: CREATE x/y
		C: DELETE x/y
		C: LIST (SUBSCRIBED) "" "x*"
		S: * LIST (\HasNoChildren \Subscribed) "/" "x"
		S: * LIST (\NonExistent \HasNoChildren \Subscribed) "/" "x/y"
		C: LIST "" "x*" RETURN (SUBSCRIBED)
		S: * LIST (\HasNoChildren \Subscribed) "/" "x"
		C: SUBSCRIBE x/y
		C: SELECT x/y
		A: NO [NONEXISTENT]
		C: STATUS x/y (MESSAGES)
		A: NO [NONEXISTENT]
		C: UNSUBSCRIBE x
		C: DELETE x
		C: LSUB "" "x*"
		S: * LSUB (\Noselect \HasNoChildren) "/" "x/y"
		C: LSUB "" "x%"
		S: * LSUB (\Noselect \HasNoChildren) "/" "x"
		C: LIST (SUBSCRIBED RECURSIVEMATCH) "" "x%"
		S: * LIST (\NonExistent \HasNoChildren) "/" "x" ("CHILDINFO" ("SUBSCRIBED"))
		A folder that takes the name takes the subscription.
		C: CREATE z
		C: UNSUBSCRIBE z
		C: RENAME z x/y
		C: LIST (SUBSCRIBED) "" "x/*"
		S: * LIST (\HasNoChildren \Subscribed) "/" "x/y"
		C: DELETE x/y
		C: UNSUBSCRIBE x/y
		C: UNSUBSCRIBE x/y
		C: LIST (SUBSCRIBED) "" "x/*"
		C: LSUB "" "x/*"
		C: SUBSCRIBE x/y
		A: NO [NONEXISTENT]
		C: SUBSCRIBE INBOX
		C: SUBSCRIBE inbox
	`)
}

func TestCreateRenameDelete(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	h.people.change(alice, func(a *mailsvc.Account) { a.Grants = nil })
	h.put(alice, "INBOX", letter("một", "x"), `\Flagged`)
	h.put(alice, "INBOX", letter("hai", "x"))
	w := h.login(alice)
	newScript(t).play(w, `
		C: ENABLE UTF8=ACCEPT
		S: * ENABLED UTF8=ACCEPT
		C: CREATE owatagusiam/
		A: OK [MAILBOXID (<id>)]
		C: CREATE owatagusiam
		A: NO [ALREADYEXISTS]
		C: CREATE owatagusiam/blurdybloop
		C: STATUS owatagusiam (MAILBOXID)
		S: * STATUS "owatagusiam" (MAILBOXID (<id>))
		C: RENAME owatagusiam "Lưu trữ"
		The identity stays, the children move along.
		C: STATUS "Lưu trữ" (MAILBOXID)
		S: * STATUS "Lưu trữ" (MAILBOXID (<id>))
		C: LIST "" "*blur*"
		S: * LIST (\HasNoChildren) "/" "Lưu trữ/blurdybloop"
		C: RENAME "Lưu trữ" "Lưu trữ/con"
		A: NO [CANNOT]
		C: RENAME "Lưu trữ" "INBOX"
		A: NO
		C: RENAME "Lưu trữ" "Thùng rác"
		A: NO [ALREADYEXISTS]
		C: RENAME nothing x
		A: NO [NONEXISTENT]
		C: RENAME "Lưu trữ" ""
		A: NO
		C: RENAME "Lưu trữ" "a//b"
		A: NO
		C: DELETE "Lưu trữ"
		A: NO [HASCHILDREN]
		C: RENAME "Lưu trữ/blurdybloop" "khác/sâu/hơn"
		C: DELETE "Lưu trữ"
		C: DELETE "Lưu trữ"
		A: NO [NONEXISTENT]
		C: LIST "" "khác*"
		S: * LIST (\HasChildren) "/" "khác"
		S: * LIST (\HasChildren) "/" "khác/sâu"
		S: * LIST (\HasNoChildren) "/" "khác/sâu/hơn"
		RENAME INBOX moves the mail and leaves an empty INBOX, and its children where they are.
		C: CREATE INBOX/con
		C: RENAME INBOX "Thư cũ"
		C: STATUS INBOX (MESSAGES)
		S: * STATUS "INBOX" (MESSAGES 0)
		C: STATUS "Thư cũ" (MESSAGES UNSEEN)
		S: * STATUS "Thư cũ" (MESSAGES 2 UNSEEN 2)
		C: STATUS INBOX/con (MESSAGES)
		S: * STATUS "INBOX/con" (MESSAGES 0)
		C: CREATE ""
		A: NO
		C: CREATE /x
		A: NO
		C: CREATE /
		A: NO
		C: CREATE "a/ /b"
		C: DELETE inbox
		A: NO [CANNOT]
		C: RENAME x inbox
		A: NO
	`)
	// The same name again is another mailbox.
	s := newScript(t)
	s.play(w, `
		C: CREATE x
		C: STATUS x (UIDVALIDITY)
		S: * STATUS "x" (UIDVALIDITY <old>)
		C: DELETE x
		C: CREATE x
		C: STATUS x (UIDVALIDITY)
		S: * STATUS "x" (UIDVALIDITY <new>)
	`)
	if s.words["<old>"] >= s.words["<new>"] {
		t.Errorf("UIDVALIDITY %s, then %s", s.words["<old>"], s.words["<new>"])
	}
}

func TestSelectedMailboxIsRenamedAndDeleted(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	_, err := h.store.CreateFolder(context.Background(), alice, "x", "")
	must(t, err)
	h.put(alice, "x", letter("một", "x"))
	a, b := h.login(alice), h.login(alice)
	a.ok("SELECT x")
	b.ok("SELECT x")
	newScript(t).play(a, `
		C: RENAME x y
		C: FETCH 1 UID
		S: * 1 FETCH (UID 1)
		C: STORE 1 +FLAGS.SILENT (\Deleted)
		C: EXPUNGE
		S: * 1 EXPUNGE
	`)
	newScript(t).play(b, `
		C: NOOP
		S: * 1 EXPUNGE
	`)
	newScript(t).play(a, `
		C: DELETE y
		The mailbox is no longer selected.
		C: FETCH 1 UID
		A: BAD
		C: NOOP
	`)
	b.send("z NOOP\r\n")
	if l := b.line(); l != "* BYE [NONEXISTENT] the selected mailbox was deleted" {
		t.Errorf("%q", l)
	}
	b.ended()
}

func TestSpecialUseIsNotDoubled(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	newScript(t).play(h.login(alice), `
		C: ENABLE UTF8=ACCEPT
		S: * ENABLED UTF8=ACCEPT
		RFC 6154: an attribute that another mailbox bears.
		C: CREATE Sent (USE (\Sent))
		A: NO [USEATTR]
		C: CREATE x (USE (\Sent \Trash))
		A: NO [USEATTR]
		C: CREATE x (USE (\All))
		A: NO [USEATTR]
		C: CREATE x (USE ())
		C: DELETE x
		C: CREATE x (NONSENSE)
		A: BAD
		C: CREATE "Lưu" (USE (\archive))
		C: RENAME "Lưu" "Lưu trữ"
		C: LIST (SPECIAL-USE) "" "Lưu*"
		S: * LIST (\HasNoChildren \Archive) "/" "Lưu trữ"
		C: DELETE "Lưu trữ"
		C: CREATE "Kho" (USE (\Archive))
	`)
}

// TestNamesAreNormalised is RFC 9051 section 5.1: who writes a name that is not
// in NFC is told under which one it goes.
func TestNamesAreNormalised(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	h.people.change(alice, func(a *mailsvc.Account) { a.Grants = nil })
	newScript(t).play(h.login(alice), `
		C: ENABLE IMAP4rev2
		S: * ENABLED IMAP4rev2
		C: CREATE "So`+"\u031b\u0309"+` y"
		S: * LIST () "/" "Sở y" ("OLDNAME" ("So`+"\u031b\u0309"+` y"))
		C: CREATE "So`+"\u031b\u0309"+` y"
		A: NO [ALREADYEXISTS]
		C: EXAMINE "So`+"\u031b\u0309"+` y"
		S: * FLAGS …
		S: * 0 EXISTS
		S: * OK [PERMANENTFLAGS ()]…
		S: * OK [UIDVALIDITY …
		S: * OK [UIDNEXT 1]…
		S: * OK [HIGHESTMODSEQ …
		S: * OK [MAILBOXID …
		S: * LIST () "/" "Sở y" ("OLDNAME" ("So`+"\u031b\u0309"+` y"))
		A: OK [READ-ONLY]
		C: SELECT inbox
		S: * OK [CLOSED]…
		S: * FLAGS …
		S: * 0 EXISTS
		S: * OK [PERMANENTFLAGS (\Answered …
		S: * OK [UIDVALIDITY …
		S: * OK [UIDNEXT 1]…
		S: * OK [HIGHESTMODSEQ …
		S: * OK [MAILBOXID …
		S: * LIST () "/" "INBOX"
		A: OK [READ-WRITE]
	`)
}

// TestVietnameseNames goes through folder names as agencies use them, in
// modified UTF-7 and in UTF-8; each is the same mailbox in both.
func TestVietnameseNames(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	old, modern := h.login(alice), h.login(alice)
	modern.ok("ENABLE UTF8=ACCEPT")
	for _, name := range []string{
		"Sở KH&CN", "GD&ĐT", "&", "&&", "&-", "a&-b", "Văn bản đi", "Công văn/2009/Quý IV", "Đ", "đơn & thư", "Ủy ban nhân dân", "Hoả tốc", "Hỏa tốc",
		"😀", "👨‍👩‍👧 gia đình", "日本", "a\\b", `dấu "nháy"`, "~tilde", "#news", "{3}", "(ngoặc)", "[x]", "NIL", "nil", " đầu", "cuối ", "ký tự \u00a0 dính",
		"&AOk-", "é&é&", "Ô\u0323", "ﬁ",
	} {
		quoted := string(appendString(nil, name, true))
		modern.ok("CREATE " + quoted)
		utf7 := string(appendString(nil, encodeUTF7(viet.NFC(name)), false))
		if got := old.ok(`LIST "" ` + utf7); len(got) != 1 || got[0] != `* LIST (\HasNoChildren) "/" `+utf7 {
			t.Errorf("%s: %q, want %s", name, got, utf7)
		}
		old.ok("SELECT " + utf7)
		old.ok("UNSELECT")
		old.fails("CREATE "+utf7, "NO [ALREADYEXISTS]")
		modern.ok("DELETE " + quoted)
		old.ok("CREATE " + utf7)
		if got := modern.ok(`STATUS ` + quoted + ` (MESSAGES)`); len(got) != 1 || got[0] != "* STATUS "+string(appendString(nil, viet.NFC(name), true))+" (MESSAGES 0)" {
			t.Errorf("%s: %q", name, got)
		}
		old.ok("DELETE " + utf7)
	}
	for _, bad := range []string{`"&"`, `"a&b"`, `"&Ht8"`, `"&*-"`, `"&2D3YPQ-"`, `"&3gA-"`, `"&Ht-"`} {
		old.fails("SELECT "+bad, "BAD")
	}
}
