package letter

import (
	"fmt"
	"strings"

	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/internal/viet"
)

// Carrying is what the letter to a recipient says about the document in it.
type Carrying struct {
	IssuerName string
	Fields     dispatch.Fields
	Files      []dispatch.File // the document first, then its annexes
	Link       string          // where it can be fetched, or ""
	LinkOnly   bool            // too large to attach: only the link
}

// Subject is "[15/2009/CT-UBND] trích yếu", led by the urgency mark if there is one.
func (c Carrying) Subject() string {
	s := "[" + c.Fields.NumberSymbol + "] " + c.Fields.Subject
	if c.Fields.Urgency != "" {
		s = "[" + strings.ToUpper(c.Fields.Urgency) + "] " + s
	}
	return viet.Clean(s)
}

// Text is the Vietnamese body.
func (c Carrying) Text() string {
	var b strings.Builder
	f := c.Fields
	fmt.Fprintf(&b, "Kính gửi quý cơ quan,\n\n%s gửi bản điện tử của văn bản đã ban hành:\n\n", c.IssuerName)
	row := func(label, value string) {
		if value != "" {
			fmt.Fprintf(&b, "  %s: %s\n", label, value)
		}
	}
	row("Loại văn bản", f.Type)
	row("Số, ký hiệu", f.NumberSymbol)
	row("Ngày ban hành", vietnameseDate(string(f.Date)))
	row("Trích yếu", f.Subject)
	row("Người ký", signer(f))
	row("Độ khẩn", f.Urgency)
	row("Phạm vi lưu hành", f.Circulation)
	b.WriteString("\n")
	for i, file := range c.Files {
		word := "Tệp văn bản"
		if i > 0 {
			word = "Tệp kèm theo"
		}
		fmt.Fprintf(&b, "  %s: %s (%s)\n  SHA-256: %s\n", word, file.Name, size(file.Size), file.SHA256)
	}
	switch {
	case c.LinkOnly:
		fmt.Fprintf(&b, "\nTệp lớn nên không đính kèm. Mời tải tại:\n  %s\n", c.Link)
	case c.Link != "":
		fmt.Fprintf(&b, "\nCó thể xem và tải lại tại:\n  %s\n", c.Link)
	}
	b.WriteString("\nBản điện tử này được gửi thêm ngoài bản giấy. Nếu gửi nhầm nơi nhận, xin trả lời thư này.\n")
	return b.String()
}

func signer(f dispatch.Fields) string {
	if f.Signer == "" {
		return ""
	}
	if f.SignerTitle == "" {
		return f.Signer
	}
	return f.Signer + " (" + f.SignerTitle + ")"
}

// vietnameseDate turns 2009-07-12 into 12/7/2009; other text stays as it is.
func vietnameseDate(iso string) string {
	var y, m, d int
	if _, err := fmt.Sscanf(iso, "%4d-%2d-%2d", &y, &m, &d); err != nil {
		return iso
	}
	if m <= 2 { // Nghị định 30/2020: days below 10 and months 1 and 2 have a leading zero
		return fmt.Sprintf("%02d/%02d/%d", d, m, y)
	}
	return fmt.Sprintf("%02d/%d/%d", d, m, y)
}

func size(n int64) string {
	switch {
	case n >= 1<<20:
		return strings.Replace(fmt.Sprintf("%.1f MB", float64(n)/(1<<20)), ".", ",", 1)
	case n >= 1<<10:
		return fmt.Sprintf("%d KB", (n+1<<9)>>10)
	}
	return fmt.Sprintf("%d byte", n)
}
