package mailboxtest

import (
	"errors"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// quotaCases are about the bytes that an account may hold.
var quotaCases = []testCase{
	{"quota: the last byte fits, one more does not", quotaAppend},
	{"quota: copies count, moves within the account do not", quotaCopy},
	{"quota: a delivery fails in the full account alone", quotaDeliver},
	{"quota: a replacement counts by what it adds", quotaReplace},
	{"quota: lowered below what is held", quotaLowered},
}

func sizeOfNew(msgs ...mailsvc.NewMessage) (n int64) {
	for _, m := range msgs {
		n += m.BlobSize + int64(len(m.Prefix))
	}
	return n
}

func (h *harness) wantUsage(want int64) {
	h.Helper()
	got, err := h.Usage(h.ctx, an)
	h.ok(err)
	equal(h, "usage", got, want)
}

func quotaAppend(h *harness) {
	three := []mailsvc.NewMessage{msg(1), msg(2), msg(3)}
	inbox := h.folder(an, an, "INBOX")
	h.quotas.set(an, sizeOfNew(three...)-1)
	_, err := h.Append(h.ctx, an, inbox.ID, three)
	h.fails(err, mailsvc.ErrOverQuota)
	h.wantUsage(0)
	equal(h, "folder", h.folder(an, an, "INBOX"), inbox)
	h.quotas.set(an, sizeOfNew(three...))
	h.append(an, "INBOX", three...)
	_, err = h.Append(h.ctx, an, inbox.ID, []mailsvc.NewMessage{msg(0)})
	h.fails(err, mailsvc.ErrOverQuota)
	h.append(binh, "INBOX", msg(1)) // another account's limit is another's
	h.setFlags(an, an, "INBOX", []mailsvc.Range{{From: 1, To: 1}}, mailsvc.FlagsAdd, `\Deleted`)
	_, err = h.Expunge(h.ctx, an, inbox.ID, nil)
	h.ok(err)
	h.append(an, "INBOX", msg(1)) // what was expunged is room again
	h.ok(h.DeleteFolder(h.ctx, an, "Thùng rác"))
	h.quotas.set(an, 0)
	h.append(an, "INBOX", three...)
}

func quotaCopy(h *harness) {
	h.append(an, "INBOX", msg(1), msg(2))
	h.append(binh, "INBOX", msg(3))
	size := sizeOfNew(msg(1), msg(2))
	h.quotas.set(an, 2*size-1)
	in, trash := h.folder(an, an, "INBOX").ID, h.folder(an, an, "Thùng rác").ID
	_, _, err := h.Copy(h.ctx, an, an, in, everything, an, trash)
	h.fails(err, mailsvc.ErrOverQuota)
	equal(h, "copies", h.folder(an, an, "Thùng rác").Messages, 0)
	h.quotas.set(an, size)
	_, _, err = h.Move(h.ctx, an, an, in, everything, an, trash)
	h.ok(err)
	h.ok(h.RenameFolder(h.ctx, an, "INBOX", "Cũ"))
	theirs := h.folder(binh, binh, "INBOX").ID
	_, _, err = h.Move(h.ctx, binh, binh, theirs, everything, an, trash)
	h.fails(err, mailsvc.ErrOverQuota)
	equal(h, "still there", h.folder(binh, binh, "INBOX").Messages, 1)
	_, _, err = h.Move(h.ctx, an, an, trash, everything, binh, theirs) // out of a full account
	h.ok(err)
	h.wantUsage(0)
}

func quotaDeliver(h *harness) {
	long, short := []byte("Delivered-To: an\r\nX: y\r\n"), []byte("Delivered-To: an\r\n")
	d := mailsvc.Delivery{ID: "1", Message: msg(1), Targets: []mailsvc.Target{{Account: an, Prefix: long}, {Account: an, Prefix: short, Folder: "Mới"}, {Account: binh, Prefix: long}}}
	h.quotas.set(an, d.Message.BlobSize+int64(len(short)))
	errs := h.Deliver(h.ctx, d)
	h.fails(errs[0], mailsvc.ErrOverQuota)
	h.ok(errs[1])
	h.ok(errs[2])
	h.wantUsage(d.Message.BlobSize + int64(len(short)))
	equal(h, "messages", h.folder(an, an, "Mới").Messages, 1)
	d = mailsvc.Delivery{ID: "2", Message: msg(1), Targets: []mailsvc.Target{{Account: an, Folder: "Không có"}}}
	h.fails(h.Deliver(h.ctx, d)[0], mailsvc.ErrOverQuota)
	_, err := h.Folder(h.ctx, an, an, "Không có")
	h.fails(err, mailsvc.ErrNotFound)
	h.quotas.set(an, 0)
	h.ok(h.Deliver(h.ctx, d)[0]) // what was refused may come again
	equal(h, "messages", h.folder(an, an, "Không có").Messages, 1)
	h.quotas.set(an, 1)
	h.ok(h.Deliver(h.ctx, mailsvc.Delivery{Always: true, Message: msg(2), Targets: []mailsvc.Target{{Account: an}}})[0])
	equal(h, "messages", h.folder(an, an, "INBOX").Messages, 1)
}

func quotaReplace(h *harness) {
	h.append(an, "INBOX", msg(10), msg(20))
	inbox := h.folder(an, an, "INBOX").ID
	h.quotas.set(an, sizeOfNew(msg(11), msg(20)))
	_, err := h.Replace(h.ctx, an, inbox, 1, inbox, msg(12))
	h.fails(err, mailsvc.ErrOverQuota)
	same(h, "UIDs", uids(h.rows(an, an, "INBOX")), []mailsvc.UID{1, 2})
	h.wantUsage(sizeOfNew(msg(10), msg(20)))
	_, err = h.Replace(h.ctx, an, inbox, 1, inbox, msg(11))
	h.ok(err)
	h.quotas.set(an, 1)
	_, err = h.Replace(h.ctx, an, inbox, 3, inbox, msg(12))
	h.fails(err, mailsvc.ErrOverQuota)
	_, err = h.Replace(h.ctx, an, inbox, 3, inbox, msg(11)) // adds nothing
	h.ok(err)
	h.wantUsage(sizeOfNew(msg(11), msg(20)))
}

func quotaLowered(h *harness) {
	h.append(an, "INBOX", msg(1), msg(2))
	h.quotas.set(an, 1)
	inbox := h.folder(an, an, "INBOX").ID
	_, err := h.Append(h.ctx, an, inbox, []mailsvc.NewMessage{msg(3)})
	h.fails(err, mailsvc.ErrOverQuota)
	_, err = h.Append(h.ctx, an, inbox, nil)
	h.ok(err)
	h.setFlags(an, an, "INBOX", everything, mailsvc.FlagsAdd, `\Deleted`, "$moi")
	_, err = h.CreateFolder(h.ctx, an, "Mới", "")
	h.ok(err)
	_, _, err = h.Move(h.ctx, an, an, inbox, everything, an, h.folder(an, an, "Mới").ID)
	h.ok(err)
	_, err = h.Expunge(h.ctx, an, h.folder(an, an, "Mới").ID, nil)
	h.ok(err)
	h.wantUsage(0)
}

// concurrentQuota: whoever comes at once cannot exceed a quota together, and
// nobody is refused for what was never stored.
func concurrentQuota(h *harness) {
	limit := 20 * sizeOfNew(msg(1))
	h.quotas.set(an, limit)
	inbox, trash := h.folder(an, an, "INBOX").ID, h.folder(an, an, "Thùng rác").ID
	h.append(binh, "INBOX", msg(1))
	theirs := h.folder(binh, binh, "INBOX").ID
	together(func(caller int) {
		for i := range 12 {
			var err error
			switch (caller + i) % 4 {
			case 0:
				_, err = h.Append(h.ctx, an, inbox, []mailsvc.NewMessage{msg(1)})
			case 1:
				err = h.Deliver(h.ctx, mailsvc.Delivery{Message: msg(1), Targets: []mailsvc.Target{{Account: an, Prefix: msg(1).Prefix}}})[0]
			case 2:
				_, _, err = h.Copy(h.ctx, an, an, inbox, []mailsvc.Range{{From: 1, To: 1}}, an, trash)
			case 3:
				_, _, err = h.Copy(h.ctx, an, binh, theirs, everything, an, inbox)
			}
			if err != nil && !errors.Is(err, mailsvc.ErrOverQuota) {
				h.Error(err)
			}
		}
	})
	h.wantUsage(limit)
}
