package clients

import (
	"slices"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// names are of every kind that officials give their folders. Those with "&" are
// for Thunderbird and mbsync: go-imap's client escapes the "&" of modified UTF-7
// also in the UTF-8 that IMAP4rev2 asks for.
var names = []string{"Văn bản đi", "Công việc/Năm 2010/Đấu thầu", "ASCII", "Hộp \"thư\" \\ cũ", "😀 vui"}

// specialUse are the folders that every account begins with.
var specialUse = map[string]imap.MailboxAttr{
	"Thư nháp": imap.MailboxAttrDrafts, "Thư đã gửi": imap.MailboxAttrSent, "Lưu trữ": imap.MailboxAttrArchive,
	"Thư rác": imap.MailboxAttrJunk, "Thùng rác": imap.MailboxAttrTrash,
}

func folders(t *testing.T, s server, who login) {
	c := s.enter(t, who)
	begun := value(c.List("", "*", &imap.ListOptions{ReturnSpecialUse: true, ReturnSubscribed: true, ReturnChildren: true}).Collect())(t)
	for _, l := range begun {
		if use, ok := specialUse[l.Mailbox]; ok && !slices.Contains(l.Attrs, use) {
			t.Errorf("%s has %v, not %s", l.Mailbox, l.Attrs, use)
		} else if !ok && l.Mailbox != "INBOX" {
			t.Errorf("a new account has %s", l.Mailbox)
		}
		if !slices.Contains(l.Attrs, imap.MailboxAttrSubscribed) {
			t.Errorf("%s is not subscribed", l.Mailbox)
		}
	}
	if len(begun) != len(specialUse)+1 {
		t.Errorf("a new account has %d folders", len(begun))
	}
	for _, name := range names {
		must(t, c.Create(name, nil).Wait(), c.Subscribe(name).Wait())
		if err := c.Create(name, nil).Wait(); !isCode(err, imap.ResponseCodeAlreadyExists) {
			t.Errorf("%s made twice: %v", name, err)
		}
		data := value(c.Select(name, nil).Wait())(t)
		if data.NumMessages != 0 || data.UIDNext != 1 || data.UIDValidity == 0 {
			t.Errorf("SELECT %s: %+v", name, data)
		}
		must(t, c.Unselect().Wait())
		st := value(c.Status(name, &imap.StatusOptions{NumMessages: true, UIDNext: true, UIDValidity: true, NumUnseen: true, NumDeleted: true,
			Size: true, AppendLimit: true, HighestModSeq: true}).Wait())(t)
		if st.Mailbox != name || *st.NumMessages != 0 || st.UIDValidity != data.UIDValidity || *st.Size != 0 || st.HighestModSeq == 0 {
			t.Errorf("STATUS %s: %+v", name, st)
		}
		if l := listOne(t, c, name); !slices.Contains(l.Attrs, imap.MailboxAttrSubscribed) || l.Status == nil || *l.Status.NumUnseen != 0 {
			t.Errorf("LIST %s: %+v", name, l)
		}
		must(t, c.Unsubscribe(name).Wait())
		if l := listOne(t, c, name); slices.Contains(l.Attrs, imap.MailboxAttrSubscribed) {
			t.Errorf("%s is still subscribed", name)
		}
		renamed := name + " (cũ)"
		must(t, c.Rename(name, renamed, nil).Wait())
		if l := listOne(t, c, renamed); l == nil {
			t.Errorf("%s is not listed after RENAME", renamed)
		}
		must(t, c.Delete(renamed).Wait())
	}
	if err := c.Create("Lưu trữ/2010", &imap.CreateOptions{SpecialUse: []imap.MailboxAttr{imap.MailboxAttrArchive}}).Wait(); !isCode(err, "USEATTR") {
		t.Errorf("a second archive: %v", err)
	}
	must(t, c.Create("Quan trọng", &imap.CreateOptions{SpecialUse: []imap.MailboxAttr{imap.MailboxAttrImportant}}).Wait())
	only := value(c.List("", "*", &imap.ListOptions{SelectSpecialUse: true}).Collect())(t)
	if len(only) < len(specialUse) {
		t.Errorf("LIST (SPECIAL-USE) has %d folders", len(only))
	}
	value(c.List("", "*", &imap.ListOptions{SelectSubscribed: true, SelectRecursiveMatch: true}).Collect())(t)
	if err := c.Delete("INBOX").Wait(); err == nil {
		t.Error("INBOX was deleted")
	}
	if _, err := c.Select("Không có", nil).Wait(); !isCode(err, imap.ResponseCodeNonExistent) {
		t.Errorf("a folder that is not there: %v", err)
	}
}

// listOne lists one folder by its name, with all that LIST can return.
func listOne(t *testing.T, c *imapclient.Client, name string) *imap.ListData {
	t.Helper()
	options := &imap.ListOptions{ReturnSubscribed: true, ReturnChildren: true, ReturnSpecialUse: true,
		ReturnStatus: &imap.StatusOptions{NumMessages: true, NumUnseen: true}}
	list := value(c.List("", name, options).Collect())(t)
	if len(list) != 1 || list[0].Mailbox != name {
		t.Fatalf("LIST %q: %d folders", name, len(list))
	}
	return list[0]
}
