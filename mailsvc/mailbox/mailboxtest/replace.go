package mailboxtest

import (
	"sync/atomic"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// replaceCases are about a message that takes the place of another.
var replaceCases = []testCase{
	{"replace: in the folder, and into another", replaceAnywhere},
	{"replace: both or neither", replaceBothOrNeither},
}

func replaceAnywhere(h *harness) {
	h.append(an, "INBOX", msg(1, "$x"), msg(2))
	in := h.folder(an, an, "INBOX")
	uid, err := h.Replace(h.ctx, an, in.ID, 1, in.ID, msg(3, `\Draft`))
	h.ok(err)
	equal(h, "UID", uid, 3)
	rows := h.rows(an, an, "INBOX")
	same(h, "UIDs", uids(rows), []mailsvc.UID{2, 3})
	h.wantSame(rows[1], asStored(rows[1], msg(3, `\Draft`)))
	changes, err := h.ChangesSince(h.ctx, an, an, in.ID, in.HighestMod)
	h.ok(err)
	same(h, "vanished", changes.Vanished, []mailsvc.UID{1})
	same(h, "new", uids(changes.Changed), []mailsvc.UID{3})
	equal(h, "MODSEQ of one transaction", changes.Folder.HighestMod, in.HighestMod+1)
	uid, err = h.Replace(h.ctx, an, in.ID, 3, h.folder(an, an, "Văn bản đi").ID, msg(4))
	h.ok(err)
	equal(h, "UID", uid, 1)
	same(h, "UIDs", uids(h.rows(an, an, "INBOX")), []mailsvc.UID{2})
	h.wantUsage(sizeOfNew(msg(2), msg(4)))
}

// asStored is what a new message looks like in a folder, with the ids of a row.
func asStored(row mailsvc.Message, n mailsvc.NewMessage) mailsvc.Message {
	row.Blob, row.Prefix, row.Index, row.Internal = n.Blob, n.Prefix, n.Index, n.Internal
	row.Size, row.Flags = sizeOfNew(n), n.Flags
	return row
}

func replaceBothOrNeither(h *harness) {
	h.append(an, "INBOX", msg(1))
	in := h.folder(an, an, "INBOX")
	bad, named := msg(2), msg(2)
	bad.Flags = []string{"not an atom"}
	named.ID = "x"
	for _, c := range []struct {
		from mailsvc.FolderID
		old  mailsvc.UID
		to   mailsvc.FolderID
		m    mailsvc.NewMessage
		want error
	}{
		{in.ID, 2, in.ID, msg(2), mailsvc.ErrNotFound},
		{in.ID, 0, in.ID, msg(2), mailsvc.ErrNotFound},
		{9999, 1, in.ID, msg(2), mailsvc.ErrNotFound},
		{in.ID, 1, 9999, msg(2), mailsvc.ErrNotFound},
		{in.ID, 1, in.ID, bad, mailsvc.ErrInvalid},
		{in.ID, 1, in.ID, named, mailsvc.ErrInvalid},
	} {
		_, err := h.Replace(h.ctx, an, c.from, c.old, c.to, c.m)
		h.fails(err, c.want)
		equal(h, "folder", h.folder(an, an, "INBOX"), in)
	}
	same(h, "UIDs", uids(h.rows(an, an, "INBOX")), []mailsvc.UID{1})
}

// concurrentReplacements: of many who replace one message one wins, and the others
// store nothing.
func concurrentReplacements(h *harness) {
	for round := range 5 {
		uid := h.append(an, "INBOX", msg(1))[0]
		inbox := h.folder(an, an, "INBOX").ID
		var won atomic.Int64
		together(func(caller int) {
			if _, err := h.Replace(h.ctx, an, inbox, uid, inbox, msg(caller)); err == nil {
				won.Add(1)
			}
		})
		equal(h, "replacements", won.Load(), 1)
		equal(h, "messages", len(h.rows(an, an, "INBOX")), round+1)
	}
}
