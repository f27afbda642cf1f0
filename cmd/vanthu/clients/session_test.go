package clients

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"
)

// TestSession goes through every command of go-imap's client. Each part has an
// account of its own on one server.
func TestSession(t *testing.T) {
	t.Parallel()
	parts := []struct {
		name string
		play func(*testing.T, server, login)
	}{
		{"enter", enter}, {"folders", folders}, {"append and fetch", appendFetch},
		{"store", store}, {"copy, move, expunge", moves}, {"search", search}, {"sort and thread", sortThread},
		{"idle", idle}, {"rights and quota", rights}, {"many at once", pipelined},
	}
	s, people := demo(t, len(parts))
	official, own := people[2], people[3:]
	t.Run("parts", func(t *testing.T) { // returns when all parts are through
		for i, p := range parts {
			t.Run(p.name, func(t *testing.T) {
				t.Parallel()
				p.play(t, s, own[i])
			})
		}
		t.Run("agency mailbox", func(t *testing.T) {
			t.Parallel()
			agency(t, s, official)
		})
	})
}

// STARTTLS needs a server as it is set up for work: the demonstration takes
// passwords without TLS.
func TestStartTLS(t *testing.T) {
	t.Parallel()
	site := setUp(t, anyPort, "")
	s, _ := site.serve(t)
	an := site.person(t, "an", "An")
	plain := value(imapclient.DialInsecure(s.IMAP, nil))(t)
	defer plain.Close()
	if err := plain.Login(an.Address, an.Password).Wait(); err == nil {
		t.Error("a password was taken without TLS")
	}
	c := value(imapclient.DialStartTLS(s.IMAP, &imapclient.Options{TLSConfig: s.tls}))(t)
	defer c.Close()
	must(t, c.Login(an.Address, an.Password).Wait(), c.Logout().Wait())
}

func enter(t *testing.T, s server, who login) {
	c := s.dial(t, nil)
	must(t, c.WaitGreeting())
	caps := value(c.Capability().Wait())(t)
	for _, k := range []imap.Cap{imap.CapIMAP4rev1, imap.CapIMAP4rev2, imap.AuthCap(sasl.Plain), imap.CapSASLIR} {
		if !caps.Has(k) {
			t.Errorf("before login, %s is not offered", k)
		}
	}
	var refused *imap.Error
	if err := c.Login(who.Address, "sai").Wait(); !errors.As(err, &refused) || refused.Code != imap.ResponseCodeAuthenticationFailed {
		t.Errorf("a wrong password: %v", err)
	}
	must(t, c.Authenticate(sasl.NewPlainClient("", who.Address, who.Password)))
	if id := value(c.ID(&imap.IDData{Name: "thử", Version: "1"}).Wait())(t); id.Name != "vanthu" {
		t.Errorf("ID is %+v", id)
	}
	ns := value(c.Namespace().Wait())(t)
	if !reflect.DeepEqual(ns.Personal, []imap.NamespaceDescriptor{{Prefix: "", Delim: '/'}}) {
		t.Errorf("personal namespace is %+v", ns.Personal)
	}
	enabled := value(c.Enable(imap.CapIMAP4rev2, imap.CapUTF8Accept).Wait())(t)
	if !enabled.Caps.Has(imap.CapIMAP4rev2) || !enabled.Caps.Has(imap.CapUTF8Accept) {
		t.Errorf("enabled only %v", enabled.Caps)
	}
	must(t, c.Noop().Wait(), c.Unauthenticate().Wait())
	must(t, c.Login(who.Address, who.Password).Wait(), c.Logout().Wait())
	<-c.Closed()
}

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
	must(t, c.Create("Lưu trữ/2010", &imap.CreateOptions{SpecialUse: []imap.MailboxAttr{imap.MailboxAttrArchive}}).Wait())
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

func isCode(err error, code imap.ResponseCode) bool {
	var e *imap.Error
	return errors.As(err, &e) && e.Type == imap.StatusResponseTypeNo && e.Code == code
}

// letter is a message with a Vietnamese subject and a file, as mail programs
// write them.
func letter(number int, subject, text string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: =?UTF-8?Q?L=C3=AA_M=E1=BA=ABu_An?= <an@quangtri.gov.vn>\r\nTo: <binh@quangtri.gov.vn>, <chi@quangtri.gov.vn>\r\n"+
		"Subject: %s\r\nDate: Thu, 20 May 2010 08:%02d:00 +0700\r\nMessage-ID: <%d@quangtri.gov.vn>\r\n", subject, number%60, number)
	if number > 1 {
		fmt.Fprintf(&b, "In-Reply-To: <1@quangtri.gov.vn>\r\nReferences: <1@quangtri.gov.vn>\r\n")
	}
	fmt.Fprintf(&b, "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"=_phan\"\r\n\r\n"+
		"--=_phan\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n%s\r\n"+
		"--=_phan\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment;\r\n filename*=UTF-8''C%%C3%%B4ng%%20v%%C4%%83n.pdf\r\n"+
		"Content-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n--=_phan--\r\n", text)
	return b.Bytes()
}

// put appends messages and returns their UIDs.
func put(t *testing.T, c *imapclient.Client, folder string, options *imap.AppendOptions, messages ...[]byte) imap.UIDSet {
	t.Helper()
	var all imap.UIDSet
	for _, m := range messages {
		cmd := c.Append(folder, int64(len(m)), options)
		_, err := cmd.Write(m)
		must(t, err, cmd.Close())
		all.AddNum(value(cmd.Wait())(t).UID)
	}
	return all
}

func appendFetch(t *testing.T, s server, who login) {
	c := s.enter(t, who)
	when := time.Date(2010, 5, 20, 8, 1, 2, 0, time.FixedZone("", 7*3600))
	m := letter(1, "=?UTF-8?B?xJHhuqV1IHRo4bqndQ==?=", "Kính gửi: Sở Nội vụ")
	put(t, c, "INBOX", &imap.AppendOptions{Flags: []imap.Flag{imap.FlagSeen, imap.FlagFlagged, "$ViecGap"}, Time: when}, m)
	put(t, c, "INBOX", nil, letter(2, "Re: thu", "Trả lời"))
	sel := value(c.Select("INBOX", &imap.SelectOptions{CondStore: true}).Wait())(t)
	if sel.NumMessages != 2 || sel.HighestModSeq == 0 || !slices.Contains(sel.PermanentFlags, imap.FlagWildcard) {
		t.Errorf("SELECT: %+v", sel)
	}
	whole := &imap.FetchItemBodySection{Peek: true}
	header := &imap.FetchItemBodySection{Specifier: imap.PartSpecifierHeader, HeaderFields: []string{"Subject", "Message-ID"}, Peek: true}
	not := &imap.FetchItemBodySection{Specifier: imap.PartSpecifierHeader, HeaderFieldsNot: []string{"Subject"}, Peek: true}
	text := &imap.FetchItemBodySection{Specifier: imap.PartSpecifierText, Peek: true}
	mime := &imap.FetchItemBodySection{Specifier: imap.PartSpecifierMIME, Part: []int{2}, Peek: true}
	some := &imap.FetchItemBodySection{Part: []int{1}, Partial: &imap.SectionPartial{Offset: 3, Size: 9}, Peek: true}
	file := &imap.FetchItemBinarySection{Part: []int{2}, Peek: true}
	all := value(c.Fetch(imap.SeqSetNum(1), &imap.FetchOptions{
		UID: true, Flags: true, Envelope: true, InternalDate: true, RFC822Size: true, ModSeq: true,
		BodyStructure: &imap.FetchItemBodyStructure{Extended: true},
		BodySection:   []*imap.FetchItemBodySection{whole, header, not, text, mime, some}, BinarySection: []*imap.FetchItemBinarySection{file},
		BinarySectionSize: []*imap.FetchItemBinarySectionSize{{Part: []int{2}}},
	}).Collect())(t)
	if len(all) != 1 {
		t.Fatalf("FETCH gave %d messages", len(all))
	}
	r := all[0]
	if got := r.FindBodySection(whole); !bytes.Equal(got, m) || r.RFC822Size != int64(len(m)) {
		t.Errorf("%d bytes of %d came back, RFC822.SIZE %d:\n%s", len(got), len(m), r.RFC822Size, got)
	}
	if r.Envelope.Subject != "đấu thầu" || r.Envelope.From[0].Name != "Lê Mẫu An" || r.Envelope.From[0].Addr() != "an@quangtri.gov.vn" ||
		len(r.Envelope.To) != 2 || r.Envelope.MessageID != "1@quangtri.gov.vn" || !r.Envelope.Date.Equal(when.Add(-2*time.Second)) {
		t.Errorf("ENVELOPE %+v", r.Envelope)
	}
	if !r.InternalDate.Equal(when) || r.UID != 1 || r.ModSeq == 0 {
		t.Errorf("UID %d, MODSEQ %d, INTERNALDATE %v", r.UID, r.ModSeq, r.InternalDate)
	}
	if !sameFlags(r.Flags, imap.FlagSeen, imap.FlagFlagged, "$ViecGap") {
		t.Errorf("flags %v", r.Flags)
	}
	multi, ok := r.BodyStructure.(*imap.BodyStructureMultiPart)
	if !ok || len(multi.Children) != 2 || multi.Subtype != "mixed" {
		t.Fatalf("BODYSTRUCTURE %#v", r.BodyStructure)
	}
	if pdf := multi.Children[1].(*imap.BodyStructureSinglePart); pdf.MediaType() != "application/pdf" ||
		pdf.Disposition() == nil || pdf.Disposition().Params["filename*"] != "UTF-8''C%C3%B4ng%20v%C4%83n.pdf" {
		t.Errorf("the file is %+v, %+v", pdf, pdf.Disposition())
	}
	head, body, _ := bytes.Cut(m, []byte("\r\n\r\n"))
	for _, part := range []struct {
		section *imap.FetchItemBodySection
		want    string
	}{
		{header, "Subject: =?UTF-8?B?xJHhuqV1IHRo4bqndQ==?=\r\nMessage-ID: <1@quangtri.gov.vn>\r\n\r\n"},
		{text, string(body)}, {some, "nh gửi:"}, // nine bytes
		{not, strings.Replace(string(head), "Subject: =?UTF-8?B?xJHhuqV1IHRo4bqndQ==?=\r\n", "", 1) + "\r\n\r\n"},
		{mime, "Content-Type: application/pdf\r\nContent-Disposition: attachment;\r\n filename*=UTF-8''C%C3%B4ng%20v%C4%83n.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"},
	} {
		if got := string(r.FindBodySection(part.section)); got != part.want {
			t.Errorf("section %+v is %q, want %q", part.section, got, part.want)
		}
	}
	if got := string(r.FindBinarySection(file)); got != "%PDF-1.4\n" {
		t.Errorf("the file is %q", got)
	}
	if len(r.BinarySectionSize) != 1 || r.BinarySectionSize[0].Size != 9 {
		t.Errorf("BINARY.SIZE %+v", r.BinarySectionSize)
	}
}

func sameFlags(have []imap.Flag, want ...imap.Flag) bool {
	fold := func(all []imap.Flag) []string {
		var out []string
		for _, f := range all {
			out = append(out, strings.ToLower(string(f)))
		}
		slices.Sort(out)
		return out
	}
	return slices.Equal(fold(have), fold(want))
}

func store(t *testing.T, s server, who login) {
	c := s.enter(t, who)
	uids := put(t, c, "INBOX", nil, letter(1, "a", "a"), letter(2, "b", "b"), letter(3, "c", "c"))
	value(c.Select("INBOX", &imap.SelectOptions{CondStore: true}).Wait())(t)
	steps := []struct {
		op    imap.StoreFlagsOp
		flags []imap.Flag
		want  []imap.Flag
	}{
		{imap.StoreFlagsAdd, []imap.Flag{imap.FlagSeen, "DaXuLy"}, []imap.Flag{imap.FlagSeen, "DaXuLy"}},
		{imap.StoreFlagsSet, []imap.Flag{imap.FlagAnswered, imap.FlagDraft}, []imap.Flag{imap.FlagAnswered, imap.FlagDraft}},
		{imap.StoreFlagsDel, []imap.Flag{imap.FlagDraft, imap.FlagFlagged}, []imap.Flag{imap.FlagAnswered}},
	}
	var last uint64
	for _, st := range steps {
		changed := value(c.Store(uids, &imap.StoreFlags{Op: st.op, Flags: st.flags}, nil).Collect())(t)
		if len(changed) != 3 {
			t.Fatalf("STORE told of %d messages", len(changed))
		}
		for _, m := range changed {
			if !sameFlags(m.Flags, st.want...) || m.UID == 0 || m.ModSeq <= last {
				t.Errorf("after %v %v: %+v", st.op, st.flags, m)
			}
		}
		last = changed[2].ModSeq
	}
	must(t, c.Store(imap.SeqSetNum(2), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagFlagged}}, nil).Close())
	since := value(c.Fetch(imap.SeqSet{{Start: 1, Stop: 0}}, &imap.FetchOptions{UID: true, Flags: true, ChangedSince: last}).Collect())(t)
	if len(since) != 1 || since[0].SeqNum != 2 || !sameFlags(since[0].Flags, imap.FlagAnswered, imap.FlagFlagged) {
		t.Errorf("CHANGEDSINCE gave %d messages", len(since))
	}
	// Somebody changed message 2 since then: it must stay as it is, the others not.
	c.Store(imap.SeqSetNum(1, 2), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}}, &imap.StoreOptions{UnchangedSince: last}).Close()
	now := value(c.Fetch(imap.SeqSetNum(1, 2), &imap.FetchOptions{Flags: true}).Collect())(t)
	if !sameFlags(now[0].Flags, imap.FlagAnswered, imap.FlagDeleted) || !sameFlags(now[1].Flags, imap.FlagAnswered, imap.FlagFlagged) {
		t.Errorf("UNCHANGEDSINCE left %v and %v", now[0].Flags, now[1].Flags)
	}
	value(c.Select("INBOX", &imap.SelectOptions{ReadOnly: true}).Wait())(t)
	if err := c.Store(uids, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagSeen}}, nil).Close(); err == nil {
		t.Error("a flag was set in a folder that was examined")
	}
}

func moves(t *testing.T, s server, who login) {
	var gone []uint32
	c := s.enterWatching(t, who, &imapclient.UnilateralDataHandler{Expunge: func(n uint32) { gone = append(gone, n) }})
	must(t, c.Create("Sở KH&CN", nil).Wait())
	uids := put(t, c, "INBOX", &imap.AppendOptions{Flags: []imap.Flag{imap.FlagSeen}}, letter(1, "a", "a"), letter(2, "b", "b"),
		letter(3, "c", "c"), letter(4, "d", "d"), letter(5, "e", "e"), letter(6, "f", "f"))
	all, _ := uids.Nums()
	value(c.Select("INBOX", nil).Wait())(t)

	copied := value(c.Copy(imap.UIDSetNum(all[0], all[2]), "Sở KH&CN").Wait())(t)
	if n, _ := copied.DestUIDs.Nums(); len(n) != 2 || copied.UIDValidity == 0 {
		t.Errorf("COPY: %+v", copied)
	}
	moved := value(c.Move(imap.SeqSetNum(2), "Sở KH&CN").Wait())(t)
	if dest, ok := moved.DestUIDs.(imap.UIDSet); !ok || dest.String() != "3" {
		t.Errorf("MOVE: %+v", moved)
	}
	deleted := &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagDeleted}}
	must(t, c.Store(imap.UIDSetNum(all[0], all[2]), deleted, nil).Close())
	if n := value(c.UIDExpunge(imap.UIDSetNum(all[2], all[3])).Collect())(t); len(n) != 1 {
		t.Errorf("UID EXPUNGE took %v, want one message", n)
	}
	if n := value(c.Expunge().Collect())(t); !slices.Equal(n, []uint32{1}) {
		t.Errorf("EXPUNGE took %v", n)
	}
	must(t, c.Store(imap.UIDSetNum(all[3]), deleted, nil).Close())
	must(t, c.UnselectAndExpunge().Wait())
	if st := value(c.Status("INBOX", &imap.StatusOptions{NumMessages: true}).Wait())(t); *st.NumMessages != 2 {
		t.Errorf("INBOX holds %d messages", *st.NumMessages)
	}
	if sel := value(c.Select("Sở KH&CN", nil).Wait())(t); sel.NumMessages != 3 || sel.UIDNext != 4 {
		t.Errorf("Sở KH&CN: %+v", sel)
	}
	subjects := value(c.Fetch(imap.SeqSet{{Start: 1, Stop: 0}}, &imap.FetchOptions{Envelope: true, Flags: true}).Collect())(t)
	for i, want := range []string{"a", "c", "b"} {
		if subjects[i].Envelope.Subject != want || !sameFlags(subjects[i].Flags, imap.FlagSeen) {
			t.Errorf("message %d is %q, flags %v", i+1, subjects[i].Envelope.Subject, subjects[i].Flags)
		}
	}
	if _, err := c.Copy(imap.SeqSetNum(1), "Không có").Wait(); !isCode(err, imap.ResponseCodeTryCreate) {
		t.Errorf("COPY to nowhere: %v", err)
	}
}
