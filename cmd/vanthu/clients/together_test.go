package clients

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// idle watches with one session what another does.
func idle(t *testing.T, s server, who login) {
	exists, flags, gone := make(chan uint32, 10), make(chan []imap.Flag, 10), make(chan uint32, 10)
	watcher := s.enterWatching(t, who, &imapclient.UnilateralDataHandler{
		Mailbox: func(d *imapclient.UnilateralDataMailbox) {
			if d.NumMessages != nil {
				exists <- *d.NumMessages
			}
		},
		Fetch: func(m *imapclient.FetchMessageData) {
			if b, err := m.Collect(); err == nil {
				flags <- b.Flags
			}
		},
		Expunge: func(n uint32) { gone <- n },
	})
	value(watcher.Select("INBOX", nil).Wait())(t)
	waiting := value(watcher.Idle())(t)

	other := s.enter(t, who)
	put(t, other, "INBOX", nil, letter(1, "mới", "mới"))
	if n := next(t, exists); n != 1 {
		t.Errorf("EXISTS %d", n)
	}
	value(other.Select("INBOX", nil).Wait())(t)
	must(t, other.Store(imap.SeqSetNum(1), &imap.StoreFlags{Op: imap.StoreFlagsSet, Flags: []imap.Flag{imap.FlagSeen, imap.FlagDeleted}}, nil).Close())
	if f := next(t, flags); !sameFlags(f, imap.FlagSeen, imap.FlagDeleted) {
		t.Errorf("FETCH FLAGS %v", f)
	}
	value(other.Expunge().Collect())(t)
	if n := next(t, gone); n != 1 {
		t.Errorf("EXPUNGE %d", n)
	}
	must(t, waiting.Close(), waiting.Wait(), watcher.Noop().Wait())
}

// next waits for what the server tells unasked.
func next[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	end := time.NewTimer(patience)
	defer end.Stop()
	select {
	case v := <-c:
		return v
	case <-end.C:
		t.Fatal("the server did not tell")
		panic("unreachable")
	}
}

func rights(t *testing.T, s server, who login) {
	c := s.enter(t, who)
	mine := value(c.MyRights("INBOX").Wait())(t)
	if mine.Mailbox != "INBOX" || !strings.Contains(mine.Rights.String(), "lrswi") {
		t.Errorf("MYRIGHTS %+v", mine)
	}
	acl := value(c.GetACL("Thùng rác").Wait())(t)
	if acl.Mailbox != "Thùng rác" || len(acl.Rights[imap.RightsIdentifier(who.Address)]) == 0 {
		t.Errorf("GETACL %+v", acl)
	}
	id := value(imap.NewRightsIdentifierUsername("u0000@" + domain))(t)
	if err := c.SetACL("INBOX", id, imap.RightModificationAdd, imap.RightSet("lr")).Wait(); !isCode(err, imap.ResponseCodeNoPerm) {
		t.Errorf("SETACL: %v", err)
	}
	// An account without a limit has no quota root: a QUOTA without a resource is
	// not in the grammar (RFC 9208), and Thunderbird hangs up on it.
	for _, q := range value(c.GetQuotaRoot("INBOX").Wait())(t) {
		if len(q.Resources) == 0 {
			t.Errorf("quota root %q has no resource", q.Root)
		}
	}
	if q, err := c.GetQuota("").Wait(); err == nil && (q == nil || len(q.Resources) == 0) {
		t.Errorf("GETQUOTA %+v", q)
	}
	if err := c.SetQuota("", map[imap.QuotaResourceType]int64{imap.QuotaResourceStorage: 1 << 20}).Wait(); !isCode(err, imap.ResponseCodeNoPerm) {
		t.Errorf("SETQUOTA: %v", err)
	}
}

// TestFullMailbox: an operator bounds a mailbox of a running server. What is too
// much is refused on every way in, and replacing or deleting goes on.
func TestFullMailbox(t *testing.T) {
	t.Parallel()
	s := setUp(t, anyPort, "")
	who, other := s.person(t, "lan", "Lan Mẫu"), s.person(t, "mai", "Mai Mẫu")
	r := s.start(t)
	letter := func(n, size int) []byte { return note(who.Address, fmt.Sprintf("%d@%s", n, domain), size) }
	store := func(message []byte) error {
		c := value(r.session(who))(t)
		defer c.Close() // go-imap's client gives up its connection when a literal is refused
		_, err := add(c, "INBOX", nil, message)
		return err
	}
	must(t, store(letter(1, 200<<10)))
	if code, out := s.try("account", "quota", who.Address, "300KiB"); code != 0 || !strings.Contains(out, "đang giữ 0.2 MiB, hạn mức 300 KiB") {
		t.Fatalf("%d %s", code, out)
	}
	if out := s.command(t, "account", "add", "hop@"+domain, "--agency", "--quota", "2GiB") + s.command(t, "account", "list"); !strings.Contains(out, "hạn mức 300 KiB") || !strings.Contains(out, "hạn mức 2 GiB") {
		t.Errorf("the list does not tell limits:\n%s", out)
	}
	if err := store(letter(2, 150<<10)); !isCode(err, imap.ResponseCodeOverQuota) {
		t.Errorf("APPEND: %v", err)
	}
	c := value(r.session(who))(t)
	value(c.Select("INBOX", nil).Wait())(t)
	if _, err := c.Copy(imap.SeqSetNum(1), "Lưu trữ").Wait(); !isCode(err, imap.ResponseCodeOverQuota) {
		t.Errorf("COPY: %v", err)
	}
	value(c.Move(imap.SeqSetNum(1), "Lưu trữ").Wait())(t)
	if err := r.mail(other, []string{who.Address}, note(other.Address, "3@"+domain, 150<<10)); err == nil || !strings.Contains(err.Error(), "552") {
		t.Errorf("mail to a full mailbox: %v", err)
	}
	q := value(c.GetQuota("").Wait())(t)
	if got := q.Resources[imap.QuotaResourceStorage]; got.Limit != 300 || got.Usage < 200 {
		t.Errorf("GETQUOTA: %+v", q)
	}
	if code, out := s.try("account", "quota", who.Address, "1 KiB"); code != 0 || !strings.Contains(out, "đã đầy") {
		t.Errorf("%d %s", code, out)
	}
	if code, out := s.try("account", "quota", who.Address, "none"); code != 0 || !strings.Contains(out, "không có hạn mức") {
		t.Errorf("%d %s", code, out)
	}
	must(t, store(letter(4, 500<<10)))
	for args, want := range map[string]int{"ai@" + domain: 1, who.Address + " 5 quả": 2, who.Address + " 0B": 2, who.Address + " -1KiB": 2} {
		address, size, _ := strings.Cut(args, " ")
		words := []string{"account", "quota", address}
		if size != "" {
			words = append(words, "--", size)
		}
		if code, out := s.try(words...); code != want {
			t.Errorf("quota %s: %d %s", args, code, out)
		}
	}
	c.Close()
	r.stop(t)
}

// pipelined sends many commands before it reads an answer.
func pipelined(t *testing.T, s server, who login) {
	c := s.enter(t, who)
	const n = 50
	for i := range n {
		put(t, c, "INBOX", nil, letter(i+1, fmt.Sprint("thư ", i+1), "x"))
	}
	value(c.Select("INBOX", nil).Wait())(t)
	var fetches []*imapclient.FetchCommand
	for i := range uint32(n) {
		fetches = append(fetches, c.Fetch(imap.SeqSetNum(i+1), &imap.FetchOptions{Envelope: true, UID: true}))
	}
	status := c.Status("Thùng rác", &imap.StatusOptions{NumMessages: true})
	for i, f := range fetches {
		m := value(f.Collect())(t)
		if len(m) != 1 || m[0].UID != imap.UID(i+1) || m[0].Envelope.Subject != fmt.Sprint("thư ", i+1) {
			t.Fatalf("answer %d: %+v", i+1, m)
		}
	}
	value(status.Wait())(t)
}

// agency looks at the mailbox of Sở Nội vụ with the eyes of an official who may
// read and write there, but not delete.
func agency(t *testing.T, s server, official login) {
	c := s.enter(t, official)
	const root = "Hộp thư cơ quan/Sở Nội vụ"
	list := value(c.List("", "Hộp thư cơ quan/*", &imap.ListOptions{ReturnSubscribed: true, ReturnSpecialUse: true}).Collect())(t)
	i := slices.IndexFunc(list, func(l *imap.ListData) bool { return l.Mailbox == root })
	if i < 0 {
		t.Fatalf("no inbox of the agency among %d folders", len(list))
	}
	for _, l := range list {
		if !slices.Contains(l.Attrs, imap.MailboxAttrSubscribed) {
			t.Errorf("%s is not subscribed", l.Mailbox)
		}
		for _, use := range specialUse {
			if slices.Contains(l.Attrs, use) {
				t.Errorf("%s is a second %s for the mail program", l.Mailbox, use)
			}
		}
	}
	if mine := value(c.MyRights(root).Wait())(t); strings.ContainsAny(mine.Rights.String(), "xte") {
		t.Errorf("rights %s", mine.Rights)
	}
	await(t, "the demonstration's document is in the agency's inbox", func() bool {
		return *value(c.Status(root, &imap.StatusOptions{NumMessages: true}).Wait())(t).NumMessages > 0
	})
	value(c.Select(root, nil).Wait())(t)
	must(t, c.Store(imap.SeqSetNum(1), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagAnswered}}, nil).Close())
	if err := c.Store(imap.SeqSetNum(1), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}}, nil).Close(); err == nil {
		if n := value(c.Expunge().Collect())(t); len(n) != 0 {
			t.Error("a message was deleted without the right")
		}
	}
	if err := c.Delete(root).Wait(); err == nil {
		t.Error("the agency's inbox was deleted")
	}
}
