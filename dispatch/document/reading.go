package document

import (
	"fmt"
	"strings"
	"time"

	"quangtri.gov.vn/vanthu/directory"
	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/internal/viet"
)

// reading judges secrecy, then reads the fields, then says how far they may be trusted.
func (p *paper) reading(today time.Time) dispatch.Reading {
	x := newExtractor(p)
	g := x.judge()
	if g.secrecy != "" {
		return dispatch.Reading{Kind: p.kind, Verdict: dispatch.Secret, Fields: dispatch.Fields{Secrecy: g.secrecy}}
	}
	r := dispatch.Reading{Kind: p.kind, Verdict: dispatch.OK, Fields: x.fields(), Sources: x.sources}
	clip(&r.Fields)
	r.Fields.Urgency = g.urgency
	if g.urgency != "" {
		r.Sources["urgency"] = g.source
	}
	q := questions{x: x, f: &r.Fields, today: directory.DateOf(today)}
	r.Asks = q.all(g)
	r.Confidence = x.confidence(&r.Fields)
	if len(r.Asks) > 0 {
		r.Verdict = dispatch.Ask
	}
	return r
}

// maxField bounds one text field, in bytes.
const maxField = 4 << 10

// clip cuts fields that a hostile file made longer than any document's.
func clip(f *dispatch.Fields) {
	all := []*string{&f.IssuerParent, &f.Issuer, &f.Number, &f.Symbol, &f.NumberSymbol, &f.Place, &f.PlaceDateText, &f.Subject, &f.Circulation, &f.SignerTitle, &f.Signer, &f.Copy}
	for _, list := range [][]string{f.KinhGui, f.SignLines, f.Appendices} {
		for i := range list {
			all = append(all, &list[i])
		}
	}
	for _, s := range all {
		if len(*s) > maxField {
			*s = strings.ToValidUTF8((*s)[:maxField], "")
		}
	}
}

// questions collects what a person must confirm.
type questions struct {
	x     *extractor
	f     *dispatch.Fields
	today directory.Date
	out   []dispatch.Question
}

func (q *questions) ask(code, field, format string, args ...any) {
	if len(q.out) < 40 {
		q.out = append(q.out, dispatch.Question{Code: code, Field: field, Message: fmt.Sprintf(format, args...)})
	}
}

func (q *questions) all(g gate) []dispatch.Question {
	q.secrecy(g)
	q.source()
	q.head()
	q.block()
	for _, a := range q.x.p.asks {
		q.ask(a.code, a.field, "%s", a.message)
	}
	return q.out
}

// secrecy turns traces into one question each, at most five.
func (q *questions) secrecy(g gate) {
	seen := map[string]bool{}
	for _, h := range g.hints {
		if !seen[h.why] && len(seen) < 5 {
			seen[h.why] = true
			q.ask("secrecy", "secrecy", "Có dấu hiệu văn bản mật (%s, ở %s): hãy xác nhận văn bản không mật trước khi làm tiếp; nếu mật, không được gửi qua hệ thống này.", h.why, h.place)
		}
	}
	for _, i := range q.x.p.images {
		if q.x.marksStand(i) {
			q.ask("picture", "secrecy", "Phần đầu văn bản có hình ảnh mà hệ thống không đọc được: hãy xem hình đó có phải dấu chỉ độ mật không và xác nhận văn bản không mật.")
			break
		}
	}
	if q.x.p.ocr {
		q.ask("ocr-secrecy", "secrecy", "Văn bản được nhận dạng từ ảnh nên không thể chắc là không có dấu chỉ độ mật: hãy xem bản gốc và xác nhận văn bản không mật.")
	}
}

// source asks about what the file itself makes uncertain.
func (q *questions) source() {
	p := q.x.p
	if p.ocr {
		q.ask("ocr", "", "Văn bản được nhận dạng từ ảnh quét: hãy đối chiếu số, ngày và từng dòng Nơi nhận với bản gốc.")
	}
	if p.legacy == "score" || p.legacy != "" && strings.HasSuffix(p.kind, "pdf") {
		q.ask("legacy-encoding", "", "Văn bản dùng bảng mã cũ (TCVN3 hoặc VNI) đã được đổi sang Unicode: hãy xem lại tên riêng và từng dòng Nơi nhận.")
	}
	if p.tracked {
		q.ask("tracked-changes", "", "Tệp còn vết sửa (track changes), phần bị xóa đã được bỏ qua: hãy kiểm tra đây đúng là bản đã ban hành.")
	}
	if p.score > 0 && p.score < 0.75 {
		q.ask("garbled", "", "Nhiều chữ trong tệp không đọc được thành tiếng Việt: hãy đối chiếu với bản gốc hoặc gửi tệp khác.")
	}
	if p.partial {
		q.ask("partial", "", "Văn bản dài nên chỉ một số trang được đọc: hãy kiểm tra Nơi nhận và phụ lục.")
	}
	if len(q.x.heads) > 1 && q.f.Copy == "" {
		q.ask("several-documents", "", "Tệp có vẻ chứa nhiều văn bản: chỉ văn bản đầu tiên được đọc; hãy tách riêng từng văn bản rồi gửi lại nếu cần phát hành cả hai.")
	}
	if q.f.Copy != "" {
		q.ask("copy", "copy", "Đây là bản sao (%s): hãy xác nhận số, ngày và Nơi nhận của bản sao.", q.f.Copy)
	}
}

// head asks about missing or odd fields of the first page.
func (q *questions) head() {
	f := q.f
	if f.Number == "" {
		q.ask("no-number", "number", "Không thấy số văn bản (ô số để trống hoặc không đọc được): văn bản chưa được cấp số thì chưa phát hành; nếu đã có số, hãy nhập số, ký hiệu.")
	}
	switch {
	case f.Date == "":
		q.ask("no-date", "date", "Không đọc được ngày ban hành: hãy nhập ngày, tháng, năm của văn bản.")
	case f.Date > q.today:
		q.ask("future-date", "date", "Ngày ban hành %s sau ngày hôm nay: hãy kiểm tra lại.", f.Date)
	}
	if f.Issuer == "" {
		q.ask("no-issuer", "issuer", "Không đọc được tên cơ quan ban hành: hãy chọn cơ quan ban hành.")
	}
	if q.x.joint {
		q.ask("joint-issuer", "issuer", "Văn bản do nhiều cơ quan cùng ban hành (%s): hãy xác nhận cơ quan phát hành.", f.Issuer)
	}
	if f.Subject == "" {
		q.ask("no-subject", "subject", "Không đọc được trích yếu: hãy nhập trích yếu nội dung.")
	}
	if f.Signer == "" {
		q.ask("no-signer", "signer", "Không đọc được họ tên người ký: hãy kiểm tra văn bản đã được ký ban hành.")
	}
	if q.x.signers > 1 {
		q.ask("several-signers", "signer", "Văn bản có nhiều người ký cạnh nhau: hãy kiểm tra người ký được ghi nhận (%s) có đúng không.", f.Signer)
	}
	if t := typeOfSymbol(f.Symbol); t != "" && !f.TypePrinted {
		q.ask("type", "doc_type", "Ký hiệu %s là của loại văn bản %s nhưng không đọc được tên loại: hãy kiểm tra loại văn bản và trích yếu.", f.Symbol, t)
	}
	if strings.HasPrefix(f.Urgency, "Hỏa tốc") {
		q.ask("urgent", "urgency", "Văn bản có dấu %s: hãy xác nhận để gửi ngay và theo dõi thời hạn.", f.Urgency)
	}
	if f.Circulation != "" {
		q.ask("circulation", "circulation", "Văn bản ghi “%s”: hãy xác nhận trước khi gửi cho các nhóm nơi nhận; văn bản sẽ không được đăng công khai.", f.Circulation)
	}
}

var listed = []string{"theo danh sách", "như danh sách", "danh sách kèm theo", "như thành phần"}

// block asks about the recipients.
func (q *questions) block() {
	x := q.x
	if x.label < 0 {
		q.ask("no-recipients", "recipients", "Không tìm thấy mục “Nơi nhận”: hãy nhập từng nơi nhận hoặc gửi tệp có mục này.")
		return
	}
	if x.empty {
		q.ask("empty-block", "recipients", "Trước mục được đọc còn một mục “Nơi nhận” mà không thấy tên nơi nhận nào: hãy kiểm tra từng dòng với văn bản.")
	}
	if x.labels > 1 && q.f.Copy == "" {
		q.ask("several-blocks", "recipients", "Tệp có nhiều mục “Nơi nhận”: mục đầu tiên được dùng, hãy kiểm tra có đúng không.")
	}
	if !x.archive {
		q.ask("no-archive", "recipients", "Mục “Nơi nhận” không kết thúc bằng dòng “Lưu”: có thể bị thiếu dòng, hãy kiểm tra.")
	}
	if x.joined != "" {
		q.ask("joined", "recipients", "Không chắc dòng “%s” là một hay nhiều nơi nhận vì chỗ xuống dòng không rõ: hãy kiểm tra.", x.joined)
	}
	if t := x.lost(); t != "" {
		q.ask("beside", "recipients", "Cạnh mục “Nơi nhận” còn dòng “%s” không rõ thuộc nơi nhận nào: hãy kiểm tra từng dòng với văn bản.", t)
	}
	if x.p.across != "" && x.p.lines[x.label].printed {
		q.ask("columns", "recipients", "Không chắc dòng “%s” có lẫn chữ của phần ký bên cạnh: hãy kiểm tra từng dòng Nơi nhận với văn bản.", x.p.across)
	}
	for _, t := range q.f.Recipients {
		if x.p.lines[x.label].printed && runsIntoSignature(t) {
			q.ask("columns", "recipients", "Dòng “%s” có vẻ lẫn chữ của phần ký bên cạnh: hãy sửa lại dòng này theo văn bản.", t)
		}
		key := viet.Key(t)
		for _, w := range listed {
			if strings.Contains(key, w) {
				q.ask("listed", "recipients", "Dòng “%s” chỉ đến một danh sách: hãy chọn từng nơi nhận.", t)
				break
			}
		}
	}
}

// confidence gives each field that was found a figure between 0 and 1. The
// figures start from the source and are lowered by what makes it uncertain;
// they are proposals of measurement, not probabilities.
func (x *extractor) confidence(f *dispatch.Fields) map[string]float64 {
	base := x.base()
	c := map[string]float64{}
	for field, found := range map[string]bool{
		"issuer": f.Issuer != "", "issuer_parent": f.IssuerParent != "", "number": f.Number != "", "symbol": f.Symbol != "",
		"number_symbol": f.NumberSymbol != "", "place": f.Place != "", "date": f.Date != "", "doc_type": f.Type != "",
		"subject": f.Subject != "", "kinh_gui": len(f.KinhGui) > 0, "sign_lines": len(f.SignLines) > 0,
		"signer": f.Signer != "", "signer_title": f.SignerTitle != "", "urgency": f.Urgency != "",
	} {
		if found {
			c[field] = round2(base)
		}
	}
	if len(f.Recipients) > 0 {
		c["recipients"] = round2(x.blockConfidence(base))
	}
	return c
}

// base is the confidence that the kind of source allows.
func (x *extractor) base() float64 {
	p := x.p
	b := 0.98
	switch {
	case p.ocr:
		b = 0.60
	case strings.HasSuffix(p.kind, "pdf"), p.kind == "doc":
		b = 0.95
	case p.kind == "txt":
		b = 0.85
	}
	switch p.legacy {
	case "font":
		b = min(b, 0.90)
	case "score":
		b = min(b, 0.80)
	}
	if p.tracked {
		b -= 0.05
	}
	if p.score > 0 && p.score < 0.9 && !p.ocr {
		b -= 0.15
	}
	return max(b, 0)
}

// blockConfidence lowers base by what makes the recipients uncertain.
func (x *extractor) blockConfidence(b float64) float64 {
	l := x.p.lines[x.label]
	if x.p.flows[l.flow].kind == inBody && strings.Contains(l.text, "\t") {
		b -= 0.05
	}
	if x.p.gutter > 0 && x.p.gutter < 15 {
		b -= 0.10
	}
	if l.page > 0 && x.p.lines[x.last].page != l.page {
		b -= 0.10
	}
	if !x.archive {
		b -= 0.15
	}
	if x.labels > 1 {
		b -= 0.20
	}
	if x.p.ocr {
		for _, c := range x.conf {
			if c > 0 {
				b = min(b, c)
			}
		}
	}
	return max(b, 0)
}

func round2(f float64) float64 { return float64(int(f*100+0.5)) / 100 }
