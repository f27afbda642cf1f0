package document

import (
	"strings"
	"testing"

	"quangtri.gov.vn/vanthu/dispatch"
)

// gazette sets two columns of lines side by side, as official gazettes do.
func gazette(left, right []string) []byte {
	var b strings.Builder
	for i := 0; i < max(len(left), len(right)); i++ {
		l, r := "", ""
		if i < len(left) {
			l = left[i]
		}
		if i < len(right) {
			r = right[i]
		}
		b.WriteString(strings.TrimRight(l+strings.Repeat(" ", max(4, 46-len([]rune(l))))+r, " ") + "\n")
	}
	return []byte(b.String())
}

func TestGazetteColumns(t *testing.T) {
	t.Parallel()
	data := gazette([]string{
		"ỦY BAN NHÂN DÂN TỈNH MẪU SƠN",
		"Số: 12/2009/QĐ-UBND",
		"Mẫu Sơn, ngày 05 tháng 3 năm 2009",
		"QUYẾT ĐỊNH",
		"Về việc quản lý thư điện tử công vụ",
		"ỦY BAN NHÂN DÂN TỈNH MẪU SƠN",
		"Căn cứ Luật Công nghệ thông tin ngày 29",
		"tháng 6 năm 2006;",
		"QUYẾT ĐỊNH:",
		"Điều 1. Ban hành Quy định về quản lý thư",
		"điện tử công vụ trên địa bàn tỉnh.",
	}, []string{
		"Điều 2. Chánh Văn phòng Ủy ban nhân",
		"dân tỉnh, Giám đốc các sở chịu trách",
		"nhiệm thi hành Quyết định này./.",
		"TM. ỦY BAN NHÂN DÂN",
		"CHỦ TỊCH",
		"Lê Mẫu Cường",
		"Nơi nhận:",
		"- Như Điều 2;",
		"- Sở Tư pháp;",
		"- Lưu: VT.",
	})
	want{
		fields:     dispatch.Fields{Number: "12", Symbol: "2009/QĐ-UBND", Type: "Quyết định", Date: "2009-03-05", Subject: "Về việc quản lý thư điện tử công vụ", Signer: "Lê Mẫu Cường"},
		recipients: "Như Điều 2 | Sở Tư pháp | Lưu: VT",
		articles:   map[string]string{"1": "Điều 1. Ban hành Quy định về quản lý thư điện tử", "2": "Điều 2. Chánh Văn phòng Ủy ban nhân dân tỉnh, Giám đốc"},
	}.check(t, "gazette", Read(t.Context(), "a.txt", data, testOptions))
}

// TestPictureInHead: a picture where stamps stand must be looked at.
func TestPictureInHead(t *testing.T) {
	t.Parallel()
	s := usual()
	s.header = ps("x")
	doc := rezip(t, s.rest().docx(t), "word/header1.xml", "<w:t ", `<w:drawing><a:blip xmlns:a="urn:a"/></w:drawing><w:t `)
	want{asks: []string{"picture"}}.check(t, "picture in docx", Read(t.Context(), "a.docx", doc, testOptions))
	odt := rezip(t, usual().rest().odt(t), "content.xml", "<text:span>V/v", "<draw:frame><draw:image/></draw:frame><text:span>V/v")
	want{asks: []string{"picture"}}.check(t, "picture in odt", Read(t.Context(), "a.odt", odt, testOptions))
}

// TestLongFilesTakeLinearTime repeats lines that reading looks for.
func TestLongFilesTakeLinearTime(t *testing.T) {
	t.Parallel()
	for _, unit := range []string{bodyText, "mật", "Nơi nhận:", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", strings.Repeat("a\t", 200), "PHỤ LỤC", "Số: 12/BC", "Điều 1. abc", "GIÁM ĐỐC", "- Lưu: VT;", "SAO Y"} {
		s := usual()
		for n := 0; n < 300<<10 && len(s.body) < 6000; n += len(unit) + 1 {
			s.add(p(unit))
		}
		s.rest()
		for kind, data := range map[string][]byte{"docx": s.docx(t), "txt": s.txt()} {
			bounded(t, func() { sane(t, Read(t.Context(), "a."+kind, data, testOptions)) })
		}
	}
}
