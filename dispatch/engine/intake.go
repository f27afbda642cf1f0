package engine

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/dispatch/letter"
	"quangtri.gov.vn/vanthu/internal/viet"
	"quangtri.gov.vn/vanthu/mailsvc"
)

// Permit implements mailsvc.Intake: only a person who may issue for some agency
// may write to the issuing address, and only in the person's own name.
func (e *Engine) Permit(ctx context.Context, account *mailsvc.Account, from string) error {
	if account == nil {
		return &mailsvc.Rejection{Code: 530, Enhanced: [3]int{5, 7, 0},
			Text: "Xin dang nhap truoc khi gui toi dia chi nay / Authentication required for " + e.IssueAddress}
	}
	for _, g := range account.Grants {
		if e.Identities.Rights(*account, g.Agency)&mailsvc.Issue != 0 {
			return nil
		}
	}
	return &mailsvc.Rejection{Code: 550, Enhanced: [3]int{5, 7, 1},
		Text: "Tài khoản này không có quyền phát hành văn bản; xin liên hệ người quản trị / This account may not issue documents"}
}

// Take implements mailsvc.Intake. A mail to the desk is a document to issue, or
// the answer to a report. The clerk is always written to; what is or may be
// secret is refused in the SMTP dialogue itself, so that the clerk's program
// keeps no copy of it on this server either.
func (e *Engine) Take(ctx context.Context, in mailsvc.Incoming) error {
	m, err := parseMail(in.Data)
	if err != nil {
		return &mailsvc.Rejection{Code: 550, Enhanced: [3]int{5, 6, 0}, Text: "Thư không đúng định dạng, không đọc được; xin soạn lại / The message is malformed"}
	}
	if m.automatic {
		return nil
	}
	if id, ok := e.answered(m); ok && len(m.files) == 0 {
		return e.takeAnswer(ctx, in, m, id)
	}
	return e.takeDocument(ctx, in, m)
}

func (e *Engine) takeDocument(ctx context.Context, in mailsvc.Incoming, m clerkMail) error {
	account := in.Account
	receipt, err := e.Issue(ctx, Submission{Clerk: &account, Files: m.files, NotSecret: declares(m.text), MessageID: m.messageID})
	var refusal *Refusal
	switch {
	case errors.As(err, &refusal):
		return e.takeRefusal(ctx, in, m, refusal)
	case err != nil:
		return err
	case receipt.Repeat:
		return e.repeated(ctx, in, m, receipt.Document)
	}
	return nil
}

// withheld are the refusals after which nothing of the mail may stay anywhere.
var withheld = map[string]bool{"secret": true, "undeclared": true}

func (e *Engine) takeRefusal(ctx context.Context, in mailsvc.Incoming, m clerkMail, r *Refusal) error {
	id, delivery := e.noteID("refusal", in.Account.Address, m.messageID, r.Code)
	text := "Văn bản CHƯA được phát hành, chưa gửi tới nơi nào.\n\n" + r.Message + "\n"
	n := note{id: id, delivery: delivery, parent: m.messageID, subject: "Chưa phát hành: " + refusalSubject(r), text: text}
	if withheld[r.Code] {
		text += "\nHệ thống không giữ lại nội dung nào của thư anh/chị vừa gửi.\n"
		n.text, n.parent = text, ""
	}
	if err := e.writeToClerk(ctx, in.Account.Address, n); err != nil {
		return err
	}
	if withheld[r.Code] {
		return &mailsvc.Rejection{Code: 550, Enhanced: [3]int{5, 7, 1}, Text: r.Message}
	}
	return nil
}

var refusalSubjects = map[string]string{
	"secret": "văn bản mật", "undeclared": "cần xác định không mật", "no-document": "thư không có tệp văn bản",
	"no-number": "chưa có số, ký hiệu", "no-date": "chưa có ngày ban hành", "no-recipients": "không có phần Nơi nhận",
	"duplicate": "số này đã phát hành", "several": "nhiều văn bản trong một thư", "not-your-agency": "không đúng cơ quan",
}

func refusalSubject(r *Refusal) string {
	if s := refusalSubjects[r.Code]; s != "" {
		return s
	}
	return "tệp chưa dùng được"
}

// repeated answers a mail that brought a document once more.
func (e *Engine) repeated(ctx context.Context, in mailsvc.Incoming, m clerkMail, doc dispatch.DocumentID) error {
	v, err := e.View(doc)
	if err != nil {
		return err
	}
	id, delivery := e.noteAbout(doc, "repeat", in.Account.Address, m.messageID)
	text := "Văn bản này đã được phát hành trước đó từ cùng một tệp; không gửi lại lần nữa. Tình trạng hiện nay:\n\n" + letter.Report(v, true)
	return e.writeToClerk(ctx, in.Account.Address, note{id: id, delivery: delivery, parent: m.messageID, subject: letter.ReportSubject(v), text: text})
}

func (e *Engine) takeAnswer(ctx context.Context, in mailsvc.Incoming, m clerkMail, id dispatch.DocumentID) error {
	doc, _, err := e.load(id)
	if err != nil {
		return err
	}
	if !e.mayIssue(e.Directory(), in.Account, doc.Issuer, doc.Fields.Date) {
		return &mailsvc.Rejection{Code: 550, Enhanced: [3]int{5, 7, 1}, Text: "Tài khoản này không được trả lời thay cơ quan ban hành văn bản / Not allowed for this account"}
	}
	answers := ParseAnswers(m.text)
	taken, err := e.Answer(ctx, id, in.Account.Address, answers)
	if err != nil {
		return err
	}
	var problems []string
	for _, a := range taken {
		if a.Problem != "" {
			problems = append(problems, a.Problem)
		}
	}
	if len(answers) > 0 && len(problems) == 0 {
		return nil // the report that was scheduled tells the rest
	}
	v, err := e.View(id)
	if err != nil {
		return err
	}
	lead := "Tôi chưa đọc được câu trả lời nào trong thư của anh/chị.\n\n"
	if len(problems) > 0 {
		lead = "Có câu trả lời chưa dùng được:\n  - " + strings.Join(problems, "\n  - ") + "\n\n"
	}
	messageID, delivery := e.noteAbout(id, "unclear", in.Account.Address, m.messageID)
	return e.writeToClerk(ctx, in.Account.Address, note{
		id: messageID, delivery: delivery, parent: m.messageID,
		subject: letter.ReportSubject(v), text: lead + letter.Report(v, true),
	})
}

// noteAbout makes identifiers for a note that the clerk can answer like a report.
func (e *Engine) noteAbout(doc dispatch.DocumentID, kind string, parts ...string) (messageID, delivery string) {
	messageID, delivery = e.noteID(kind, append(parts, string(doc))...)
	return strings.Replace(messageID, "tl.", "tl."+string(doc)+".", 1), delivery
}

var reference = regexp.MustCompile(`<(?:bc|vb|tl)\.([0-9a-z]{24})(?:\.[0-9a-z]+)?@([^>]+)>`)

// answered finds the document whose report a mail answers.
func (e *Engine) answered(m clerkMail) (dispatch.DocumentID, bool) {
	for _, match := range reference.FindAllStringSubmatch(m.references, -1) {
		id := dispatch.DocumentID(match[1])
		if match[2] == e.Domain {
			if _, _, err := e.load(id); err == nil {
				return id, true
			}
		}
	}
	return "", false
}

var declaration = regexp.MustCompile(`^(van ban )?(nay )?(khong mat|khong thuoc bi mat nha nuoc|khong phai van ban mat)[ .!]*$`)

// declares reports whether the clerk wrote, on a line of its own, that nothing
// is secret. Quoted lines do not count.
func declares(text string) bool {
	for _, l := range strings.Split(text, "\n") {
		if declaration.MatchString(viet.Fold(l)) {
			return true
		}
	}
	return false
}
