package directory

import "strings"

// Describe says in one Vietnamese phrase what row c is about and what it says,
// for the history that people read.
func (c Change) Describe() string {
	var b strings.Builder
	if c.Withdrawn {
		b.WriteString("rút lại: ")
	}
	switch {
	case c.Agency != nil:
		b.WriteString("cơ quan " + string(c.Agency.ID) + " «" + c.Agency.Name + "»")
		if c.Agency.Parent != "" {
			b.WriteString(", trực thuộc " + string(c.Agency.Parent))
		}
		b.WriteString(span(c.Agency.Validity))
	case c.Name != nil:
		b.WriteString("tên «" + c.Name.Text + "» (" + c.Name.Kind + ") của " + string(c.Name.Agency))
		if c.Name.Scope != "" {
			b.WriteString(", dùng trong " + string(c.Name.Scope))
		}
		b.WriteString(span(c.Name.Validity))
	case c.Succession != nil:
		b.WriteString(string(c.Succession.To) + " kế tục " + string(c.Succession.From) + " (" + c.Succession.Kind + ") từ " + c.Succession.Date.Vietnamese())
	case c.Group != nil:
		b.WriteString("nhóm " + string(c.Group.ID) + " «" + c.Group.Name + "»: " + c.Group.Rule + span(c.Group.Validity))
	case c.Address != nil:
		b.WriteString("địa chỉ " + c.Address.Address + " (" + c.Address.Kind + ", " + c.Address.Status + ") của " + string(c.Address.Agency) + span(c.Address.Validity))
	case c.Official != nil:
		b.WriteString("công chức " + string(c.Official.ID) + " «" + c.Official.Name + "», " + c.Official.Title + " tại " + string(c.Official.Agency) + span(c.Official.Validity))
	case c.Relation != nil:
		what := ": cơ quan thường trực là "
		if c.Relation.Kind == kindParent {
			what = ": trước kia trực thuộc "
		}
		b.WriteString(string(c.Relation.Agency) + what + string(c.Relation.Other) + span(c.Relation.Validity))
	}
	return b.String()
}

func span(v Validity) string {
	if v.From == "" && v.To == "" {
		return ""
	}
	return ", " + v.words()
}
