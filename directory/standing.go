package directory

import (
	"slices"
	"strings"
)

// StandingOffice returns the bodies that take the mail of a steering body on
// that day, and whether the register is certain of it: then there is one. They
// come from relations of kind "standing-office"; without any, the bodies that
// the steering body's note names are proposed, since registers often say it
// only there ("gửi qua cơ quan thường trực (Sở Nội vụ)").
func (s *Snapshot) StandingOffice(id ID, on Date) (offices []ID, certainly bool) {
	a, ok := s.Agency(id)
	if !ok || a.Type != typeSteering {
		return nil, false
	}
	known := len(s.standby[id]) > 0
	for _, r := range s.standby[id] {
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
// win over shorter ones inside them. A body that has ended stands for its heir.
func (s *Snapshot) mentioned(text string, issuer ID, on Date) []ID {
	_, text, _ = strings.Cut(nameKey(text), "qua ")
	words := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" (),.;:", r) })
	var out []ID
	for i := 0; i < len(words) && len(out) < maxMentioned; i++ {
		for n := min(maxNameWords, len(words)-i); n > 1; n-- {
			form := strings.Join(words[i:i+n], " ")
			if len(s.nameByKey[form]) == 0 {
				continue
			}
			if m := s.Lookup(form, issuer, on); len(m.Agencies) > 0 {
				id := s.standing(m.Agencies[0], on)
				if a, ok := s.Agency(id); ok && a.On(on) && !slices.Contains(out, id) {
					out = append(out, id)
				}
				i += n - 1
				break
			}
		}
	}
	return out
}
