package recipients

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"quangtri.gov.vn/vanthu/directory"
	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/internal/viet"
)

// membersOf caches the expansion of a group within a block.
type membersOf struct {
	agencies []directory.Agency
	err      error
}

// lookupGroup returns the first form that names a group.
func (r *resolver) lookupGroup(forms []string) (directory.Group, bool) {
	for _, form := range forms {
		if g, ok := r.dir.LookupGroup(form, r.b.Issuer, r.b.On); ok {
			return g, true
		}
	}
	return directory.Group{}, false
}

// expandGroup returns the members of a group, computed once a block.
func (r *resolver) expandGroup(id directory.ID) ([]directory.Agency, error) {
	if m, ok := r.members[id]; ok {
		return m.agencies, m.err
	}
	agencies, err := r.dir.Members(id, r.b.Issuer, r.b.On)
	r.members[id] = membersOf{agencies, err}
	return agencies, err
}

// decideGroup resolves a set of bodies.
func (r *resolver) decideGroup(it *dispatch.Item, m *meaning) {
	g, ok := r.lookupGroup(m.forms)
	if !ok {
		if match := r.lookup(m.forms, m.name); match.Certain && m.vague == "" {
			it.Kind = dispatch.KindAgency
			r.certain(it, match.Agencies[0])
			return
		}
		reason := "Danh bạ chưa có nhóm này: hãy chọn các cơ quan nhận."
		if m.vague != "" {
			reason = m.vague
		}
		r.offer(it, nil, reason)
		r.offerBody(it, m)
		return
	}
	r.expand(it, g, m)
}

// offerBody offers the body whose members are meant.
func (r *resolver) offerBody(it *dispatch.Item, m *meaning) {
	if m.body == "" {
		return
	}
	if match := r.lookupBody(m.body); len(match.Agencies) > 0 {
		reason := it.Reason
		r.offer(it, match.Agencies, reason)
	}
}

// expand takes the members of a known group, less the exceptions.
func (r *resolver) expand(it *dispatch.Item, g directory.Group, m *meaning) {
	agencies, err := r.expandGroup(g.ID)
	if err != nil {
		reason := fmt.Sprintf("Không đọc được nhóm %q trong danh bạ: hãy chọn các cơ quan nhận.", g.Name)
		if errors.Is(err, directory.ErrAsk) {
			reason = "Nhóm này không tự mở rộng được: hãy chọn các cơ quan nhận."
		}
		if m.vague != "" {
			reason = m.vague
		}
		it.Certainty, it.Reason = dispatch.None, reason
		return
	}
	ids := make([]directory.ID, 0, len(agencies))
	for _, a := range agencies {
		ids = append(ids, a.ID)
	}
	r.settleGroup(it, g, m, agencies, ids)
}

// settleGroup takes the exceptions out and says how sure the rest is.
func (r *resolver) settleGroup(it *dispatch.Item, g directory.Group, m *meaning, agencies []directory.Agency, ids []directory.ID) {
	left, problem := r.subtract(ids, it.Exceptions)
	it.Agencies, it.Certainty = left, dispatch.Certain
	it.Reason = fmt.Sprintf("Nhóm %q trong danh bạ: %d cơ quan vào ngày ban hành.", g.Name, len(left))
	if len(it.Exceptions) > 0 && problem == "" {
		it.Reason = fmt.Sprintf("Nhóm %q trong danh bạ: %d cơ quan vào ngày ban hành, đã trừ %d.", g.Name, len(left), len(ids)-len(left))
	}
	switch {
	case len(left) == 0:
		it.Agencies = nil
		it.Certainty, it.Reason = dispatch.None, "Nhóm này không có cơ quan nào vào ngày ban hành: hãy chọn nơi nhận."
	case problem != "":
		r.doubt(it, problem)
	case m.vague != "":
		r.doubt(it, m.vague)
		r.likely = nil
	case r.tooWide(agencies, m):
		r.doubt(it, "Cơ quan ban hành ở cấp dưới tỉnh mà tên nhóm không ghi \"tỉnh\": hãy xác nhận.")
	default:
		if why := r.kindsLeftOut(agencies, m.units); why != "" {
			r.doubt(it, why)
		} else if noteAsks(g, m) {
			r.doubt(it, "Danh bạ ghi về nhóm này: "+strings.TrimRight(g.Note, ".")+".")
		}
	}
}

// tooWide reports a group of provincial bodies that an issuer below the province
// names without saying so: its own "các đoàn thể" may be meant.
func (r *resolver) tooWide(agencies []directory.Agency, m *meaning) bool {
	if r.is.rank != district && r.is.rank != communal || agencies[0].Level != "tinh" {
		return false
	}
	toks := tokenize(m.forms[0])
	return indexOf(toks, "tỉnh") < 0 && indexOf(toks, "sở") < 0
}

// noteAsks reports whether the register wants a nod for this form of a group: its
// note says so, and the form is not the group's own name.
func noteAsks(g directory.Group, m *meaning) bool {
	own := slices.ContainsFunc(m.forms, func(f string) bool { return sameName(f, g.Name) })
	return !own && len(m.units) == 0 && strings.Contains(viet.Key(g.Note), "xác nhận")
}

// kindWords are the words for each type of territory.
var kindWords = map[string]string{"huyen": "huyện", "thi-xa": "thị xã", "thanh-pho": "thành phố", "xa": "xã", "phuong": "phường", "thi-tran": "thị trấn", "dac-khu": "đặc khu"}

// kindsLeftOut says which kinds of territory the wording does not name though
// they are among the members, or stand beside them: "UBND các huyện, thị xã"
// when there is a city, "UBND các xã, phường" when there is a special zone.
func (r *resolver) kindsLeftOut(agencies []directory.Agency, units []string) string {
	if len(units) == 0 || len(agencies) == 0 {
		return ""
	}
	for _, a := range agencies {
		if word := kindWords[a.Type]; word != "" && !slices.Contains(units, word) {
			return "Nhóm có cả " + a.Name + ", mà dòng này không nhắc đến " + word + ": hãy xác nhận."
		}
	}
	first := agencies[0]
	for _, a := range r.dir.Children(first.Parent, r.b.On) {
		if word := kindWords[a.Type]; word != "" && kindWords[first.Type] != "" && a.Level == first.Level && !slices.Contains(units, word) && a.ID != r.b.Issuer {
			return "Còn " + a.Name + ", mà dòng này không nhắc đến " + word + ": hãy xác nhận."
		}
	}
	return ""
}

// subtract takes the exceptions out of a group. problem is a reason for doubt
// if one of them is not known or is no member.
func (r *resolver) subtract(ids []directory.ID, exceptions []string) (left []directory.ID, problem string) {
	left = slices.Clone(ids)
	for _, text := range exceptions {
		out := r.excepted(text)
		if len(out) == 0 {
			return left, "Không xác định được phần loại trừ \"" + clip(text, maxContext) + "\": hãy kiểm tra danh sách."
		}
		before := len(left)
		left = slices.DeleteFunc(left, func(id directory.ID) bool { return slices.Contains(out, id) })
		if before == len(left) {
			problem = "Phần loại trừ \"" + clip(text, maxContext) + "\" không thuộc nhóm này: hãy kiểm tra."
		}
	}
	return left, problem
}

// excepted resolves one exception to bodies, none if it is in doubt.
func (r *resolver) excepted(text string) []directory.ID {
	toks := trimMarks(tokenize(text))
	if len(toks) == 0 {
		return nil
	}
	forms := distinctForms(text, r.is.bodyName(toks))
	if _, n := levelAt(toks); n > 0 {
		forms = distinctForms(text, "UBND "+text, r.is.bodyName(toks))
	}
	if m := r.lookup(forms, ""); m.Certain {
		return m.Agencies
	}
	if g, ok := r.lookupGroup(forms); ok {
		if agencies, err := r.expandGroup(g.ID); err == nil {
			var ids []directory.ID
			for _, a := range agencies {
				ids = append(ids, a.ID)
			}
			return ids
		}
	}
	return r.exceptedEach(text, toks)
}

// exceptedEach resolves "huyện A và thị xã B" piece by piece: none unless every
// piece is sure.
func (r *resolver) exceptedEach(text string, toks []token) []directory.ID {
	i := indexOf(toks, "và")
	if i <= 0 || i+1 >= len(toks) {
		return nil
	}
	first, rest := r.excepted(source(text, toks[:i])), r.excepted(source(text, toks[i+1:]))
	if len(first) == 0 || len(rest) == 0 {
		return nil
	}
	return append(slices.Clone(first), rest...)
}
