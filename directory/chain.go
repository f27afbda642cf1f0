package directory

// The parent column holds the body above at the end of a body's life; where
// another stood above it before, a [Relation] of kind "parent" says so. Neither
// follows the bodies above themselves: so that a later reorganisation of the body above neither
// changes the past nor needs new rows for every child, walking up on a given
// day passes from a body that has ended to its single heir: since 11 August
// 2009 what stood under thị xã Đông Hà stands under thành phố Đông Hà.

// ended reports whether the last day lies before on.
func (v Validity) ended(on Date) bool { return v.To != "" && (on == "" || v.To < on) }

// heirs returns the successions of id that have taken place on that day, those
// that mail may follow apart from the splits.
func (s *Snapshot) heirs(id ID, on Date) (follow, split []Succession) {
	for _, r := range s.from[id] {
		switch {
		case on != "" && r.Date > on:
		case r.Kind == kindSplit:
			split = append(split, r)
		default:
			follow = append(follow, r)
		}
	}
	return follow, split
}

// parentOn is the body above a on that day as the register words it, whether or
// not that body still exists then.
func (s *Snapshot) parentOn(a Agency, on Date) ID {
	for _, r := range s.parents[a.ID] {
		if r.On(on) {
			return r.Other
		}
	}
	return a.Parent
}

// above returns the body above id on that day, "" at the top.
func (s *Snapshot) above(id ID, on Date) ID {
	a, _ := s.Agency(id)
	return s.standing(s.parentOn(a, on), on)
}

// standing returns the body that stands in the place of id on that day: id
// itself, or its single heir if it has ended.
func (s *Snapshot) standing(id ID, on Date) ID {
	for range maxDepth {
		a, ok := s.Agency(id)
		if !ok || !a.ended(on) {
			return id
		}
		follow, _ := s.heirs(id, on)
		if len(follow) != 1 {
			return id
		}
		id = follow[0].To
	}
	return id
}

// chain returns id and the bodies above it on that day, each with its distance.
func (s *Snapshot) chain(id ID, on Date) map[ID]int {
	out := make(map[ID]int, 6)
	if _, ok := s.Agency(id); !ok {
		return out
	}
	for depth := 0; id != "" && depth < maxDepth; depth++ {
		if _, seen := out[id]; seen {
			break
		}
		out[id] = depth
		up := s.above(id, on)
		if a, _ := s.Agency(id); up == "" && a.Type == typeTerritory {
			up = s.standing(id, on) // a territory that was merged into another
		}
		id = up
	}
	return out
}

// Under reports whether id is ancestor or stands below it at any depth, as the
// parent column says.
func (s *Snapshot) Under(id, ancestor ID) bool {
	for range maxDepth {
		a, ok := s.Agency(id)
		if !ok {
			return false
		}
		if id == ancestor {
			return true
		}
		id = a.Parent
	}
	return false
}

// UnderOn is Under on that day: a body above that has ended is replaced by its
// single heir.
func (s *Snapshot) UnderOn(id, ancestor ID, on Date) bool {
	_, ok := s.chain(id, on)[ancestor]
	return ok
}

// Territory returns the root of id's chain as the parent column says; id itself
// when it has no parent, "" when it is unknown.
func (s *Snapshot) Territory(id ID) ID {
	return s.root(id, func(a Agency) ID { return a.Parent })
}

// territoryOn is Territory as it was on that day.
func (s *Snapshot) territoryOn(id ID, on Date) ID {
	return s.root(id, func(a Agency) ID { return s.parentOn(a, on) })
}

func (s *Snapshot) root(id ID, up func(Agency) ID) ID {
	for range maxDepth {
		a, ok := s.Agency(id)
		if !ok {
			return ""
		}
		next := up(a)
		if next == "" {
			return id
		}
		id = next
	}
	return ""
}

// scopeDistance is how far above an issuer with that chain the scope of a name
// or group lies: the empty scope is wider than any body. A scope that was only
// renamed or re-established since goes on as its heir.
func (s *Snapshot) scopeDistance(scope ID, chain map[ID]int, on Date) (distance int, within bool) {
	if scope == "" {
		return anywhere, true
	}
	for range maxDepth {
		if d, ok := chain[scope]; ok {
			return d, true
		}
		a, ok := s.Agency(scope)
		if !ok || !a.ended(on) {
			return 0, false
		}
		follow, _ := s.heirs(scope, on)
		if len(follow) != 1 || follow[0].Kind != "renamed" && follow[0].Kind != "re-established" {
			return 0, false
		}
		scope = follow[0].To
	}
	return 0, false
}

// Parent returns the body above id on that day.
func (s *Snapshot) Parent(id ID, on Date) (Agency, bool) { return s.Agency(s.above(id, on)) }

// Children returns the bodies directly below id that exist on that day, in
// Vietnamese order of name.
func (s *Snapshot) Children(id ID, on Date) []Agency {
	ids := make(map[ID]bool)
	s.gather(id, on, ids, make(map[ID]bool))
	var out []Agency
	if len(ids) == 0 {
		return out
	}
	for _, a := range s.agencies {
		if ids[a.ID] && a.On(on) && s.above(a.ID, on) == id {
			out = append(out, a)
		}
	}
	return out
}

// gather collects the bodies that name id, or a body whose place id took, as parent.
func (s *Snapshot) gather(id ID, on Date, into, seen map[ID]bool) {
	if seen[id] || len(seen) > maxDepth {
		return
	}
	seen[id] = true
	for _, c := range s.children[id] {
		into[c] = true
	}
	for _, r := range s.to[id] {
		if r.Kind != kindSplit && (on == "" || r.Date <= on) {
			s.gather(r.From, on, into, seen)
		}
	}
}

// Home returns the territories that exist on that day, in Vietnamese order of name.
func (s *Snapshot) Home(on Date) []Agency {
	var out []Agency
	for _, a := range s.agencies {
		if a.Type == typeTerritory && a.On(on) {
			out = append(out, a)
		}
	}
	return out
}
