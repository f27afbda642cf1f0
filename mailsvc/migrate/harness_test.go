package migrate

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"quangtri.gov.vn/vanthu/internal/blob"
	"quangtri.gov.vn/vanthu/mailsvc"
	"quangtri.gov.vn/vanthu/mailsvc/imap"
	"quangtri.gov.vn/vanthu/mailsvc/mailbox"
	"quangtri.gov.vn/vanthu/mailsvc/mailbox/bolt"
	"quangtri.gov.vn/vanthu/mailsvc/mime"
)

const (
	lan    = "lan@moi.test" // the account here
	secret = "mật khẩu cũ"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// people knows one account, with a limit.
type people struct{ quota int64 }

func (p *people) Account(address string) (mailsvc.Account, error) {
	if address != lan {
		return mailsvc.Account{}, &mailsvc.Error{Op: "find account", Kind: mailsvc.ErrNotFound}
	}
	return mailsvc.Account{Address: lan, Kind: mailsvc.Person, Quota: p.quota}, nil
}

func (p *people) Authenticate(_ context.Context, address, password, _ string) (mailsvc.Account, error) {
	if password != secret {
		return mailsvc.Account{}, &mailsvc.Error{Op: "log in", Kind: mailsvc.ErrNotAllowed}
	}
	return p.Account(address)
}

func (p *people) MaySend(mailsvc.Account, string) bool                 { return false }
func (p *people) Rights(mailsvc.Account, string) (none mailsvc.Rights) { return none }

// house is a place for mailboxes: the new one, or an old one with a server.
type house struct {
	store  *bolt.Store
	bodies mailbox.Bodies
	people *people
	dir    string
}

func newHouse(t testing.TB) *house { return newHouseOn(t, true) }

// newHouseOn makes a house whose stores flush, or do not.
func newHouseOn(t testing.TB, noSync bool) *house {
	t.Helper()
	fatal := func(err error) { t.Errorf("fatal: %v", err) }
	bodies, err := blob.Open(t.TempDir(), blob.Options{Fatal: fatal, NoSync: noSync})
	must(t, err)
	store, err := bolt.Open(t.TempDir(), bolt.Options{Fatal: fatal, NoSync: noSync, Shards: 1, Logger: slog.New(slog.DiscardHandler), MmapSize: 64 << 20})
	must(t, err)
	h := &house{store: store, bodies: mailbox.Bodies{Store: bodies}, people: &people{}, dir: t.TempDir()}
	must(t, store.CreateAccount(context.Background(), lan, []mailsvc.FolderSpec{
		{Name: "Thư nháp", SpecialUse: `\Drafts`}, {Name: "Thư đã gửi", SpecialUse: `\Sent`},
		{Name: "Lưu trữ", SpecialUse: `\Archive`}, {Name: "Thư rác", SpecialUse: `\Junk`}, {Name: "Thùng rác", SpecialUse: `\Trash`},
	}))
	t.Cleanup(func() {
		for _, err := range store.Check(context.Background()) {
			t.Errorf("store: %v", err)
		}
		store.Close()
		bodies.Close()
	})
	return h
}

// options for a run into the house. Tests wait for what happens, not for a while.
func (h *house) options() Options {
	return Options{Store: h.store, Blobs: h.bodies, Identities: h.people, Dir: h.dir, MaxMessage: 1 << 20,
		Reserved: "Hộp thư cơ quan", Patience: 20 * time.Second, Retry: time.Millisecond}
}

// serve opens our own server on the house, as the old one.
func (h *house) serve(t testing.TB) Server {
	t.Helper()
	srv := imap.New(imap.Options{Store: h.store, Blobs: h.bodies, Identities: h.people, Limits: imap.Limits{ConnsPerIP: -1, ConnsPerUser: -1}})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l, imap.Plain) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		must(t, srv.Shutdown(ctx))
		<-done
	})
	return plainServer(t, l)
}

func plainServer(t testing.TB, l net.Listener) Server {
	t.Helper()
	host, port, err := net.SplitHostPort(l.Addr().String())
	must(t, err)
	return Server{Host: host, Port: port, Security: Plain}
}

// put stores a message in the old house.
func (h *house) put(t testing.TB, folder, body string, when time.Time, flags ...string) {
	t.Helper()
	ctx := context.Background()
	f, err := h.store.Folder(ctx, lan, lan, folder)
	if err != nil {
		f, err = h.store.CreateFolder(ctx, lan, folder, "")
		must(t, err)
	}
	m, err := mime.Ingest(h.bodies, strings.NewReader(body))
	must(t, err)
	m.Flags, m.Internal = flags, when
	_, err = h.store.Append(ctx, lan, f.ID, []mailsvc.NewMessage{m})
	must(t, err)
}

// kept is a message as it is stored.
type kept struct {
	body  string
	flags string
	when  string
}

// folder returns what is in a folder, in order of UIDs.
func (h *house) folder(t testing.TB, name string) (out []kept) {
	t.Helper()
	ctx := context.Background()
	f, err := h.store.Folder(ctx, lan, lan, name)
	must(t, err)
	must(t, h.store.Messages(ctx, lan, lan, f.ID, []mailsvc.Range{{From: 1}}, false, func(m *mailsvc.Message) bool {
		b, err := h.bodies.Open(m.Blob)
		must(t, err)
		defer b.Close()
		body, err := io.ReadAll(io.NewSectionReader(b, 0, b.Size()))
		must(t, err)
		flags := slices.Clone(m.Flags)
		slices.Sort(flags)
		out = append(out, kept{string(body), strings.Join(flags, " "), m.Internal.Format(time.RFC3339)})
		return true
	}))
	return out
}

func (h *house) names(t testing.TB) (out []string) {
	t.Helper()
	all, err := h.store.Folders(context.Background(), lan, lan)
	must(t, err)
	for _, f := range all {
		out = append(out, f.Name)
	}
	return out
}

// letter makes a message; equal numbers make equal messages.
func letter(n int) string {
	return fmt.Sprintf("From: a@cu.test\r\nSubject: thư %d\r\nDate: Mon, 4 Jan 2010 08:00:00 +0700\r\n\r\nNội dung %d\r\n", n, n)
}

// migrate runs once and wants it to be complete.
func (h *house) migrate(t testing.TB, from Server) Report {
	t.Helper()
	r := Run(t.Context(), Job{Server: from, User: lan, Password: secret, Account: lan}, h.options())
	if !r.Complete() {
		t.Fatalf("not complete: %+v", r)
	}
	return r
}

// fake is a scripted old server. It knows just enough, and what it says about its
// messages may be anything.
type fake struct {
	t        testing.TB
	greeting string
	caps     string
	list     []string // "* LIST …" lines
	lsub     []string
	validity uint32
	letters  []fakeLetter
	// say, if not nil, may answer a command itself: true means that it has. hangUp
	// ends the connection.
	say func(c *fakeConn, tag, command string) bool

	mu    sync.Mutex
	conns int
	asked []string // commands, without tags
}

type fakeLetter struct {
	uid  int
	body string // as literal
	// head replaces "UID n FLAGS () INTERNALDATE … RFC822.SIZE n" in the survey.
	head string
	// answer replaces the whole answer to a body's FETCH.
	answer func(c *fakeConn, seq int)
}

type fakeConn struct {
	*fake
	net.Conn
	number int // of the connection, from 1
}

func (c *fakeConn) line(format string, a ...any) { fmt.Fprintf(c, format+"\r\n", a...) }

func newFake(t testing.TB, letters ...fakeLetter) *fake {
	return &fake{t: t, greeting: "* OK hello", caps: "IMAP4rev1", list: []string{`* LIST () "/" INBOX`}, lsub: []string{`* LSUB () "/" INBOX`}, validity: 7, letters: letters}
}

func plainLetters(n int) (out []fakeLetter) {
	for i := range n {
		out = append(out, fakeLetter{uid: i + 1, body: letter(i + 1)})
	}
	return out
}

func (f *fake) serve() Server {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(f.t, err)
	var wait sync.WaitGroup
	wait.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			f.mu.Lock()
			f.conns++
			c := &fakeConn{f, conn, f.conns}
			f.mu.Unlock()
			wait.Go(c.run)
		}
	})
	f.t.Cleanup(func() { l.Close(); wait.Wait() })
	return plainServer(f.t, l)
}

func (c *fakeConn) run() {
	defer c.Conn.Close()
	c.line("%s", c.greeting)
	in := bufio.NewReader(c.Conn)
	for {
		s, err := in.ReadString('\n')
		if err != nil {
			return
		}
		tag, command, _ := strings.Cut(strings.TrimRight(s, "\r\n"), " ")
		c.mu.Lock()
		c.asked = append(c.asked, command)
		say := c.say
		c.mu.Unlock()
		if say != nil && say(c, tag, command) {
			continue
		}
		c.answer(tag, command)
	}
}

// answer is what an honest server would say.
func (c *fakeConn) answer(tag, command string) {
	word, rest, _ := strings.Cut(command, " ")
	if word == "UID" {
		_, rest, _ = strings.Cut(rest, " ")
		word = "UID FETCH"
	}
	switch word {
	case "CAPABILITY":
		c.line("* CAPABILITY %s", c.caps)
	case "LIST":
		c.lines(c.list)
	case "LSUB":
		c.lines(c.lsub)
	case "EXAMINE":
		c.line("* %d EXISTS", len(c.letters))
		c.line("* OK [UIDVALIDITY %d] ok", c.validity)
	case "FETCH", "UID FETCH":
		set, items, _ := strings.Cut(rest, " ")
		for i, l := range c.letters {
			if number := map[bool]int{true: l.uid, false: i + 1}[word == "UID FETCH"]; inSet(set, number) {
				c.fetch(i+1, l, items)
			}
		}
	case "LOGIN":
		if !strings.Contains(rest, "đúng") && !strings.Contains(rest, secret) {
			c.line("%s OK in", tag)
			return
		}
	}
	c.line("%s OK done", tag)
}

func (c *fakeConn) lines(lines []string) {
	for _, l := range lines {
		c.line("%s", l)
	}
}

func (c *fakeConn) fetch(seq int, l fakeLetter, items string) {
	switch {
	case strings.Contains(items, "BODY.PEEK[]") && l.answer != nil:
		l.answer(c, seq)
	case strings.Contains(items, "BODY.PEEK[]"):
		c.line("* %d FETCH (UID %d BODY[] {%d}\r\n%s)", seq, l.uid, len(l.body), l.body)
	case strings.Contains(items, "FLAGS"):
		head := l.head
		if head == "" {
			head = fmt.Sprintf(`FLAGS () INTERNALDATE "04-Jan-2010 08:00:00 +0700" RFC822.SIZE %d`, len(l.body))
		}
		c.line("* %d FETCH (UID %d %s)", seq, l.uid, head)
	default:
		c.line("* %d FETCH (UID %d)", seq, l.uid)
	}
}

func inSet(set string, n int) bool {
	for part := range strings.SplitSeq(set, ",") {
		from, to, ranged := strings.Cut(part, ":")
		a, _ := strconv.Atoi(from)
		b := a
		if ranged {
			b, _ = strconv.Atoi(to)
		}
		if n >= a && n <= b {
			return true
		}
	}
	return false
}

// run copies from the fake server.
func (f *fake) run(h *house, s Server) Report {
	f.t.Helper()
	return Run(f.t.Context(), Job{Server: s, User: "lan", Password: "x", Account: lan}, h.options())
}
