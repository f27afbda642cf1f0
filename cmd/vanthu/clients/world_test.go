//go:build thunderbird

package clients

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // Thunderbird writes names in UTF-8
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"quangtri.gov.vn/vanthu/configs"
)

// world is the server and everybody but the clerk's Thunderbird.
type world struct {
	site
	server
	front        string // the address to which all names lead
	imaps, smtps *tap
	clerk, other login
	document     configs.Document
	file         []byte
}

// Where the issued document must be found, and under which subject.
const (
	agencyInbox     = "Hộp thư cơ quan/Sở Nội vụ"
	documentSubject = "[15/2010/CT-UBND] Về việc gửi bản điện tử cùng với văn bản giấy giữa các cơ quan trên địa bàn tỉnh"
)

// newWorld serves the domain on its real ports: on one loopback address of this
// process the server, on another taps for mail and the server's web.
func newWorld(t *testing.T) *world {
	t.Helper()
	pid := os.Getpid()
	w := &world{front: fmt.Sprintf("127.77.%d.%d", pid>>8&0xFF, pid&0xFF|1)}
	back := fmt.Sprintf("127.78.%d.%d", pid>>8&0xFF, pid&0xFF|1)
	places := map[string]string{"2025": back + ":25", "2587": back + ":587", "2465": back + ":465", "2143": back + ":143",
		"2993": back + ":993", "2080": w.front + ":80", "2443": w.front + ":443"}
	w.site = setUp(t, func(old string) string {
		_, port, _ := net.SplitHostPort(old)
		return places[port]
	}, fmt.Sprintf("\n[outgoing.smarthost]\naddress = %q\nsecurity = \"none\"\n", outside(t)))
	w.server, _ = w.site.serve(t)
	w.imaps = w.site.tap(t, w.front+":993", w.server.IMAPS, w.tls)
	w.smtps = w.site.tap(t, w.front+":465", w.server.Submissions, w.tls)

	w.command(t, "account", "agencies")
	w.clerk, w.other = w.person(t, "vanthu", "Văn thư Mẫu"), w.person(t, "dongnghiep", "Đồng nghiệp Mẫu")
	w.command(t, "account", "grant", w.clerk.Address, "ubnd@"+domain)
	w.command(t, "account", "grant", w.clerk.Address, "snv@"+domain, "--rights", "read,write")

	w.document = value(configs.Demo())(t)[0]
	w.file = value(fs.ReadFile(configs.Files, w.document.File))(t)
	return w
}

// outside is the rest of the world: it takes every mail.
func outside(t *testing.T) string {
	t.Helper()
	l := value(net.Listen("tcp", "127.0.0.1:0"))(t)
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return sink{}, nil }))
	s.Domain, s.EnableSMTPUTF8 = "outside.example", true
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Close()
		<-done
	})
	return l.Addr().String()
}

type sink struct{}

func (sink) Mail(string, *smtp.MailOptions) error { return nil }
func (sink) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (sink) Reset()                               {}
func (sink) Logout() error                        { return nil }
func (sink) Data(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

// setUp makes the account from a name, an address and a password.
func (w *world) setUp(t *testing.T, m *marionette) {
	t.Helper()
	block, _ := pem.Decode(value(os.ReadFile(filepath.Join(w.dir, "ca.pem")))(t))
	m.do(t, nil, "trust", base64.StdEncoding.EncodeToString(block.Bytes))
	var made struct{ Found, Incoming, Outgoing string }
	m.do(t, &made, "setUp", "Văn thư Mẫu", w.clerk.Address, w.clerk.Password)
	// socket 3 is TLS from the first byte, auth 3 the password as it is
	const want = "%s mail." + domain + ":%d socket 3 auth 3 %s"
	if made.Found != "xml xml-from-isp-https" || made.Incoming != fmt.Sprintf(want, "imap", 993, w.clerk.Address) ||
		made.Outgoing != fmt.Sprintf(want, "smtp", 465, w.clerk.Address) {
		t.Errorf("set up as %+v", made)
	}
}

// folder is one of Thunderbird's folder list: its name on the server, as it is
// shown, and what Thunderbird uses it for.
type folder struct{ Name, Shown, Use string }

// wantFolders waits until the folder list, without what lies in agency mailboxes,
// is that of a new account and some more. An English twin fails it.
func (w *world) wantFolders(t *testing.T, m *marionette, more ...folder) {
	t.Helper()
	want := []folder{{"INBOX", "INBOX", "Inbox"}, {"Thư nháp", "Thư nháp", "Drafts"}, {"Thư đã gửi", "Thư đã gửi", "Sent"},
		{"Lưu trữ", "Lưu trữ", "Archive"}, {"Thư rác", "Thư rác", "Junk"}, {"Thùng rác", "Thùng rác", "Trash"},
		{"Hộp thư cơ quan", "Hộp thư cơ quan", ""}}
	want = append(want, more...)
	byName := func(a, b folder) int { return strings.Compare(a.Name, b.Name) }
	slices.SortFunc(want, byName)
	var own, shared []folder
	defer func() { t.Logf("own folders %v, shared %v", own, shared) }()
	await(t, fmt.Sprintf("the folders are %v", want), func() bool {
		var all []folder
		m.do(t, &all, "folders")
		own, shared = nil, nil
		for _, f := range all {
			if strings.HasPrefix(f.Name, "Hộp thư cơ quan/") {
				shared = append(shared, f)
			} else {
				own = append(own, f)
			}
		}
		slices.SortFunc(own, byName)
		return slices.Equal(own, want)
	})
	if !slices.ContainsFunc(shared, func(f folder) bool { return f.Name == agencyInbox }) {
		t.Errorf("no %s", agencyInbox)
	}
	if i := slices.IndexFunc(shared, func(f folder) bool { return f.Use != "" }); i >= 0 {
		t.Errorf("a folder of an agency is for own mail: %v", shared[i])
	}
}

// sendToColleague sends a mail whose file has a Vietnamese name, and looks at it
// in the colleague's mailbox and among the sent ones.
func (w *world) sendToColleague(t *testing.T, m *marionette) {
	t.Helper()
	const subject, name = "Đấu thầu công trình", "Hồ sơ mời thầu – gói số 3 (bản cuối).pdf"
	content := bytes.Repeat([]byte("%PDF-1.4 thử\n"), 3000)
	path := filepath.Join(t.TempDir(), name)
	must(t, os.WriteFile(path, content, 0o600))
	m.do(t, nil, "send", w.other.Address, subject, "Kính gửi đồng chí.\n", path)
	gotName, gotContent := w.attachment(t, w.other, "INBOX", subject)
	if gotName != name || !bytes.Equal(gotContent, content) {
		t.Errorf("the colleague got %q with %d bytes", gotName, len(gotContent))
	}
	if gotName, _ := w.attachment(t, w.clerk, "Thư đã gửi", subject); gotName != name {
		t.Errorf("Thư đã gửi has %q", gotName)
	}
}

// attachment waits for a message and returns its file.
func (w *world) attachment(t *testing.T, who login, in, subject string) (name string, content []byte) {
	t.Helper()
	c := w.enter(t, who)
	defer c.Close()
	whole := &imap.FetchItemBodySection{Peek: true}
	var raw []byte
	await(t, subject+" in "+in, func() bool {
		value(c.Select(in, nil).Wait())(t)
		uids := value(c.UIDSearch(&imap.SearchCriteria{Header: []imap.SearchCriteriaHeaderField{{Key: "Subject", Value: subject}}}, nil).Wait())(t).AllUIDs()
		if len(uids) == 0 {
			return false
		}
		raw = value(c.Fetch(imap.UIDSetNum(uids[0]), &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{whole}}).Collect())(t)[0].FindBodySection(whole)
		return true
	})
	e := value(message.Read(bytes.NewReader(raw)))(t)
	must(t, e.Walk(func(_ []int, part *message.Entity, err error) error {
		if err != nil {
			return err
		}
		if kind, params, _ := part.Header.ContentDisposition(); kind == "attachment" {
			name = params["filename"]
			content, err = io.ReadAll(part.Body)
		}
		return err
	}))
	return name, content
}

// receive has the colleague write while the clerk looks at the inbox, first one
// mail, then some at once. Thunderbird is told by IDLE.
func (w *world) receive(t *testing.T, m *marionette) {
	t.Helper()
	m.do(t, nil, "show", "INBOX", "")
	await(t, "Thunderbird waits in IDLE", func() bool { return w.idles("INBOX") })
	began := time.Now()
	w.write(t, 10, "Mời họp đấu thầu")
	var arrived struct{ Read bool }
	m.do(t, &arrived, "arrives", "INBOX", "Mời họp đấu thầu")
	if took := time.Since(began); arrived.Read || took > 5*time.Second {
		t.Errorf("the mail arrived after %v, read: %v", took, arrived.Read)
	}
	many := []string{"Đầu thau", "Giao ban tuần", "Công tác phí", "Nghỉ lễ", "Trực cơ quan"}
	for i, subject := range many {
		w.write(t, 11+i, subject)
	}
	for _, subject := range many {
		m.do(t, &arrived, "arrives", "INBOX", subject)
	}
	var shown struct {
		Files      []string
		Text, From string
	}
	m.do(t, &shown, "read", "INBOX", "Mời họp đấu thầu")
	if !slices.Equal(shown.Files, []string{"Công văn.pdf"}) || !strings.Contains(shown.Text, "Nội dung: Mời họp đấu thầu.") || !strings.HasPrefix(shown.From, "Lê Mẫu An <") {
		t.Errorf("Thunderbird shows %+v", shown)
	}
}

// write has the colleague send the clerk a mail.
func (w *world) write(t *testing.T, number int, subject string) {
	t.Helper()
	w.submit(t, w.other, w.clerk.Address, letter(number, subject, "Nội dung: "+subject+"."))
}

// idles reports whether a connection now waits in IDLE on a folder.
func (w *world) idles(name string) bool {
	w.imaps.mu.Lock()
	defer w.imaps.mu.Unlock()
	for _, s := range w.imaps.sessions {
		s.mu.Lock()
		selected, waiting := "", false
		for _, l := range s.lines {
			if l.server {
				continue
			}
			if m := selects.FindStringSubmatch(l.text); m != nil {
				selected = m[1]
			}
			waiting = idleCommand.MatchString(l.text)
		}
		s.mu.Unlock()
		if waiting && selected == name {
			return true
		}
	}
	return false
}

var (
	selects     = regexp.MustCompile(`(?i)^\S+ select "(.*)"`)
	idleCommand = regexp.MustCompile(`(?i)^\S+ idle$`)
)

// submit sends a mail as another mail program does.
func (w *world) submit(t *testing.T, from login, to string, mail []byte) {
	t.Helper()
	c := value(smtp.DialTLS(w.Submissions, w.tls))(t)
	defer c.Close()
	must(t, c.Auth(sasl.NewPlainClient("", from.Address, from.Password)))
	mail = bytes.Replace(mail, []byte("<an@quangtri.gov.vn>"), []byte("<"+from.Address+">"), 1)
	must(t, c.SendMail(from.Address, []string{to}, bytes.NewReader(mail)), c.Quit())
}

// issue mails a document to the issuing desk and sees it arrive at an agency, and
// the report in the clerk's inbox.
func (w *world) issue(t *testing.T, m *marionette) {
	t.Helper()
	path := filepath.Join(t.TempDir(), w.document.Name)
	must(t, os.WriteFile(path, w.file, 0o600))
	m.do(t, nil, "send", "phathanh@"+domain, "Đề nghị phát hành", "Kính đề nghị phát hành văn bản đính kèm.\n", path)
	m.do(t, nil, "read", agencyInbox, documentSubject)
	var shown struct {
		Files []string
		Text  string
	}
	m.do(t, &shown, "read", agencyInbox, documentSubject)
	if !slices.Equal(shown.Files, []string{w.document.Name}) {
		t.Errorf("the agency sees the files %q", shown.Files)
	}
	if name, content := w.attachment(t, w.clerk, agencyInbox, w.document.Number); name != w.document.Name || !bytes.Equal(content, w.file) {
		t.Errorf("the agency got %q with %d bytes", name, len(content))
	}
	await(t, "a report in the clerk's inbox", func() bool {
		var subjects []string
		m.do(t, &subjects, "subjects", "INBOX")
		return slices.ContainsFunc(subjects, func(s string) bool { return strings.Contains(s, w.document.Number) })
	})
	var status json.RawMessage
	must(t, json.Unmarshal([]byte(w.command(t, "status", w.document.Number, "--json")), &status))
	for _, state := range []string{`"arrived"`, `"held"`, `"paper"`} {
		if !bytes.Contains(status, []byte(state)) {
			t.Errorf("no recipient is %s", state)
		}
	}
}

// tidy moves, marks and deletes.
func (w *world) tidy(t *testing.T, m *marionette) {
	t.Helper()
	m.do(t, nil, "move", "Mời họp đấu thầu", "INBOX", "Sở KH&CN")
	m.do(t, nil, "mark", "Sở KH&CN", "Mời họp đấu thầu")
	m.do(t, nil, "remove", "INBOX", "Giao ban tuần")
	wantSubjects(t, m, "Thùng rác", "Giao ban tuần")
	wantSubjects(t, m, "Sở KH&CN", "Mời họp đấu thầu")
	await(t, "the server has the marks", func() bool {
		return len(w.imaps.said(`^S: .* FETCH \(.*FLAGS \(.*\\Flagged`)) > 0
	})
	if said := w.imaps.said(`(?i)^C: \S+ UID MOVE`); len(said) != 2 {
		t.Errorf("moved by %q", said)
	}
}

// wantSubjects waits until Thunderbird shows these messages in a folder.
func wantSubjects(t *testing.T, m *marionette, name string, want ...string) {
	t.Helper()
	slices.Sort(want)
	await(t, fmt.Sprintf("%s holds %q", name, want), func() bool {
		var have []string
		m.do(t, &have, "subjects", name)
		slices.Sort(have)
		return slices.Equal(have, want)
	})
}

// search asks the server for words with and without marks.
func (w *world) search(t *testing.T, m *marionette) {
	t.Helper()
	w.write(t, 20, "Đấu thầu công trình")
	m.do(t, nil, "arrives", "INBOX", "Đấu thầu công trình")
	for _, q := range []struct {
		attribute, words string
		want             []string
	}{
		{"Subject", "đấu thầu", []string{"Đấu thầu công trình"}},
		{"Subject", "dau thau", []string{"Đấu thầu công trình", "Đầu thau"}},
		{"Subject", "đậu thầu", nil},
		{"Body", "nội dung: đấu thầu", []string{"Đấu thầu công trình"}},
		{"Sender", "le mau an", []string{"Đấu thầu công trình", "Đầu thau", "Công tác phí", "Nghỉ lễ", "Trực cơ quan"}},
	} {
		var have []string
		m.do(t, &have, "search", "INBOX", q.attribute, q.words)
		slices.Sort(q.want)
		if !slices.Equal(have, q.want) {
			t.Errorf("search %s for %q: %q, want %q\n%s", q.attribute, q.words, have, q.want, strings.Join(w.imaps.said("(?i)search"), "\n"))
		}
	}
}

// again does what goes wrong at a second start, if anything does: the wastebasket
// and the folder of sent mail have been forgotten.
func (w *world) again(t *testing.T, m *marionette) {
	t.Helper()
	wantSubjects(t, m, "Sở KH&CN", "Mời họp đấu thầu")
	m.do(t, nil, "remove", "INBOX", "Đầu thau")
	wantSubjects(t, m, "Thùng rác", "Giao ban tuần", "Đầu thau")
	m.do(t, nil, "send", w.other.Address, "Thư thứ hai", "Hết.\n", "")
	wantSubjects(t, m, "Thư đã gửi", "Đấu thầu công trình", "Đề nghị phát hành", "Thư thứ hai")
	c := w.dial(t, nil)
	must(t, c.Login(w.clerk.Address, w.clerk.Password).Wait())
	var own []string
	for _, l := range value(c.List("", "*", nil).Collect())(t) {
		if !strings.HasPrefix(l.Mailbox, "Hộp thư cơ quan") {
			own = append(own, l.Mailbox)
		}
	}
	if len(own) != 7 { // the six of a new account and Sở KH&CN
		t.Errorf("on the server there are %q", own)
	}
}

// listen looks through all that Thunderbird and the server said.
func (w *world) listen(t *testing.T) {
	t.Helper()
	for _, l := range w.imaps.said(imapRefused) {
		t.Errorf("IMAP: %s", l)
	}
	for _, l := range w.smtps.said(`^S: [45]\d\d|^S: tap:`) {
		t.Errorf("SMTP: %s", l)
	}
	if len(w.imaps.said(`^S: \S+ OK`)) == 0 || len(w.smtps.said(`^S: 250`)) == 0 {
		t.Error("the taps heard nothing")
	}
}
