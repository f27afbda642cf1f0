package mailboxtest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"

	"quangtri.gov.vn/vanthu/mailsvc"
)

type testCase struct {
	name string
	run  func(h *harness)
}

var cases = []testCase{
	{"account: has an inbox and its folders, subscribed", accountFolders},
	{"account: creating it again changes nothing", accountAgain},
	{"account: deleted, and made anew with greater UIDVALIDITY", accountDeleted},
	{"account: unknown", accountUnknown},
	{"folder: names are NFC, INBOX has no case", folderNames},
	{"folder: impossible names", folderBadNames},
	{"folder: parents are made", folderParents},
	{"folder: deleted, and made anew with greater UIDVALIDITY", folderDeleted},
	{"folder: renamed with its children", folderRenamed},
	{"folder: renaming the inbox moves its messages", inboxRenamed},
	{"folder: subscription", folderSubscription},
	{"folder: a subscription outlives its folder", folderSubscriptionStays},
	{"append: rows come back as stored", appendRows},
	{"append: all or none", appendAllOrNone},
	{"append: UIDs rise over many calls", appendUIDs},
	{"append: impossible messages", appendBad},
	{"append: an id is stored once", appendOnce},
	{"messages: ranges", messageRanges},
	{"messages: without index, flags only, and stopping", messageForms},
	{"messages: those that are wanted", messagesFound},
	{"flags: add, remove, replace", flagOps},
	{"flags: no change keeps the MODSEQ", flagNoChange},
	{"flags: UnchangedSince", flagUnchangedSince},
	{"flags: keywords have no case and keep their first spelling", flagKeywords},
	{"flags: impossible ones", flagBad},
	{"seen: per person in a shared account", seenPerPerson},
	{"seen: stored as seen", seenAtBirth},
	{"copy: within the account", copyWithin},
	{"copy: to another account", copyAcross},
	{"move: within the account", moveWithin},
	{"move: to the same folder", moveSame},
	{"move: to another account", moveAcross},
	{"expunge: only deleted ones in the ranges", expungeRanges},
	{"changes: since any past MODSEQ", changesSince},
	{"deliver: many accounts, unknown ones fail alone", deliverMany},
	{"deliver: an id is delivered once", deliverOnce},
	{"deliver: into a folder that is made", deliverFolder},
	{"thread: answers join", threads},
	{"watch: tokens after changes, none after stop", watch},
	{"usage: counts every copy", usage},
	{"context: ended before the call changes nothing", contextEnded},
}

func accountFolders(h *harness) {
	folders, err := h.Folders(h.ctx, an, an)
	h.ok(err)
	var names []string
	for _, f := range folders {
		names = append(names, f.Name+" "+f.SpecialUse)
		equal(h, "account", f.Account, an)
		equal(h, "subscribed", f.Subscribed, true)
		equal(h, "UIDNEXT", f.UIDNext, 1)
		if f.UIDValidity == 0 || f.HighestMod == 0 || f.ID == 0 {
			h.Fatalf("zero in %+v", f)
		}
	}
	same(h, "folders", names, []string{"INBOX ", `Thùng rác \Trash`, `Văn bản đi \Sent`})
}

func accountAgain(h *harness) {
	before := h.folder(an, an, "Thùng rác")
	h.ok(h.RenameFolder(h.ctx, an, "Thùng rác", "Rác"))
	h.ok(h.CreateAccount(h.ctx, an, []mailsvc.FolderSpec{{Name: "Thùng rác", SpecialUse: `\Trash`}}))
	folders, err := h.Folders(h.ctx, an, an)
	h.ok(err)
	equal(h, "number of folders", len(folders), 3) // no twin of the renamed one
	equal(h, "id", h.folder(an, an, "Rác").ID, before.ID)
}

func accountDeleted(h *harness) {
	h.append(an, "INBOX", msg(1), msg(2))
	old := h.folder(an, an, "INBOX")
	h.ok(h.DeleteAccount(h.ctx, an))
	h.ok(h.DeleteAccount(h.ctx, an))
	_, err := h.Folders(h.ctx, an, an)
	h.fails(err, mailsvc.ErrNotFound)
	h.ok(h.CreateAccount(h.ctx, an, nil))
	now := h.folder(an, an, "INBOX")
	if now.UIDValidity <= old.UIDValidity {
		h.Fatalf("UIDVALIDITY %d after %d", now.UIDValidity, old.UIDValidity)
	}
	equal(h, "messages", now.Messages, 0)
	size, err := h.Usage(h.ctx, an)
	h.ok(err)
	equal(h, "usage", size, 0)
}

func accountUnknown(h *harness) {
	const nobody = "khongco@example.vn"
	_, err := h.Folders(h.ctx, nobody, nobody)
	h.fails(err, mailsvc.ErrNotFound)
	_, err = h.Append(h.ctx, nobody, 1, []mailsvc.NewMessage{msg(1)})
	h.fails(err, mailsvc.ErrNotFound)
	h.fails(h.Deliver(h.ctx, mailsvc.Delivery{Targets: []mailsvc.Target{{Account: nobody}}, Message: msg(1)})[0], mailsvc.ErrNotFound)
	h.fails(h.Subscribe(h.ctx, nobody, "INBOX", true), mailsvc.ErrNotFound)
	_, err = h.Usage(h.ctx, nobody)
	h.fails(err, mailsvc.ErrNotFound)
	h.fails(h.CreateAccount(h.ctx, "", nil), mailsvc.ErrInvalid)
}

func folderNames(h *harness) {
	const nfc, nfd = "Sở Nội vụ", "So\u031b\u0309 No\u0323\u0302i vu\u0323"
	f, err := h.CreateFolder(h.ctx, an, nfd, "")
	h.ok(err)
	equal(h, "name", f.Name, nfc)
	equal(h, "id", h.folder(an, an, nfc).ID, f.ID)
	_, err = h.CreateFolder(h.ctx, an, nfc, "")
	h.fails(err, mailsvc.ErrExists)
	equal(h, "inbox", h.folder(an, an, "iNbOx").Name, "INBOX")
	_, err = h.CreateFolder(h.ctx, an, "inbox", "")
	h.fails(err, mailsvc.ErrExists)
	below, err := h.CreateFolder(h.ctx, an, "inbox/Sở KH&CN", "")
	h.ok(err)
	equal(h, "below the inbox", below.Name, "INBOX/Sở KH&CN")
	_, err = h.CreateFolder(h.ctx, an, "sở nội vụ", "") // case matters elsewhere
	h.ok(err)
}

func folderBadNames(h *harness) {
	for _, name := range []string{"", "/", "a//b", "/a", "a/", "a\x00b", "a\nb", "\xff", strings.Repeat("ă", 600), strings.Repeat("a/", 40) + "a"} {
		_, err := h.CreateFolder(h.ctx, an, name, "")
		h.fails(err, mailsvc.ErrInvalid)
		h.fails(h.RenameFolder(h.ctx, an, "Thùng rác", name), mailsvc.ErrInvalid)
	}
	_, err := h.CreateFolder(h.ctx, an, "x", "Sent")
	h.fails(err, mailsvc.ErrInvalid)
	_, err = h.Folder(h.ctx, an, an, "khong co")
	h.fails(err, mailsvc.ErrNotFound)
}

func folderParents(h *harness) {
	_, err := h.CreateFolder(h.ctx, an, "a/b/c", "")
	h.ok(err)
	h.folder(an, an, "a")
	h.folder(an, an, "a/b")
	h.ok(h.DeleteFolder(h.ctx, an, "a/b"))
	h.folder(an, an, "a/b/c")
	h.ok(h.RenameFolder(h.ctx, an, "Thùng rác", "a/b/c/d")) // also those higher up
	h.folder(an, an, "a/b")
}

func folderDeleted(h *harness) {
	_, err := h.CreateFolder(h.ctx, an, "Tạm", "")
	h.ok(err)
	h.append(an, "Tạm", msg(1), msg(2))
	old := h.folder(an, an, "Tạm")
	h.ok(h.DeleteFolder(h.ctx, an, "Tạm"))
	h.fails(h.DeleteFolder(h.ctx, an, "Tạm"), mailsvc.ErrNotFound)
	_, _, err = h.UIDs(h.ctx, an, an, old.ID)
	h.fails(err, mailsvc.ErrNotFound)
	again, err := h.CreateFolder(h.ctx, an, "Tạm", "")
	h.ok(err)
	if again.UIDValidity <= old.UIDValidity || again.ID == old.ID {
		h.Fatalf("new folder %+v after %+v", again, old)
	}
	h.fails(h.DeleteFolder(h.ctx, an, "inbox"), mailsvc.ErrNotAllowed)
}

func folderRenamed(h *harness) {
	_, err := h.CreateFolder(h.ctx, an, "a/b", "")
	h.ok(err)
	_, err = h.CreateFolder(h.ctx, an, "ab", "")
	h.ok(err)
	h.append(an, "a/b", msg(1))
	was := h.folder(an, an, "a/b")
	h.ok(h.RenameFolder(h.ctx, an, "a", "năm/2026"))
	now := h.folder(an, an, "năm/2026/b")
	equal(h, "id", now.ID, was.ID)
	equal(h, "UIDVALIDITY", now.UIDValidity, was.UIDValidity)
	equal(h, "messages", now.Messages, 1)
	h.folder(an, an, "năm")
	h.folder(an, an, "ab")
	_, err = h.Folder(h.ctx, an, an, "a")
	h.fails(err, mailsvc.ErrNotFound)
	h.fails(h.RenameFolder(h.ctx, an, "ab", "năm/2026"), mailsvc.ErrExists)
	h.fails(h.RenameFolder(h.ctx, an, "ab", "ab"), mailsvc.ErrExists)
	h.fails(h.RenameFolder(h.ctx, an, "năm", "năm/2026/x"), mailsvc.ErrInvalid)
	h.fails(h.RenameFolder(h.ctx, an, "không", "có"), mailsvc.ErrNotFound)
}

func inboxRenamed(h *harness) {
	h.append(an, "INBOX", msg(1), msg(2, `\Seen`, "$Label1"))
	was := h.folder(an, an, "INBOX")
	h.ok(h.RenameFolder(h.ctx, an, "INBOX", "Cũ"))
	now := h.folder(an, an, "INBOX")
	equal(h, "inbox id", now.ID, was.ID)
	equal(h, "inbox messages", now.Messages, 0)
	equal(h, "inbox UIDNEXT", now.UIDNext, was.UIDNext)
	rows := h.rows(an, an, "Cũ")
	same(h, "UIDs", uids(rows), []mailsvc.UID{1, 2})
	h.wantFlags(rows[1], `\Seen`, "$Label1")
	changes, err := h.ChangesSince(h.ctx, an, an, now.ID, was.HighestMod)
	h.ok(err)
	same(h, "vanished", changes.Vanished, []mailsvc.UID{1, 2})
}

func folderSubscription(h *harness) {
	h.ok(h.Subscribe(h.ctx, an, "INBOX", false))
	equal(h, "subscribed", h.folder(an, an, "INBOX").Subscribed, false)
	h.ok(h.Subscribe(h.ctx, an, "inbox", true))
	h.ok(h.Subscribe(h.ctx, an, "inbox", true))
	equal(h, "subscribed", h.folder(an, an, "INBOX").Subscribed, true)
	h.fails(h.Subscribe(h.ctx, an, "x", true), mailsvc.ErrNotFound)
}

func folderSubscriptionStays(h *harness) {
	left := func(want ...string) {
		h.Helper()
		got, err := h.Subscriptions(h.ctx, an)
		h.ok(err)
		same(h, "subscriptions", got, want)
	}
	for _, name := range []string{"a/b", "c"} {
		_, err := h.CreateFolder(h.ctx, an, name, "")
		h.ok(err)
	}
	left()
	h.ok(h.DeleteFolder(h.ctx, an, "a/b"))
	left("a/b")
	h.fails(h.DeleteFolder(h.ctx, an, "a/b"), mailsvc.ErrNotFound)
	h.ok(h.Subscribe(h.ctx, an, "a/b", true))
	h.ok(h.Subscribe(h.ctx, an, "c", false))
	h.ok(h.RenameFolder(h.ctx, an, "c", "a/b")) // who takes the name takes the subscription
	left()
	equal(h, "subscribed", h.folder(an, an, "a/b").Subscribed, true)
	h.ok(h.DeleteFolder(h.ctx, an, "a/b"))
	h.restart()
	left("a/b")
	h.ok(h.Subscribe(h.ctx, an, "a/b", false))
	h.fails(h.Subscribe(h.ctx, an, "a/b", false), mailsvc.ErrNotFound)
	left()
	h.ok(h.Subscribe(h.ctx, an, "a", false))
	h.ok(h.DeleteFolder(h.ctx, an, "a"))
	left()
	_, err := h.Subscriptions(h.ctx, "khongco@example.vn")
	h.fails(err, mailsvc.ErrNotFound)
}

func appendRows(h *harness) {
	in := []mailsvc.NewMessage{msg(1), msg(2999, `\Flagged`, "$Forwarded"), msg(3, `\Seen`)}
	same(h, "UIDs", h.append(an, "INBOX", in...), []mailsvc.UID{1, 2, 3})
	rows := h.rows(an, an, "INBOX")
	equal(h, "rows", len(rows), 3)
	for i, m := range rows {
		n := in[i]
		equal(h, "blob", m.Blob, n.Blob)
		equal(h, "size", m.Size, n.BlobSize+int64(len(n.Prefix)))
		if !bytes.Equal(m.Prefix, n.Prefix) || !bytes.Equal(m.Index, n.Index) {
			h.Fatal("prefix or index differs")
		}
		equal(h, "internal date", m.Internal.Format("2006-01-02T15:04:05Z0700"), n.Internal.Format("2006-01-02T15:04:05Z0700"))
		h.wantFlags(m, n.Flags...)
		if m.Saved.IsZero() || m.EmailID == 0 || m.ThreadID == 0 || m.ModSeq == 0 {
			h.Fatalf("zero in %+v", m)
		}
	}
	f := h.folder(an, an, "INBOX")
	equal(h, "messages", f.Messages, 3)
	equal(h, "unseen", f.Unseen, 2)
	equal(h, "UIDNEXT", f.UIDNext, 4)
	equal(h, "HIGHESTMODSEQ", f.HighestMod, rows[2].ModSeq)
	equal(h, "size", f.Size, rows[0].Size+rows[1].Size+rows[2].Size)
}

func appendAllOrNone(h *harness) {
	bad := msg(2)
	bad.Flags = []string{"not an atom"}
	_, err := h.Append(h.ctx, an, h.folder(an, an, "INBOX").ID, []mailsvc.NewMessage{msg(1), bad})
	h.fails(err, mailsvc.ErrInvalid)
	f := h.folder(an, an, "INBOX")
	equal(h, "messages", f.Messages, 0)
	equal(h, "UIDNEXT", f.UIDNext, 1)
	_, err = h.Append(h.ctx, an, 9999, []mailsvc.NewMessage{msg(1)})
	h.fails(err, mailsvc.ErrNotFound)
}

func appendUIDs(h *harness) {
	next := mailsvc.UID(1)
	for n := range 40 {
		batch := make([]mailsvc.NewMessage, n%9)
		for i := range batch {
			batch[i] = msg(n*10 + i)
		}
		for _, uid := range h.append(an, "INBOX", batch...) {
			equal(h, "UID", uid, next)
			next++
		}
	}
	_, all, err := h.UIDs(h.ctx, an, an, h.folder(an, an, "INBOX").ID)
	h.ok(err)
	equal(h, "UIDs", len(all), int(next-1))
	if !slices.IsSorted(all) {
		h.Fatal("UIDs are not ascending")
	}
}

func appendBad(h *harness) {
	inbox := h.folder(an, an, "INBOX").ID
	short, upper, negative, long := msg(1), msg(1), msg(1), msg(1)
	short.Blob = "abc"
	upper.Blob = mailsvc.BlobID(strings.Repeat("AB", 32))
	negative.BlobSize = -1
	long.Prefix = make([]byte, 1<<20)
	for i, m := range []mailsvc.NewMessage{short, negative, long} {
		_, err := h.Append(h.ctx, an, inbox, []mailsvc.NewMessage{m})
		kind := mailsvc.ErrInvalid
		if i == 2 {
			kind = mailsvc.ErrTooLarge
		}
		h.fails(err, kind)
	}
	_, err := h.Append(h.ctx, an, inbox, []mailsvc.NewMessage{upper})
	h.fails(err, mailsvc.ErrInvalid)
}

func messageRanges(h *harness) {
	for n := range 150 {
		h.append(an, "INBOX", msg(n))
	}
	h.setFlags(an, an, "INBOX", []mailsvc.Range{{From: 60, To: 70}}, mailsvc.FlagsAdd, `\Deleted`)
	_, err := h.Expunge(h.ctx, an, h.folder(an, an, "INBOX").ID, nil)
	h.ok(err)
	for _, c := range []struct {
		ranges []mailsvc.Range
		want   []mailsvc.UID
	}{
		{nil, nil},
		{[]mailsvc.Range{{From: 3, To: 5}}, []mailsvc.UID{3, 4, 5}},
		{[]mailsvc.Range{{From: 148}}, []mailsvc.UID{148, 149, 150}},
		{[]mailsvc.Range{{From: 149, To: 900}, {From: 2, To: 2}, {From: 1, To: 2}}, []mailsvc.UID{1, 2, 149, 150}},
		{[]mailsvc.Range{{From: 58, To: 72}}, []mailsvc.UID{58, 59, 71, 72}},
		{[]mailsvc.Range{{From: 63, To: 65}}, nil},
		{[]mailsvc.Range{{From: 151}}, nil},
		{[]mailsvc.Range{{From: 9, To: 8}}, nil},
		{[]mailsvc.Range{{From: 1<<32 - 1, To: 1<<32 - 1}, {From: 127, To: 129}}, []mailsvc.UID{127, 128, 129}},
	} {
		got := uids(h.some(an, an, "INBOX", c.ranges, false))
		if !slices.Equal(got, c.want) {
			h.Errorf("%v: got %v, want %v", c.ranges, got, c.want)
		}
	}
}

func messageForms(h *harness) {
	h.append(an, "INBOX", msg(1), msg(2, `\Draft`), msg(3))
	full := h.rows(an, an, "INBOX")
	plain := h.some(an, an, "INBOX", everything, false)
	inbox := h.folder(an, an, "INBOX").ID
	i := 0
	h.ok(h.Flags(h.ctx, an, an, inbox, everything, func(m *mailsvc.Message) bool {
		if plain[i].Index != nil || plain[i].Blob != full[i].Blob {
			h.Fatalf("without index: %+v", plain[i])
		}
		f := full[i]
		if m.UID != f.UID || m.ModSeq != f.ModSeq || m.EmailID != f.EmailID || m.Size != f.Size || !m.Saved.Equal(f.Saved) {
			h.Fatalf("flags only: %+v, want as in %+v", m, f)
		}
		h.wantFlags(*m, f.Flags...)
		i++
		return i < 2
	}))
	equal(h, "rows until yield returned false", i, 2)
	i = 0
	h.ok(h.Messages(h.ctx, an, an, inbox, everything, true, func(m *mailsvc.Message) bool { i++; return false }))
	equal(h, "rows until yield returned false", i, 1)
	h.fails(h.Messages(h.ctx, an, an, 9999, everything, true, func(m *mailsvc.Message) bool { return true }), mailsvc.ErrNotFound)
}

// wantSame compares all of two messages.
func (h *harness) wantSame(got, want mailsvc.Message) {
	h.Helper()
	if !bytes.Equal(got.Prefix, want.Prefix) || !bytes.Equal(got.Index, want.Index) || !got.Internal.Equal(want.Internal) || !got.Saved.Equal(want.Saved) ||
		got.Blob != want.Blob || got.Size != want.Size || got.ModSeq != want.ModSeq || got.UID != want.UID || got.EmailID != want.EmailID || got.ThreadID != want.ThreadID {
		h.Fatalf("got %+v, want %+v", got, want)
	}
	h.wantFlags(got, want.Flags...)
}

// messagesFound goes over several pages, with indexes of all sizes, and compares
// with what Messages returns.
func messagesFound(h *harness) {
	for n := range 12 {
		batch := make([]mailsvc.NewMessage, 100)
		for i := range batch {
			batch[i] = msg(100*n + i + 1)
		}
		h.append(an, "INBOX", batch...)
	}
	inbox := h.folder(an, an, "INBOX").ID
	ranges := []mailsvc.Range{{From: 5, To: 700}, {From: 800}}
	all := h.some(an, an, "INBOX", ranges, true)
	byUID := make(map[mailsvc.UID]mailsvc.Message)
	for _, m := range all {
		byUID[m.UID] = m
	}
	third := func(m *mailsvc.Message) bool {
		full := byUID[m.UID]
		full.Blob = ""
		h.wantSame(*m, full)
		return m.UID%3 == 0
	}
	var got []mailsvc.Message
	h.ok(h.Find(h.ctx, an, an, inbox, ranges, third, func(m *mailsvc.Message) bool {
		got = append(got, *m)
		return true
	}))
	want := slices.DeleteFunc(all, func(m mailsvc.Message) bool { return m.UID%3 != 0 })
	equal(h, "messages found", len(got), len(want))
	for i := range got {
		h.wantSame(got[i], want[i])
	}
	n := 0
	h.ok(h.Find(h.ctx, an, an, inbox, ranges, third, func(m *mailsvc.Message) bool { n++; return n < 300 }))
	equal(h, "messages found until yield returned false", n, min(300, len(want)))
	h.ok(h.Find(h.ctx, an, an, inbox, ranges, func(*mailsvc.Message) bool { return false }, func(m *mailsvc.Message) bool {
		h.Fatalf("message %d was not wanted", m.UID)
		return false
	}))
	h.fails(h.Find(h.ctx, an, an, 9999, ranges, third, func(*mailsvc.Message) bool { return true }), mailsvc.ErrNotFound)
}

func flagOps(h *harness) {
	h.append(an, "INBOX", msg(1, `\Seen`), msg(2))
	changed := h.setFlags(an, an, "INBOX", everything, mailsvc.FlagsAdd, `\seen`, "$Label1", `\Recent`)
	same(h, "changed", uids(changed), []mailsvc.UID{1, 2})
	rows := h.rows(an, an, "INBOX")
	h.wantFlags(rows[0], `\Seen`, "$Label1")
	h.wantFlags(rows[1], `\Seen`, "$Label1")
	h.wantFlags(changed[1], rows[1].Flags...)
	equal(h, "MODSEQ", changed[0].ModSeq, rows[0].ModSeq)
	equal(h, "unseen", h.folder(an, an, "INBOX").Unseen, 0)
	h.setFlags(an, an, "INBOX", []mailsvc.Range{{From: 2, To: 2}}, mailsvc.FlagsRemove, `\Seen`, "khongdung")
	h.setFlags(an, an, "INBOX", []mailsvc.Range{{From: 1, To: 1}}, mailsvc.FlagsReplace, `\Deleted`, "b", "a")
	rows = h.rows(an, an, "INBOX")
	h.wantFlags(rows[0], `\Deleted`, "a", "b")
	h.wantFlags(rows[1], "$Label1")
	f := h.folder(an, an, "INBOX")
	equal(h, "unseen", f.Unseen, 2)
	equal(h, "deleted", f.Deleted, 1)
	h.setFlags(an, an, "INBOX", everything, mailsvc.FlagsReplace)
	h.wantFlags(h.rows(an, an, "INBOX")[0])
}

func flagNoChange(h *harness) {
	h.append(an, "INBOX", msg(1, `\Seen`))
	before := h.folder(an, an, "INBOX")
	equal(h, "changed", len(h.setFlags(an, an, "INBOX", everything, mailsvc.FlagsAdd, `\Seen`)), 0)
	equal(h, "changed", len(h.setFlags(an, an, "INBOX", everything, mailsvc.FlagsRemove, `\Flagged`)), 0)
	equal(h, "changed", len(h.setFlags(an, an, "INBOX", everything, mailsvc.FlagsReplace, `\Seen`)), 0)
	equal(h, "HIGHESTMODSEQ", h.folder(an, an, "INBOX").HighestMod, before.HighestMod)
}

func flagUnchangedSince(h *harness) {
	h.append(an, "INBOX", msg(1), msg(2))
	then := h.folder(an, an, "INBOX")
	h.setFlags(an, an, "INBOX", []mailsvc.Range{{From: 2, To: 2}}, mailsvc.FlagsAdd, `\Flagged`)
	changed, kept, err := h.SetFlags(h.ctx, an, an, then.ID, everything, mailsvc.FlagChange{Op: mailsvc.FlagsAdd, Flags: []string{`\Seen`}, UnchangedSince: then.HighestMod})
	h.ok(err)
	same(h, "changed", uids(changed), []mailsvc.UID{1})
	same(h, "kept", kept, []mailsvc.UID{2})
	h.wantFlags(h.rows(an, an, "INBOX")[1], `\Flagged`)
}

func flagKeywords(h *harness) {
	h.append(an, "INBOX", msg(1, "$Label1", "$LABEL1"))
	same(h, "flags", h.rows(an, an, "INBOX")[0].Flags, []string{"$Label1"})
	equal(h, "changed", len(h.setFlags(an, an, "INBOX", everything, mailsvc.FlagsAdd, "$label1")), 0)
	h.setFlags(an, an, "INBOX", everything, mailsvc.FlagsRemove, "$lABEL1")
	h.wantFlags(h.rows(an, an, "INBOX")[0])
}

func flagBad(h *harness) {
	h.append(an, "INBOX", msg(1))
	inbox := h.folder(an, an, "INBOX").ID
	for _, bad := range []string{"", `\Unknown`, "a b", "a\r\nb", "(", "]", strings.Repeat("x", 500), "nhãn"} {
		_, _, err := h.SetFlags(h.ctx, an, an, inbox, everything, mailsvc.FlagChange{Flags: []string{bad}})
		h.fails(err, mailsvc.ErrInvalid)
	}
	_, _, err := h.SetFlags(h.ctx, an, an, inbox, everything, mailsvc.FlagChange{Op: 9})
	h.fails(err, mailsvc.ErrInvalid)
}

func seenPerPerson(h *harness) {
	h.append(agency, "INBOX", msg(1), msg(2))
	h.setFlags(an, agency, "INBOX", []mailsvc.Range{{From: 1, To: 1}}, mailsvc.FlagsAdd, `\Seen`, `\Answered`)
	h.wantFlags(h.rows(an, agency, "INBOX")[0], `\Seen`, `\Answered`)
	h.wantFlags(h.rows(binh, agency, "INBOX")[0], `\Answered`)
	equal(h, "unseen of one", h.folder(an, agency, "INBOX").Unseen, 1)
	equal(h, "unseen of another", h.folder(binh, agency, "INBOX").Unseen, 2)
	equal(h, "unseen of the owner", h.folder(agency, agency, "INBOX").Unseen, 2)

	trash := h.folder(an, agency, "Thùng rác")
	_, _, err := h.Move(h.ctx, binh, agency, h.folder(an, agency, "INBOX").ID, everything, agency, trash.ID)
	h.ok(err)
	h.wantFlags(h.rows(an, agency, "Thùng rác")[0], `\Seen`, `\Answered`)
	h.wantFlags(h.rows(binh, agency, "Thùng rác")[0], `\Answered`)
	equal(h, "unseen after the move", h.folder(an, agency, "Thùng rác").Unseen, 1)
	equal(h, "unseen where it was", h.folder(an, agency, "INBOX").Unseen, 0)
	h.setFlags(binh, agency, "Thùng rác", everything, mailsvc.FlagsReplace, `\Deleted`)
	h.wantFlags(h.rows(an, agency, "Thùng rác")[0], `\Seen`, `\Deleted`)
	_, err = h.Expunge(h.ctx, agency, trash.ID, nil)
	h.ok(err)
	equal(h, "unseen of nothing", h.folder(an, agency, "Thùng rác").Unseen, 0)
}

func seenAtBirth(h *harness) {
	h.append(agency, "INBOX", msg(1, `\Seen`), msg(2))
	for _, person := range []string{an, binh, agency} {
		equal(h, "unseen", h.folder(person, agency, "INBOX").Unseen, 1)
		h.wantFlags(h.rows(person, agency, "INBOX")[0], `\Seen`)
	}
	h.setFlags(an, agency, "INBOX", everything, mailsvc.FlagsRemove, `\Seen`)
	h.wantFlags(h.rows(an, agency, "INBOX")[0])
	h.wantFlags(h.rows(binh, agency, "INBOX")[0], `\Seen`)
	equal(h, "unseen", h.folder(an, agency, "INBOX").Unseen, 2)
	h.setFlags(an, agency, "INBOX", everything, mailsvc.FlagsAdd, `\Seen`)
	equal(h, "unseen", h.folder(an, agency, "INBOX").Unseen, 0)
}

func copyWithin(h *harness) {
	h.append(an, "INBOX", msg(1, `\Seen`, "$x"), msg(2), msg(3))
	sent := h.folder(an, an, "Văn bản đi")
	src, dst, err := h.Copy(h.ctx, an, an, h.folder(an, an, "INBOX").ID, []mailsvc.Range{{From: 2}, {From: 1, To: 1}}, an, sent.ID)
	h.ok(err)
	same(h, "source", src, []mailsvc.UID{1, 2, 3})
	same(h, "copies", dst, []mailsvc.UID{1, 2, 3})
	a, b := h.rows(an, an, "INBOX"), h.rows(an, an, "Văn bản đi")
	for i := range a {
		equal(h, "EMAILID", b[i].EmailID, a[i].EmailID)
		equal(h, "THREADID", b[i].ThreadID, a[i].ThreadID)
		equal(h, "blob", b[i].Blob, a[i].Blob)
		equal(h, "internal date", b[i].Internal.Unix(), a[i].Internal.Unix())
		h.wantFlags(b[i], a[i].Flags...)
		if b[i].ModSeq <= a[i].ModSeq {
			h.Fatal("the copy's MODSEQ is not later")
		}
	}
	h.setFlags(an, an, "INBOX", everything, mailsvc.FlagsReplace, `\Deleted`)
	_, err = h.Expunge(h.ctx, an, h.folder(an, an, "INBOX").ID, nil)
	h.ok(err)
	same(h, "copies stay", uids(h.rows(an, an, "Văn bản đi")), []mailsvc.UID{1, 2, 3})
	_, _, err = h.Copy(h.ctx, an, an, sent.ID, everything, an, 9999)
	h.fails(err, mailsvc.ErrNotFound)
}

func copyAcross(h *harness) {
	h.append(agency, "INBOX", msg(1, "$x"), msg(2))
	h.setFlags(an, agency, "INBOX", []mailsvc.Range{{From: 1, To: 1}}, mailsvc.FlagsAdd, `\Seen`)
	to := h.folder(an, an, "INBOX")
	src, dst, err := h.Copy(h.ctx, an, agency, h.folder(an, agency, "INBOX").ID, everything, an, to.ID)
	h.ok(err)
	same(h, "source", src, []mailsvc.UID{1, 2})
	same(h, "copies", dst, []mailsvc.UID{1, 2})
	rows := h.rows(an, an, "INBOX")
	h.wantFlags(rows[0], `\Seen`, "$x")
	h.wantFlags(rows[1])
	if !bytes.Equal(rows[0].Index, msg(1).Index) || rows[0].Blob != msg(1).Blob {
		h.Fatal("the copy is another message")
	}
	_, _, err = h.Copy(h.ctx, an, an, to.ID, []mailsvc.Range{{From: 1, To: 1}}, agency, h.folder(an, agency, "Thùng rác").ID)
	h.ok(err)
	h.wantFlags(h.rows(an, agency, "Thùng rác")[0], `\Seen`, "$x")
	h.wantFlags(h.rows(binh, agency, "Thùng rác")[0], "$x")
}

func moveWithin(h *harness) {
	for n := range 130 {
		h.append(an, "INBOX", msg(n, []string{`\Seen`, "$a", `\Flagged`}[n%3]))
	}
	before := h.rows(an, an, "INBOX")
	in, out := h.folder(an, an, "INBOX"), h.folder(an, an, "Thùng rác")
	src, dst, err := h.Move(h.ctx, an, an, in.ID, []mailsvc.Range{{From: 11, To: 120}}, an, out.ID)
	h.ok(err)
	equal(h, "moved", len(src), 110)
	equal(h, "first", src[0], 11)
	equal(h, "first new", dst[0], 1)
	rows := h.rows(an, an, "Thùng rác")
	for i, m := range rows {
		equal(h, "EMAILID", m.EmailID, before[10+i].EmailID)
		h.wantFlags(m, before[10+i].Flags...)
	}
	equal(h, "left", h.folder(an, an, "INBOX").Messages, 20)
	changes, err := h.ChangesSince(h.ctx, an, an, in.ID, in.HighestMod)
	h.ok(err)
	same(h, "vanished", changes.Vanished, src)
	src, _, err = h.Move(h.ctx, an, an, in.ID, []mailsvc.Range{{From: 50, To: 60}}, an, out.ID)
	h.ok(err)
	equal(h, "moved again", len(src), 0)
}

func moveSame(h *harness) {
	h.append(an, "INBOX", msg(1), msg(2))
	in := h.folder(an, an, "INBOX")
	_, dst, err := h.Move(h.ctx, an, an, in.ID, []mailsvc.Range{{From: 1, To: 1}}, an, in.ID)
	h.ok(err)
	same(h, "new UIDs", dst, []mailsvc.UID{3})
	rows := h.rows(an, an, "INBOX")
	same(h, "UIDs", uids(rows), []mailsvc.UID{2, 3})
	equal(h, "blob", rows[1].Blob, msg(1).Blob)
}

func moveAcross(h *harness) {
	h.append(an, "INBOX", msg(1, `\Seen`), msg(2), msg(3))
	src, dst, err := h.Move(h.ctx, an, an, h.folder(an, an, "INBOX").ID, []mailsvc.Range{{From: 1, To: 2}}, binh, h.folder(binh, binh, "INBOX").ID)
	h.ok(err)
	same(h, "source", src, []mailsvc.UID{1, 2})
	same(h, "copies", dst, []mailsvc.UID{1, 2})
	same(h, "left", uids(h.rows(an, an, "INBOX")), []mailsvc.UID{3})
	equal(h, "there", len(h.rows(binh, binh, "INBOX")), 2)
}

func expungeRanges(h *harness) {
	h.append(an, "INBOX", msg(1), msg(2), msg(3), msg(4))
	in := h.folder(an, an, "INBOX")
	gone, err := h.Expunge(h.ctx, an, in.ID, nil)
	h.ok(err)
	equal(h, "nothing to expunge", len(gone), 0)
	equal(h, "HIGHESTMODSEQ", h.folder(an, an, "INBOX").HighestMod, in.HighestMod)
	h.setFlags(an, an, "INBOX", []mailsvc.Range{{From: 2}}, mailsvc.FlagsAdd, `\Deleted`)
	gone, err = h.Expunge(h.ctx, an, in.ID, []mailsvc.Range{{From: 1, To: 3}})
	h.ok(err)
	same(h, "gone", gone, []mailsvc.UID{2, 3})
	gone, err = h.Expunge(h.ctx, an, in.ID, []mailsvc.Range{})
	h.ok(err)
	equal(h, "no ranges", len(gone), 0)
	gone, err = h.Expunge(h.ctx, an, in.ID, nil)
	h.ok(err)
	same(h, "gone", gone, []mailsvc.UID{4})
	same(h, "next", h.append(an, "INBOX", msg(5)), []mailsvc.UID{5})
}

func changesSince(h *harness) {
	in := h.folder(an, an, "INBOX")
	h.append(an, "INBOX", msg(1), msg(2), msg(3))
	one := h.folder(an, an, "INBOX").HighestMod
	h.setFlags(an, an, "INBOX", []mailsvc.Range{{From: 2}}, mailsvc.FlagsAdd, `\Deleted`)
	two := h.folder(an, an, "INBOX").HighestMod
	_, err := h.Expunge(h.ctx, an, in.ID, []mailsvc.Range{{From: 3, To: 3}})
	h.ok(err)
	_, err = h.Expunge(h.ctx, an, in.ID, nil)
	h.ok(err)
	last := h.folder(an, an, "INBOX").HighestMod
	for _, c := range []struct {
		since             mailsvc.ModSeq
		changed, vanished []mailsvc.UID
	}{
		{0, []mailsvc.UID{1}, []mailsvc.UID{2, 3}},
		{one, nil, []mailsvc.UID{2, 3}},
		{two, nil, []mailsvc.UID{2, 3}},
		{last - 1, nil, []mailsvc.UID{2}},
		{last, nil, nil},
		{last + 100, nil, nil},
	} {
		got, err := h.ChangesSince(h.ctx, an, an, in.ID, c.since)
		h.ok(err)
		same(h, "changed", uids(got.Changed), c.changed)
		same(h, "vanished", got.Vanished, c.vanished)
		equal(h, "folder", got.Folder.HighestMod, last)
	}
}

func deliverMany(h *harness) {
	d := mailsvc.Delivery{Message: msg(1), Targets: []mailsvc.Target{
		{Account: an, Prefix: []byte("To: an\r\n"), Flags: []string{"$urgent"}},
		{Account: "khongco@example.vn"},
		{Account: binh, Prefix: []byte("To: binh\r\n")},
		{Account: agency, Folder: "\x00"},
	}}
	errs := h.Deliver(h.ctx, d)
	equal(h, "answers", len(errs), 4)
	h.ok(errs[0])
	h.fails(errs[1], mailsvc.ErrNotFound)
	h.ok(errs[2])
	h.fails(errs[3], mailsvc.ErrInvalid)
	m := h.rows(an, an, "INBOX")[0]
	equal(h, "prefix", string(m.Prefix), "To: an\r\n")
	equal(h, "size", m.Size, d.Message.BlobSize+8)
	h.wantFlags(m, "$urgent")
	equal(h, "prefix", string(h.rows(binh, binh, "INBOX")[0].Prefix), "To: binh\r\n")
	equal(h, "no targets", len(h.Deliver(h.ctx, mailsvc.Delivery{Message: msg(1)})), 0)
}

func deliverOnce(h *harness) {
	d := mailsvc.Delivery{ID: "vb-1/2026", Message: msg(1), Targets: []mailsvc.Target{{Account: an}, {Account: an}}}
	for _, err := range h.Deliver(h.ctx, d) {
		h.ok(err)
	}
	equal(h, "twice in one call", len(h.rows(an, an, "INBOX")), 1)
	d.Targets = []mailsvc.Target{{Account: an}, {Account: binh}}
	for _, err := range h.Deliver(h.ctx, d) {
		h.ok(err)
	}
	equal(h, "repeated", len(h.rows(an, an, "INBOX")), 1)
	equal(h, "the late one", len(h.rows(binh, binh, "INBOX")), 1)
	h.setFlags(an, an, "INBOX", everything, mailsvc.FlagsAdd, `\Deleted`)
	_, err := h.Expunge(h.ctx, an, h.folder(an, an, "INBOX").ID, nil)
	h.ok(err)
	h.ok(h.Deliver(h.ctx, d)[0])
	equal(h, "does not come back", len(h.rows(an, an, "INBOX")), 0)
	d.ID = ""
	h.ok(h.Deliver(h.ctx, d)[0])
	h.ok(h.Deliver(h.ctx, d)[0])
	equal(h, "without an id", len(h.rows(an, an, "INBOX")), 2)
}

func appendOnce(h *harness) {
	named := func(n int, id string) mailsvc.NewMessage {
		m := msg(n)
		m.ID = id
		return m
	}
	h.ok(h.Deliver(h.ctx, mailsvc.Delivery{ID: "c", Message: msg(3), Targets: []mailsvc.Target{{Account: an}}})[0])
	uids := h.append(an, "INBOX", named(1, "a"), named(2, "b"), named(1, "a"), named(3, "c"), msg(4))
	same(h, "UIDs", uids, []mailsvc.UID{2, 3, 0, 0, 4})
	same(h, "all seen", h.append(an, "INBOX", named(1, "a")), []mailsvc.UID{0})
	h.setFlags(an, an, "INBOX", everything, mailsvc.FlagsAdd, `\Deleted`)
	_, err := h.Expunge(h.ctx, an, h.folder(an, an, "INBOX").ID, nil)
	h.ok(err)
	same(h, "does not come back", h.append(an, "INBOX", named(1, "a"), named(5, "d")), []mailsvc.UID{0, 5})
	h.ok(h.Deliver(h.ctx, mailsvc.Delivery{ID: "d", Message: msg(5), Targets: []mailsvc.Target{{Account: an}}})[0])
	equal(h, "messages", len(h.rows(an, an, "INBOX")), 1)
	same(h, "of another account", h.append(binh, "INBOX", named(1, "a")), []mailsvc.UID{1})
	bad := named(6, "e")
	bad.Blob = "x"
	_, err = h.Append(h.ctx, an, h.folder(an, an, "INBOX").ID, []mailsvc.NewMessage{named(7, "f"), bad})
	h.fails(err, mailsvc.ErrInvalid)
	same(h, "an id of an aborted call is free", h.append(an, "INBOX", named(7, "f")), []mailsvc.UID{6})
}

func deliverFolder(h *harness) {
	d := mailsvc.Delivery{Message: msg(1), Targets: []mailsvc.Target{{Account: an, Folder: "Văn bản đến/Khẩn"}}}
	h.ok(h.Deliver(h.ctx, d)[0])
	h.ok(h.Deliver(h.ctx, d)[0])
	equal(h, "messages", h.folder(an, an, "Văn bản đến/Khẩn").Messages, 2)
	equal(h, "parent", h.folder(an, an, "Văn bản đến").Messages, 0)
}

func threads(h *harness) {
	withRefs := func(n int, refs ...string) mailsvc.NewMessage {
		m := msg(n)
		m.Refs = refs
		return m
	}
	h.append(an, "INBOX", withRefs(1, "<a>"), withRefs(2, "<b>"), withRefs(3, "<c>", "<a>"), withRefs(4, "<d>", "<c>"),
		withRefs(5, "<e>", "<lost>"), withRefs(6, "<f>", "<lost>"), msg(7))
	r := h.rows(an, an, "INBOX")
	equal(h, "answer", r[2].ThreadID, r[0].ThreadID)
	equal(h, "answer to the answer", r[3].ThreadID, r[0].ThreadID)
	equal(h, "answers to one that never came", r[4].ThreadID, r[5].ThreadID)
	for _, other := range []int{1, 4, 6} {
		if r[other].ThreadID == r[0].ThreadID {
			h.Fatalf("message %d is in the first one's thread", other+1)
		}
	}
}

func watch(h *harness) {
	c, stop := h.Watch(an)
	other, stopOther := h.Watch(binh)
	defer stopOther()
	inbox := h.folder(an, an, "INBOX").ID
	for _, change := range []func(){
		func() { h.append(an, "INBOX", msg(1), msg(2)) },
		func() {
			h.ok(h.Deliver(h.ctx, mailsvc.Delivery{Message: msg(1), Targets: []mailsvc.Target{{Account: an}}})[0])
		},
		func() { h.setFlags(an, an, "INBOX", everything, mailsvc.FlagsAdd, `\Deleted`) },
		func() {
			_, _, err := h.Copy(h.ctx, an, an, inbox, everything, an, h.folder(an, an, "Thùng rác").ID)
			h.ok(err)
		},
		func() { _, err := h.Expunge(h.ctx, an, inbox, nil); h.ok(err) },
		func() { _, err := h.CreateFolder(h.ctx, an, "Mới", ""); h.ok(err) },
	} {
		change()
		select {
		case <-c:
		case <-h.ctx.Done():
			h.Fatal("no token")
		}
	}
	select {
	case <-other:
		h.Fatal("token of another account")
	default:
	}
	stop()
	stop()
	h.append(an, "INBOX", msg(1))
	select {
	case <-c:
		h.Fatal("token after stop")
	default:
	}
}

func usage(h *harness) {
	h.append(an, "INBOX", msg(1), msg(2))
	size := h.folder(an, an, "INBOX").Size
	check := func(want int64) {
		h.Helper()
		got, err := h.Usage(h.ctx, an)
		h.ok(err)
		equal(h, "usage", got, want)
	}
	check(size)
	trash := h.folder(an, an, "Thùng rác").ID
	_, _, err := h.Copy(h.ctx, an, an, h.folder(an, an, "INBOX").ID, everything, an, trash)
	h.ok(err)
	check(2 * size)
	h.ok(h.DeleteFolder(h.ctx, an, "Thùng rác"))
	check(size)
}

func contextEnded(h *harness) {
	ctx, cancel := context.WithCancel(h.ctx)
	cancel()
	inbox := h.folder(an, an, "INBOX").ID
	_, err := h.Append(ctx, an, inbox, []mailsvc.NewMessage{msg(1)})
	if !errors.Is(err, context.Canceled) {
		h.Fatalf("got %v", err)
	}
	err = h.Deliver(ctx, mailsvc.Delivery{Message: msg(1), Targets: []mailsvc.Target{{Account: an}}})[0]
	if !errors.Is(err, context.Canceled) {
		h.Fatalf("got %v", err)
	}
	if _, err := h.Folders(ctx, an, an); !errors.Is(err, context.Canceled) {
		h.Fatalf("got %v", err)
	}
	equal(h, "messages", len(h.rows(an, an, "INBOX")), 0)
}
