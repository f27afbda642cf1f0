package imap

import (
	"strconv"

	imap "github.com/emersion/go-imap/v2"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// statusItems is what STATUS asks for.
type statusItems struct {
	imap.StatusOptions
	mailboxID bool
}

func (p *parser) statusItems() *statusItems {
	s := new(statusItems)
	p.filledList(func() {
		switch p.word() {
		case "MESSAGES":
			s.NumMessages = true
		case "RECENT":
			s.NumRecent = true
		case "UIDNEXT":
			s.UIDNext = true
		case "UIDVALIDITY":
			s.UIDValidity = true
		case "UNSEEN":
			s.NumUnseen = true
		case "DELETED":
			s.NumDeleted = true
		case "SIZE":
			s.Size = true
		case "HIGHESTMODSEQ":
			s.HighestModSeq = true
		case "APPENDLIMIT":
			s.AppendLimit = true
		case "DELETED-STORAGE":
			s.DeletedStorage = true
		case "MAILBOXID":
			s.mailboxID = true
		default:
			p.fail("unknown STATUS item")
		}
	})
	return s
}

func (r *request) status() error {
	p, c := r.p, r.c
	name := p.mailboxName()
	p.sp()
	items := p.statusItems()
	if err := p.end(); err != nil {
		return err
	}
	if items.HighestModSeq {
		c.enableCondstore()
	}
	m, f, err := c.folder(name, mailsvc.Read)
	if err != nil {
		return err
	}
	return c.statusLine(m, f, items)
}

// statusLine writes one STATUS response.
func (c *conn) statusLine(m mailbox, f mailsvc.Folder, s *statusItems) error {
	var deleted int64
	if s.DeletedStorage {
		var err error
		if deleted, err = c.deletedStorage(m, f); err != nil {
			return err
		}
	}
	c.w.str("* STATUS ")
	c.w.name(m.shown)
	sep := " ("
	item := func(on bool, name string, n uint64) {
		if on {
			c.w.str(sep, name, " ", strconv.FormatUint(n, 10))
			sep = " "
		}
	}
	item(s.NumMessages, "MESSAGES", uint64(f.Messages))
	item(s.NumRecent, "RECENT", 0)
	item(s.UIDNext, "UIDNEXT", uint64(f.UIDNext))
	item(s.UIDValidity, "UIDVALIDITY", uint64(f.UIDValidity))
	item(s.NumUnseen, "UNSEEN", uint64(f.Unseen))
	item(s.NumDeleted, "DELETED", uint64(f.Deleted))
	item(s.Size, "SIZE", uint64(f.Size))
	item(s.HighestModSeq, "HIGHESTMODSEQ", uint64(max(f.HighestMod, 1)))
	item(s.AppendLimit, "APPENDLIMIT", uint64(c.s.limits.MaxMessage))
	item(s.DeletedStorage, "DELETED-STORAGE", uint64(deleted+1023)/1024)
	if s.mailboxID {
		c.w.str(sep, "MAILBOXID (", mailboxID(f, m.shared(c)), ")")
		sep = " "
	}
	if sep == " (" {
		c.w.str(sep)
	}
	c.w.str(")\r\n")
	return nil
}

// deletedStorage sums the sizes of messages marked \Deleted.
func (c *conn) deletedStorage(m mailbox, f mailsvc.Folder) (int64, error) {
	if f.Deleted == 0 {
		return 0, nil
	}
	var sum int64
	err := c.s.o.Store.Messages(c.ctx(), c.account.Address, m.account, f.ID, []mailsvc.Range{{From: 1}}, false, func(m *mailsvc.Message) bool {
		if hasFlag(m.Flags, imap.FlagDeleted) {
			sum += m.Size
		}
		return true
	})
	return sum, err
}
