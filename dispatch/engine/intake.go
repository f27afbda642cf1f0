package engine

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/dispatch/letter"
	"quangtri.gov.vn/vanthu/mailsvc"
)

// Permit implements mailsvc.Intake: only a person who may issue for some agency
// may write to the issuing address.
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
	if id, ok := e.answered(m); ok {
		v, err := e.View(id)
		if err != nil {
			return err
		}
		if reply := replyOf(m, v); len(m.files) == 0 || len(reply.Answers) > 0 {
			return e.takeAnswer(ctx, in, m, v, reply)
		}
	}
	if m.automatic && len(m.files) == 0 {
		return nil
	}
	return e.takeDocument(ctx, in, m)
}

// replyOf reads the answers; a bare "ok" answers the one question that there is.
func replyOf(m clerkMail, v dispatch.View) Reply {
	r := ParseReply(m.text, m.flowed)
	if r.Yes && len(r.Answers) == 0 && v.Confirm && len(v.Waiting()) == 0 {
		r.Answers = []Answer{{dispatch.ConfirmLabel, "ok"}}
	}
	return r
}

func (e *Engine) takeDocument(ctx context.Context, in mailsvc.Incoming, m clerkMail) error {
	account := in.Account
	s := Submission{Clerk: &account, Files: m.files, NotSecret: declares(m.text, m.flowed), MessageID: m.messageID}
	var receipt Receipt
	err := error(refuse("forwarded", "Thư kèm một thư khác bên trong. Xin đính kèm trực tiếp tệp văn bản (.odt, .docx, .doc hoặc .pdf), không chuyển tiếp thư."))
	if !m.forwards {
		receipt, err = e.Issue(ctx, s)
	}
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

// judgedFine are the refusals of mails in which everything was read and bore no
// mark. After any other refusal nothing of the mail may stay anywhere.
var judgedFine = map[string]bool{
	"no-document": true, "no-number": true, "no-date": true, "no-recipients": true, "no-issuer": true, "future-date": true,
	"duplicate": true, "several": true, "not-your-agency": true, "unknown-issuer": true, "ambiguous-issuer": true,
}

// told are the refusals that the SMTP dialogue itself must carry, whoever else
// the mail is for.
var told = map[string]bool{"secret": true, "undeclared": true, "forwarded": true}

func (e *Engine) takeRefusal(ctx context.Context, in mailsvc.Incoming, m clerkMail, r *Refusal) error {
	id, delivery := e.noteID("refusal", in.Account.Address, m.key, r.Code)
	text := "Văn bản CHƯA được phát hành, chưa gửi tới nơi nào.\n\n" + r.Message + "\n"
	n := note{id: id, delivery: delivery, parent: m.messageID, subject: "Chưa phát hành: " + refusalSubject(r), text: text}
	if !judgedFine[r.Code] {
		n.text, n.parent = text+"\nHệ thống không giữ lại nội dung nào của thư anh/chị vừa gửi.\n", ""
	}
	if err := e.writeToClerk(ctx, in.Account.Address, n); err != nil {
		return err
	}
	if told[r.Code] || !judgedFine[r.Code] && in.Others > 0 {
		return &mailsvc.Rejection{Code: 550, Enhanced: [3]int{5, 7, 1}, Text: r.Message}
	}
	return nil
}

var refusalSubjects = map[string]string{
	"secret": "văn bản mật", "undeclared": "cần xác định không mật", "no-document": "thư không có tệp văn bản",
	"no-number": "chưa có số, ký hiệu", "no-date": "chưa có ngày ban hành", "no-recipients": "không có phần Nơi nhận",
	"forwarded": "thư kèm thư khác", "duplicate": "số này đã phát hành", "several": "nhiều văn bản trong một thư", "not-your-agency": "không đúng cơ quan",
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
	id, delivery := e.noteAbout(doc, "repeat", in.Account.Address, m.key)
	text := "Văn bản này đã được phát hành trước đó từ cùng một tệp; không gửi lại lần nữa. Tình trạng hiện nay:\n\n" + letter.Report(v, true)
	return e.writeToClerk(ctx, in.Account.Address, note{id: id, delivery: delivery, parent: m.messageID, subject: letter.ReportSubject(v), text: text})
}

func (e *Engine) takeAnswer(ctx context.Context, in mailsvc.Incoming, m clerkMail, v dispatch.View, reply Reply) error {
	doc := v.Document
	if !e.mayIssue(e.Directory(), in.Account, doc.Issuer, doc.Fields.Date) {
		return &mailsvc.Rejection{Code: 550, Enhanced: [3]int{5, 7, 1}, Text: "Tài khoản này không được trả lời thay cơ quan ban hành văn bản / Not allowed for this account"}
	}
	taken, err := e.Answer(ctx, doc.ID, in.Account.Address, reply.Answers)
	if err != nil {
		return err
	}
	var problems []string
	for _, a := range taken {
		if a.Problem != "" {
			problems = append(problems, a.Problem)
		}
	}
	for _, l := range reply.Unclear {
		problems = append(problems, "chưa hiểu dòng «"+l+"»")
	}
	if len(reply.Answers) > 0 && len(m.files) > 0 {
		problems = append(problems, "tệp đính kèm trong thư trả lời không được dùng đến")
	}
	if len(reply.Answers) > 0 && len(problems) == 0 {
		return nil // the report that was scheduled tells the rest
	}
	if v, err = e.View(doc.ID); err != nil {
		return err
	}
	lead := "Tôi chưa đọc được câu trả lời nào trong thư của anh/chị.\n\n"
	if len(problems) > 0 {
		lead = "Có điều chưa dùng được trong thư trả lời:\n  - " + strings.Join(problems, "\n  - ") + "\n\n"
	}
	messageID, delivery := e.noteAbout(doc.ID, "unclear", in.Account.Address, m.key)
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

var reference = regexp.MustCompile(`<(?:bc|vb|tl)\.([0-9a-z]{24})(?:\.[0-9a-z]+)*@([^>]+)>`)

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
