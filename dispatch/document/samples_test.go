package document

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"quangtri.gov.vn/vanthu/dispatch"
)

// usual is an ordinary công văn, to which the tests of secrecy add a stamp.
func usual() *sample {
	s := &sample{}
	s.head([]string{"ỦY BAN NHÂN DÂN TỈNH MẪU", "SỞ NỘI VỤ"}, "Số: 12/SNV-VP", "Mẫu Sơn, ngày 05 tháng 3 năm 2020")
	return s
}

func (s *sample) rest() *sample {
	return s.add(p("V/v báo cáo công tác văn thư"), p("Kính gửi: Ủy ban nhân dân các huyện"), p(bodyText)).
		foot([]string{"- Như trên;", "- Lưu: VT, VP."}, "**GIÁM ĐỐC", "**Nguyễn Mẫu An")
}

// formats writes a sample in every form it can have.
func formats(t *testing.T, s *sample) map[string][]byte {
	m := map[string][]byte{"odt": s.odt(t), "docx": s.docx(t)}
	if len(s.footer) == 0 {
		m["txt"] = s.txt()
	}
	return m
}

// TestSecretSamples: a mark in any place and any writing makes the document secret.
func TestSecretSamples(t *testing.T) {
	t.Parallel()
	after := func(q ...para1) *sample { return usual().add(q...).rest() }
	cases := map[string]struct {
		s    *sample
		want string
	}{
		"header":            {func() *sample { s := usual().rest(); s.header = ps("MẬT"); return s }(), "Mật"},
		"footer":            {func() *sample { s := usual().rest(); s.footer = ps("TUYỆT MẬT"); return s }(), "Tuyệt mật"},
		"header with page":  {func() *sample { s := usual().rest(); s.header = ps("TỐI MẬT\t2"); return s }(), "Tối mật"},
		"frame":             {usual().box(b("MẬT")).rest(), "Mật"},
		"frame at the end":  {usual().rest().box(b("TỐI MẬT")), "Tối mật"},
		"frame letters":     {usual().box(b("M"), b("Ậ"), b("T")).rest(), "Mật"},
		"frame two lines":   {usual().box(b("TUYỆT"), b("MẬT")).rest(), "Tuyệt mật"},
		"cell":              {(&sample{}).grid([][]para1{ps("UBND TỈNH MẪU", "SỞ Y TẾ", "Số: 3/SYT-VP", "MẬT"), ps("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Mẫu Sơn, ngày 05 tháng 3 năm 2020")}).rest(), "Mật"},
		"own row":           {(&sample{}).head([]string{"SỞ Y TẾ"}, "Số: 3/SYT-VP", "Mẫu Sơn, ngày 05 tháng 3 năm 2020").grid([][]para1{ps("MẬT"), ps("")}).rest(), "Mật"},
		"first paragraph":   {(&sample{}).add(b("TUYỆT MẬT")).add(usual().body[0].paras()...).rest(), "Tuyệt mật"},
		"right aligned":     {after(para1{text: "MẬT", right: true}), "Mật"},
		"centred":           {after(c("TỐI MẬT")), "Tối mật"},
		"spaced letters":    {after(p("M Ậ T")), "Mật"},
		"spaced words":      {after(p("T U Y Ệ T   M Ậ T")), "Tuyệt mật"},
		"stars":             {after(p("*** TỐI MẬT ***")), "Tối mật"},
		"brackets":          {after(p("[ MẬT ]")), "Mật"},
		"drawn box":         {after(p("┌─────────┐"), p("│   MẬT   │"), p("└─────────┘")), "Mật"},
		"declared":          {after(p("Độ mật: Mật")), "Mật"},
		"declared capitals": {after(p("ĐỘ MẬT: TUYỆT MẬT")), "Tuyệt mật"},
		"title case":        {after(p("Tối mật")), "Tối mật"},
		"split runs":        {after(b("M|Ậ|T")), "Mật"},
		"shown in capitals": {after(para1{text: "mật", caps: true}), "Mật"},
		"decomposed":        {after(p(norm.NFD.String("TUYỆT MẬT"))), "Tuyệt mật"},
		"with urgency":      {after(p("MẬT - KHẨN")), "Mật"},
		"with copy number":  {after(p("TỐI MẬT  Bản số: 03")), "Tối mật"},
		"two lines":         {after(p("TUYỆT"), p("MẬT")), "Tuyệt mật"},
		"behind number":     {(&sample{}).head([]string{"CÔNG AN TỈNH MẪU"}, "Số: 88/CAT-PA03 (Mật)", "Mẫu Sơn, ngày 05 tháng 3 năm 2020").rest(), "Mật"},
		"cyrillic letters":  {after(p("МẬТ")), "Mật"},
		"wide letters":      {after(p("ＴỐＩ ＭẬＴ")), "Tối mật"},
		"zero width":        {after(p("M\u200bẬ\u200bT")), "Mật"},
		"hard spaces":       {after(p("TỐI\u00a0MẬT")), "Tối mật"},
		"exclamation":       {after(p("MẬT!")), "Mật"},
		"below an abstract": {usual().add(p("V/v tăng cường công tác văn thư"), b("MẬT"), p("")).add(p("Kính gửi: Sở Y tế"), p(bodyText)).foot([]string{"- Như trên;", "- Lưu: VT."}, "**GIÁM ĐỐC", "**Nguyễn Mẫu An"), "Mật"},
		"declared below":    {usual().add(p("V/v tăng cường công tác văn thư"), b("Độ mật: Tối mật"), p("")).add(p("Kính gửi: Sở Y tế"), p(bodyText)).foot([]string{"- Như trên;", "- Lưu: VT."}, "**GIÁM ĐỐC", "**Nguyễn Mẫu An"), "Tối mật"},
		"cover sign":        {after(p("TUYỆT MẬT (A)")), "Tuyệt mật"},
		"kind of mark":      {after(p("DẤU MẬT")), "Mật"},
		"kind declared":     {after(p("LOẠI: TỐI MẬT")), "Tối mật"},
		"nested table":      {usual().grid([][]para1{ps(""), ps("MẬT")}).rest(), "Mật"},
		"second document":   {usual().rest().add(usual().body[0].paras()...).add(b("MẬT")).rest(), "Mật"},
	}
	for name, k := range cases {
		for kind, data := range formats(t, k.s) {
			if kind == "txt" && (name == "frame at the end" || strings.HasPrefix(name, "frame letters") || name == "zero width") {
				continue
			}
			got := Read(t.Context(), "a."+kind, data, testOptions)
			if got.Verdict != dispatch.Secret || got.Fields.Secrecy != k.want {
				t.Errorf("%s as %s: verdict %s, secrecy %q, want %q", name, kind, got.Verdict, got.Fields.Secrecy, k.want)
			}
			if want := (dispatch.Reading{File: "a." + kind, Kind: kind, Verdict: dispatch.Secret, Fields: dispatch.Fields{Secrecy: k.want}}); got.Verdict == dispatch.Secret && !equalReading(got, want) {
				t.Errorf("%s as %s: more than the degree leaves: %s", name, kind, jsonOf(got))
			}
		}
	}
}

// paras flattens a table to paragraphs, for heads written without one.
func (k block1) paras() (out []para1) {
	for _, r := range k.table {
		for _, cell := range r {
			out = append(out, cell...)
		}
	}
	return out
}

// TestLegacySecretSamples: marks in the fonts of 8-bit encodings.
func TestLegacySecretSamples(t *testing.T) {
	t.Parallel()
	for _, q := range []para1{
		{text: "mËt", font: ".VnTimeH"}, {text: "MËT", font: ".VnTime"}, {text: "MËT", font: ".VnTimeH"}, {text: "mËt", font: ".VnArialH"},
		{text: "MAÄT", font: "VNI-Times"}, {text: "MAät", font: "VNI-Times", caps: true}, {text: "tèi mËt", font: ".VnTimeH"},
	} {
		s := usual().add(q).rest()
		for kind, data := range map[string][]byte{"odt": s.odt(t), "docx": s.docx(t)} {
			if got := Read(t.Context(), "a", data, testOptions); got.Verdict != dispatch.Secret {
				t.Errorf("%+v as %s: verdict %s", q, kind, got.Verdict)
			}
		}
	}
}

// TestFalseFriends: documents that speak of secrets, or of honey, are not secret
// and raise no question of secrecy.
func TestFalseFriends(t *testing.T) {
	t.Parallel()
	after := func(q ...para1) *sample { return usual().add(q...).rest() }
	titled := func(lines ...string) *sample {
		s := usual().add(c("QUYẾT ĐỊNH"))
		for _, l := range lines {
			s.add(c(l))
		}
		return s.add(p("_____"), p(bodyText)).foot([]string{"- Như Điều 3;", "- Lưu: VT."}, "**GIÁM ĐỐC", "**Nguyễn Mẫu An")
	}
	cases := map[string]*sample{
		"honey":             titled("Về việc công bố nhãn hiệu MẬT ONG MẪU SƠN"),
		"honey alone":       after(p("MẬT ONG")),
		"security":          titled("VỀ VIỆC BAN HÀNH QUY CHẾ BẢO MẬT"),
		"broken title":      titled("Về việc tăng cường công tác bảo vệ bí", "mật nhà nước"),
		"broken subject":    (&sample{}).head([]string{"SỞ Y TẾ"}, "Số: 3/SYT-VP", "Mẫu Sơn, ngày 05 tháng 3 năm 2020").add(p("V/v công tác bảo"), p("mật")).rest(),
		"about marks":       after(p("Tài liệu đóng dấu TUYỆT MẬT chỉ do người có thẩm quyền mở bì; tài liệu MẬT lưu riêng.")),
		"list of degrees":   usual().rest().add(p("Có ba độ mật: Tuyệt mật, Tối mật và Mật.")),
		"register table":    usual().rest().grid([][]para1{ps("Tên tài liệu"), ps("Độ mật")}, [][]para1{ps("Kế hoạch A"), ps("Mật")}),
		"register at once":  usual().grid([][]para1{ps("STT"), ps("Tên tài liệu"), ps("Độ mật")}, [][]para1{ps("1"), ps("Kế hoạch A"), ps("Mật")}).rest(),
		"not secret":        after(p("Độ mật: Không")),
		"ordinary":          after(p("Độ mật: Thường")),
		"blank degree":      after(p("Độ mật: ........")),
		"tracked deletion":  usual().add(para1{text: "MẬT", bold: true, deleted: true}).rest(),
		"page header":       func() *sample { s := usual().rest(); s.header = ps("Quy chế bảo mật thông tin"); return s }(),
		"front":             titled("Về việc kiện toàn Ủy ban MẶT TRẬN Tổ quốc"),
		"thick":             titled("Quy định mật độ xây dựng"),
		"eyes":              after(p("BỆNH VIỆN MẮT")),
		"cipher body":       (&sample{}).head([]string{"ỦY BAN NHÂN DÂN TỈNH MẪU", "BAN CƠ YẾU - BẢO MẬT"}, "Số: 3/BCY-BM1", "Mẫu Sơn, ngày 05 tháng 3 năm 2020").rest(),
		"archive of honey":  usual().add(p("V/v hỗ trợ nuôi ong lấy mật"), p("Kính gửi: Sở Y tế"), p(bodyText)).foot([]string{"- Như trên;", "- Lưu: VT, KT (Mậu)."}, "**GIÁM ĐỐC", "**Nguyễn Mẫu An"),
		"urgent not secret": after(b("THƯỢNG KHẨN")),
		"said not secret":   after(b("KHÔNG MẬT")),
		"trade secret":      after(b("BÍ MẬT KINH DOANH")),
		"secretariat":       after(b("BAN BÍ THƯ")),
		"density":           after(b("MẬT ĐỘ DÂN SỐ")),
		"person":            after(p("Ông Trần Mật")),
		"street":            after(b("ĐƯỜNG LÝ MẬT")),
		"password":          after(b("MẬT KHẨU")),
		"village":           after(p("Thôn Mật")),
	}
	for name, s := range cases {
		for kind, data := range formats(t, s) {
			got := Read(t.Context(), "a."+kind, data, testOptions)
			if got.Verdict == dispatch.Secret || got.Verdict == dispatch.Rejected {
				t.Errorf("%s as %s: verdict %s %+v", name, kind, got.Verdict, got.Problem)
			}
			if slices.ContainsFunc(got.Asks, func(q dispatch.Question) bool { return q.Field == "secrecy" }) {
				t.Errorf("%s as %s: asks about secrecy: %+v", name, kind, got.Asks)
			}
		}
	}
}

// TestSecrecyHints: traces without a mark are asked about and nothing more.
func TestSecrecyHints(t *testing.T) {
	t.Parallel()
	lưu := func(l string) *sample {
		return usual().add(p("V/v họp"), p("Kính gửi: Sở Y tế"), p(bodyText)).foot([]string{"- Như trên;", l}, "**GIÁM ĐỐC", "**Nguyễn Mẫu An")
	}
	number := func(n string) *sample {
		return (&sample{}).head([]string{"CÔNG AN TỈNH MẪU"}, n, "Mẫu Sơn, ngày 05 tháng 3 năm 2020").rest()
	}
	cases := map[string]*sample{
		"archive":        lưu("- Lưu: VT (M)."),
		"archive glued":  lưu("- Lưu: VT(M), PA03."),
		"archive word":   lưu("- Lưu: Tủ mật."),
		"suffix":         number("Số: 15/BC-CAT-M"),
		"number letter":  number("Số: 15M/BC-CAT"),
		"bracket":        number("Số: 15/BC-CAT (M)"),
		"copy number":    usual().add(b("BẢN SỐ: 01")).rest(),
		"to be returned": usual().add(b("TÀI LIỆU THU HỒI")).rest(),
		"declassified":   usual().add(b("GIẢI MẬT")).rest(),
		"sample stamps":  usual().rest().add(c("PHỤ LỤC"), c("Mẫu dấu chỉ độ mật")).box(b("TUYỆT MẬT")),
		"unmarked":       usual().add(b("TOI MAT")).rest(),
		"phrase":         usual().add(b("TÀI LIỆU MẬT")).rest(),
	}
	for name, s := range cases {
		for kind, data := range map[string][]byte{"odt": s.odt(t), "docx": s.docx(t)} {
			got := Read(t.Context(), "a."+kind, data, testOptions)
			asked := slices.ContainsFunc(got.Asks, func(q dispatch.Question) bool { return q.Code == "secrecy" })
			if got.Verdict != dispatch.Ask || !asked {
				t.Errorf("%s as %s: verdict %s, asks %+v", name, kind, got.Verdict, got.Asks)
			}
		}
	}
}

func TestWatermark(t *testing.T) {
	t.Parallel()
	doc := usual().rest().docx(t)
	for from, to := range map[string]string{
		"<w:hdr " + wns + ">": "<w:hdr " + wns + `><w:p><w:r><w:pict><v:shape><v:textpath string="TỐI MẬT"/></v:shape></w:pict></w:r></w:p>`,
	} {
		doc = rezip(t, doc, "word/header1.xml", from, to)
	}
	if got := Read(t.Context(), "a.docx", doc, testOptions); got.Verdict != dispatch.Secret || got.Fields.Secrecy != "Tối mật" {
		t.Errorf("verdict %s %q", got.Verdict, got.Fields.Secrecy)
	}
}
