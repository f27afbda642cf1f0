package migrate

import (
	"strings"

	"github.com/emersion/go-imap/v2"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// Roles of folders, RFC 6154.
var roleAttrs = []imap.MailboxAttr{imap.MailboxAttrDrafts, imap.MailboxAttrSent, imap.MailboxAttrTrash, imap.MailboxAttrJunk, imap.MailboxAttrArchive}

// roleNames are the names under which mail programs and servers make these
// folders where the server does not tell their role, folded as [viet.Fold] does.
// A name that may mean two things ("rác") is not among them: then it stays a
// folder of its own.
var roleNames = map[string]imap.MailboxAttr{
	"drafts": imap.MailboxAttrDrafts, "draft": imap.MailboxAttrDrafts, "draft messages": imap.MailboxAttrDrafts,
	"thu nhap": imap.MailboxAttrDrafts, "nhap": imap.MailboxAttrDrafts, "ban nhap": imap.MailboxAttrDrafts,

	"sent": imap.MailboxAttrSent, "sent items": imap.MailboxAttrSent, "sent messages": imap.MailboxAttrSent, "sent mail": imap.MailboxAttrSent,
	"sent-mail": imap.MailboxAttrSent, "sentmail": imap.MailboxAttrSent, "thu da gui": imap.MailboxAttrSent, "da gui": imap.MailboxAttrSent, "muc da gui": imap.MailboxAttrSent,

	"trash": imap.MailboxAttrTrash, "deleted items": imap.MailboxAttrTrash, "deleted messages": imap.MailboxAttrTrash, "deleted": imap.MailboxAttrTrash,
	"bin": imap.MailboxAttrTrash, "thung rac": imap.MailboxAttrTrash, "muc da xoa": imap.MailboxAttrTrash, "thu da xoa": imap.MailboxAttrTrash, "da xoa": imap.MailboxAttrTrash,

	"junk": imap.MailboxAttrJunk, "junk e-mail": imap.MailboxAttrJunk, "junk email": imap.MailboxAttrJunk, "junk mail": imap.MailboxAttrJunk, "spam": imap.MailboxAttrJunk,
	"bulk mail": imap.MailboxAttrJunk, "thu rac": imap.MailboxAttrJunk, "email rac": imap.MailboxAttrJunk, "thu spam": imap.MailboxAttrJunk,

	"archive": imap.MailboxAttrArchive, "archives": imap.MailboxAttrArchive, "luu tru": imap.MailboxAttrArchive, "thu luu tru": imap.MailboxAttrArchive, "kho luu tru": imap.MailboxAttrArchive,
}

// role returns the role that a folder has by what the server says, or by its
// name, given without the old server's prefix; "" if none.
func role(attrs []imap.MailboxAttr, levels []string) string {
	for _, a := range attrs {
		for _, known := range roleAttrs {
			if strings.EqualFold(string(a), string(known)) {
				return string(known)
			}
		}
	}
	if len(levels) != 1 {
		return ""
	}
	return string(roleNames[viet.Fold(levels[0])])
}

// isView reports whether a folder only shows messages that lie in others.
func isView(attrs []imap.MailboxAttr) bool {
	for _, a := range attrs {
		switch {
		case strings.EqualFold(string(a), string(imap.MailboxAttrFlagged)), strings.EqualFold(string(a), string(imap.MailboxAttrImportant)):
			return true
		}
	}
	return false
}

// isAll reports whether a folder shows all messages, also those of other folders.
func isAll(attrs []imap.MailboxAttr) bool {
	for _, a := range attrs {
		if strings.EqualFold(string(a), string(imap.MailboxAttrAll)) {
			return true
		}
	}
	return false
}
