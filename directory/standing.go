package directory

import (
	"slices"
	"strings"
)

// StandingOffice returns the bodies that take the mail of a steering body on
// that day, and whether the register is certain of it: then there is one. They
// come from relations of kind "standing-office"; on days before the first of them
// the bodies that the steering body's note names are proposed, since registers
// often say it only there ("gửi qua cơ quan thường trực (Sở Nội vụ)").
func (s *Snapshot) StandingOffice(id ID, on Date) (offices []ID, certainly bool) {
	a, ok := s.Agency(id)
	if !ok || a.Type != typeSteering {
		return nil, false
	}
	known := false
	for _, r := range s.standby[id] {
		known = known || on == "" || r.From <= on
		if r.On(on) {
			offices = append(offices, r.Other)
			certainly = r.Certainty == certain
		}
	}
	offices = distinct(offices)
	if known {
		return offices, certainly && len(offices) == 1
	}
	for _, found := range s.mentioned(a.Note, a.ID, on) {
		if found != id {
			offices = append(offices, found)
		}
	}
	return distinct(offices), false
}

const (
	maxMentioned = 8  // bodies that are taken from one note
	maxNameWords = 14 // words of the longest name that is looked for
)

// mentioned returns the bodies that exist on that day and whose names, as the
// issuer would understand them, stand in text after the word "qua". Longer names
// win over shorter ones inside them.
func (s *Snapshot) mentioned(text string, issuer ID, on Date) []ID {
	_, text, _ = strings.Cut(nameKey(text), "qua ")
	words := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" (),.;:", r) })
	chain := s.chain(issuer, on)
	var out []ID
	for i := 0; i < len(words) && len(out) < maxMentioned; i++ {
		for n := min(maxNameWords, len(words)-i); n > 1; n-- {
			form := strings.Join(words[i:i+n], " ")
			id := s.meant(form, issuer, chain, on)
			if id == "" {
				continue
			}
			if !slices.Contains(out, id) {
				out = append(out, id)
			}
			i += n - 1
			break
		}
	}
	return out
}

// meant is the body that form certainly means on that day, or that followed the
// last one which was called so before; "" if there is none. What was only called
// so later plays no part, so that no later act changes the answer.
func (s *Snapshot) meant(form string, issuer ID, chain map[ID]int, on Date) ID {
	named := s.nameByKey[form]
	if len(named) == 0 {
		return ""
	}
	if m := s.Lookup(form, issuer, on); m.Certain {
		return m.Agencies[0]
	}
	var last Name
	for _, i := range named {
		n := s.names[i]
		if _, within := s.scopeDistance(n.Scope, chain, on); within && n.Kind != kindSymbol && n.ended(on) && n.To > last.To {
			last = n
		}
	}
	id := s.standing(last.Agency, on)
	if a, ok := s.Agency(id); !ok || !a.On(on) {
		return ""
	}
	return id
}
