package directory

import (
	"fmt"
	"slices"
)

// LookupGroup returns the group that form names on that day in a document of
// issuer: the one of the narrowest scope that contains the issuer. Where two
// groups of one scope share the form, the one whose own name it is wins; if
// that does not settle it, there is none.
func (s *Snapshot) LookupGroup(form string, issuer ID, on Date) (Group, bool) {
	if len(form) > maxForm {
		return Group{}, false
	}
	key := nameKey(form)
	ids := s.groupByKey[key]
	if len(ids) == 0 {
		return Group{}, false
	}
	chain := s.chain(issuer, on)
	best := anywhere + 1
	var found []Group
	for _, id := range ids {
		g := s.groups[id].Group
		d, within := s.scopeDistance(g.Scope, chain, on)
		if !within || !g.On(on) || d > best {
			continue
		}
		if d < best {
			best, found = d, found[:0]
		}
		found = append(found, g)
	}
	if len(found) > 1 {
		found = slices.DeleteFunc(found, func(g Group) bool { return nameKey(g.Name) != key })
	}
	if len(found) != 1 {
		return Group{}, false
	}
	found[0].Aliases = slices.Clone(found[0].Aliases)
	return found[0], true
}

// Members returns the bodies of a group that exist on that day, in Vietnamese
// order of name, without the issuer itself. Members of a group with a scope are
// always below that scope; a group without one reaches everywhere. The error is
// [ErrAsk] when only a person can say; callers freeze the answer with the
// document.
func (s *Snapshot) Members(group ID, issuer ID, on Date) ([]Agency, error) {
	g, ok := s.groups[group]
	if !ok {
		return nil, fmt.Errorf("members of %s: no such group", group)
	}
	if g.rule.ask {
		return nil, fmt.Errorf("members of %s: %w", group, ErrAsk)
	}
	var out []Agency
	for _, a := range s.agencies {
		if !a.On(on) || a.ID == issuer {
			continue
		}
		above := s.chain(a.ID, on)
		if _, within := s.scopeDistance(g.Scope, above, on); !within {
			continue
		}
		if g.rule.holds(s.attributes(a, g.Scope, issuer, above, on)) {
			out = append(out, a)
		}
	}
	return out, nil
}

// attributes answers a rule's questions about a, which stands below above.
func (s *Snapshot) attributes(a Agency, scope, issuer ID, above map[ID]int, on Date) func(field, value string) bool {
	return func(field, value string) bool {
		id := ID(value)
		switch value {
		case "@scope":
			id = scope
		case "@issuer":
			id = issuer
		}
		switch field {
		case "type":
			return a.Type == value
		case "level":
			return a.Level == value
		case "id":
			return a.ID == id
		case "parent":
			d, ok := s.scopeDistance(id, above, on)
			return ok && id != "" && d == 1
		case "under":
			d, ok := s.scopeDistance(id, above, on)
			return ok && id != "" && d > 0
		}
		return false
	}
}
