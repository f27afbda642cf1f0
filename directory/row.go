package directory

import (
	"fmt"
	"strings"
	"time"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// rowReader reads the fields of one CSV row and reports what is wrong with each.
type rowReader struct {
	r      *csvReader
	file   string
	line   int
	at     map[string]int
	record []string
	bad    bool
}

func (in *rowReader) fail(field, problem, advice string) {
	in.bad = true
	in.r.fail(RowError{File: in.file, Line: in.line, Field: field, Problem: problem, Advice: advice})
}

// text reads a field, cleaned. Cells that a spreadsheet would run as a formula
// are refused, because the register is also given out as CSV.
func (in *rowReader) text(field string, most int, required bool) string {
	s := in.record[in.at[field]]
	if len(s) > most {
		in.fail(field, fmt.Sprintf("dài hơn %d byte", most), "Hãy rút ngắn")
		return ""
	}
	s = viet.Clean(s)
	switch {
	case s == "" && required:
		in.fail(field, "để trống", "Ô này bắt buộc")
	case s != "" && strings.IndexByte(formulaStarts, s[0]) >= 0:
		in.fail(field, fmt.Sprintf("bắt đầu bằng %q", s[:1]), "Bảng tính có thể coi đó là công thức; hãy bỏ ký tự đầu")
	case field == "name" && viet.MixedScripts(s) != "":
		in.fail(field, fmt.Sprintf("từ %q lẫn chữ của bảng chữ cái khác trông giống chữ Việt", clip(viet.MixedScripts(s))), "Hãy gõ lại từ này bằng bàn phím tiếng Việt")
	case hiddenFormula(s):
		in.fail(field, `có dấu "=", "+", "-" hoặc "@" ngay sau dấu ngăn cách`, "Bảng tính tách ô có thể coi đó là công thức; hãy thêm dấu cách")
	}
	return s
}

// formulaStarts begin what a spreadsheet runs.
const formulaStarts = "=+@-"

// hiddenFormula reports whether a spreadsheet that splits cells at another sign
// than the comma would find a formula inside s: the semicolon is the list
// separator of Vietnamese Windows.
func hiddenFormula(s string) bool {
	for i := 0; i+1 < len(s); i++ {
		if strings.IndexByte(";,|\t", s[i]) >= 0 && strings.IndexByte(formulaStarts, s[i+1]) >= 0 {
			return true
		}
	}
	return false
}

func (in *rowReader) id(field string, required bool) ID {
	s := in.text(field, maxID, required)
	if s != "" && !ValidID(ID(s)) {
		in.fail(field, fmt.Sprintf("mã %q không đúng dạng", clip(s)), `Mã gồm chữ thường không dấu, số, dấu "." và "-", ví dụ qt.ubnd.huyen-hai-lang`)
	}
	return ID(s)
}

func (in *rowReader) word(field string, set []string) string {
	s := in.text(field, maxID, !known(set, ""))
	if s != "" && !known(set, s) {
		in.fail(field, fmt.Sprintf("từ %q không dùng được", clip(s)), "Dùng một trong: "+strings.Join(set, ", "))
	}
	return s
}

func (in *rowReader) date(field string, required bool) Date {
	s := in.text(field, maxID, required)
	if s == "" {
		return ""
	}
	d, ok := ParseDate(s)
	if people, err := time.Parse("2/1/2006", s); err == nil && !ok {
		in.fail(field, fmt.Sprintf("ngày %q viết theo kiểu ngày/tháng/năm", clip(s)),
			"Nếu đó là "+people.Format("ngày 2 tháng 1 năm 2006")+" thì viết "+people.Format(time.DateOnly)+"; trong bảng tính hãy để cột này ở dạng văn bản (Text)")
		return ""
	}
	if !ok {
		in.fail(field, fmt.Sprintf("ngày %q không có thật hoặc không đúng dạng", clip(s)), "Viết năm-tháng-ngày, ví dụ 2025-07-01, hoặc để trống nếu không giới hạn")
	}
	return d
}

func (in *rowReader) validity() Validity {
	v := Validity{From: in.date("valid_from", false), To: in.date("valid_to", false)}
	if v.From != "" && v.To != "" && v.To < v.From {
		in.fail("valid_to", "ngày cuối trước ngày đầu", "Đổi lại hai ngày")
	}
	return v
}

func (in *rowReader) email(field string, required bool) string {
	s := strings.ToLower(in.text(field, maxAddress, required))
	if s != "" && !ValidAddress(s) {
		in.fail(field, fmt.Sprintf("địa chỉ thư %q không đúng", clip(s)), "Viết dạng ten@quangtri.gov.vn, không dấu, không khoảng trắng")
	}
	return s
}

func (in *rowReader) agency() *Agency {
	a := &Agency{
		ID: in.id("id", true), Name: in.text("name", maxName, true),
		Type: in.word("type", agencyTypes), Level: in.word("level", levels), Parent: in.id("parent_id", false),
		Validity: in.validity(), Code: in.text("code", 35, false), // QĐ 20/2020/QĐ-TTg, Điều 4
		Certainty: in.word("certainty", certainties), Note: in.text("note", maxNote, false),
	}
	if a.Parent != "" && a.Parent == a.ID {
		in.fail("parent_id", "cơ quan không thể là cấp trên của chính mình", "Sửa mã cấp trên hoặc để trống")
	}
	return a
}

func (in *rowReader) name() *Name {
	return &Name{
		Agency: in.id("agency_id", true), Text: in.text("name", maxName, true), Kind: in.word("kind", nameKinds),
		Scope: in.id("issuer_scope", false), Validity: in.validity(), Note: in.text("note", maxNote, false),
	}
}

func (in *rowReader) succession() *Succession {
	s := &Succession{
		From: in.id("from_id", true), To: in.id("to_id", true), Date: in.date("date", true),
		Kind: in.word("kind", successionKinds), Decision: in.text("decision", maxNote, false), Note: in.text("note", maxNote, false),
	}
	if s.From != "" && s.From == s.To {
		in.fail("to_id", "cơ quan không thể kế tục chính mình", "Sửa mã cơ quan kế tục")
	}
	return s
}

func (in *rowReader) group() *Group {
	g := &Group{
		ID: in.id("id", true), Name: in.text("name", maxName, true), Scope: in.id("scope", false),
		Validity: in.validity(), Note: in.text("note", maxNote, false), Rule: in.text("rule", maxRule, true),
	}
	for _, a := range strings.Split(in.text("aliases", maxAliases, false), "|") {
		if a = strings.TrimSpace(a); a != "" {
			g.Aliases = append(g.Aliases, a)
		}
	}
	if _, err := parseRule(g.Rule); err != nil && g.Rule != "" {
		in.fail("rule", "quy tắc không đọc được: "+err.Error(), "Viết dạng: level=tinh & type in (so,ban,nganh); xem ngữ pháp trong tài liệu danh bạ")
	}
	return g
}

func (in *rowReader) address() *Address {
	return &Address{
		Agency: in.id("agency_id", true), Address: in.email("address", true), Kind: in.word("kind", addressKinds),
		Validity: in.validity(), Status: in.word("status", addressStatuses),
	}
}

func (in *rowReader) official() *Official {
	return &Official{
		ID: in.id("id", true), Name: in.text("name", maxName, true), Agency: in.id("agency_id", true),
		Title: in.text("title", maxName, true), Authorised: in.word("authorised", []string{"true", "false"}) == "true",
		Address: in.email("duty_address", false), Validity: in.validity(), Note: in.text("note", maxNote, false),
	}
}

func (in *rowReader) relation() *Relation {
	r := &Relation{
		Agency: in.id("agency_id", true), Other: in.id("to_id", false), Kind: in.word("kind", relationKinds), Validity: in.validity(),
		Certainty: in.word("certainty", certainties), Decision: in.text("decision", maxNote, false), Note: in.text("note", maxNote, false),
	}
	switch {
	case r.Other == "" && r.Kind == kindStanding:
		in.fail("to_id", "để trống", "Ghi mã của cơ quan thường trực")
	case r.Other != "" && r.Other == r.Agency:
		in.fail("to_id", "cơ quan không thể có quan hệ với chính mình", "Sửa mã cơ quan kia")
	}
	return r
}
