package document

import (
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
