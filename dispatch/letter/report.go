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
	dispatch.Arrived, dispatch.Sent, dispatch.Opened, dispatch.Accepted, dispatch.Paper, dispatch.Published, dispatch.Recalled, dispatch.NotSent}

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
	if byMail {
		b.WriteString("--- " + ReplyAbove + " ---\n\n")
	}
	f := v.Document.Fields
	fmt.Fprintf(&b, "%s số %s ngày %s\n%s\n\n", f.Type, f.NumberSymbol, vietnameseDate(string(f.Date)), f.Subject)
	b.WriteString("Tình trạng:" + summary(v.Counts(), " ") + ".\n")
	questions(&b, v, byMail)
	failures(&b, v)
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

// ReplyAbove stands at the head of a report by mail. Whatever follows it in a
// reply is the report quoted back. Besides, no line of a report has the form of
// an answer; a test holds the parser of replies against that.
const ReplyAbove = "Xin viết trả lời phía trên dòng này"

func questions(b *strings.Builder, v dispatch.View, byMail bool) {
	waiting := v.Waiting()
	if len(waiting) == 0 && !v.Confirm {
		return
	}
	b.WriteString("\nCẦN ANH/CHỊ TRẢ LỜI\n")
	if byMail {
		fmt.Fprintf(b, "Bấm Trả lời (Reply) thư này và viết lên đầu thư, mỗi dòng một ý: số dòng, dấu hai chấm, lựa chọn. Ví dụ: «%s»\n", example(v, waiting))
	}
	if v.Confirm {
		fmt.Fprintf(b, "\nCâu hỏi chung, coi là dòng %s: nội dung đã đọc có đúng không? Chưa gửi đi đâu khi chưa có trả lời.\n", dispatch.ConfirmLabel)
		for _, q := range v.Document.Asks {
			fmt.Fprintf(b, "      %s\n", q.Message)
		}
		b.WriteString("      [ok] Đúng, gửi đi\n")
	}
	for _, p := range waiting {
		fmt.Fprintf(b, "\nCâu hỏi cho dòng %s: «%s»\n", p.Label, p.Item.Text)
		if p.Item.Reason != "" {
			b.WriteString("      " + p.Item.Reason + "\n")
		}
		for n, c := range p.Item.Candidates {
			fmt.Fprintf(b, "      [%d] %s%s\n", n+1, c.Name, bracket(c.Reason))
		}
		b.WriteString("      [giấy] Gửi bản giấy\n      [0] Không gửi\n")
		b.WriteString("      hoặc viết tên các cơ quan nhận, hay địa chỉ thư chính thức của họ\n")
	}
}

// failures tells how to send again what did not get through.
func failures(b *strings.Builder, v dispatch.View) {
	for _, l := range v.Lines {
		for _, p := range l.Parts {
			n := 0
			for _, r := range p.Recipients {
				if r.Shares == 0 && (r.State == dispatch.Failed || r.State == dispatch.InDoubt || r.State == dispatch.Refused) {
					n++
				}
			}
			if n > 0 {
				fmt.Fprintf(b, "\nCó %d nơi ở dòng %s chưa gửi được: trả lời «%s: gửi lại» hoặc «%s: giấy».\n", n, p.Label, p.Label, p.Label)
			}
		}
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

// few is the number of copies from which a line says how many they are.
const few = 4

func line(b *strings.Builder, number int, l dispatch.Line) {
	fmt.Fprintf(b, "%2d. %s\n", number, l.Raw)
	for _, p := range l.Parts {
		if len(l.Parts) > 1 {
			fmt.Fprintf(b, "    phần %s: «%s»\n", p.Label, p.Item.Text)
		}
		part(b, p)
	}
}

func part(b *strings.Builder, p dispatch.Part) {
	if len(p.Recipients) >= few {
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
