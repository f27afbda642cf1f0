package document

import (
	"slices"
	"strings"
	"testing"

	"quangtri.gov.vn/vanthu/dispatch"
)

// want is what a reading of a sample must say; empty fields are not compared.
type want struct {
	fields     dispatch.Fields
	recipients string // joined by " | "
	kinhGui    string
	articles   map[string]string // prefix of the text by number
	asks       []string          // codes that must be asked
	notAsked   []string
	no         []string // fields that must be empty
}

func (w want) check(t *testing.T, what string, r dispatch.Reading) {
	t.Helper()
	if r.Verdict != dispatch.OK && r.Verdict != dispatch.Ask {
		t.Errorf("%s: verdict %s %+v", what, r.Verdict, r.Problem)
		return
	}
	got := r.Fields
	one := func(field, have, need string) {
		if need != "" && have != need {
			t.Errorf("%s: %s: got %q want %q", what, field, have, need)
		}
		if slices.Contains(w.no, field) && have != "" {
			t.Errorf("%s: %s: got %q want nothing", what, field, have)
		}
	}
	one("number", got.Number, w.fields.Number)
	one("symbol", got.Symbol, w.fields.Symbol)
	one("number_symbol", got.NumberSymbol, w.fields.NumberSymbol)
	one("date", string(got.Date), string(w.fields.Date))
	one("place", got.Place, w.fields.Place)
	one("doc_type", got.Type, w.fields.Type)
	one("subject", got.Subject, w.fields.Subject)
	one("issuer", got.Issuer, w.fields.Issuer)
	one("issuer_parent", got.IssuerParent, w.fields.IssuerParent)
	one("signer", got.Signer, w.fields.Signer)
	one("signer_title", got.SignerTitle, w.fields.SignerTitle)
	one("urgency", got.Urgency, w.fields.Urgency)
	one("circulation", got.Circulation, w.fields.Circulation)
	one("copy", got.Copy, w.fields.Copy)
	one("recipients", strings.Join(got.Recipients, " | "), w.recipients)
	one("kinh_gui", strings.Join(got.KinhGui, " | "), w.kinhGui)
	for n, text := range w.articles {
		if !strings.HasPrefix(got.Articles[n], text) {
			t.Errorf("%s: article %s: got %q want %q...", what, n, got.Articles[n], text)
		}
	}
	for _, code := range w.asks {
		if !slices.ContainsFunc(r.Asks, func(q dispatch.Question) bool { return q.Code == code && q.Message != "" }) {
			t.Errorf("%s: not asked %q: %+v", what, code, r.Asks)
		}
	}
	for _, q := range r.Asks {
		if slices.Contains(w.notAsked, q.Code) {
			t.Errorf("%s: asked %q: %s", what, q.Code, q.Message)
		}
	}
	if len(w.asks) > 0 && r.Verdict != dispatch.Ask {
		t.Errorf("%s: verdict %s", what, r.Verdict)
	}
}

type kindCase struct {
	s    *sample
	want want
}

func kindCases() map[string]kindCase {
	return map[string]kindCase{
		"party directive": {partyDirective(), want{
			fields:     dispatch.Fields{Number: "07", Symbol: "CT/TU", Type: "Chỉ thị", Date: "2021-05-20", Place: "Mẫu Sơn", Issuer: "TỈNH ỦY MẪU SƠN", Subject: "về tăng cường sự lãnh đạo của Đảng đối với công tác chuyển đổi số", Signer: "Nguyễn Mẫu Anh", SignerTitle: "BÍ THƯ"},
			recipients: "Ban Bí thư Trung ương Đảng (b/c) | Các huyện ủy, thành ủy | Các đồng chí Tỉnh ủy viên | Lưu: Văn phòng Tỉnh ủy",
		}},
		"party district": {partyDistrict(), want{
			fields:     dispatch.Fields{Number: "112", Symbol: "TB/HU", Type: "Thông báo", IssuerParent: "ĐẢNG BỘ TỈNH MẪU SƠN", Issuer: "HUYỆN ỦY TÂN MẪU", Signer: "Trần Mẫu Bình"},
			recipients: "Như trên | Lưu: VPHU",
		}},
		"council resolution": {councilResolution(), want{
			fields:     dispatch.Fields{Number: "15", Symbol: "2023/NQ-HĐND", NumberSymbol: "15/2023/NQ-HĐND", Type: "Nghị quyết", Issuer: "HỘI ĐỒNG NHÂN DÂN TỈNH MẪU SƠN", Subject: "Quy định mức thu học phí năm học 2023 - 2024", Signer: "Lê Mẫu Cường", SignerTitle: "CHỦ TỊCH"},
			recipients: "Ủy ban Thường vụ Quốc hội, Chính phủ | Thường trực Tỉnh ủy, HĐND, UBND tỉnh | Đại biểu HĐND tỉnh | Lưu: VT, CTHĐ",
			articles:   map[string]string{"1": "Điều 1. Phạm vi điều chỉnh", "3": "Điều 3. Tổ chức thực hiện Giao Ủy ban nhân dân"},
		}},
		"telegram": {telegram(), want{
			fields:     dispatch.Fields{Number: "03", Symbol: "CĐ-UBND", Type: "Công điện", Subject: "Về việc ứng phó bão số 9", Urgency: "Hỏa tốc"},
			kinhGui:    "Giám đốc các sở, ban, ngành | Chủ tịch UBND các huyện",
			recipients: "Như trên | Lưu: VT, NN", asks: []string{"urgent"},
		}},
		"telegram at an hour": {timedTelegram(), want{fields: dispatch.Fields{Type: "Công điện", Urgency: "Hỏa tốc hẹn giờ"}}},
		"invitation": {invitation1(), want{
			fields:     dispatch.Fields{Type: "Giấy mời", Number: "129", Symbol: "GM-UBND", Subject: "Họp triển khai kế hoạch năm 2022"},
			kinhGui:    "Lãnh đạo các phòng chuyên môn | Chủ tịch UBND các xã",
			recipients: "Như thành phần mời | Lưu: VT", asks: []string{"listed"},
		}},
		"true copy": {trueCopy(), want{
			fields:     dispatch.Fields{Copy: "SAO Y", Number: "05", Symbol: "SY-UBND", Issuer: "ỦY BAN NHÂN DÂN HUYỆN TÂN MẪU", Type: "Quyết định", Date: "2022-02-10", Signer: "Phạm Mẫu Dũng"},
			recipients: "UBND các xã, thị trấn | Lưu: VT", asks: []string{"copy"},
		}},
		"blank number": {blankNumber(), want{
			fields: dispatch.Fields{Symbol: "QĐ-UBND", Type: "Quyết định"}, no: []string{"number", "number_symbol"}, asks: []string{"no-number", "no-date"},
		}},
		"two documents": {twoDocuments(), want{
			fields: dispatch.Fields{Number: "12", Symbol: "SNV-VP"}, recipients: "Như trên | Lưu: VT, VP", asks: []string{"several-documents"},
		}},
		"recipients table": {recipientsTable(), want{
			fields: dispatch.Fields{Number: "12", Signer: "Nguyễn Mẫu An"}, recipients: "UBND các huyện | Lưu: VT, KT",
		}},
		"inline recipients": {inlineRecipients(), want{recipients: "Như trên | UBND tỉnh (b/c) | Lưu: VT, VP", fields: dispatch.Fields{Signer: "Nguyễn Mẫu An"}}},
		"glued recipients":  {gluedRecipients(), want{recipients: "Như trên | Sở Y tế | Lưu: VT"}},
		"plain recipients":  {plainRecipients(), want{recipients: "Như trên | Các Sở, ban, ngành | Lưu: VT", fields: dispatch.Fields{SignerTitle: "PHÓ GIÁM ĐỐC"}}},
		"sub-items":         {subItems(), want{recipients: "Văn phòng UBND tỉnh: | + Lãnh đạo Văn phòng | + Các phòng | Sở Tài chính | Lưu: VT"}},
		"letter symbols":    {letterSymbols(), want{fields: dispatch.Fields{Number: "2525A", Symbol: "UBND-CN1"}}},
		"broken symbol":     {brokenSymbol(), want{fields: dispatch.Fields{Number: "3783", Symbol: "QĐ-UBND"}}},
		"eth for đ":         {ethSymbol(), want{fields: dispatch.Fields{Number: "15", Symbol: "2014/QĐ-UBND", NumberSymbol: "15/2014/QĐ-UBND"}}},
		"internal only":     {internalOnly(), want{fields: dispatch.Fields{Circulation: "LƯU HÀNH NỘI BỘ"}, asks: []string{"circulation"}}},
		"future date":       {futureDate(), want{fields: dispatch.Fields{Date: "2093-03-05"}, asks: []string{"future-date"}}},
		"no recipients":     {noRecipients(), want{asks: []string{"no-recipients"}, no: []string{"recipients"}}},
		"no archive":        {noArchive(), want{recipients: "Như trên | Sở Y tế", asks: []string{"no-archive"}}},
		"long authority":    {longAuthority(), want{fields: dispatch.Fields{Signer: "PGS.TS. Võ Mẫu Giang", SignerTitle: "PHÓ CHỦ TỊCH", Subject: "Về việc phê duyệt Đề án thí điểm", Issuer: "ỦY BAN NHÂN DÂN TỈNH MẪU SƠN"}}},
		"letters spaced":    {spacedType(), want{fields: dispatch.Fields{Type: "Quyết định", Subject: "Về việc khen thưởng"}}},
		"regulation inside": {regulationInside(), want{recipients: "Như Điều 2 | Lưu: VT", articles: map[string]string{"1": "Điều 1. Ban hành kèm theo", "2": "Điều 2. Chánh Văn phòng"}, notAsked: []string{"several-blocks", "several-documents"}}},
		"automatic list":    {automaticList(), want{recipients: "Như trên | Các đơn vị trực thuộc Sở, các phòng | Lưu: VT"}},
		"line breaks":       {lineBreaks(), want{recipients: "Như trên | Sở Y tế | Lưu: VT"}},
		"addressees below":  {addresseesTable(), want{kinhGui: "Sở Tài chính | Sở Kế hoạch và Đầu tư"}},
	}
}

// TestKinds reads documents of kinds that the corpus lacks, in each format.
func TestKinds(t *testing.T) {
	t.Parallel()
	for name, k := range kindCases() {
		for kind, data := range map[string][]byte{"odt": k.s.odt(t), "docx": k.s.docx(t), "txt": k.s.txt()} {
			if kind == "txt" && (name == "recipients table" || name == "line breaks" || name == "automatic list" || name == "addressees below") {
				continue // without cells, breaks or lists these say something else
			}
			k.want.check(t, name+" as "+kind, Read(t.Context(), "a."+kind, data, testOptions))
		}
	}
}

func partyDirective() *sample {
	return (&sample{}).grid(
		[][]para1{append(ps("**TỈNH ỦY MẪU SƠN"), p("*"), p("Số 07 - CT/TU")), ps("**ĐẢNG CỘNG SẢN VIỆT NAM", "Mẫu Sơn, ngày 20 tháng 5 năm 2021")},
	).add(c("CHỈ THỊ"), c("về tăng cường sự lãnh đạo của Đảng"), c("đối với công tác chuyển đổi số"), p("-----"), p(bodyText)).
		foot([]string{"- Ban Bí thư Trung ương Đảng (b/c),", "- Các huyện ủy, thành ủy,", "- Các đồng chí Tỉnh ủy viên,", "- Lưu: Văn phòng Tỉnh ủy."}, "**T/M BAN THƯỜNG VỤ", "**BÍ THƯ", "**Nguyễn Mẫu Anh")
}

func partyDistrict() *sample {
	return (&sample{}).grid(
		[][]para1{append(ps("ĐẢNG BỘ TỈNH MẪU SƠN", "**HUYỆN ỦY TÂN MẪU"), p("*"), p("Số 112-TB/HU")), ps("**ĐẢNG CỘNG SẢN VIỆT NAM", "Tân Mẫu, ngày 2 tháng 9 năm 2019")},
	).add(c("THÔNG BÁO"), c("kết luận của Ban Thường vụ Huyện ủy"), p("Kính gửi: Các chi bộ, đảng bộ trực thuộc,"), p(bodyText)).
		foot([]string{"- Như trên,", "- Lưu: VPHU."}, "**T/L BAN THƯỜNG VỤ", "**CHÁNH VĂN PHÒNG", "**Trần Mẫu Bình")
}

func councilResolution() *sample {
	s := &sample{}
	s.head([]string{"**HỘI ĐỒNG NHÂN DÂN", "TỈNH MẪU SƠN"}, "Số: 15/2023/NQ-HĐND", "Mẫu Sơn, ngày 14 tháng 7 năm 2023")
	return s.add(c("NGHỊ QUYẾT"), c("Quy định mức thu học phí năm học 2023 - 2024"), p("______"),
		c("HỘI ĐỒNG NHÂN DÂN TỈNH MẪU SƠN"), c("KHÓA VIII, KỲ HỌP THỨ 17"),
		p("Căn cứ Luật Tổ chức chính quyền địa phương ngày 19 tháng 6 năm 2015;"), c("QUYẾT NGHỊ:"),
		b("Điều 1. Phạm vi điều chỉnh"), p("Nghị quyết này quy định mức thu học phí."),
		b("Điều 2. Mức thu"), p("Theo phụ lục kèm theo."),
		b("Điều 3. Tổ chức thực hiện"), p("Giao Ủy ban nhân dân tỉnh tổ chức thực hiện Nghị quyết này."),
		p("Nghị quyết này đã được Hội đồng nhân dân tỉnh khóa VIII thông qua ngày 14 tháng 7 năm 2023./.")).
		foot([]string{"- Ủy ban Thường vụ Quốc hội, Chính phủ;", "- Thường trực Tỉnh ủy, HĐND, UBND tỉnh;", "- Đại biểu HĐND tỉnh;", "- Lưu: VT, CTHĐ."}, "**CHỦ TỊCH", "**Lê Mẫu Cường")
}

func telegram() *sample {
	s := &sample{}
	s.head([]string{"ỦY BAN NHÂN DÂN", "TỈNH MẪU SƠN"}, "Số: 03/CĐ-UBND", "Mẫu Sơn, ngày 10 tháng 10 năm 2020")
	return s.box(b("HOẢ TỐC")).add(c("CÔNG ĐIỆN"), c("Về việc ứng phó bão số 9"), p("____"),
		b("CHỦ TỊCH ỦY BAN NHÂN DÂN TỈNH MẪU SƠN điện:"), p("- Giám đốc các sở, ban, ngành;"), p("- Chủ tịch UBND các huyện."),
		p(bodyText)).foot([]string{"- Như trên;", "- Lưu: VT, NN."}, "**CHỦ TỊCH", "**Lê Mẫu Cường")
}

func timedTelegram() *sample {
	s := &sample{}
	s.head([]string{"ỦY BAN NHÂN DÂN", "TỈNH MẪU SƠN"}, "Số: 04/CĐ-UBND", "Mẫu Sơn, ngày 10 tháng 10 năm 2010")
	return s.add(b("HỎA TỐC HẸN GIỜ: trước 15 giờ ngày 10/10"), c("CÔNG ĐIỆN"), c("Về việc ứng phó bão số 9"), p(bodyText)).
		foot([]string{"- Lưu: VT."}, "**CHỦ TỊCH", "**Lê Mẫu Cường")
}

func invitation1() *sample {
	s := &sample{}
	s.head([]string{"ỦY BAN NHÂN DÂN", "HUYỆN TÂN MẪU"}, "Số: 129/GM-UBND", "Tân Mẫu, ngày 28 tháng 12 năm 2021")
	return s.add(c("GIẤY MỜI"), c("Họp triển khai kế hoạch năm 2022"), p("_____"),
		p("Kính mời: - Lãnh đạo các phòng chuyên môn;"), p("- Chủ tịch UBND các xã."), p("Thời gian: 7 giờ 30 phút, ngày 30 tháng 12 năm 2021; địa điểm: Hội trường tầng 2, trụ sở Ủy ban nhân dân huyện.")).
		foot([]string{"- Như thành phần mời;", "- Lưu: VT."}, "**TL. CHỦ TỊCH", "**CHÁNH VĂN PHÒNG", "**Mai Mẫu Phúc")
}

func decision(number string) *sample {
	s := &sample{}
	s.head([]string{"**ỦY BAN NHÂN DÂN", "TỈNH MẪU SƠN"}, number, "Mẫu Sơn, ngày 15 tháng 01 năm 2022")
	return s.add(c("QUYẾT ĐỊNH"), c("Về việc khen thưởng"), p("_____"), c("CHỦ TỊCH ỦY BAN NHÂN DÂN TỈNH MẪU SƠN"),
		p("Căn cứ Luật Tổ chức chính quyền địa phương ngày 19 tháng 6 năm 2015;"), c("QUYẾT ĐỊNH:"),
		p("Điều 1. Tặng Bằng khen cho các tập thể có tên trong danh sách."), p("Điều 2. Chánh Văn phòng Ủy ban nhân dân tỉnh chịu trách nhiệm thi hành Quyết định này./."))
}

func trueCopy() *sample {
	s := decision("Số: 88/QĐ-UBND").foot([]string{"- Như Điều 2;", "- Lưu: VT, NV."}, "**CHỦ TỊCH", "**Lê Mẫu Cường")
	s.grid(
		[][]para1{ps("**ỦY BAN NHÂN DÂN", "HUYỆN TÂN MẪU", "____", "Số: 05/SY-UBND"), append(ps("SAO Y"), p("Tân Mẫu, ngày 10 tháng 02 năm 2022"))},
	)
	return s.foot([]string{"- UBND các xã, thị trấn;", "- Lưu: VT."}, "**TL. CHỦ TỊCH", "**CHÁNH VĂN PHÒNG", "**Phạm Mẫu Dũng")
}

func blankNumber() *sample {
	s := &sample{}
	s.head([]string{"**ỦY BAN NHÂN DÂN", "TỈNH MẪU SƠN"}, "Số:          /QĐ-UBND", "Mẫu Sơn, ngày      tháng     năm 2022")
	return s.add(c("QUYẾT ĐỊNH"), c("Về việc khen thưởng"), p(bodyText)).foot([]string{"- Như Điều 2;", "- Lưu: VT, NV."}, "**CHỦ TỊCH", "**Lê Mẫu Cường")
}

func twoDocuments() *sample {
	s := usual().rest()
	two := decision("Số: 99/QĐ-UBND").foot([]string{"- Như Điều 2;", "- Lưu: VT, NV."}, "**CHỦ TỊCH", "**Lê Mẫu Cường")
	s.body = append(s.body, two.body...)
	return s
}

func recipientsTable() *sample {
	return usual().add(p("V/v phân bổ máy tính"), p("Kính gửi: UBND các huyện"), p(bodyText)).
		grid([][]para1{ps("STT"), ps("Nơi nhận"), ps("Số lượng")}, [][]para1{ps("1"), ps("Sở Y tế"), ps("10")}, [][]para1{ps("2"), ps("Sở Tài chính"), ps("12")}).
		foot([]string{"- UBND các huyện;", "- Lưu: VT, KT."}, "**GIÁM ĐỐC", "**Nguyễn Mẫu An")
}

func inlineRecipients() *sample {
	return usual().add(p("V/v họp"), p("Kính gửi: Sở Y tế"), p(bodyText), c("GIÁM ĐỐC"), p(""), c("Nguyễn Mẫu An"), p("Nơi nhận: Như trên; UBND tỉnh (b/c); Lưu: VT, VP."))
}

func gluedRecipients() *sample {
	return usual().add(p("V/v họp"), p("Kính gửi: Sở Y tế"), p(bodyText)).foot([]string{"- Như trên; - Sở Y tế;", "- Lưu: VT."}, "**GIÁM ĐỐC", "**Nguyễn Mẫu An")
}

func plainRecipients() *sample {
	return usual().add(p("V/v họp"), p("Kính gửi: Sở Y tế"), p(bodyText)).foot([]string{"Như trên;", "Các Sở, ban, ngành;", "Lưu: VT."}, "**KT. GIÁM ĐỐC", "**PHÓ GIÁM ĐỐC", "**Nguyễn Mẫu An")
}

func subItems() *sample {
	return usual().add(p("V/v họp"), p("Kính gửi: Sở Y tế"), p(bodyText)).
		foot([]string{"- Văn phòng UBND tỉnh:", "+ Lãnh đạo Văn phòng;", "+ Các phòng;", "- Sở Tài chính;", "- Lưu: VT."}, "**GIÁM ĐỐC", "**Nguyễn Mẫu An")
}

func numbered(number string) *sample {
	s := &sample{}
	return s.head([]string{"**ỦY BAN NHÂN DÂN", "TỈNH MẪU SƠN"}, number, "Mẫu Sơn, ngày 15 tháng 01 năm 2014").
		add(p("V/v họp"), p("Kính gửi: Sở Y tế"), p(bodyText)).foot([]string{"- Như trên;", "- Lưu: VT."}, "**CHỦ TỊCH", "**Lê Mẫu Cường")
}

func letterSymbols() *sample { return numbered("Số: 2525A/UBND-CN1") }
func ethSymbol() *sample     { return numbered("Số:15 /2014/QÐ-UBND") }

func brokenSymbol() *sample {
	s := &sample{}
	s.grid([][]para1{ps("**ỦY BAN NHÂN DÂN", "TỈNH MẪU SƠN", "Số: 3783/QĐ-", "UBND"), ps("**CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc", "", "Mẫu Sơn, ngày 15 tháng 01 năm 2014")})
	return s.add(c("QUYẾT ĐỊNH"), c("Về việc khen thưởng"), p(bodyText)).foot([]string{"- Như Điều 2;", "- Lưu: VT."}, "**CHỦ TỊCH", "**Lê Mẫu Cường")
}

func internalOnly() *sample { return usual().add(b("LƯU HÀNH NỘI BỘ")).rest() }

func futureDate() *sample {
	return (&sample{}).head([]string{"SỞ Y TẾ"}, "Số: 3/SYT-VP", "Mẫu Sơn, ngày 05 tháng 3 năm 2093").rest()
}

func noRecipients() *sample {
	return usual().add(p("V/v họp"), p("Kính gửi: Sở Y tế"), p(bodyText), c("GIÁM ĐỐC"), p(""), c("Nguyễn Mẫu An"))
}

func noArchive() *sample {
	return usual().add(p("V/v họp"), p("Kính gửi: Sở Y tế"), p(bodyText)).foot([]string{"- Như trên;", "- Sở Y tế."}, "**GIÁM ĐỐC", "**Nguyễn Mẫu An")
}

func longAuthority() *sample {
	s := &sample{}
	return s.head([]string{"**ỦY BAN NHÂN DÂN", "TỈNH MẪU SƠN"}, "Số: 88/QĐ-UBND", "Mẫu Sơn, ngày 15 tháng 01 năm 2022").
		add(c("QUYẾT ĐỊNH"), c("Về việc phê duyệt Đề án thí điểm"), c("ỦY BAN NHÂN DÂN TỈNH MẪU SƠN"), p("Căn cứ Luật Tổ chức chính quyền địa phương ngày 19 tháng 6 năm 2015;"), p(bodyText)).
		foot([]string{"- Như Điều 3;", "- Lưu: VT."}, "**TM. ỦY BAN NHÂN DÂN", "**KT. CHỦ TỊCH", "**PHÓ CHỦ TỊCH", "(Đã ký)", "**PGS.TS. Võ Mẫu Giang")
}

func spacedType() *sample {
	s := decision("Số: 88/QĐ-UBND")
	s.body[1].para.text = "Q U Y Ế T  Đ Ị N H"
	return s.foot([]string{"- Như Điều 2;", "- Lưu: VT, NV."}, "**CHỦ TỊCH", "**Lê Mẫu Cường")
}

func regulationInside() *sample {
	s := &sample{}
	s.head([]string{"**ỦY BAN NHÂN DÂN", "TỈNH MẪU SƠN"}, "Số: 45/2008/QĐ-UBND", "Mẫu Sơn, ngày 17 tháng 11 năm 2008")
	s.add(c("QUYẾT ĐỊNH"), c("Ban hành Quy chế quản lý thư điện tử"), p("____"), p("Căn cứ Luật Công nghệ thông tin ngày 29 tháng 6 năm 2006;"), c("QUYẾT ĐỊNH:"),
		p("Điều 1. Ban hành kèm theo Quyết định này Quy chế quản lý thư điện tử."), p("Điều 2. Chánh Văn phòng Ủy ban nhân dân tỉnh chịu trách nhiệm thi hành Quyết định này./.")).
		foot([]string{"- Như Điều 2;", "- Lưu: VT."}, "**CHỦ TỊCH", "**Lê Mẫu Cường")
	return s.add(c("QUY CHẾ"), c("Quản lý thư điện tử"), p("(Ban hành kèm theo Quyết định số 45/2008/QĐ-UBND)"), b("Điều 1. Phạm vi"),
		p("Phần Nơi nhận của văn bản phải ghi đủ địa chỉ."), c("PHỤ LỤC"), p("Nơi nhận:"), p("- ..............;"), p("- Lưu: VT."))
}

func automaticList() *sample {
	s := usual().add(p("V/v họp"), p("Kính gửi: Sở Y tế"), p(bodyText))
	left := []para1{b("Nơi nhận:"), {text: "Như trên;", list: true}, {text: "Các đơn vị trực thuộc Sở,", list: true}, {text: "các phòng;"}, {text: "Lưu: VT.", list: true}}
	return s.grid([][]para1{left, ps("**GIÁM ĐỐC", "", "**Nguyễn Mẫu An")})
}

func lineBreaks() *sample {
	s := usual().add(p("V/v họp"), p("Kính gửi: Sở Y tế"), p(bodyText))
	return s.grid([][]para1{{p("Nơi nhận:\n- Như trên;\n- Sở Y tế;\n- Lưu: VT.")}, ps("**GIÁM ĐỐC", "", "**Nguyễn Mẫu An")})
}

func addresseesTable() *sample {
	s := usual().add(p("V/v họp"))
	return s.grid([][]para1{ps("Kính gửi:"), ps("- Sở Tài chính;", "- Sở Kế hoạch và Đầu tư.")}).add(p(bodyText)).
		foot([]string{"- Như trên;", "- Lưu: VT."}, "**GIÁM ĐỐC", "**Nguyễn Mẫu An")
}
