package document

import (
	"strings"
	"testing"

	"quangtri.gov.vn/vanthu/dispatch"
)

// layoutCase is a document in a layout of its own. Plain text has no cells and
// no bold letters: cases that need them are not written as such.
type layoutCase struct {
	s     *sample
	want  want
	cells bool
}

// letter is a công văn whose recipients and signature foot adds.
func letter() *sample {
	return usual().add(p("V/v họp"), p("Kính gửi: Sở Y tế"), p(bodyText))
}

var three = []string{"- Như trên;", "- Sở Tài chính (b/c);", "- Lưu: VT, VP."}

const threeRead = "Như trên | Sở Tài chính (b/c) | Lưu: VT, VP"

var signed = []string{"**KT. GIÁM ĐỐC", "**PHÓ GIÁM ĐỐC", "", "", "**Nguyễn Mẫu An"}

var signedRead = dispatch.Fields{Signer: "Nguyễn Mẫu An", SignerTitle: "PHÓ GIÁM ĐỐC"}

// TestRecipientColumns: the heading has a column, a row or a line of its own and
// the items stand elsewhere.
func TestRecipientColumns(t *testing.T) {
	t.Parallel()
	w := want{recipients: threeRead, fields: signedRead}
	rows := func(label string, sign []para1) (out [][][]para1) {
		for i, l := range three {
			first, last := ps(""), ps("")
			if i == 0 {
				first, last = ps(label), sign
			}
			out = append(out, [][]para1{first, ps(l), last})
		}
		return out
	}
	own := [][][]para1{{ps("Nơi nhận:"), ps(signed...)}}
	for _, l := range three {
		own = append(own, [][]para1{ps(l), ps("")})
	}
	runLayouts(t, map[string]layoutCase{
		"label column and signature": {letter().grid([][]para1{ps("Nơi nhận:"), ps(three...), ps(signed...)}), w, true},
		"label column alone":         {letter().add(ps(signed...)...).grid([][]para1{ps("Nơi nhận:"), ps(three...)}), w, true},
		"label column before":        {letter().grid([][]para1{ps("Nơi nhận:"), ps(three...)}).add(ps(signed...)...), w, true},
		"row for each":               {letter().grid(rows("Nơi nhận", ps(signed...))...), w, true},
		"row for each, own column":   {letter().grid(own...), w, true},
		"label row":                  {letter().grid([][]para1{ps("Nơi nhận:"), ps("")}, [][]para1{ps(three...), ps(signed...)}), w, true},
		"label before a table":       {letter().add(ps(signed...)...).add(p("Nơi nhận:")).grid([][]para1{ps(three[:2]...), ps(three[2:]...)}), w, true},
		"second column":              {letter().add(ps(signed...)...).grid([][]para1{ps("Nơi nhận:", three[0], three[1]), ps(three[2])}), w, true},
		"label before a frame":       {letter().add(ps(signed...)...).add(p("Nơi nhận:")).box(ps(three...)...), w, true},
		"frame":                      {letter().box(ps(append([]string{"Nơi nhận:"}, three...)...)...).add(ps(signed...)...), w, true},
		"behind a tab":               {letter().add(ps(signed...)...).add(p("Nơi nhận:\t"+three[0]), p("\t"+three[1]), p("\t"+three[2])), w, false},
		"signature at the left":      {letter().grid([][]para1{ps(signed...), ps(append([]string{"Nơi nhận:"}, three...)...)}), w, true},
		"empty before another": {letter().add(p("Nơi nhận:")).add(ps(signed...)...).foot(three, signed...),
			want{recipients: threeRead, asks: []string{"empty-block"}}, true},
		"second document's block": {func() *sample {
			s := letter().add(ps(signed...)...).add(p("Nơi nhận:")).grid([][]para1{ps("Sở Y tế"), ps("Sở Nội vụ")})
			s.body = append(s.body, decision("Số: 99/QĐ-UBND").foot(three, "**CHỦ TỊCH", "**Lê Mẫu Cường").body...)
			return s
		}(), want{fields: dispatch.Fields{Number: "12"}, asks: []string{"several-documents"}}, true},
	})
}

// TestLongIssuers: the issuer goes over several lines, with a body above it or
// without, set bold or not.
func TestLongIssuers(t *testing.T) {
	t.Parallel()
	cases := map[string]layoutCase{}
	for _, k := range []struct {
		name           string
		lines          []string
		parent, issuer string
	}{
		{"board", []string{"UBND TỈNH MẪU SƠN", "**BAN CHỈ ĐẠO", "**PHÒNG CHỐNG THIÊN TAI", "**VÀ TÌM KIẾM CỨU NẠN"}, "UBND TỈNH MẪU SƠN", "BAN CHỈ ĐẠO PHÒNG CHỐNG THIÊN TAI VÀ TÌM KIẾM CỨU NẠN"},
		{"board, plain", []string{"UBND TỈNH MẪU SƠN", "BAN CHỈ ĐẠO", "PHÒNG CHỐNG THIÊN TAI", "VÀ TÌM KIẾM CỨU NẠN"}, "UBND TỈNH MẪU SƠN", "BAN CHỈ ĐẠO PHÒNG CHỐNG THIÊN TAI VÀ TÌM KIẾM CỨU NẠN"},
		{"project board", []string{"ỦY BAN NHÂN DÂN", "TỈNH MẪU SƠN", "**BAN QUẢN LÝ DỰ ÁN", "**ĐẦU TƯ XÂY DỰNG CÁC", "**CÔNG TRÌNH GIAO THÔNG"}, "ỦY BAN NHÂN DÂN TỈNH MẪU SƠN", "BAN QUẢN LÝ DỰ ÁN ĐẦU TƯ XÂY DỰNG CÁC CÔNG TRÌNH GIAO THÔNG"},
		{"council", []string{"UBND TỈNH MẪU SƠN", "HỘI ĐỒNG PHỐI HỢP", "PHỔ BIẾN, GIÁO DỤC", "PHÁP LUẬT"}, "UBND TỈNH MẪU SƠN", "HỘI ĐỒNG PHỐI HỢP PHỔ BIẾN, GIÁO DỤC PHÁP LUẬT"},
		{"land fund", []string{"SỞ TÀI NGUYÊN VÀ MÔI TRƯỜNG", "**TRUNG TÂM PHÁT TRIỂN", "**QUỸ ĐẤT TỈNH MẪU SƠN"}, "SỞ TÀI NGUYÊN VÀ MÔI TRƯỜNG", "TRUNG TÂM PHÁT TRIỂN QUỸ ĐẤT TỈNH MẪU SƠN"},
		{"sub-department", []string{"SỞ NÔNG NGHIỆP VÀ PTNT", "CHI CỤC", "QUẢN LÝ CHẤT LƯỢNG", "NÔNG LÂM SẢN VÀ THỦY SẢN"}, "SỞ NÔNG NGHIỆP VÀ PTNT", "CHI CỤC QUẢN LÝ CHẤT LƯỢNG NÔNG LÂM SẢN VÀ THỦY SẢN"},
		{"ministry and department", []string{"BỘ NÔNG NGHIỆP VÀ", "PHÁT TRIỂN NÔNG THÔN", "**CỤC THÚ Y"}, "BỘ NÔNG NGHIỆP VÀ PHÁT TRIỂN NÔNG THÔN", "CỤC THÚ Y"},
		{"school", []string{"SỞ GIÁO DỤC VÀ ĐÀO TẠO", "TỈNH MẪU SƠN", "**TRƯỜNG TRUNG HỌC", "**PHỔ THÔNG CHUYÊN", "**MẪU ĐÔN"}, "SỞ GIÁO DỤC VÀ ĐÀO TẠO TỈNH MẪU SƠN", "TRƯỜNG TRUNG HỌC PHỔ THÔNG CHUYÊN MẪU ĐÔN"},
		{"company", []string{"CÔNG TY CỔ PHẦN", "CẤP NƯỚC", "MẪU SƠN"}, "", "CÔNG TY CỔ PHẦN CẤP NƯỚC MẪU SƠN"},
		{"delegation", []string{"ĐOÀN ĐẠI BIỂU QUỐC HỘI", "VÀ HỘI ĐỒNG NHÂN DÂN", "TỈNH MẪU SƠN"}, "", "ĐOÀN ĐẠI BIỂU QUỐC HỘI VÀ HỘI ĐỒNG NHÂN DÂN TỈNH MẪU SƠN"},
		{"delegation's office", []string{"VĂN PHÒNG", "ĐOÀN ĐBQH VÀ HĐND", "TỈNH MẪU SƠN"}, "", "VĂN PHÒNG ĐOÀN ĐBQH VÀ HĐND TỈNH MẪU SƠN"},
		{"front", []string{"ỦY BAN MTTQ VIỆT NAM", "TỈNH MẪU SƠN", "**BAN THƯỜNG TRỰC"}, "ỦY BAN MTTQ VIỆT NAM TỈNH MẪU SƠN", "BAN THƯỜNG TRỰC"},
		{"union", []string{"TỔNG LIÊN ĐOÀN LAO ĐỘNG", "VIỆT NAM", "LIÊN ĐOÀN LAO ĐỘNG", "TỈNH MẪU SƠN"}, "TỔNG LIÊN ĐOÀN LAO ĐỘNG VIỆT NAM", "LIÊN ĐOÀN LAO ĐỘNG TỈNH MẪU SƠN"},
		{"party committee", []string{"ĐẢNG BỘ TỈNH MẪU SƠN", "**ĐẢNG ỦY KHỐI CÁC", "**CƠ QUAN VÀ", "**DOANH NGHIỆP TỈNH"}, "ĐẢNG BỘ TỈNH MẪU SƠN", "ĐẢNG ỦY KHỐI CÁC CƠ QUAN VÀ DOANH NGHIỆP TỈNH"},
		{"three levels", []string{"ỦY BAN NHÂN DÂN TỈNH MẪU SƠN", "SỞ NÔNG NGHIỆP VÀ PTNT", "**CHI CỤC KIỂM LÂM"}, "SỞ NÔNG NGHIỆP VÀ PTNT", "CHI CỤC KIỂM LÂM"},
		{"one name", []string{"**ỦY BAN NHÂN DÂN", "TỈNH MẪU SƠN"}, "", "ỦY BAN NHÂN DÂN TỈNH MẪU SƠN"},
	} {
		left := append(ps(k.lines...), p("______"), p("Số: 12/SNV-VP"))
		s := (&sample{}).grid([][]para1{left, ps("**CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "**Độc lập - Tự do - Hạnh phúc", "Mẫu Sơn, ngày 05 tháng 3 năm 2020")}).rest()
		w := want{fields: dispatch.Fields{Issuer: k.issuer, IssuerParent: k.parent}}
		if k.parent == "" {
			w.no = []string{"issuer_parent"}
		}
		cases[k.name] = layoutCase{s, w, true}
	}
	joint := func(cells [][]para1, number string) *sample {
		return (&sample{}).grid(cells, [][]para1{ps(number), ps("Mẫu Sơn, ngày 05 tháng 3 năm 2009")}).rest()
	}
	nation := ps("**CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "**Độc lập - Tự do - Hạnh phúc")
	both := want{fields: dispatch.Fields{Issuer: "SỞ TÀI CHÍNH - SỞ Y TẾ", Number: "12"}, no: []string{"issuer_parent"}, asks: []string{"joint-issuer"}}
	cases["joint, one line"] = layoutCase{joint([][]para1{ps("**SỞ TÀI CHÍNH - SỞ Y TẾ"), nation}, "Số: 12/HDLN-STC-SYT"), both, true}
	cases["joint, two lines"] = layoutCase{joint([][]para1{ps("**SỞ TÀI CHÍNH", "**SỞ Y TẾ"), nation}, "Số: 12/HD-STC-SYT"), both, true}
	cases["joint, two columns"] = layoutCase{(&sample{}).grid([][]para1{ps("**SỞ TÀI CHÍNH"), ps("**SỞ Y TẾ"), nation},
		[][]para1{ps("Số: 12/TTLT-STC-SYT"), ps(""), ps("Mẫu Sơn, ngày 05 tháng 3 năm 2009")}).rest(), both, true}
	runLayouts(t, cases)
}

// TestSubjectBesideDate: an abstract of many short lines, whatever stands beside it.
func TestSubjectBesideDate(t *testing.T) {
	t.Parallel()
	subject := "báo cáo kết quả thực hiện Nghị quyết số 30/NQ-CP ngày 05/3/2009 của Chính phủ"
	lines := []string{"V/v báo cáo kết quả", "thực hiện Nghị quyết", "số 30/NQ-CP ngày", "05/3/2009 của Chính phủ"}
	w := want{fields: dispatch.Fields{Subject: subject, Number: "12", Symbol: "SNV-VP", Date: "2020-03-05", Place: "Mẫu Sơn"}, kinhGui: "Sở Y tế"}
	issuer, nation := ps("UBND TỈNH MẪU SƠN", "**SỞ NỘI VỤ", "______"), ps("**CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "**Độc lập - Tự do - Hạnh phúc", "______")
	number, date := "Số: 12/SNV-VP", "Mẫu Sơn, ngày 05 tháng 3 năm 2020"
	rest := func(s *sample) *sample {
		return s.add(p("Kính gửi: Sở Y tế"), p(bodyText)).foot(three, signed...)
	}
	rows := [][][]para1{{issuer, nation}, {ps(number), ps(date)}}
	for _, l := range lines {
		rows = append(rows, [][]para1{ps(l), ps("")})
	}
	flat := (&sample{}).add(p("UBND TỈNH MẪU SƠN\tCỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"), p("SỞ NỘI VỤ\tĐộc lập - Tự do - Hạnh phúc"), p(number), p(lines[0]), p(lines[1]+"\t"+date), p(lines[2]), p(lines[3]), p(""))
	runLayouts(t, map[string]layoutCase{
		"same cell":     {rest((&sample{}).grid([][]para1{append(append([]para1{}, issuer...), ps(append([]string{number}, lines...)...)...), append(append([]para1{}, nation...), p(date))})), w, true},
		"second row":    {rest((&sample{}).grid(rows[0], [][]para1{ps(append([]string{number}, lines...)...), ps(date)})), w, true},
		"row for each":  {rest((&sample{}).grid(rows...)), w, true},
		"line breaks":   {rest((&sample{}).grid(rows[0], [][]para1{ps(number, lines[0]+"\n"+lines[1]+"\n"+lines[2]+"\n"+lines[3]), ps(date)})), w, true},
		"tabs":          {rest(flat), w, true},
		"single column": {rest((&sample{}).add(nation...).add(issuer...).add(p(number)).add(ps(lines...)...).add(p(date))), w, true},
		"number at the right": {rest((&sample{}).grid([][]para1{issuer, nation}, [][]para1{ps(""), ps(number)}, [][]para1{ps(lines...), ps(date)})), want{
			fields: dispatch.Fields{Subject: subject, Number: "12", Issuer: "SỞ NỘI VỤ", IssuerParent: "UBND TỈNH MẪU SƠN", Date: "2020-03-05"}}, true},
	})
}

// TestAddressees: who an invitation invites, and salutations in several lines.
func TestAddressees(t *testing.T) {
	t.Parallel()
	invite := func(lines ...string) *sample {
		s := &sample{}
		s.head([]string{"ỦY BAN NHÂN DÂN", "TỈNH MẪU SƠN"}, "Số: 12/GM-UBND", "Mẫu Sơn, ngày 05 tháng 3 năm 2020")
		s.add(c("GIẤY MỜI"), c("Họp Ban Chỉ đạo"), p("_____")).add(ps(lines...)...)
		return s.add(ps("Thời gian: 7 giờ 30 phút, ngày 10 tháng 3 năm 2020.", "Địa điểm: Hội trường UBND tỉnh.", "Đề nghị các đại biểu đến dự đúng giờ./.")...).
			foot([]string{"- Như trên;", "- Lưu: VT."}, "**CHỦ TỊCH", "**Lê Mẫu Cường")
	}
	greet := func(lines ...string) *sample {
		return usual().add(p("V/v họp")).add(ps(lines...)...).add(p(bodyText)).foot([]string{"- Như trên;", "- Lưu: VT."}, "**GIÁM ĐỐC", "**Nguyễn Mẫu An")
	}
	runLayouts(t, map[string]layoutCase{
		"one":           {invite("Trân trọng kính mời: Lãnh đạo Sở Nội vụ.", "Tới dự: cuộc họp."), want{kinhGui: "Lãnh đạo Sở Nội vụ"}, false},
		"list":          {invite("Ủy ban nhân dân tỉnh trân trọng kính mời:", "- Lãnh đạo Sở Nội vụ;", "- Chủ tịch UBND các huyện.", "Tới dự: cuộc họp."), want{kinhGui: "Lãnh đạo Sở Nội vụ | Chủ tịch UBND các huyện"}, false},
		"next line":     {invite("Ủy ban nhân dân tỉnh trân trọng kính mời", "Lãnh đạo Sở Nội vụ", "Tới dự: cuộc họp."), want{kinhGui: "Lãnh đạo Sở Nội vụ"}, true},
		"sentence":      {invite("Ủy ban nhân dân tỉnh trân trọng kính mời Lãnh đạo Sở Nội vụ tới dự cuộc họp, cụ thể như sau:"), want{kinhGui: "Lãnh đạo Sở Nội vụ"}, false},
		"several":       {invite("Kính mời: Lãnh đạo Sở Nội vụ; Công an tỉnh."), want{kinhGui: "Lãnh đạo Sở Nội vụ | Công an tỉnh"}, false},
		"addressed":     {invite("Kính gửi: Lãnh đạo Sở Nội vụ"), want{kinhGui: "Lãnh đạo Sở Nội vụ"}, false},
		"two greetings": {greet("Kính gửi: Sở Y tế", "Kính gửi: Sở Tài chính"), want{kinhGui: "Sở Y tế | Sở Tài chính"}, true},
		"also":          {greet("Kính gửi: Ủy ban nhân dân tỉnh;", "Đồng kính gửi: Sở Tài chính."), want{kinhGui: "Ủy ban nhân dân tỉnh | Sở Tài chính"}, true},
		"submitted":     {greet("Kính trình: Hội đồng nhân dân tỉnh"), want{kinhGui: "Hội đồng nhân dân tỉnh"}, false},
	})
}

// TestHandNumbers: what people type by hand in place of the usual forms.
func TestHandNumbers(t *testing.T) {
	t.Parallel()
	signs := func(sign ...string) *sample { return letter().foot(three, sign...) }
	runLayouts(t, map[string]layoutCase{
		"numbered items":     {letter().foot([]string{"1. Như trên;", "2. Sở Tài chính (b/c);", "3. Lưu: VT, VP."}, "**GIÁM ĐỐC", "**Nguyễn Mẫu An"), want{recipients: threeRead}, true},
		"numbered in column": {letter().grid([][]para1{ps("Nơi nhận:"), ps("1. Như trên;", "2. Sở Tài chính (b/c);", "3. Lưu: VT, VP."), ps(signed...)}), want{recipients: threeRead, fields: signedRead}, true},
		"articles are not numbered items": {decision("Số: 88/QĐ-UBND").foot([]string{"- Như Điều 2;", "- 02 đơn vị: Sở Y tế, Sở Nội vụ;", "- Lưu: VT."}, "**CHỦ TỊCH", "**Lê Mẫu Cường"),
			want{recipients: "Như Điều 2 | 02 đơn vị: Sở Y tế, Sở Nội vụ | Lưu: VT"}, false},
		"plain title":        {signs("**Giám đốc", "**Nguyễn Mẫu An"), want{recipients: threeRead, fields: dispatch.Fields{Signer: "Nguyễn Mẫu An", SignerTitle: "Giám đốc"}}, true},
		"plain deputy":       {signs("**KT. GIÁM ĐỐC", "**Phó Giám đốc", "**Nguyễn Mẫu An"), want{fields: dispatch.Fields{Signer: "Nguyễn Mẫu An", SignerTitle: "Phó Giám đốc"}}, true},
		"electronic signing": {signs("**GIÁM ĐỐC", "Ký bởi: Sở Nội vụ", "Thời gian ký: 05.03.2020 10:11:12 +07:00", "**NGUYỄN MẪU AN"), want{fields: dispatch.Fields{Signer: "NGUYỄN MẪU AN", SignerTitle: "GIÁM ĐỐC"}}, true},
		"who decides": {func() *sample {
			s := decision("Số: 88/QĐ-UBND")
			s.body = append(s.body[:2], append([]block1{{para: &para1{text: "CỦA ỦY BAN NHÂN DÂN TỈNH MẪU SƠN", bold: true, centre: true}}}, s.body[2:]...)...)
			return s.foot([]string{"- Như Điều 2;", "- Lưu: VT."}, "**CHỦ TỊCH", "**Lê Mẫu Cường")
		}(), want{fields: dispatch.Fields{Type: "Quyết định", Subject: "Về việc khen thưởng", SignerTitle: "CHỦ TỊCH"}}, true},
		"abstract that reads like grounds": {func() *sample {
			s := (&sample{}).head([]string{"ỦY BAN NHÂN DÂN", "TỈNH MẪU SƠN"}, "Số: 12/TB-UBND", "Mẫu Sơn, ngày 05 tháng 3 năm 2020")
			return s.add(c("THÔNG BÁO"), c("Kết luận tại cuộc họp về kết quả"), c("thực hiện Nghị quyết số 30/NQ-CP"), p("____"), p(bodyText)).foot(three, signed...)
		}(), want{fields: dispatch.Fields{Subject: "Kết luận tại cuộc họp về kết quả thực hiện Nghị quyết số 30/NQ-CP", Number: "12", Symbol: "TB-UBND"}}, true},
		"blank number and one in the abstract": {func() *sample {
			s := (&sample{}).head([]string{"ỦY BAN NHÂN DÂN", "TỈNH MẪU SƠN"}, "Số:      /QĐ-UBND", "Mẫu Sơn, ngày 05 tháng 3 năm 2020")
			return s.add(c("QUYẾT ĐỊNH"), c("Ban hành báo cáo thực hiện Nghị"), c("quyết số 30/NQ-CP"), p("____"), p(bodyText)).foot(three, signed...)
		}(), want{fields: dispatch.Fields{Symbol: "QĐ-UBND", Subject: "Ban hành báo cáo thực hiện Nghị quyết số 30/NQ-CP"}, no: []string{"number"}, asks: []string{"no-number"}}, true},
	})
}

// TestNumbersAndDates: number, symbol and date as they are typed.
func TestNumbersAndDates(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string][2]string{
		"Số: 123/STTTT-BCVT": {"123", "STTTT-BCVT"}, "Số 05-CV/TU": {"05", "CV/TU"}, "Số 12 - QĐ/HU": {"12", "QĐ/HU"}, "Số  12  -  QĐ / HU": {"12", "QĐ/HU"},
		"Số: 15/2009/ CT - UBND": {"15", "2009/CT-UBND"}, "SỐ: 15 / QĐ-SNN&PTNT": {"15", "QĐ-SNN&PTNT"}, "Số:      15/NQ-HĐND.K7": {"15", "NQ-HĐND.K7"},
		"Số:...15.../UBND-VP": {"15", "UBND-VP"}, "Số: ....../UBND-VP": {"", "UBND-VP"}, "Số:      /UBND-VP": {"", "UBND-VP"}, "Số: …/UBND-VP": {"", "UBND-VP"},
		"Luật số: 12/2020/QH14": {"12", "2020/QH14"},
	} {
		s := (&sample{}).head([]string{"SỞ Y TẾ"}, typed, "Mẫu Sơn, ngày 05 tháng 3 năm 2020").rest()
		for kind, data := range map[string][]byte{"odt": s.odt(t), "docx": s.docx(t)} {
			if f := Read(t.Context(), "a", data, testOptions).Fields; f.Number != want[0] || f.Symbol != want[1] {
				t.Errorf("%q as %s: got %q %q", typed, kind, f.Number, f.Symbol)
			}
		}
	}
	for typed, want := range map[string][2]string{
		"Mẫu Sơn, ngày 05 tháng 3 năm 2009": {"2009-03-05", "Mẫu Sơn"}, "Mẫu Sơn ngày 5 tháng 03 năm 2009": {"2009-03-05", "Mẫu Sơn"}, "TP. Đông Mẫu, ngày 05/3/2009": {"2009-03-05", "TP. Đông Mẫu"},
		"Mẫu Sơn, 05/3/2009": {"2009-03-05", "Mẫu Sơn"}, "Ngày 05/3/2009": {"2009-03-05", ""}, "Mẫu Sơn, ngày 05.3.2009": {"2009-03-05", "Mẫu Sơn"}, "Mẫu Sơn , ngày 05 - 3 - 2009": {"2009-03-05", "Mẫu Sơn"},
		"Mẫu Sơn,ngày05tháng3năm2009": {"2009-03-05", "Mẫu Sơn"}, "Mẫu Sơn, ngày 05 tháng 3\nnăm 2009": {"2009-03-05", "Mẫu Sơn"}, "Mẫu Sơn, ngày      tháng 3 năm 2009": {"", "Mẫu Sơn"}, "Mẫu Sơn, ngày 31 tháng 2 năm 2009": {"", "Mẫu Sơn"},
	} {
		s := (&sample{}).head([]string{"SỞ Y TẾ"}, "Số: 12/SYT-VP", typed).add(p("V/v đính chính Công văn số 12/SYT-VP, ngày 01/02/2008")).add(p("Kính gửi: Sở Nội vụ"), p(bodyText)).foot(three, signed...)
		for kind, data := range map[string][]byte{"odt": s.odt(t), "docx": s.docx(t)} {
			if f := Read(t.Context(), "a", data, testOptions).Fields; string(f.Date) != want[0] || f.Place != want[1] {
				t.Errorf("%q as %s: got %q at %q", typed, kind, f.Date, f.Place)
			}
		}
	}
}

// TestMarkupIsRefused: RTF, web pages and single XML files under a name of a
// document are refused with what to do, and never read as plain text.
func TestMarkupIsRefused(t *testing.T) {
	t.Parallel()
	for data, kind := range map[string]string{
		`{\rtf1\ansi N\'b7i nh\'b7n}`: "rtf", "<html><body>Nơi nhận:</body></html>": "html", "\xEF\xBB\xBF\r\n<!DOCTYPE HTML><p>": "html",
		"\xFF\xFE<\x00h\x00t\x00m\x00l\x00>\x00": "html", "MIME-Version: 1.0\r\nContent-Type: multipart/related": "html",
		`<?xml version="1.0"?><?mso-application progid="Word.Document"?><w:wordDocument/>`: "xml", `<?xml version="1.0"?><office:document/>`: "xml",
	} {
		got := Read(t.Context(), "van-ban.doc", []byte(data), testOptions)
		if got.Verdict != dispatch.Rejected || got.Kind != kind || got.Problem == nil || got.Problem.Code != "unsupported" || !strings.Contains(got.Problem.Message, "Lưu thành") {
			t.Errorf("%.20q: %s %s %+v", data, got.Verdict, got.Kind, got.Problem)
		}
	}
}

// TestWhoSigns: people in a list and whoever signed an attached text are not the signer.
func TestWhoSigns(t *testing.T) {
	t.Parallel()
	people := [][][]para1{{ps("TT"), ps("Họ và tên"), ps("Chức vụ")}, {ps("1"), ps("Lê Mẫu Hoa"), ps("GIÁM ĐỐC")}, {ps("2"), ps("Hồ Mẫu Bích"), ps("CHỦ TỊCH")}}
	own := ps("TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH", "", "Hoàng Mẫu Khác")
	rules := append(ps("**QUY CHẾ", "**Hoạt động của Ban Chỉ đạo", "(Ban hành kèm theo Quyết định số 88/QĐ-UBND ngày 15/01/2022)", "Điều 1. Phạm vi điều chỉnh"), own...)
	block := append(ps("Nơi nhận:"), ps(three...)...)
	runLayouts(t, map[string]layoutCase{
		"list of people":        {letter().grid(people...).add(ps(signed...)...).add(block...), want{recipients: threeRead, fields: signedRead}, true},
		"list of people, table": {letter().grid(people...).add(p(bodyText)).foot(three, signed...), want{recipients: threeRead, fields: signedRead}, true},
		"attached text":         {decision("Số: 88/QĐ-UBND").add(ps(signed...)...).add(block...).add(rules...), want{recipients: threeRead, fields: signedRead}, true},
		"attached, plain title": {decision("Số: 88/QĐ-UBND").foot(three, "**Giám đốc", "**Nguyễn Mẫu An").add(rules...), want{recipients: threeRead, fields: dispatch.Fields{Signer: "Nguyễn Mẫu An", SignerTitle: "Giám đốc"}}, true},
		"chapter below the abstract": {(&sample{}).head([]string{"ỦY BAN NHÂN DÂN", "TỈNH MẪU SƠN"}, "Số: 88/QyĐ-UBND", "Mẫu Sơn, ngày 05 tháng 3 năm 2020").
			add(c("QUY ĐỊNH"), c("Về quản lý văn bản"), c("Chương I"), c("QUY ĐỊNH CHUNG"), b("Điều 1. Phạm vi điều chỉnh"), p(bodyText)).foot(three, signed...),
			want{fields: dispatch.Fields{Type: "Quy định", Subject: "Về quản lý văn bản", Signer: "Nguyễn Mẫu An"}}, true},
	})
}

// runLayouts reads each case in every format that can hold it.
func runLayouts(t *testing.T, cases map[string]layoutCase) {
	t.Helper()
	for name, k := range cases {
		files := map[string][]byte{"odt": k.s.odt(t), "docx": k.s.docx(t)}
		if !k.cells {
			files["txt"] = k.s.txt()
		}
		for kind, data := range files {
			k.want.check(t, name+" as "+kind, Read(t.Context(), "a."+kind, data, testOptions))
		}
	}
}
