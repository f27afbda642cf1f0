package engine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"quangtri.gov.vn/vanthu/directory"
	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/dispatch/letter"
	"quangtri.gov.vn/vanthu/dispatch/recipients"
	"quangtri.gov.vn/vanthu/internal/crashpoint"
	"quangtri.gov.vn/vanthu/mailsvc"
)

// Upload is one file as the clerk gave it.
type Upload struct {
	Name string
	Type string // media type as declared; never trusted for reading
	Data []byte
}

// Submission is what a clerk hands in.
type Submission struct {
	// Clerk is the account that issues; nil means the operator at the machine,
	// who may issue for any agency.
	Clerk *mailsvc.Account
	Files []Upload
	// NotSecret is the clerk's declaration that nothing here is a state secret.
	// It clears doubts, never a mark.
	NotSecret bool
	MessageID string // of the clerk's mail, to thread the report; may be ""
}

// Receipt says what became of a submission.
type Receipt struct {
	Document dispatch.DocumentID
	// Repeat is set when the very same file had been issued before: nothing is
	// sent again.
	Repeat bool
}

// Issue takes a document from the clerk. A nil error means that the document
// and all its recipients are on disk. A *Refusal means that nothing is.
func (e *Engine) Issue(ctx context.Context, s Submission) (Receipt, error) {
	read, err := e.gate(ctx, s)
	if err != nil {
		return Receipt{}, e.refused(ctx, s, err)
	}
	doc, err := e.prepare(s, read)
	if err != nil {
		return Receipt{}, e.refused(ctx, s, err)
	}
	if id, err := e.alreadyIssued(doc.Issuer, doc.Fields, doc.File.SHA256); err != nil || id != "" {
		return Receipt{Document: id, Repeat: id != ""}, e.refused(ctx, s, err)
	}
	crashpoint.Here("issue-before-blobs")
	for _, u := range s.Files {
		if err := e.store(u); err != nil {
			return Receipt{}, err
		}
	}
	crashpoint.Here("issue-before-commit")
	return e.commit(ctx, s, doc)
}

// gate reads every file in memory and lets the submission pass only if nothing
// in it bears a mark of secrecy, and if everything that may bear one was really
// read or, where doubt remains, declared. Its refusals carry no file name.
func (e *Engine) gate(ctx context.Context, s Submission) ([]dispatch.Reading, error) {
	if len(s.Files) == 0 {
		return nil, refuse("no-document", "Thư không kèm tệp văn bản nào. Xin đính kèm tệp đã ban hành (.odt, .docx, .doc hoặc .pdf) rồi gửi lại.")
	}
	readings := make([]dispatch.Reading, len(s.Files))
	for i, u := range s.Files {
		readings[i] = e.Read(ctx, u.Name, u.Data)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	for _, r := range readings {
		if r.Verdict == dispatch.Secret {
			return nil, refuse("secret", "Văn bản mang dấu độ mật (%s) nên không được gửi qua hệ thống này và không được lưu lại. Xin gửi theo đường văn bản mật, và xóa tệp này khỏi máy nối mạng.", r.Fields.Secrecy)
		}
	}
	for i, r := range readings {
		if err := judged(s, i, r); err != nil {
			return nil, err
		}
	}
	return readings, nil
}

// judged refuses a file that might be secret: one that nobody could read, for
// which there is no override, or one with a hint of secrecy that the clerk has
// not declared to be none.
func judged(s Submission, i int, r dispatch.Reading) error {
	which := "Tệp văn bản"
	if len(s.Files) > 1 {
		which = fmt.Sprintf("Tệp thứ %d", i+1)
	}
	if r.Verdict == dispatch.Rejected {
		code, why := "unreadable", "không đọc được; xin xuất lại thành .odt, .docx hoặc .pdf."
		if r.Problem != nil {
			code, why = r.Problem.Code, r.Problem.Message
		}
		if len(s.Files) > 1 {
			why += " Mọi tệp kèm theo đều phải đọc được để biết không có dấu mật: hãy bung tệp nén, bỏ mật khẩu, hoặc chuyển sang .pdf rồi gửi lại."
		}
		return refuse(code, "%s: %s", which, why)
	}
	for _, q := range r.Asks {
		if q.Field == "secrecy" && !s.NotSecret {
			return refuse("undeclared", "%s: %s Nếu văn bản không thuộc bí mật nhà nước, xin gửi lại thư này và viết ở dòng đầu thư hai chữ «KHÔNG MẬT».", which, strings.TrimSpace(q.Message))
		}
	}
	return nil
}

// prepare chooses the document among the files and works out all that will be
// written about it. It touches no disk.
func (e *Engine) prepare(s Submission, readings []dispatch.Reading) (record, error) {
	main, err := choose(readings)
	if err != nil {
		return record{}, err
	}
	r := readings[main]
	if err := complete(r, e.Today()); err != nil {
		return record{}, err
	}
	dir := e.Directory()
	issuer, err := e.issuer(dir, s.Clerk, r.Fields)
	if err != nil {
		return record{}, err
	}
	now := e.Now().UTC()
	doc := record{Document: dispatch.Document{
		ID: newID(now), Issuer: issuer, Fields: r.Fields, Issued: now,
		Directory: dir.Version(), Asks: blocking(r), Version: 1,
	}, MessageID: s.MessageID}
	if s.Clerk != nil {
		doc.Clerk = s.Clerk.Address
	}
	for i, u := range s.Files {
		f := describe(u, readings[i].Kind)
		if i == main {
			doc.File = f
		} else {
			doc.Annexes = append(doc.Annexes, f)
		}
	}
	if e.BaseURL() != "" && r.Fields.Circulation == "" {
		doc.Token = newToken()
	}
	doc.Items = recipients.Resolve(dir, recipients.Block{
		Lines: r.Fields.Recipients, KinhGui: r.Fields.KinhGui, Articles: r.Fields.Articles,
		Issuer: issuer, IssuerName: r.Fields.Issuer, On: r.Fields.Date, Memory: e.memory(issuer),
	})
	return doc, nil
}

// choose finds the one file that is an issued document; the others are annexes.
// The same document in two formats is taken once, in the format read best.
func choose(readings []dispatch.Reading) (int, error) {
	main := -1
	for i, r := range readings {
		if r.Verdict == dispatch.Rejected || r.Fields.Number == "" || len(r.Fields.Recipients) == 0 {
			continue
		}
		if main < 0 {
			main = i
			continue
		}
		m := readings[main]
		if m.Fields.NumberSymbol != r.Fields.NumberSymbol || m.Fields.Date != r.Fields.Date {
			return 0, refuse("several", "Thư có nhiều văn bản (%s và %s). Xin gửi mỗi văn bản trong một thư.", m.Fields.NumberSymbol, r.Fields.NumberSymbol)
		}
		if r.Confidence["recipients"] > m.Confidence["recipients"] {
			main = i
		}
	}
	if main >= 0 {
		return main, nil
	}
	// Nothing is whole: the first file is judged, so that the clerk learns what it
	// lacks.
	return 0, nil
}

// complete checks that the paper says what issuing needs.
func complete(r dispatch.Reading, today directory.Date) error {
	f, name := r.Fields, letter.FileName(r.File)
	switch {
	case f.Number == "" || f.NumberSymbol == "":
		return refuse("no-number", "Tệp «%s» chưa có số, ký hiệu (dòng «Số: …»). Xin ghi số đã đăng ký rồi gửi lại.", name)
	case f.Date == "":
		return refuse("no-date", "Tệp «%s» chưa có ngày ban hành (dòng «…, ngày … tháng … năm …»). Xin ghi đủ ngày rồi gửi lại.", name)
	case len(f.Recipients) == 0:
		return refuse("no-recipients", "Tệp «%s» không có phần «Nơi nhận». Xin bổ sung phần Nơi nhận rồi gửi lại.", name)
	case f.Issuer == "":
		return refuse("no-issuer", "Tệp «%s» không có tên cơ quan ban hành ở góc trên bên trái. Xin kiểm tra lại thể thức rồi gửi lại.", name)
	case f.Date > today:
		return refuse("future-date", "Ngày ban hành trong tệp «%s» (%s) còn chưa tới. Xin kiểm tra lại ngày rồi gửi lại.", name, f.Date)
	}
	return nil
}

// remarks are questions of the reader that hold nothing back: an urgent document
// must leave at once, and lines that point to a list are asked about one by one.
// A block without "Lưu" is none of them: it may have been read only in part.
var remarks = map[string]bool{"urgent": true, "listed": true, "circulation": true}

// blocking are the questions that keep the whole document waiting until the
// clerk confirms. Doubts about secrecy were settled by the declaration.
func blocking(r dispatch.Reading) []dispatch.Question {
	var out []dispatch.Question
	for _, q := range r.Asks {
		if q.Field != "secrecy" && !remarks[q.Code] {
			out = append(out, q)
		}
	}
	if r.Fields.Circulation != "" {
		out = append(out, dispatch.Question{Code: "circulation", Field: "circulation",
			Message: "Văn bản ghi «" + r.Fields.Circulation + "»: chỉ gửi tới các nơi ghi dưới đây, không đăng lên mạng."})
	}
	return out
}

// issuer finds the agency that issues and checks that the clerk may act for it.
func (e *Engine) issuer(dir *directory.Snapshot, clerk *mailsvc.Account, f dispatch.Fields) (directory.ID, error) {
	m := dir.Issuer(f.Issuer, f.IssuerParent, f.Date)
	var allowed []directory.ID
	for _, id := range m.Agencies {
		if clerk == nil || e.mayIssue(dir, *clerk, id, f.Date) {
			allowed = append(allowed, id)
		}
	}
	switch {
	case len(m.Agencies) == 0:
		return "", refuse("unknown-issuer", "Danh bạ không có cơ quan ban hành ghi trên văn bản: «%s». Xin kiểm tra lại tên cơ quan, hoặc báo người quản trị danh bạ.", f.Issuer)
	case len(allowed) == 0:
		return "", refuse("not-your-agency", "Văn bản do «%s» ban hành, nhưng tài khoản của anh/chị không được phát hành cho cơ quan này. Xin dùng tài khoản văn thư của cơ quan đó.", f.Issuer)
	case len(allowed) > 1 && !m.Certain:
		return "", refuse("ambiguous-issuer", "Tên cơ quan ban hành «%s» ứng với nhiều cơ quan trong danh bạ. %s Xin báo người quản trị danh bạ.", f.Issuer, m.Reason)
	}
	return allowed[0], nil
}

// mayIssue reports whether the clerk has the right to issue for the agency,
// through any mailbox that is the agency's official address then or now.
func (e *Engine) mayIssue(dir *directory.Snapshot, clerk mailsvc.Account, agency directory.ID, on directory.Date) bool {
	for _, account := range e.agencyAccounts(dir, agency, on) {
		if e.Identities.Rights(clerk, account)&mailsvc.Issue != 0 {
			return true
		}
	}
	return false
}

// agencyAccounts lists the accounts here that are official addresses of the agency.
func (e *Engine) agencyAccounts(dir *directory.Snapshot, agency directory.ID, on directory.Date) []string {
	var out []string
	for _, day := range []directory.Date{e.Today(), on} {
		for _, a := range dir.Addresses(agency, day) {
			if account, err := e.Identities.Account(a.Address); err == nil {
				out = append(out, account.Address)
			}
		}
	}
	return out
}

// mediaTypes are the types under which files are sent on: what was read, not what
// the clerk's program called it.
var mediaTypes = map[string]string{
	"odt": "application/vnd.oasis.opendocument.text", "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	"doc": "application/msword", "text-pdf": "application/pdf", "signed-pdf": "application/pdf", "scanned-pdf": "application/pdf", "txt": "text/plain",
}

func describe(u Upload, kind string) dispatch.File {
	sum := sha256.Sum256(u.Data)
	t := mediaTypes[kind]
	if t == "" {
		t = "application/octet-stream"
	}
	return dispatch.File{Name: letter.FileName(u.Name), Type: t, Size: int64(len(u.Data)), SHA256: hex.EncodeToString(sum[:])}
}

// store keeps the untouched file. It is called only behind the gate.
func (e *Engine) store(u Upload) error {
	w, err := e.Blobs.Create()
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, bytes.NewReader(u.Data)); err != nil {
		w.Abort()
		return err
	}
	_, _, err = w.Commit()
	return err
}

// alreadyIssued finds an earlier document with the same number, year and
// issuer: the same file is a repeat, another file is refused.
func (e *Engine) alreadyIssued(issuer directory.ID, f dispatch.Fields, sha string) (dispatch.DocumentID, error) {
	var id dispatch.DocumentID
	err := e.db.View(func(tx *bbolt.Tx) error {
		var err error
		id, err = repeatOf(tx, issuer, f, sha)
		return err
	})
	return id, err
}

func repeatOf(tx *bbolt.Tx, issuer directory.ID, f dispatch.Fields, sha string) (dispatch.DocumentID, error) {
	id := dispatch.DocumentID(tx.Bucket(bNumbers).Get(numberKey(issuer, f)))
	if id == "" {
		return "", nil
	}
	old, err := getRecord(tx, id)
	if err != nil {
		return "", err
	}
	if old.File.SHA256 != sha {
		return "", refuse("duplicate", "Văn bản số %s năm %s đã được phát hành lúc %s với một tệp khác. Nếu tệp trước sai, xin ban hành văn bản thay thế hoặc đính chính theo quy định.",
			f.NumberSymbol, f.Date[:4], local(old.Issued))
	}
	return id, nil
}

// commit writes everything in one transaction.
func (e *Engine) commit(ctx context.Context, s Submission, doc record) (Receipt, error) {
	rows := e.plan(&doc)
	receipt := Receipt{Document: doc.ID}
	err := e.db.Update(ctx, func(tx *bbolt.Tx) error {
		receipt = Receipt{Document: doc.ID}
		r := doc
		if id, err := repeatOf(tx, doc.Issuer, doc.Fields, doc.File.SHA256); err != nil || id != "" {
			receipt = Receipt{Document: id, Repeat: true}
			return err
		}
		for _, row := range rows {
			if err := putRecipient(tx, r.ID, row); err != nil {
				return err
			}
		}
		if err := scheduleReport(tx, &r, "issued", r.Clerk); err != nil {
			return err
		}
		if r.Token != "" {
			if err := tx.Bucket(bTokens).Put([]byte(r.Token), []byte(r.ID)); err != nil {
				return err
			}
		}
		if err := tx.Bucket(bNumbers).Put(numberKey(r.Issuer, r.Fields), []byte(r.ID)); err != nil {
			return err
		}
		if err := appendLog(tx, entry{At: r.Issued, What: "issued", Who: r.Clerk, Document: r.ID}); err != nil {
			return err
		}
		return put(tx, bDocuments, []byte(r.ID), r)
	})
	if err != nil {
		return Receipt{}, e.refused(ctx, s, err)
	}
	crashpoint.Here("issue-after-commit")
	e.changed()
	return receipt, nil
}

// refused logs that a submission was refused: why, by whom and when, and
// nothing of what was in it. It returns err unchanged.
func (e *Engine) refused(ctx context.Context, s Submission, err error) error {
	var r *Refusal
	if !errors.As(err, &r) {
		return err
	}
	who := "operator"
	if s.Clerk != nil {
		who = s.Clerk.Address
	}
	logErr := e.db.Update(ctx, func(tx *bbolt.Tx) error {
		return appendLog(tx, entry{At: e.Now().UTC(), What: "refused", Who: who, Why: r.Code})
	})
	if logErr != nil {
		return errors.Join(err, logErr)
	}
	e.Logger.Info("document refused", "code", r.Code, "account", who)
	return err
}

// local renders an instant as people here read it.
func local(t time.Time) string {
	return t.In(vietnam).Format("15:04 ngày 02/01/2006")
}

// vietnam is the one time zone of the province; it has no summer time.
var vietnam = time.FixedZone("+07", 7*60*60)
