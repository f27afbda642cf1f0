package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"quangtri.gov.vn/vanthu/cmd/vanthu/app"
	"quangtri.gov.vn/vanthu/configs"
	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/dispatch/letter"
)

// Result is what the demonstration did, for machines.
type Result struct {
	Documents []app.Summary `json:"documents"`
	ReadBack  ReadBack      `json:"read_back"`
	Answer    string        `json:"answer"` // what the clerk answered by mail
	Refusal   string        `json:"refusal"`

	expected []configs.Document
	first    []app.Summary // as they were before the clerk answered
}

// ReadBack is the copy that was read over IMAP.
type ReadBack struct {
	Mailbox string `json:"mailbox"`
	Subject string `json:"subject"`
	File    string `json:"file"`
	SHA256  string `json:"sha256"`
	Same    bool   `json:"same"` // byte for byte the file that the clerk sent
}

// patience is how long the story waits for one thing to happen.
const patience = 30 * time.Second

func (s *stage) play(ctx context.Context) (*Result, error) {
	expected, err := configs.Demo()
	if err != nil {
		return nil, err
	}
	r := &Result{expected: expected}
	s.tell("VANTHU: trình diễn trên máy này, tỉnh mẫu năm 2010 (mọi tên người và địa chỉ là dữ liệu mẫu)\n")
	for _, x := range r.expected {
		if err := s.issueOne(ctx, r, x); err != nil {
			return nil, fmt.Errorf("%s: %w", x.File, err)
		}
	}
	if err := s.answerByMail(ctx, r); err != nil {
		return nil, fmt.Errorf("answer by mail: %w", err)
	}
	if err := s.readBack(ctx, r); err != nil {
		return nil, fmt.Errorf("read back over IMAP: %w", err)
	}
	return r, nil
}

// clerkOf chooses who sends a document.
func (s *stage) clerkOf(issuer string) login {
	if strings.HasPrefix(issuer, "qt.so-") {
		return s.clerks[department]
	}
	return s.clerks[committee]
}

// issueOne sends one document as its clerk would and tells what became of it.
func (s *stage) issueOne(ctx context.Context, r *Result, x configs.Document) error {
	file, err := fs.ReadFile(configs.Files, x.File)
	if err != nil {
		return err
	}
	clerk := s.clerkOf(x.Issuer)
	s.tell("\n══ %s gửi «%s» tới %s\n", clerk.Address, x.Name, s.app.Config.IssueMailbox())
	err = s.submit(ctx, clerk, mailWithFile(clerk.Address, s.app.Config.IssueMailbox(), x.Name, file))
	if x.Verdict == string(dispatch.Secret) {
		return s.refused(r, err)
	}
	if err != nil {
		return err
	}
	view, err := s.settled(ctx, x.Number)
	if err != nil {
		return err
	}
	s.tell("%s", letter.Report(view, false))
	summary := app.Summarise(view)
	r.first = append(r.first, summary)
	r.Documents = append(r.Documents, summary)
	return nil
}

// refused takes down the refusal of the secret document. It is the wanted end.
func (s *stage) refused(r *Result, err error) error {
	if err == nil {
		return errors.New("a secret document was accepted")
	}
	r.Refusal = err.Error()
	s.tell("   Bị từ chối ngay khi gửi, không lưu nội dung nào:\n   %s\n", r.Refusal)
	secret := app.Summary{Verdict: dispatch.Secret, Lines: []app.SummaryLine{}}
	r.first = append(r.first, secret)
	r.Documents = append(r.Documents, secret)
	return nil
}

// settled waits until no copy of a document is on its way any more.
func (s *stage) settled(ctx context.Context, number string) (dispatch.View, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	changed, stop := s.app.Engine.Watch()
	defer stop()
	for {
		ids, err := s.app.Engine.FindNumber(number)
		if err != nil {
			return dispatch.View{}, err
		}
		if len(ids) > 0 {
			v, err := s.app.Engine.View(ids[0])
			if err != nil || v.Counts()[dispatch.Queued] == 0 {
				return v, err
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return dispatch.View{}, fmt.Errorf("document %s did not settle: %w", number, ctx.Err())
		}
	}
}

// answerByMail plays the clerk who replies to the report with the number of a
// choice.
func (s *stage) answerByMail(ctx context.Context, r *Result) error {
	for i, d := range r.Documents {
		for _, l := range d.Lines {
			for _, q := range l.Questions {
				if len(q.Choices) == 0 {
					continue
				}
				return s.reply(ctx, r, i, q)
			}
		}
	}
	return nil
}

func (s *stage) reply(ctx context.Context, r *Result, i int, q app.SummaryQuestion) error {
	d := r.Documents[i]
	clerk := s.clerkOf(r.expected[i].Issuer)
	report, err := s.waitForReport(ctx, clerk, d.Number)
	if err != nil {
		return err
	}
	r.Answer = q.Label + ": 1"
	s.tell("\n══ %s trả lời thư báo về %s: «%s» (%s)\n", clerk.Address, d.Number, r.Answer, q.Choices[0])
	if err := s.submit(ctx, clerk, replyTo(clerk.Address, s.app.Config.IssueMailbox(), report, r.Answer)); err != nil {
		return err
	}
	view, err := s.answered(ctx, d.Number, q.Label)
	if err != nil {
		return err
	}
	s.tell("%s", letter.Report(view, false))
	r.Documents[i] = app.Summarise(view)
	return nil
}

// answered waits until a line no longer waits and everything left.
func (s *stage) answered(ctx context.Context, number, label string) (dispatch.View, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	changed, stop := s.app.Engine.Watch()
	defer stop()
	for {
		v, err := s.settled(ctx, number)
		if err != nil {
			return v, err
		}
		if p, ok := v.Part(label); ok && !p.Waiting() {
			return v, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return v, fmt.Errorf("line %s of %s still waits: %w", label, number, ctx.Err())
		}
	}
}

// tell prints the story for people.
func (s *stage) tell(format string, args ...any) {
	if !s.JSON {
		fmt.Fprintf(s.Out, format, args...)
	}
}

// invite tells where to look while the demonstration goes on serving.
func (s *stage) invite() {
	a := s.running.Addresses
	s.tell("\n══ Máy chủ trình diễn đang chạy; bấm Ctrl-C để dừng\n")
	s.tell("   Danh bạ công khai : http://%s/\n", a.HTTP)
	s.tell("   IMAP (TLS)        : %s    IMAP: %s\n", a.IMAPS, a.IMAP)
	s.tell("   Gửi thư (TLS)     : %s    STARTTLS: %s    MX: %s\n", a.Submissions, a.Submission, a.MX)
	s.tell("   Chứng thư gốc     : %s\n", s.ca)
	for _, l := range []login{s.clerks[committee], s.clerks[department], s.reader} {
		s.tell("   Tài khoản         : %s  mật khẩu %s\n", l.Address, l.Password)
	}
	if len(s.crowd) > 0 {
		s.tell("   Hộp thư thử tải   : %s … %s  mật khẩu %s\n", s.crowd[0].Address, s.crowd[len(s.crowd)-1].Address, s.crowd[0].Password)
	}
	s.tell("   Dữ liệu           : %s\n", s.dir)
}

// mailWithFile is the mail that a clerk's program would send.
func mailWithFile(from, to, name string, file []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		return letter.Write(w, clerkHead(from, to, "Đề nghị phát hành văn bản", ""), "Đề nghị phát hành văn bản đính kèm.\n", "=_demo",
			[]letter.Attachment{{Name: name, Type: "application/octet-stream", Body: bytes.NewReader(file)}})
	}
}
