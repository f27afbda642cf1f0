package document

import (
	"testing"

	"quangtri.gov.vn/vanthu/dispatch"
)

// headAt is the head of a decision; text begins at y = 190.
func headAt() []at {
	return []at{
		mid(150, 70, 12, "ỦY BAN NHÂN DÂN"), mid(150, 85, 12, "TỈNH MẪU SƠN"), {115, 120, 13, "Số: 15/QĐ-UBND", false},
		mid(400, 70, 12, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"), mid(400, 85, 12, "Độc lập - Tự do - Hạnh phúc"),
		{310, 118, 13, "Mẫu Sơn, ngày 05 tháng 3 năm 2009", false},
		mid(310, 150, 14, "QUYẾT ĐỊNH"), mid(310, 167, 14, "Về việc quản lý thư điện tử"),
	}
}

func bodyAt(y float64) []at {
	return down(71, y, 13, "Căn cứ Luật Công nghệ thông tin ngày 29 tháng 6 năm 2006 và các quy định có liên quan;",
		"Điều 1. Ban hành Quy định về quản lý thư điện tử công vụ trong các cơ quan trên địa bàn,",
		"có hiệu lực kể từ ngày ký; các quy định trước đây trái với Quyết định này đều bãi bỏ./.")
}

func join(parts ...[]at) (out []at) {
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

func signAt(x, y float64) []at {
	return []at{mid(x, y, 13, "TM. ỦY BAN NHÂN DÂN"), mid(x, y+15, 13, "KT. CHỦ TỊCH"), mid(x, y+30, 13, "PHÓ CHỦ TỊCH"), mid(x, y+100, 13, "Lê Mẫu Cường")}
}

var itemsAt = []string{"- Như Điều 2;", "- Các sở, ban, ngành, đoàn thể cấp tỉnh và", "các cơ quan trung ương đóng trên địa bàn;", "- Lưu: VT."}

const itemsWant = "Như Điều 2 | Các sở, ban, ngành, đoàn thể cấp tỉnh và các cơ quan trung ương đóng trên địa bàn | Lưu: VT"

func labelAt(x, y float64) []at { return []at{{x, y, 12, "Nơi nhận:", true}} }

// ends are the ways in which a document's end may be laid out.
func ends(y float64) map[string][]at {
	return map[string][]at{
		"usual":            join(labelAt(76, y), down(76, y+13, 11, itemsAt...), signAt(420, y)),
		"sides swapped":    join(labelAt(330, y), down(330, y+13, 11, itemsAt...), signAt(170, y)),
		"swapped, lower":   join(labelAt(330, y+20), down(330, y+33, 11, itemsAt...), signAt(170, y)),
		"label column":     join(labelAt(76, y), down(140, y+1, 11, itemsAt...), signAt(460, y)),
		"far label column": join(labelAt(71, y), down(160, y, 11, itemsAt...), signAt(470, y)),
		"broken label":     join([]at{{71, y, 12, "Nơi", true}, {71, y + 14, 12, "nhận:", true}}, down(120, y, 11, itemsAt...), signAt(460, y)),
		"label lower":      join(labelAt(76, y+45), down(76, y+58, 11, itemsAt...), signAt(420, y)),
		"few points off":   join(labelAt(76, y+4), down(76, y+18, 11, itemsAt...), signAt(420, y)),
		"narrow gutter":    join(labelAt(76, y), down(76, y+13, 11, itemsAt...), []at{{284, y, 13, "KT. CHỦ TỊCH", true}, {284, y + 16, 13, "PHÓ CHỦ TỊCH", true}, {284, y + 100, 13, "Lê Mẫu Cường", true}}),
		"block below":      join(signAt(420, y), labelAt(71, y+120), down(71, y+133, 11, itemsAt...)),
		"block before":     join(labelAt(71, y), down(71, y+13, 11, itemsAt...), signAt(420, y+90)),
	}
}

func TestEndsAsLaidOut(t *testing.T) {
	t.Parallel()
	m := &machine{o: testOptions}
	defer m.close()
	for name, end := range ends(300) {
		data := a4(join(headAt(), bodyAt(195), end)).bytes(t)
		want{
			fields:     dispatch.Fields{Number: "15", Symbol: "QĐ-UBND", Date: "2009-03-05", Type: "Quyết định", Subject: "Về việc quản lý thư điện tử", Signer: "Lê Mẫu Cường", SignerTitle: "PHÓ CHỦ TỊCH"},
			recipients: itemsWant, notAsked: []string{"no-archive", "no-signer", "several-signers", "joined"},
		}.check(t, name, m.read(t.Context(), "a.pdf", data))
	}
}

// TestSeveralSigners: whoever stands at the right signs for the issuing body; a
// person must look.
func TestSeveralSigners(t *testing.T) {
	t.Parallel()
	m := &machine{o: testOptions}
	defer m.close()
	other := []at{mid(330, 300, 12, "KẾ TOÁN TRƯỞNG"), mid(330, 400, 12, "Trần Mẫu Bình")}
	data := a4(join(headAt(), bodyAt(195), labelAt(71, 300), down(71, 313, 10, "- Như Điều 2;", "- Lưu: VT."), other, signAt(480, 300))).bytes(t)
	want{fields: dispatch.Fields{Signer: "Lê Mẫu Cường"}, recipients: "Như Điều 2 | Lưu: VT", asks: []string{"several-signers"}}.check(t, "three columns", m.read(t.Context(), "a.pdf", data))
}

// TestBlockOverPages: a block goes on over the page with its columns, past page
// numbers and the agency's address; its signature may begin on either page.
func TestBlockOverPages(t *testing.T) {
	t.Parallel()
	m := &machine{o: testOptions}
	defer m.close()
	foot := []at{{90, 815, 9, "Địa chỉ: 45 đường Mẫu, Mẫu Sơn; ĐT: 0233.000.000; Email: vp@quangtri.gov.vn", false}}
	number := []at{{300, 35, 12, "2", false}}
	for name, pages := range map[string][][]at{
		"label alone":     {join(headAt(), bodyAt(195), labelAt(76, 780), signAt(420, 782)[:1], foot), join(number, down(76, 70, 11, itemsAt...), signAt(420, 70)[1:])},
		"within the list": {join(headAt(), bodyAt(195), labelAt(76, 767), down(76, 780, 11, itemsAt[:2]...), signAt(420, 767)[:3], foot), join(number, down(76, 70, 11, itemsAt[2:]...), []at{mid(420, 130, 13, "Lê Mẫu Cường")})},
		"signature later": {join(headAt(), bodyAt(195), labelAt(76, 767), down(76, 780, 11, itemsAt[:2]...), foot), join(number, down(76, 70, 11, itemsAt[2:]...), signAt(420, 76))},
		"one column":      {join(headAt(), bodyAt(195), signAt(420, 500), labelAt(71, 767), down(71, 780, 11, itemsAt[:2]...), foot), join(number, down(71, 70, 11, itemsAt[2:]...))},
	} {
		want{fields: dispatch.Fields{Signer: "Lê Mẫu Cường"}, recipients: itemsWant, notAsked: []string{"no-archive"}}.check(t, name, m.read(t.Context(), "a.pdf", a4(pages...).bytes(t)))
	}
}

// TestWaysOfSetting: the same page sideways, on a shifted box, with letters spaced
// out, with the text of a digital signature over its head.
func TestWaysOfSetting(t *testing.T) {
	t.Parallel()
	m := &machine{o: testOptions}
	defer m.close()
	page := join(headAt(), bodyAt(195), ends(300)["usual"])
	sideways := a4(page)
	sideways.turn = true
	spaced := a4(join(page[:6], []at{mid(310, 150, 14, "Q U Y Ế T   Đ Ị N H")}, page[7:]))
	signed := a4(join(page, down(90, 112, 6, "Người ký: Ủy ban nhân dân tỉnh", "Email: ubnd@quangtri.gov.vn", "Thời gian ký: 05/03/2009 10:22:33")))
	for name, p := range map[string]*placed{"sideways": sideways, "spaced": spaced, "signature over the number": signed} {
		want{fields: dispatch.Fields{Number: "15", Symbol: "QĐ-UBND", Date: "2009-03-05", Type: "Quyết định", Issuer: "ỦY BAN NHÂN DÂN TỈNH MẪU SƠN", Signer: "Lê Mẫu Cường"}, recipients: itemsWant}.
			check(t, name, m.read(t.Context(), "a.pdf", p.bytes(t)))
	}
}

// TestNumberInAnnotation: number and day put on the finished file as a typed note
// and as a form field are read where they were put.
func TestNumberInAnnotation(t *testing.T) {
	t.Parallel()
	m := &machine{o: testOptions}
	defer m.close()
	page := join(headAt(), bodyAt(195), ends(300)["usual"])
	page[2].text = "Số:            /QĐ-UBND"
	page[5].text = "Mẫu Sơn, ngày         tháng 3 năm 2009"
	p := a4(page)
	x := 310 + textWidth("Mẫu Sơn, ngày ", 13)
	p.notes = []string{
		"<</Type/Annot/Subtype/FreeText/F 4/Rect[138 719 168 733]/DA(/Helv 12 Tf)/Contents(1234)>>",
		rectNote("<</Type/Annot/Subtype/Widget/FT/Tx/T(d)/F 4/V(05)", x, 842-121, x+16, 842-108),
		"<</Type/Annot/Subtype/FreeText/F 2/Rect[138 700 168 712]/DA(/Helv 12 Tf)/Contents(9999)>>",
	}
	want{fields: dispatch.Fields{Number: "1234", Symbol: "QĐ-UBND", Date: "2009-03-05"}, recipients: itemsWant}.check(t, "annotations", m.read(t.Context(), "a.pdf", p.bytes(t)))
}

// TestTwoPagesOnASheet reads a sheet that shows two pages side by side.
func TestTwoPagesOnASheet(t *testing.T) {
	t.Parallel()
	m := &machine{o: testOptions}
	defer m.close()
	long := func(y float64) []at {
		return join(bodyAt(y), bodyAt(y+60), bodyAt(y+120), bodyAt(y+180))
	}
	var sheet []at
	for _, l := range join(headAt(), long(195)) {
		sheet = append(sheet, at{l.x * 0.7, l.y * 0.7, l.size * 0.7, l.text, l.bold})
	}
	for _, l := range join(long(70), ends(400)["usual"]) {
		sheet = append(sheet, at{l.x*0.7 + 420, l.y * 0.7, l.size * 0.7, l.text, l.bold})
	}
	p := &placed{width: 842, height: 595, pages: [][]at{sheet}}
	want{fields: dispatch.Fields{Number: "15", Date: "2009-03-05", Type: "Quyết định", Signer: "Lê Mẫu Cường"}, recipients: itemsWant}.check(t, "spread", m.read(t.Context(), "a.pdf", p.bytes(t)))
}

// TestHeadsAsLaidOut: an abstract of five lines beside the date that begins a line
// with "số", and addressees in the ways they are set.
func TestHeadsAsLaidOut(t *testing.T) {
	t.Parallel()
	m := &machine{o: testOptions}
	defer m.close()
	head := append(headAt()[:6:6], at{80, 134, 11, "V/v triển khai Chỉ thị", false}, at{80, 147, 11, "số 15/CT-TTg ngày", false}, at{80, 160, 11, "22/5/2012 về tăng", false}, at{80, 173, 11, "cường sử dụng văn", false}, at{80, 186, 11, "bản điện tử", false})
	head[2].text = "Số: 15/UBND-TH"
	names := []string{"- Sở Tài chính;", "- Ban Quản lý dự án Đầu tư xây dựng các công trình", "Nông nghiệp và Phát triển nông thôn tỉnh;", "- Các đơn vị trực thuộc."}
	for name, to := range map[string][]at{
		"hanging":        join([]at{{140, 220, 13, "Kính gửi:", false}}, down(200, 220, 13, names...)),
		"centred, below": join([]at{{280, 220, 13, "Kính gửi:", false}}, down(190, 236, 13, names...)),
		"far column":     join([]at{{120, 220, 13, "Kính gửi:", false}}, down(220, 220, 13, names...)),
	} {
		data := a4(join(head, to, bodyAt(300), ends(400)["usual"])).bytes(t)
		want{
			fields:     dispatch.Fields{Number: "15", Symbol: "UBND-TH", Type: "Công văn", Subject: "triển khai Chỉ thị số 15/CT-TTg ngày 22/5/2012 về tăng cường sử dụng văn bản điện tử"},
			kinhGui:    "Sở Tài chính | Ban Quản lý dự án Đầu tư xây dựng các công trình Nông nghiệp và Phát triển nông thôn tỉnh | Các đơn vị trực thuộc",
			recipients: itemsWant,
		}.check(t, name, m.read(t.Context(), "a.pdf", data))
	}
}

// TestMottoInNarrowColumn: the motto is broken, and the lines at the left stand a
// little lower than those at the right.
func TestMottoInNarrowColumn(t *testing.T) {
	t.Parallel()
	m := &machine{o: testOptions}
	defer m.close()
	head := []at{
		{138, 68, 12, "ỦY BAN NHÂN DÂN", true}, {331, 68, 12, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA", true},
		{394, 84, 12, "VIỆT NAM", true}, {143, 86, 12, "TỈNH QUẢNG TRỊ", true},
		{180, 100, 8, "_______", false}, {341, 103, 12, "Độc lập - Tự do - Hạnh phúc", true},
		{141, 135, 13, "Số: 15/CĐ-UBND", false}, {323, 135, 13, "Quảng Trị, ngày 05 tháng 3 năm 2009", false},
		{275, 174, 14, "CÔNG ĐIỆN", true}, {230, 193, 13, "Tăng cường phòng cháy", true},
	}
	want{
		fields:     dispatch.Fields{Issuer: "ỦY BAN NHÂN DÂN TỈNH QUẢNG TRỊ", Number: "15", Date: "2009-03-05", Type: "Công điện"},
		recipients: itemsWant,
	}.check(t, "narrow", m.read(t.Context(), "a.pdf", a4(join(head, bodyAt(230), ends(400)["usual"])).bytes(t)))
}

// TestDashOfAWrappedItem: a line that begins with a dash goes on with the item
// above if that one alone has no mark and its line was full. It is asked.
func TestDashOfAWrappedItem(t *testing.T) {
	t.Parallel()
	m := &machine{o: testOptions}
	defer m.close()
	lines := []string{"- Như Điều 3;", "- Cục Kiểm tra văn bản quy phạm pháp luật", "- Bộ Tư pháp;", "- Sở Nội vụ;", "- Lưu: VT."}
	end := join(labelAt(76, 300), down(76, 313, 11, lines...), signAt(420, 300))
	want{
		recipients: "Như Điều 3 | Cục Kiểm tra văn bản quy phạm pháp luật - Bộ Tư pháp | Sở Nội vụ | Lưu: VT", asks: []string{"joined"},
	}.check(t, "full line", m.read(t.Context(), "a.pdf", a4(join(headAt(), bodyAt(195), end)).bytes(t)))

	lines[0], lines[1] = "- Văn phòng Ủy ban nhân dân tỉnh;", "- Sở Tài chính" // a mark was forgotten, but there was room for more
	end = join(labelAt(76, 300), down(76, 313, 11, lines...), signAt(420, 300))
	want{
		recipients: "Văn phòng Ủy ban nhân dân tỉnh | Sở Tài chính | Bộ Tư pháp | Sở Nội vụ | Lưu: VT", notAsked: []string{"joined"},
	}.check(t, "room for more", m.read(t.Context(), "a.pdf", a4(join(headAt(), bodyAt(195), end)).bytes(t)))
}

// TestJoinedLinesAreAsked: without bullets and marks only the width of a line
// tells whether it goes on; a person must look.
func TestJoinedLinesAreAsked(t *testing.T) {
	t.Parallel()
	m := &machine{o: testOptions}
	defer m.close()
	end := join(labelAt(76, 300), down(76, 313, 11, "Như Điều 2", "Các sở, ban, ngành, đoàn thể cấp tỉnh", "Ủy ban nhân dân các huyện, thị xã, thành", "Công an tỉnh", "Lưu: VT"), signAt(420, 300))
	want{asks: []string{"joined"}}.check(t, "no bullets", m.read(t.Context(), "a.pdf", a4(join(headAt(), bodyAt(195), end)).bytes(t)))
}
