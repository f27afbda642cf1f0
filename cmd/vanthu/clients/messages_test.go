package clients

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

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
