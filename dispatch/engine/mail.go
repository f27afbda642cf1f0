package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/mail"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/dispatch/letter"
	"quangtri.gov.vn/vanthu/internal/crashpoint"
	"quangtri.gov.vn/vanthu/internal/viet"
	"quangtri.gov.vn/vanthu/mailsvc"
	"quangtri.gov.vn/vanthu/mailsvc/mime"
)

// desk is how the issuing desk signs its letters to clerks.
func (e *Engine) desk() mail.Address {
	return mail.Address{Name: "Bàn phát hành văn bản", Address: e.IssueAddress}
}

// link is the public page of a document.
func (e *Engine) link(token string) string {
	if token == "" {
		return ""
	}
	return e.BaseURL() + "/vb/" + token
}

// sender is the envelope sender and From address of a document: the issuer's
// own address here if it has one, else the desk.
func (e *Engine) sender(doc record) string {
	for _, a := range e.agencyAccounts(e.Directory(), doc.Issuer, doc.Fields.Date) {
		return a
	}
	return e.IssueAddress
}

// letter composes the letter that carries a document, once for all recipients,
// and stores it. Composing again gives the same bytes and so the same blob.
func (e *Engine) letter(doc record) (mailsvc.NewMessage, error) {
	agency, _ := e.Directory().Agency(doc.Issuer)
	files := append([]dispatch.File{doc.File}, doc.Annexes...)
	c := letter.Carrying{IssuerName: agency.Name, Fields: doc.Fields, Files: files, Link: e.link(doc.Token)}
	var total int64
	for _, f := range files {
		total += f.Size
	}
	c.LinkOnly = c.Link != "" && e.MaxAttachment > 0 && total > e.MaxAttachment
	from := mail.Address{Name: agency.Name, Address: e.sender(doc)}
	head := letter.Head{From: from, Subject: c.Subject(), Date: doc.Issued.In(vietnam), MessageID: e.letterID(doc.ID)}
	if p := priority[doc.Fields.Urgency]; p != "" {
		head.Extra = append(head.Extra, [2]string{"X-Priority", p}, [2]string{"Importance", "high"})
	}
	if c.LinkOnly {
		files = nil
	}
	return e.ingest(func(w io.Writer) error {
		attached, closeAll, err := e.attach(files)
		defer closeAll()
		if err != nil {
			return err
		}
		return letter.Write(w, head, c.Text(), boundary(string(doc.ID)), attached)
	}, doc.Issued)
}

var priority = map[string]string{"Khẩn": "2", "Thượng khẩn": "1", "Hỏa tốc": "1", "Hỏa tốc hẹn giờ": "1"}

// attach opens the stored files of a document.
func (e *Engine) attach(files []dispatch.File) ([]letter.Attachment, func(), error) {
	var out []letter.Attachment
	var open []mailsvc.Blob
	closeAll := func() {
		for _, b := range open {
			b.Close()
		}
	}
	for _, f := range files {
		b, err := e.Blobs.Open(mailsvc.BlobID(f.SHA256))
		if err != nil {
			return nil, closeAll, fmt.Errorf("file of document: %w", err)
		}
		open = append(open, b)
		out = append(out, letter.Attachment{Name: f.Name, Type: f.Type, Body: io.NewSectionReader(b, 0, b.Size())})
	}
	return out, closeAll, nil
}

// ingest streams what write produces into the store and indexes it.
func (e *Engine) ingest(write func(io.Writer) error, at time.Time) (mailsvc.NewMessage, error) {
	r, w := io.Pipe()
	go func() { w.CloseWithError(write(w)) }()
	m, err := mime.Ingest(e.Blobs, r)
	r.CloseWithError(err)
	m.Internal = at
	return m, err
}

// boundary is unique to a letter and repeatable.
func boundary(id string) string { return "=_vanthu_" + id }

func (e *Engine) letterID(id dispatch.DocumentID) string {
	return fmt.Sprintf("vb.%s@%s", id, e.Domain)
}

// trace holds the header fields that differ from recipient to recipient.
func (e *Engine) trace(doc record, r dispatch.Recipient) []byte {
	to := letter.Address(mail.Address{Name: r.Name, Address: r.Address})
	date := doc.Issued.In(vietnam).Format(time.RFC1123Z)
	return fmt.Appendf(nil, "Received: by %s (vanthu) id %s.%d;\r\n %s\r\nTo: %s\r\n", e.Domain, doc.ID, r.ID, date, to)
}

// finalTrace is trace with what only the last server adds (RFC 5321 section 4.4).
func (e *Engine) finalTrace(doc record, r dispatch.Recipient) []byte {
	return append(fmt.Appendf(nil, "Return-Path: <%s>\r\nDelivered-To: %s\r\n", e.sender(doc), r.Address), e.trace(doc, r)...)
}

// writeReports writes the reports of a document that are due and delivers them
// to the clerk. A report that was delivered before a crash is not delivered again.
func (e *Engine) writeReports(ctx context.Context, id dispatch.DocumentID) error {
	for {
		n, due, err := e.nextReport(id)
		if err != nil || n == 0 {
			return err
		}
		doc, rows, err := e.load(id)
		if err != nil {
			return err
		}
		if err := e.writeToClerk(ctx, due.To, e.reportNote(doc, rows, n)); err != nil {
			return err
		}
		crashpoint.Here("report-after-deliver")
		if err := e.reported(ctx, id, n, len(queued(rows)) > 0); err != nil {
			return err
		}
	}
}

// reportNote is named after what it says: the same report is delivered once, but
// if anything changed between a crash and the next start, the clerk gets the news.
func (e *Engine) reportNote(doc record, rows []dispatch.Recipient, n int) note {
	v := dispatch.NewView(doc.Document, rows)
	text := letter.Report(v, true)
	sum := sha256.Sum256([]byte(text))
	name := fmt.Sprintf("%s.%d.%s", doc.ID, n, hex.EncodeToString(sum[:6]))
	return note{id: "bc." + name + "@" + e.Domain, delivery: "bc/" + name, parent: doc.MessageID, subject: letter.ReportSubject(v), text: text}
}

func (e *Engine) nextReport(id dispatch.DocumentID) (n int, due report, err error) {
	err = e.db.View(func(tx *bbolt.Tx) error {
		prefix := append([]byte(id), 0)
		k, v := tx.Bucket(bReports).Cursor().Seek(prefix)
		if k == nil || documentOf(k) != id {
			return nil
		}
		n = int(uint32(k[len(k)-4])<<24 | uint32(k[len(k)-3])<<16 | uint32(k[len(k)-2])<<8 | uint32(k[len(k)-1]))
		return decode(v, &due)
	})
	return n, due, err
}

// reported ends a report. open says that it told of copies still under way; if
// those settled meanwhile, the closing report is scheduled at once.
func (e *Engine) reported(ctx context.Context, id dispatch.DocumentID, n int, open bool) error {
	return e.db.Update(ctx, func(tx *bbolt.Tx) error {
		if err := tx.Bucket(bReports).Delete(reportKey(id, n)); err != nil {
			return err
		}
		doc, err := getRecord(tx, id)
		if err != nil || !open {
			return err
		}
		rows, err := getRecipients(tx, id)
		if err != nil {
			return err
		}
		if doc.Open = len(queued(rows)) > 0; !doc.Open {
			if err := scheduleReport(tx, &doc, "outcome", doc.Clerk); err != nil {
				return err
			}
		}
		return put(tx, bDocuments, []byte(id), doc)
	})
}

// note is a letter of the desk to a clerk.
type note struct {
	id       string // Message-ID
	delivery string // delivery id: the same note is delivered once
	parent   string // Message-ID it answers, or ""
	subject  string
	text     string
}

// writeToClerk puts a note into the clerk's inbox. It returns once that is durable.
func (e *Engine) writeToClerk(ctx context.Context, account string, n note) error {
	a, err := e.Identities.Account(account)
	if err != nil {
		e.Logger.Warn("clerk's account is gone; note dropped", "account", account)
		return nil
	}
	now := e.Now()
	head := letter.Head{
		From: e.desk(), To: &mail.Address{Name: a.Name, Address: a.Address}, Subject: n.subject,
		Date: now.In(vietnam), MessageID: n.id, InReplyTo: n.parent,
		Extra: [][2]string{{"Auto-Submitted", "auto-replied"}},
	}
	if n.parent != "" {
		head.References = []string{n.parent}
	}
	m, err := e.ingest(func(w io.Writer) error { return letter.Write(w, head, n.text, "", nil) }, now)
	if err != nil {
		return err
	}
	prefix := fmt.Appendf(nil, "Return-Path: <>\r\nDelivered-To: %s\r\n", a.Address)
	errs := e.Mailboxes.Deliver(ctx, mailsvc.Delivery{ID: n.delivery, Always: true, Message: m, Targets: []mailsvc.Target{{Account: a.Address, Prefix: prefix}}})
	for _, err := range errs {
		if err != nil {
			return fmt.Errorf("note to %s: %w", a.Address, err)
		}
	}
	return nil
}

// noteID makes the identifiers of a note that answers one mail with one kind of
// content, so that the same mail taken twice is answered once.
func (e *Engine) noteID(kind string, parts ...string) (messageID, delivery string) {
	sum := sha256.Sum256([]byte(kind + "\x00" + strings.Join(parts, "\x00")))
	h := hex.EncodeToString(sum[:16])
	return fmt.Sprintf("tl.%s@%s", h, e.Domain), "tl/" + h
}

// firstWords shortens a text for a subject line.
func firstWords(s string, n int) string {
	r := []rune(viet.Clean(s))
	if len(r) <= n {
		return string(r)
	}
	return strings.TrimSpace(string(r[:n])) + "…"
}
