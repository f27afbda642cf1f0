package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-message"

	"quangtri.gov.vn/vanthu/configs"
	"quangtri.gov.vn/vanthu/directory"
	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/internal/blob"
	"quangtri.gov.vn/vanthu/mailsvc"
	"quangtri.gov.vn/vanthu/mailsvc/identity"
	"quangtri.gov.vn/vanthu/mailsvc/mailbox"
	"quangtri.gov.vn/vanthu/mailsvc/mailbox/bolt"
)

const (
	testDomain = "quangtri.gov.vn"
	deskUBND   = "vanthu1@" + testDomain
	password   = "mật khẩu để thử"
	canary     = "KIMTUOC-4410"
)

var sampleDirectory = sync.OnceValues(func() (*directory.Snapshot, error) { return directory.LoadFS(configs.Directory()) })

// world is an engine on real stores, with a reader that returns what the test
// says and an outside queue that the test moves.
type world struct {
	*Engine
	t     *testing.T
	dir   string
	queue *outbox
	limit func(ctx context.Context, address string, bytes int64) error // what a mailbox may hold
	log   *bytes.Buffer
	clerk mailsvc.Account
}

func newWorld(t *testing.T) *world {
	t.Helper()
	snapshot, err := sampleDirectory()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, dir: t.TempDir(), queue: newOutbox(), log: new(bytes.Buffer)}
	fatal := func(err error) { t.Errorf("fatal: %v", err) }
	logger := slog.New(slog.NewTextHandler(&locked{w: w.log}, nil))
	blobs, err := blob.Open(filepath.Join(w.dir, "blobs"), blob.Options{Fatal: fatal})
	check(t, err)
	ids, err := identity.Open(filepath.Join(w.dir, "accounts.db"), identity.Options{Domains: []string{testDomain}, Fatal: fatal, Logger: logger,
		Hash: identity.HashCost{Memory: 64, Passes: 1, Threads: 1}})
	check(t, err)
	t.Cleanup(func() { check(t, ids.Close()) })
	w.limit = ids.SetQuota
	boxes, err := bolt.Open(filepath.Join(w.dir, "mail"), bolt.Options{Shards: 2, Fatal: fatal, Quota: ids.Quota, Logger: logger})
	check(t, err)
	t.Cleanup(func() { check(t, boxes.Close()) })
	w.Engine, err = Open(w.dir, Options{
		Directory: func() *directory.Snapshot { return snapshot }, Identities: ids, Mailboxes: boxes, Blobs: mailbox.Bodies{Store: blobs}, Queue: w.queue,
		Read: readScript, Domain: testDomain, IssueAddress: "phathanh@" + testDomain, BaseURL: func() string { return "https://vb.example" }, MaxAttachment: 1 << 20,
		Today: func() directory.Date { return "2010-12-31" }, Now: time.Now, Logger: logger, Fatal: fatal,
	})
	check(t, err)
	w.people(ids, boxes)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		check(t, <-done)
		for _, err := range append(w.Check(), boxes.Check(context.Background())...) {
			t.Errorf("invariant: %v", err)
		}
		check(t, w.Close())
	})
	return w
}

func (w *world) people(ids *identity.Store, boxes mailsvc.Store) {
	ctx := context.Background()
	for _, a := range []string{"ubnd", "snv", "stc", "stttt", "huyenhailang"} {
		address := a + "@" + testDomain
		check(w.t, boxes.CreateAccount(ctx, address, nil))
		check(w.t, ids.Add(ctx, mailsvc.Account{Address: address, Kind: mailsvc.Agency, Name: a}, ""))
	}
	for _, a := range []string{deskUBND, "nguoi@" + testDomain} {
		check(w.t, boxes.CreateAccount(ctx, a, nil))
		check(w.t, ids.Add(ctx, mailsvc.Account{Address: a, Name: "Văn thư mẫu"}, password))
	}
	check(w.t, ids.Grant(ctx, deskUBND, "ubnd@"+testDomain, mailsvc.Read|mailsvc.Issue|mailsvc.Send))
	var err error
	w.clerk, err = ids.Account(deskUBND)
	check(w.t, err)
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

type locked struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *locked) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

// readScript reads the test's own format: "key=value" lines. It stands for
// document.Read, which has its tests elsewhere.
func readScript(_ context.Context, name string, data []byte) dispatch.Reading {
	r := dispatch.Reading{File: name, Verdict: dispatch.OK, Confidence: map[string]float64{"recipients": 0.98}}
	r.Fields = dispatch.Fields{Issuer: "Ủy ban nhân dân tỉnh Quảng Trị", Symbol: "CT-UBND", Date: "2010-05-20", Type: "Chỉ thị", Subject: "Về việc thử"}
	for _, l := range strings.Split(string(data), "\n") {
		k, v, _ := strings.Cut(l, "=")
		switch k {
		case "number":
			r.Fields.Number, r.Fields.NumberSymbol = v, v+"/CT-UBND"
		case "to":
			r.Fields.Recipients = append(r.Fields.Recipients, v)
		case "secret":
			return dispatch.Reading{File: name, Verdict: dispatch.Secret, Fields: dispatch.Fields{Secrecy: v}}
		case "bad":
			return dispatch.Reading{File: name, Verdict: dispatch.Rejected, Problem: &dispatch.Problem{Code: "damaged", Message: v}}
		case "ask":
			field, message, _ := strings.Cut(v, ":")
			r.Verdict = dispatch.Ask
			r.Asks = append(r.Asks, dispatch.Question{Code: "test", Field: field, Message: message})
		case "issuer":
			r.Fields.Issuer = v
		}
	}
	return r
}

// outbox is a queue whose outcomes the test sets.
type outbox struct {
	mu      sync.Mutex
	items   map[string]mailsvc.Outgoing
	ends    map[string]mailsvc.Outcome
	forgot  int
	settled chan struct{}
	arrived chan struct{} // a token after each Enqueue
}

func newOutbox() *outbox {
	return &outbox{items: make(map[string]mailsvc.Outgoing), ends: make(map[string]mailsvc.Outcome), settled: make(chan struct{}, 1), arrived: make(chan struct{}, 1000)}
}

func (o *outbox) Enqueue(_ context.Context, msgs []mailsvc.Outgoing) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, m := range msgs {
		if _, ok := o.items[m.Key]; !ok {
			o.items[m.Key] = m
			o.ends[m.Key] = mailsvc.Outcome{Key: m.Key, Phase: mailsvc.Waiting}
		}
	}
	o.arrived <- struct{}{}
	return nil
}

func (o *outbox) Outcomes(_ context.Context, keys []string) (out []mailsvc.Outcome, _ error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, k := range keys {
		if e, ok := o.ends[k]; ok {
			out = append(out, e)
		}
	}
	return out, nil
}

func (o *outbox) Forget(_ context.Context, keys []string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.forgot += len(keys)
	return nil
}

func (o *outbox) Settled() <-chan struct{} { return o.settled }

// await waits until something is in the queue and not ended.
func (o *outbox) await(t *testing.T) {
	t.Helper()
	for range 2000 {
		o.mu.Lock()
		for _, e := range o.ends {
			if e.Phase == mailsvc.Waiting {
				o.mu.Unlock()
				return
			}
		}
		o.mu.Unlock()
		<-o.arrived
	}
	t.Fatal("nothing was queued")
}

// end sets the phase of everything that waits.
func (o *outbox) end(p mailsvc.Phase, reply string) {
	o.mu.Lock()
	for k := range o.ends {
		if o.ends[k].Phase == mailsvc.Waiting {
			o.ends[k] = mailsvc.Outcome{Key: k, Phase: p, Reply: reply}
		}
	}
	o.mu.Unlock()
	nudge(o.settled)
}

func doc(lines ...string) Upload {
	return Upload{Name: "Chỉ thị.odt", Type: "application/vnd.oasis.opendocument.text", Data: []byte(strings.Join(lines, "\n"))}
}

func (w *world) issue(u ...Upload) (Receipt, error) {
	w.t.Helper()
	return w.Issue(context.Background(), Submission{Clerk: &w.clerk, Files: u, MessageID: "m1@" + testDomain})
}

func (w *world) mustIssue(u ...Upload) dispatch.DocumentID {
	w.t.Helper()
	r, err := w.issue(u...)
	check(w.t, err)
	return r.Document
}

// until waits for a document to be as the test wants it.
func (w *world) until(id dispatch.DocumentID, what string, ok func(dispatch.View) bool) dispatch.View {
	w.t.Helper()
	changed, stop := w.Watch()
	defer stop()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for {
		v, err := w.View(id)
		check(w.t, err)
		if ok(v) {
			return v
		}
		select {
		case <-changed:
		case <-ctx.Done():
			w.t.Fatalf("never %s: %v", what, v.Counts())
		}
	}
}

func counts(want map[dispatch.State]int) func(dispatch.View) bool {
	return func(v dispatch.View) bool { return fmt.Sprint(v.Counts()) == fmt.Sprint(want) }
}

// mails returns the messages in an inbox, whole.
func (w *world) mails(account string) []string {
	w.t.Helper()
	ctx := context.Background()
	f, err := w.Mailboxes.Folder(ctx, account, account, "INBOX")
	check(w.t, err)
	var out []string
	check(w.t, w.Mailboxes.Messages(ctx, account, account, f.ID, []mailsvc.Range{{From: 1}}, false, func(m *mailsvc.Message) bool {
		b, err := w.Blobs.Open(m.Blob)
		check(w.t, err)
		defer b.Close()
		body, err := io.ReadAll(io.NewSectionReader(b, 0, b.Size()))
		check(w.t, err)
		out = append(out, string(m.Prefix)+string(body))
		return true
	}))
	return out
}

// awaitMails waits until an inbox holds n messages.
func (w *world) awaitMails(account string, n int) []string {
	w.t.Helper()
	changed, stop := w.Mailboxes.Watch(account)
	defer stop()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for {
		got := w.mails(account)
		if len(got) >= n {
			return got
		}
		select {
		case <-changed:
		case <-ctx.Done():
			w.t.Fatalf("%s holds %d mails, want %d", account, len(got), n)
		}
	}
}

// textOf decodes the text of a mail.
func textOf(t *testing.T, raw string) string {
	t.Helper()
	e, err := message.Read(strings.NewReader(raw))
	check(t, err)
	if mr := e.MultipartReader(); mr != nil {
		e, err = mr.NextPart()
		check(t, err)
	}
	b, err := io.ReadAll(e.Body)
	check(t, err)
	return string(b)
}

func TestIssue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.mustIssue(doc("number=15", "to=Bộ Thông tin và Truyền thông", "to=Sở Nội vụ; Sở Tài chính", "to=Hội Người cao tuổi tỉnh",
		"to=Các đơn vị có liên quan", "to=Sở Nội vụ", "to=Lưu: VT"))
	w.until(id, "delivered here", counts(map[dispatch.State]int{dispatch.Queued: 1, dispatch.Arrived: 2, dispatch.Paper: 1, dispatch.Held: 1, dispatch.NotSent: 1}))
	w.queue.end(mailsvc.Delivered, "250 ok")
	v := w.until(id, "delivered outside", counts(map[dispatch.State]int{dispatch.Sent: 1, dispatch.Arrived: 2, dispatch.Paper: 1, dispatch.Held: 1, dispatch.NotSent: 1}))
	if got := len(w.mails("snv@" + testDomain)); got != 1 {
		t.Errorf("named twice, Sở Nội vụ got %d copies", got)
	}
	if r := v.Lines[4].Parts[0].Recipients[0]; r.Shares == 0 || r.State != dispatch.Arrived {
		t.Errorf("the second naming is %+v", r)
	}
	reports := w.awaitMails(deskUBND, 2)
	first, last := textOf(t, reports[0]), textOf(t, reports[len(reports)-1])
	for _, want := range []string{"Các đơn vị có liên quan", "DANH SÁCH GỬI GIẤY", "Người cao tuổi", "CẦN ANH/CHỊ TRẢ LỜI", "SHA-256"} {
		if !strings.Contains(first, want) {
			t.Errorf("first report lacks %q:\n%s", want, first)
		}
	}
	if !strings.Contains(last, dispatch.Sent.Vietnamese()) {
		t.Errorf("the closing report does not tell what the outside server said:\n%s", last)
	}
}

// What is or may be secret leaves no trace either when it hides: in a forwarded
// mail, in an archive that nobody can read, behind a declaration for another
// document.
func TestHiddenSecrets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := "--b\r\nContent-Disposition: attachment; filename=a.odt\r\n\r\nnumber=1\nto=Sở Nội vụ\r\n"
	for name, c := range map[string]struct{ text, part string }{
		"forwarded mail":       {"KHÔNG MẬT", "Content-Type: message/rfc822\r\n\r\nSubject: " + canary + "\r\n\r\n" + canary},
		"forwarded as eml":     {"KHÔNG MẬT", "Content-Disposition: attachment; filename=x.eml\r\n\r\n" + canary},
		"archive":              {"KHÔNG MẬT", "Content-Disposition: attachment; filename=" + canary + ".zip\r\n\r\nbad=nén\n" + canary},
		"hint, not declared":   {"", "Content-Disposition: attachment; filename=" + canary + ".odt\r\n\r\nnumber=" + canary + "\nto=x\nask=secrecy:VT(M)."},
		"declared in the past": {"gửi giúp\r\n-----Original Message-----\r\nKHÔNG MẬT", "Content-Disposition: attachment; filename=b.odt\r\n\r\nask=secrecy:VT(M).\n" + canary},
	} {
		mail := fmt.Sprintf("From: <%s>\r\nMessage-ID: <%d@thu>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%s\r\n%s--b\r\n%s\r\n--b--\r\n",
			deskUBND, len(name), c.text, good, c.part)
		err := w.Take(context.Background(), mailsvc.Incoming{From: deskUBND, To: w.IssueAddress, Account: w.clerk, Data: []byte(mail), Others: 1})
		var r *mailsvc.Rejection
		if !errors.As(err, &r) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if ids, err := w.Documents(); err != nil || len(ids) != 0 {
		t.Errorf("documents = %v, %v", ids, err)
	}
	w.noTrace(canary)
}

// A document that bears a mark leaves no trace: no row, no blob, no letter, no
// log line holds a word of it. The clerk is told why.
func TestSecretLeavesNoTrace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret := doc("secret=Mật", "number=7", "to="+canary)
	err := w.Take(context.Background(), mailsvc.Incoming{From: deskUBND, To: w.IssueAddress, Account: w.clerk,
		Data: clerkMailBytes(t, canary, canary, secret, doc("number=8", "to=Sở Nội vụ"))})
	var r *mailsvc.Rejection
	if !errors.As(err, &r) || r.Code != 550 || strings.Contains(r.Text, canary) {
		t.Fatalf("answer = %v", err)
	}
	if ids, err := w.Documents(); err != nil || len(ids) != 0 {
		t.Errorf("documents = %v, %v", ids, err)
	}
	notes := w.awaitMails(deskUBND, 1)
	if text := textOf(t, notes[0]); !strings.Contains(text, "độ mật") || !strings.Contains(text, "CHƯA được phát hành") {
		t.Errorf("note = %q", text)
	}
	w.noTrace(canary)
}

func (w *world) noTrace(word string) {
	w.t.Helper()
	check(w.t, filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(word)) {
			w.t.Errorf("%s holds %q", path, word)
		}
		return err
	}))
	if strings.Contains(w.log.String(), word) {
		w.t.Errorf("the log holds %q", word)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		code  string
		files []Upload
	}{
		{"no-document", nil},
		{"damaged", []Upload{doc("bad=Tệp hỏng.")}},
		{"no-number", []Upload{doc("to=Sở Nội vụ")}},
		{"no-recipients", []Upload{doc("number=1")}},
		{"unknown-issuer", []Upload{doc("number=1", "to=Sở Nội vụ", "issuer=Ủy ban nhân dân tỉnh Không Đâu")}},
		{"not-your-agency", []Upload{doc("number=1", "to=Sở Nội vụ", "issuer=Sở Tài chính")}},
		{"several", []Upload{doc("number=1", "to=Sở Nội vụ"), doc("number=2", "to=Sở Nội vụ")}},
		{"undeclared", []Upload{doc("number=1", "to=Sở Nội vụ", "ask=secrecy:Dòng Lưu ghi VT(M).")}},
		{"damaged", []Upload{doc("number=1", "to=Sở Nội vụ"), doc("bad=Không đọc được.")}},
		{"undeclared", []Upload{doc("number=1", "to=Sở Nội vụ"), doc("number=2", "to=Sở Nội vụ", "ask=secrecy:Dòng Lưu ghi VT(M).")}},
	} {
		_, err := w.issue(c.files...)
		var r *Refusal
		if !errors.As(err, &r) || r.Code != c.code {
			t.Errorf("want refusal %s, got %v", c.code, err)
		}
	}
	if ids, err := w.Documents(); err != nil || len(ids) != 0 {
		t.Errorf("refused documents were kept: %v, %v", ids, err)
	}
}

// The declaration clears a doubt, never a mark.
func TestDeclaration(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	issue := func(u Upload) error {
		_, err := w.Issue(context.Background(), Submission{Clerk: &w.clerk, Files: []Upload{u}, NotSecret: true})
		return err
	}
	check(t, issue(doc("number=1", "to=Sở Nội vụ", "ask=secrecy:Dòng Lưu ghi VT(M).")))
	var r *Refusal
	if err := issue(doc("number=2", "to=Sở Nội vụ", "secret=Mật")); !errors.As(err, &r) || r.Code != "secret" {
		t.Errorf("a mark was overridden: %v", err)
	}
}

func TestSameNumberAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.mustIssue(doc("number=1", "to=Sở Nội vụ"))
	again, err := w.issue(doc("number=1", "to=Sở Nội vụ"))
	if err != nil || !again.Repeat || again.Document != id {
		t.Errorf("the same file again: %+v, %v", again, err)
	}
	var r *Refusal
	if _, err := w.issue(doc("number=1", "to=Sở Tài chính")); !errors.As(err, &r) || r.Code != "duplicate" {
		t.Errorf("another file under the number: %v", err)
	}
	w.until(id, "arrived", counts(map[dispatch.State]int{dispatch.Arrived: 1}))
}

// Many clicks at once issue one document, and everybody gets one copy.
func TestManyClicksAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ids := make(chan dispatch.DocumentID, 16)
	var wg sync.WaitGroup
	for range cap(ids) {
		wg.Go(func() {
			r, err := w.issue(doc("number=1", "to=Sở Nội vụ"))
			if err != nil {
				t.Error(err)
			}
			ids <- r.Document
		})
	}
	wg.Wait()
	id := <-ids
	for range cap(ids) - 1 {
		if other := <-ids; other != id {
			t.Fatalf("two documents: %s and %s", id, other)
		}
	}
	w.until(id, "arrived", counts(map[dispatch.State]int{dispatch.Arrived: 1}))
	if got := len(w.mails("snv@" + testDomain)); got != 1 {
		t.Errorf("%d copies", got)
	}
}

func clerkMailBytes(t *testing.T, subject, text string, files ...Upload) []byte {
	t.Helper()
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: <%s>\r\nSubject: %s\r\nMessage-ID: <%s@thu>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%s\r\n", deskUBND, subject, subject, text)
	for _, f := range files {
		fmt.Fprintf(&b, "--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=a.odt\r\n\r\n%s\r\n", f.Data)
	}
	b.WriteString("--b--\r\n")
	return b.Bytes()
}

// reply builds the clerk's answer to a mail of the desk.
func reply(t *testing.T, report, text string) []byte {
	t.Helper()
	e, err := message.Read(strings.NewReader(report))
	check(t, err)
	return fmt.Appendf(nil, "From: <%s>\r\nSubject: Re: x\r\nMessage-ID: <%d@thu>\r\nIn-Reply-To: %s\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%s\r\n",
		deskUBND, len(text), e.Header.Get("Message-Id"), text)
}

func TestAnswerByReply(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	take := func(data []byte) {
		t.Helper()
		check(t, w.Take(context.Background(), mailsvc.Incoming{From: deskUBND, To: w.IssueAddress, Account: w.clerk, Data: data}))
	}
	take(clerkMailBytes(t, "a", "xin gửi", doc("number=1", "to=Sở Nội vụ", "to=Các đơn vị có liên quan", "to=Các tổ chức có liên quan")))
	report := w.awaitMails(deskUBND, 1)[0]
	ids, err := w.Documents()
	if err != nil || len(ids) != 1 {
		t.Fatalf("documents = %v, %v", ids, err)
	}
	take(reply(t, report, "2: 99\n9: 1"))
	problems := textOf(t, w.awaitMails(deskUBND, 2)[1])
	if !strings.Contains(problems, "dòng 2 không có lựa chọn 99") || !strings.Contains(problems, "không có dòng 9") {
		t.Errorf("the clerk is not told what was wrong:\n%s", problems)
	}
	take(reply(t, report, "2: Sở Tài chính\n3: giấy"))
	w.until(ids[0], "answered", counts(map[dispatch.State]int{dispatch.Arrived: 2, dispatch.Paper: 1}))
	last := textOf(t, w.awaitMails(deskUBND, 3)[2])
	if strings.Contains(last, "CẦN ANH/CHỊ") || !strings.Contains(last, "stc@"+testDomain) {
		t.Errorf("confirmation:\n%s", last)
	}
	take(reply(t, report, "2: 0 "))
	again := textOf(t, w.awaitMails(deskUBND, 4)[3])
	if !strings.Contains(again, "không còn chờ trả lời") {
		t.Errorf("answering twice:\n%s", again)
	}
}

// The clerk may write whom a vague line means, several at once.
func TestAnswerByNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i, c := range []struct {
		choice string
		want   map[dispatch.State]int // nil: not understood
	}{
		{"Sở Nội vụ; Sở Tài chính", map[dispatch.State]int{dispatch.Arrived: 2}},
		{"Sở Nội vụ, Sở Tài chính và Sở TT&TT", map[dispatch.State]int{dispatch.Arrived: 3}},
		{"snv@quangtri.gov.vn, stc@quangtri.gov.vn", map[dispatch.State]int{dispatch.Arrived: 2}},
		{"sở nội vụ", map[dispatch.State]int{dispatch.Arrived: 1}},
		{"Bộ Nội vụ", map[dispatch.State]int{dispatch.Queued: 1}},
		{"la@ngoai.example", nil},
		{"Sở Không Có", nil},
		{"Các Sở, ngành liên quan", nil},
	} {
		id := w.mustIssue(doc(fmt.Sprint("number=", i+1), "to=Các đơn vị có liên quan"))
		got, err := w.Answer(context.Background(), id, deskUBND, []Answer{{"1", c.choice}})
		check(t, err)
		if (got[0].Problem == "") != (c.want != nil) {
			t.Errorf("%q: %q", c.choice, got[0].Problem)
		}
		if c.want == nil {
			c.want = map[dispatch.State]int{dispatch.Held: 1}
		}
		w.until(id, c.choice, counts(c.want))
	}
}

// A reading with a doubt sends nothing until the clerk confirms it.
func TestConfirm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.mustIssue(doc("number=1", "to=Sở Nội vụ", "to=Sở Nội vụ", "to=Bộ Nội vụ", "to=Hội Người cao tuổi tỉnh", "ask=recipients:Bản quét, xin xem lại."))
	v := w.until(id, "held", func(v dispatch.View) bool { return v.Confirm })
	if len(w.mails("snv@"+testDomain)) != 0 || v.Counts()[dispatch.Held] != 3 {
		t.Fatalf("sent before it was confirmed: %v", v.Counts())
	}
	for _, c := range []struct {
		choice string
		taken  bool
	}{{"gì cơ", false}, {"đồng ý", true}, {"đồng ý", false}} {
		got, err := w.Answer(context.Background(), id, deskUBND, []Answer{{dispatch.ConfirmLabel, c.choice}})
		if err != nil || (got[0].Problem == "") != c.taken {
			t.Errorf("%q: %+v, %v", c.choice, got, err)
		}
	}
	w.until(id, "confirmed", counts(map[dispatch.State]int{dispatch.Arrived: 1, dispatch.Queued: 1, dispatch.Paper: 1}))
}

// What was answered once is known the next time, for that agency.
func TestRemembers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const line = "to=Đội kiểm tra liên ngành 814"
	id := w.mustIssue(doc("number=1", line))
	w.until(id, "held", counts(map[dispatch.State]int{dispatch.Held: 1}))
	got, err := w.Answer(context.Background(), id, deskUBND, []Answer{{"1", "snv@" + testDomain}})
	if err != nil || got[0].Problem != "" {
		t.Fatalf("%+v, %v", got, err)
	}
	second := w.mustIssue(doc("number=2", line))
	w.until(second, "sent by itself", counts(map[dispatch.State]int{dispatch.Arrived: 1}))

	learnt, err := w.Learnt("")
	if err != nil || len(learnt) != 1 {
		t.Fatalf("learnt %+v, %v", learnt, err)
	}
	if _, ok := w.memory(learnt[0].Issuer)(learnt[0].Key); !ok {
		t.Error("the agency itself does not know its answer")
	}
	if _, ok := w.memory("qt.so-nv")(learnt[0].Key); ok {
		t.Error("another agency knows the answer")
	}
	check(t, w.Unlearn(context.Background(), learnt[0].Issuer, learnt[0].Key))
	third := w.mustIssue(doc("number=3", line))
	w.until(third, "held again", counts(map[dispatch.State]int{dispatch.Held: 1}))
}

// Failures outside are told; the connection lost after the dot is its own state.
func TestOutsideFailures(t *testing.T) {
	t.Parallel()
	for phase, want := range map[mailsvc.Phase]dispatch.State{mailsvc.Bounced: dispatch.Failed, mailsvc.Unsure: dispatch.InDoubt} {
		w := newWorld(t)
		id := w.mustIssue(doc("number=1", "to=Bộ Nội vụ"))
		w.awaitMails(deskUBND, 1)
		w.queue.end(phase, "550 5.1.1 no such user")
		w.until(id, string(want), counts(map[dispatch.State]int{want: 1}))
		if text := textOf(t, w.awaitMails(deskUBND, 2)[1]); !strings.Contains(text, want.Vietnamese()) {
			t.Errorf("the clerk is not told of %s:\n%s", want, text)
		}
	}
}

func TestPermit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other, err := w.Identities.Account("nguoi@" + testDomain)
	check(t, err)
	ctx := context.Background()
	if err := w.Permit(ctx, nil, "x@y.example"); err == nil {
		t.Error("a stranger may issue")
	}
	if err := w.Permit(ctx, &other, other.Address); err == nil {
		t.Error("a person without the right may issue")
	}
	check(t, w.Permit(ctx, &w.clerk, deskUBND))
}

// Answering a line does not get around the question about the whole reading.
func TestAnswerBeforeConfirm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.mustIssue(doc("number=1", "to=Sở Nội vụ", "to=Các đơn vị có liên quan", "ask=recipients:Bản quét."))
	answer := func(label, choice string) {
		t.Helper()
		got, err := w.Answer(context.Background(), id, deskUBND, []Answer{{label, choice}})
		if err != nil || got[0].Problem != "" {
			t.Fatalf("%s: %+v, %v", label, got, err)
		}
	}
	answer("2", "Sở Nội vụ; Sở Tài chính")
	w.until(id, "held", func(v dispatch.View) bool {
		return v.Confirm && v.Counts()[dispatch.Held] == 2 && len(v.Waiting()) == 0
	})
	if n := len(w.mails("stc@" + testDomain)); n != 0 {
		t.Fatalf("sent %d before the reading was confirmed", n)
	}
	answer("0", "ok ạ")
	w.until(id, "arrived", counts(map[dispatch.State]int{dispatch.Arrived: 2}))
}

// A line that was not sent once is asked again the next time.
func TestNotSentIsNotRemembered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 2 {
		id := w.mustIssue(doc(fmt.Sprint("number=", i+1), "to=Đội kiểm tra liên ngành 814"))
		w.until(id, "held", counts(map[dispatch.State]int{dispatch.Held: 1}))
		got, err := w.Answer(context.Background(), id, deskUBND, []Answer{{"1", "0"}})
		if err != nil || got[0].Problem != "" {
			t.Fatalf("%+v, %v", got, err)
		}
	}
}

// What failed can be sent again, or put on the paper list.
func TestSendAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.mustIssue(doc("number=1", "to=Bộ Nội vụ"))
	w.awaitMails(deskUBND, 1)
	w.queue.end(mailsvc.Bounced, "550 no")
	w.until(id, "failed", counts(map[dispatch.State]int{dispatch.Failed: 1}))
	for _, c := range []struct {
		choice string
		phase  mailsvc.Phase
		want   dispatch.State
	}{{"gửi lại", mailsvc.Bounced, dispatch.Failed}, {"giấy", "", dispatch.Paper}} {
		got, err := w.Answer(context.Background(), id, deskUBND, []Answer{{"1", c.choice}})
		if err != nil || got[0].Problem != "" {
			t.Fatalf("%+v, %v", got, err)
		}
		if c.phase != "" {
			w.queue.await(t)
			w.queue.end(c.phase, "550 still no")
		}
		w.until(id, c.choice, counts(map[dispatch.State]int{c.want: 1}))
	}
}

// A full mailbox keeps a document out, and the clerk hears of it though their own
// is full too; once there is room the copy can be sent again.
func TestFullMailbox(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, full := context.Background(), "snv@"+testDomain
	check(t, w.limit(ctx, full, 1))
	check(t, w.limit(ctx, deskUBND, 1))
	id := w.mustIssue(doc("number=1", "to=Sở Nội vụ; Sở Tài chính"))
	v := w.until(id, "refused", counts(map[dispatch.State]int{dispatch.Failed: 1, dispatch.Arrived: 1}))
	if text := textOf(t, w.awaitMails(deskUBND, 1)[0]); !strings.Contains(text, "hộp thư nơi nhận đã đầy") {
		t.Errorf("the clerk reads\n%s", text)
	}
	check(t, w.limit(ctx, full, 0))
	got, err := w.Answer(ctx, id, deskUBND, []Answer{{v.Lines[0].Parts[0].Label, "gửi lại"}})
	if err != nil || got[0].Problem != "" {
		t.Fatalf("%+v, %v", got, err)
	}
	w.until(id, "sent again", counts(map[dispatch.State]int{dispatch.Arrived: 2}))
}

// The same number, written a little differently, is the same number.
func TestSameNumberWrittenDifferently(t *testing.T) {
	t.Parallel()
	want := plainNumber("15/CT-UBND")
	for _, s := range []string{"015/CT-UBND", "15 /CT – UBND", "15/ct-ubnd", "15/CT‑UBND"} {
		if got := plainNumber(s); got != want {
			t.Errorf("%q is %q, not %q", s, got, want)
		}
	}
}

// The public page shows the document and gives the file out, to whoever has the
// token and to nobody else.
func TestPublic(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.mustIssue(doc("number=1", "to=Sở Nội vụ"))
	rec, _, err := w.load(id)
	check(t, err)
	p, ok := w.Public(rec.Token)
	if !ok || p.Fields.NumberSymbol != "1/CT-UBND" || len(p.Files) != 1 {
		t.Fatalf("page = %+v, %v", p, ok)
	}
	body, closer, err := w.OpenFile(p.Files[0])
	check(t, err)
	defer closer.Close()
	got, err := io.ReadAll(body)
	if err != nil || string(got) != "number=1\nto=Sở Nội vụ" {
		t.Errorf("file = %q, %v", got, err)
	}
	for _, token := range []string{"", "x", rec.Token[1:], string(id)} {
		if _, ok := w.Public(token); ok {
			t.Errorf("token %q opens a document", token)
		}
	}
}

// TestSteeringBody: mail for a steering body goes to its standing office, but
// where the register is not certain of it only after the clerk has said so.
func TestSteeringBody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.mustIssue(doc("number=16", "to=Ban Chỉ đạo Cải cách hành chính tỉnh", "to=Lưu: VT"))
	v := w.until(id, "held", counts(map[dispatch.State]int{dispatch.Held: 1, dispatch.NotSent: 1}))
	it := v.Document.Items[0]
	if len(it.Candidates) != 1 || it.Candidates[0].Name != "Sở Nội vụ" || !strings.Contains(it.Reason, "cơ quan thường trực") {
		t.Fatalf("asked: %+v", it)
	}
	taken, err := w.Answer(context.Background(), id, "", []Answer{{Label: "1", Choice: "1"}})
	check(t, err)
	if taken[0].Problem != "" {
		t.Fatal(taken[0].Problem)
	}
	w.until(id, "delivered", counts(map[dispatch.State]int{dispatch.Arrived: 1, dispatch.NotSent: 1}))
	if got := len(w.mails("snv@" + testDomain)); got != 1 {
		t.Errorf("Sở Nội vụ got %d copies", got)
	}
}
