package queue

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"quangtri.gov.vn/vanthu/internal/crashpoint"
	"quangtri.gov.vn/vanthu/mailsvc"
)

// notify tells the sender of an untracked item what became of it, and then ends
// the item. The notification carries an id made of the key, so that doing it
// again after a crash makes no second one.
func (q *Queue) notify(ctx context.Context, r row) {
	if r.owesNotice() {
		err := q.sendNotice(ctx, r)
		if err != nil && !errors.Is(err, mailsvc.ErrNotFound) && !errors.Is(err, mailsvc.ErrNotAllowed) {
			q.o.Logger.Error("queue notification not sent", "key", r.Key, "err", err)
			e := entryOf(r)
			e.next = time.Now().Add(q.o.RetryFirst)
			q.plan.add(destNotice, e)
			q.plan.poke()
			return
		}
		crashpoint.Here(AfterNotice)
	}
	if err := q.remove(r); err != nil {
		q.o.Logger.Error("queue item not removed", "key", r.Key, "err", err)
	}
}

func (q *Queue) sendNotice(ctx context.Context, r row) error {
	text, err := q.notice(r)
	if err != nil {
		return err
	}
	m, err := q.o.Ingest(bytes.NewReader(text))
	if err != nil {
		return err
	}
	id := "dsn/" + r.Key
	prefix := []byte("Return-Path: <>\r\n")
	if q.local(domainOf(r.From)) {
		m.Prefix, m.Internal = prefix, time.Now()
		return q.o.Local(ctx, id, r.From, m)
	}
	if len(id) > maxKey {
		id = id[:maxKey]
	}
	return q.Enqueue(ctx, []mailsvc.Outgoing{{Key: id, To: r.From, Blob: m.Blob, Size: m.BlobSize}})
}

const (
	dateFormat = "Mon, 02 Jan 2006 15:04:05 -0700"
	// maxQuoted bounds how much of the message's header is quoted, octets.
	maxQuoted = 32 << 10
)

// notice is the delivery status notification for an item: RFC 3462 and 3464.
func (q *Queue) notice(r row) ([]byte, error) {
	header, err := q.header(r)
	if err != nil {
		header = nil // the message is gone; the sender is told all the same
	}
	boundary := "dsn-" + strings.ToLower(base64.RawURLEncoding.EncodeToString(idKey(r.ID)))
	subject, text, action := q.words(r)
	var b bytes.Buffer
	line := func(format string, v ...any) { fmt.Fprintf(&b, format+"\r\n", v...) }
	line("From: =?utf-8?b?%s?= <postmaster@%s>", base64.StdEncoding.EncodeToString([]byte("Hệ thống thư")), q.postmasterDomain())
	line("To: <%s>", r.From)
	line("Subject: =?utf-8?b?%s?=", base64.StdEncoding.EncodeToString([]byte(subject)))
	line("Date: %s", r.Changed.Format(dateFormat))
	line("Message-ID: <dsn-%d-%d@%s>", r.ID, r.Created.UnixNano(), q.o.Hostname)
	line("Auto-Submitted: auto-replied")
	line("MIME-Version: 1.0")
	line("Content-Type: multipart/report; report-type=delivery-status; boundary=\"%s\"", boundary)
	line("")
	line("--%s", boundary)
	line("Content-Type: text/plain; charset=utf-8")
	line("Content-Transfer-Encoding: base64")
	line("")
	writeBase64(&b, text)
	line("--%s", boundary)
	line("Content-Type: message/delivery-status")
	line("")
	line("Reporting-MTA: dns; %s", q.o.Hostname)
	if r.Envelope != "" {
		line("Original-Envelope-Id: %s", asciiOnly(r.Envelope))
	}
	line("Arrival-Date: %s", r.Created.Format(dateFormat))
	line("")
	if r.Original != "" {
		line("Original-Recipient: %s", asciiOnly(r.Original))
	}
	line("Final-Recipient: %s", typed(r.To))
	line("Action: %s", action)
	line("Status: %s", status(r))
	if r.Reply != "" {
		line("Diagnostic-Code: smtp; %s", asciiOnly(r.Reply))
	}
	line("Last-Attempt-Date: %s", r.Changed.Format(dateFormat))
	line("")
	line("--%s", boundary)
	line("Content-Type: text/rfc822-headers")
	line("Content-Transfer-Encoding: 8bit")
	line("")
	b.Write(header)
	line("")
	line("--%s--", boundary)
	return b.Bytes(), nil
}

func (q *Queue) postmasterDomain() string {
	if len(q.o.Domains) > 0 {
		return q.o.Domains[0]
	}
	return q.o.Hostname
}

// words is what people read, Vietnamese first.
func (q *Queue) words(r row) (subject, text, action string) {
	switch {
	case r.Phase == mailsvc.Delivered && q.local(domainOf(r.To)):
		return "Thư đã vào hộp thư", fmt.Sprintf(
			"Thư gửi đến %s đã vào hộp thư của người nhận.\r\n\r\nYour message to %s is in the recipient's mailbox.\r\n", r.To, r.To), "delivered"
	case r.Phase == mailsvc.Delivered:
		return "Thư đã chuyển đến máy chủ nơi nhận", fmt.Sprintf(
			"Thư gửi đến %s đã được máy chủ nơi nhận tiếp nhận; máy chủ đó không báo lại khi thư vào hộp thư.\r\n\r\n"+
				"Your message to %s was accepted by the recipient's server, which will not report on it any further.\r\n", r.To, r.To), "relayed"
	}
	if r.Phase == mailsvc.Unsure {
		return "Không rõ thư đã đến hay chưa", fmt.Sprintf(
			"Kết nối bị ngắt ngay sau khi thư gửi đến %s được chuyển đi, nên không rõ nơi nhận đã có thư hay chưa.\r\n"+
				"Hệ thống không tự gửi lại để tránh nhận hai lần; hãy hỏi nơi nhận rồi gửi lại nếu cần.\r\n\r\n"+
				"The connection was lost right after your message to %s was transferred, so it is not known whether it arrived.\r\n"+
				"It will not be sent again automatically.\r\n", r.To, r.To), "delayed"
	}
	return "Thư không gửi được", fmt.Sprintf(
		"Thư gửi đến %s không chuyển được. Máy chủ trả lời:\r\n\r\n    %s\r\n\r\n"+
			"Hãy kiểm tra lại địa chỉ rồi gửi lại; nếu vẫn không được, hãy báo người quản trị kèm thư này.\r\n\r\n"+
			"Your message to %s could not be delivered. The answer is quoted above.\r\n", r.To, r.Reply, r.To), "failed"
}

// typed is an address with its type, RFC 3464 section 2.3.2 and RFC 6533.
func typed(address string) string {
	if isASCII(address) {
		return "rfc822; " + address
	}
	return "utf-8; " + address
}

// status is the enhanced code in the reply, or a general one.
func status(r row) string {
	for f := range strings.FieldsSeq(r.Reply) {
		if len(f) >= 5 && len(f) <= 11 && (f[0] == '2' || f[0] == '4' || f[0] == '5') && f[1] == '.' && strings.Trim(f, "0123456789.") == "" && strings.Count(f, ".") == 2 {
			if r.Phase == mailsvc.Bounced && f[0] == '4' {
				return "4.4.7" // it was put off until its time was over
			}
			return f
		}
	}
	switch r.Phase {
	case mailsvc.Unsure:
		return "4.4.2"
	case mailsvc.Delivered:
		return "2.0.0"
	}
	return "5.0.0"
}

func asciiOnly(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return '?'
		}
		return c
	}, s)
}

func writeBase64(b *bytes.Buffer, text string) {
	const width = 76
	s := base64.StdEncoding.EncodeToString([]byte(text))
	for len(s) > width {
		b.WriteString(s[:width] + "\r\n")
		s = s[width:]
	}
	b.WriteString(s + "\r\n")
}

// header returns the message's header as far as it is quoted: whole lines, and
// none that looks like a boundary of ours.
func (q *Queue) header(r row) ([]byte, error) {
	m, done, err := q.body(r)
	if err != nil {
		return nil, err
	}
	defer done.Close()
	var b bytes.Buffer
	in := bufio.NewReader(io.LimitReader(m, maxQuoted))
	for {
		line, err := in.ReadSlice('\n')
		if err != nil || len(line) <= 2 || bytes.HasPrefix(line, []byte("--")) {
			return b.Bytes(), nil
		}
		b.Write(line)
	}
}
