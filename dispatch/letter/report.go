package letter

import (
	"fmt"
	"slices"
	"strings"

	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/internal/viet"
)

// ReportSubject says in one line what became of a document.
func ReportSubject(v dispatch.View) string {
	waiting := len(v.Waiting())
	n := v.Counts()
	subject := "[" + v.Document.Fields.NumberSymbol + "] "
	switch {
	case waiting > 0:
		subject += fmt.Sprintf("Cần anh/chị trả lời %d dòng trong Nơi nhận", waiting)
	case v.Confirm:
		subject += "Cần anh/chị xác nhận trước khi gửi"
	case n[dispatch.Failed]+n[dispatch.InDoubt] > 0:
		subject += fmt.Sprintf("%d nơi chưa gửi được", n[dispatch.Failed]+n[dispatch.InDoubt])
	default:
		subject += "Đã phát hành"
	}
	return subject + summary(n, ": ")
}

// order in which states are told: what needs a person first.
var order = []dispatch.State{dispatch.Held, dispatch.Failed, dispatch.InDoubt, dispatch.Refused, dispatch.Queued,
	dispatch.Arrived, dispatch.Sent, dispatch.Opened, dispatch.Accepted, dispatch.Paper, dispatch.Published, dispatch.Recalled}

func summary(n map[dispatch.State]int, lead string) string {
	var parts []string
	for _, s := range order {
		if n[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[s], s.Vietnamese()))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return lead + strings.Join(parts, ", ")
}

// Report is the body of the clerk's reply mail, and what `vanthu status` prints.
// byMail adds how to answer by replying.
func Report(v dispatch.View, byMail bool) string {
	var b strings.Builder
	f := v.Document.Fields
	fmt.Fprintf(&b, "%s số %s ngày %s\n%s\n\n", f.Type, f.NumberSymbol, vietnameseDate(string(f.Date)), f.Subject)
	b.WriteString("Tình trạng:" + summary(v.Counts(), " ") + ".\n")
	questions(&b, v, byMail)
	b.WriteString("\nTỪNG DÒNG TRONG NƠI NHẬN\n")
	for i, l := range v.Lines {
		line(&b, i+1, l)
	}
	paperList(&b, v)
	for i, file := range append([]dispatch.File{v.Document.File}, v.Document.Annexes...) {
		if i == 0 {
			b.WriteString("\nTệp đã gửi nguyên vẹn:\n")
		}
		fmt.Fprintf(&b, "  %s (%s), SHA-256 %s\n", file.Name, size(file.Size), file.SHA256)
	}
	return b.String()
}

func questions(b *strings.Builder, v dispatch.View, byMail bool) {
	waiting := v.Waiting()
	if len(waiting) == 0 && !v.Confirm {
		return
	}
	b.WriteString("\nCẦN ANH/CHỊ TRẢ LỜI\n")
	if byMail {
		b.WriteString("Bấm Trả lời (Reply) thư này, rồi viết lên đầu thư, mỗi dòng một ý: số dòng, dấu hai chấm, số chọn. Ví dụ:\n\n")
		fmt.Fprintf(b, "    %s\n\n", example(v, waiting))
	}
	if v.Confirm {
		fmt.Fprintf(b, "Dòng %s. Xác nhận nội dung đã đọc trước khi gửi:\n", dispatch.ConfirmLabel)
		for _, q := range v.Document.Asks {
			fmt.Fprintf(b, "      %s\n", q.Message)
		}
		b.WriteString("      ok = Đúng, gửi đi\n")
	}
	for _, p := range waiting {
		fmt.Fprintf(b, "Dòng %s. «%s»", p.Label, p.Item.Text)
		if p.Item.Reason != "" {
			b.WriteString(": " + p.Item.Reason)
		}
		b.WriteString("\n")
		for n, c := range p.Item.Candidates {
			fmt.Fprintf(b, "      %d = %s%s\n", n+1, c.Name, bracket(c.Reason))
		}
		b.WriteString("      giấy = Gửi bản giấy\n      0 = Không gửi\n")
		b.WriteString("      hoặc viết tên các cơ quan nhận, hay địa chỉ thư chính thức của họ\n")
	}
}

func bracket(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}

func example(v dispatch.View, waiting []dispatch.Part) string {
	if len(waiting) == 0 {
		return dispatch.ConfirmLabel + ": ok"
	}
	if len(waiting[0].Item.Candidates) == 0 {
		return waiting[0].Label + ": giấy"
	}
	return waiting[0].Label + ": 1"
}

// listAll is the number of copies up to which a line names each of them.
const listAll = 3

func line(b *strings.Builder, number int, l dispatch.Line) {
	fmt.Fprintf(b, "%2d. %s\n", number, l.Raw)
	for _, p := range l.Parts {
		if len(l.Parts) > 1 {
			fmt.Fprintf(b, "    %s) %s\n", p.Label, p.Item.Text)
		}
		part(b, p)
	}
}

func part(b *strings.Builder, p dispatch.Part) {
	if len(p.Recipients) > listAll {
		n := make(map[dispatch.State]int)
		for _, r := range p.Recipients {
			n[r.State]++
		}
		fmt.Fprintf(b, "      %d nơi%s\n", len(p.Recipients), summary(n, ": "))
	}
	for _, r := range p.Recipients {
		recipient(b, r)
	}
}

func recipient(b *strings.Builder, r dispatch.Recipient) {
	b.WriteString("      → ")
	if r.Name != "" {
		b.WriteString(r.Name)
		if r.Address != "" {
			b.WriteString(" <" + r.Address + ">")
		}
		b.WriteString(": ")
	}
	b.WriteString(r.State.Vietnamese())
	if r.Reason != "" {
		b.WriteString(" (" + r.Reason + ")")
	}
	b.WriteString("\n")
}

// paperList is the "danh sách gửi giấy": whoever must get paper because no mail
// reaches them.
func paperList(b *strings.Builder, v dispatch.View) {
	var names []string
	for _, l := range v.Lines {
		for _, p := range l.Parts {
			for _, r := range p.Recipients {
				if r.State == dispatch.Paper && r.Shares == 0 {
					names = append(names, r.Name)
				}
			}
		}
	}
	if len(names) == 0 {
		return
	}
	slices.SortFunc(names, viet.Compare)
	b.WriteString("\nDANH SÁCH GỬI GIẤY\n")
	for i, n := range names {
		fmt.Fprintf(b, "  %d. %s\n", i+1, n)
	}
}
