package smtp

import (
	"context"
	"errors"
	"io"

	gosmtp "github.com/emersion/go-smtp"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// maxReply bounds the text of a reply: RFC 5321 section 4.5.3.1.5 gives a reply
// line 512 octets.
const maxReply = 480

// refusal is a reply in the two languages: people meet ours on submission, other
// servers the English one.
type refusal struct {
	code     int
	enhanced gosmtp.EnhancedCode
	en, vi   string
}

var (
	needMail    = refusal{503, gosmtp.EnhancedCode{5, 5, 1}, "A transaction is open: send RSET first", ""}
	needAuth    = refusal{530, gosmtp.EnhancedCode{5, 7, 0}, "Authentication required", "Cần đăng nhập trước khi gửi: hãy bật xác thực SMTP trong chương trình thư."}
	needTLS     = refusal{538, gosmtp.EnhancedCode{5, 7, 11}, "Encryption required before authentication", ""}
	noAuthHere  = refusal{503, gosmtp.EnhancedCode{5, 5, 1}, "AUTH is not offered here, use submission", ""}
	authFailed  = refusal{535, gosmtp.EnhancedCode{5, 7, 8}, "Authentication failed", "Sai tên đăng nhập hoặc mật khẩu; nếu đã thử nhiều lần, hãy chờ vài phút."}
	authBusy    = refusal{454, gosmtp.EnhancedCode{4, 7, 0}, "Authentication is not possible now", "Chưa xác thực được lúc này; hãy thử lại sau."}
	badSender   = refusal{553, gosmtp.EnhancedCode{5, 1, 7}, "Malformed sender address", "Địa chỉ người gửi không hợp lệ; hãy kiểm tra lại."}
	ownSender   = refusal{550, gosmtp.EnhancedCode{5, 7, 1}, "Senders of this domain must authenticate and use submission", ""}
	notYours    = refusal{553, gosmtp.EnhancedCode{5, 7, 1}, "Sender address is not one of yours", "Tài khoản này không được gửi bằng địa chỉ người gửi đã chọn; hãy chọn địa chỉ của mình hoặc xin cấp quyền."}
	badRcpt     = refusal{553, gosmtp.EnhancedCode{5, 1, 3}, "Malformed recipient address", "Địa chỉ người nhận không hợp lệ; hãy kiểm tra lại."}
	noSuchRcpt  = refusal{550, gosmtp.EnhancedCode{5, 1, 1}, "No such recipient here", "Không có người nhận này; hãy kiểm tra lại địa chỉ."}
	rcptOff     = refusal{550, gosmtp.EnhancedCode{5, 2, 1}, "Recipient is disabled", "Hộp thư của người nhận đã ngừng hoạt động."}
	noRelay     = refusal{550, gosmtp.EnhancedCode{5, 7, 1}, "Relaying is not allowed", ""}
	oneIntake   = refusal{452, gosmtp.EnhancedCode{4, 5, 3}, "One service address at a time", "Mỗi thư chỉ gửi đến một địa chỉ phát hành; hãy gửi riêng từng thư."}
	tooMany     = refusal{421, gosmtp.EnhancedCode{4, 7, 0}, "Too many refused recipients, closing connection", ""}
	bareBytes   = refusal{550, gosmtp.EnhancedCode{5, 6, 11}, "CR, LF or NUL outside of a line ending", "Thư có ký tự xuống dòng sai chuẩn; hãy soạn và gửi lại bằng chương trình thư khác."}
	longLine    = refusal{550, gosmtp.EnhancedCode{5, 6, 0}, "A line is too long", "Thư có dòng quá dài; hãy soạn và gửi lại bằng chương trình thư khác."}
	tooBig      = refusal{552, gosmtp.EnhancedCode{5, 3, 4}, "Message is too big", "Thư quá lớn; hãy giảm dung lượng tệp đính kèm rồi gửi lại."}
	bigHeader   = refusal{550, gosmtp.EnhancedCode{5, 6, 0}, "Header is too big", "Phần đầu thư quá lớn; hãy giảm số người nhận rồi gửi lại."}
	badHeader   = refusal{550, gosmtp.EnhancedCode{5, 6, 0}, "Malformed header", "Phần đầu thư sai chuẩn; hãy soạn và gửi lại bằng chương trình thư khác."}
	oneFrom     = refusal{550, gosmtp.EnhancedCode{5, 6, 0}, "Exactly one From address is required", "Thư phải có đúng một địa chỉ ở dòng From (Từ)."}
	fromNot     = refusal{550, gosmtp.EnhancedCode{5, 7, 1}, "From or Sender is not one of your addresses", "Địa chỉ ở dòng From (Từ) không thuộc tài khoản này; hãy chọn địa chỉ của mình hoặc xin cấp quyền."}
	loop        = refusal{554, gosmtp.EnhancedCode{5, 4, 6}, "Too many hops", ""}
	lost        = refusal{451, gosmtp.EnhancedCode{4, 4, 2}, "Message was not received completely", ""}
	trouble     = refusal{451, gosmtp.EnhancedCode{4, 3, 0}, "Local trouble, try again later", "Máy chủ đang gặp trục trặc; hãy gửi lại sau ít phút."}
	noSpace     = refusal{452, gosmtp.EnhancedCode{4, 3, 1}, "Not enough space, try again later", "Máy chủ tạm hết chỗ chứa; hãy gửi lại sau ít phút."}
	mailboxFull = refusal{552, gosmtp.EnhancedCode{5, 2, 2}, "Mailbox is full", "Hộp thư của người nhận đã đầy."}
	intakeGone  = refusal{451, gosmtp.EnhancedCode{4, 3, 0}, "The service is not available, try again later", "Chưa nhận được văn bản lúc này; hãy gửi lại sau ít phút."}
)

// answer makes a refusal what go-smtp writes.
func (s *session) answer(r refusal) *gosmtp.SMTPError {
	text := r.en
	if s.w.role != MX && r.vi != "" {
		text = r.vi
	}
	return &gosmtp.SMTPError{Code: r.code, EnhancedCode: r.enhanced, Message: text}
}

// judged turns an intake's refusal into a reply; other is for errors that are none.
func (s *session) judged(err error, other refusal) *gosmtp.SMTPError {
	var r *mailsvc.Rejection
	if !errors.As(err, &r) {
		return s.answer(other)
	}
	e := &gosmtp.SMTPError{Code: r.Code, EnhancedCode: gosmtp.EnhancedCode(r.Enhanced), Message: mailsvc.OneLine(r.Text, maxReply)}
	if e.Code < 400 || e.Code > 599 {
		e.Code, e.EnhancedCode = 550, gosmtp.EnhancedCode{5, 7, 1}
	}
	if e.EnhancedCode[0] != e.Code/100 {
		e.EnhancedCode = gosmtp.EnhancedCode{e.Code / 100, 0, 0}
	}
	return e
}

// failed turns an error of receiving or storing into a reply.
func (s *session) failed(err error) *gosmtp.SMTPError {
	var reply *gosmtp.SMTPError
	switch {
	case errors.As(err, &reply):
		return reply
	case errors.Is(err, errBare):
		return s.answer(bareBytes)
	case errors.Is(err, errLong):
		return s.answer(longLine)
	case errors.Is(err, errTooBig), errors.Is(err, mailsvc.ErrTooLarge):
		return s.answer(tooBig)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, errAborted):
		return s.answer(lost)
	case errors.Is(err, mailsvc.ErrFull):
		return s.answer(noSpace)
	case errors.Is(err, context.Canceled):
		return s.answer(trouble)
	}
	return s.answer(trouble)
}
