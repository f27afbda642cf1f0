package directory

// typeUnit is a unit inside an agency: without an address of its own, the
// agency above takes its mail.
const typeUnit = "bo-phan"

// Deliver says where mail for id goes today.
//
// A body that has ended is followed to its heir if exactly one succession of it
// is not a split, and so on from there; otherwise only a person can choose, and
// Choices holds the bodies that took its work. Of the body that takes the mail,
// its own address comes before its desk's and others; a unit without an
// address is served by the agency above (then Moved is nil although Agency
// differs). Address is "" for paper. Moved, when set, leads from id to Agency
// with the day, kind and decision of the last step.
func (s *Snapshot) Deliver(id ID, today Date) Delivery {
	d := Delivery{Agency: id}
	seen := map[ID]bool{}
	for {
		a, ok := s.Agency(d.Agency)
		if !ok {
			d.Ask = true
			return d
		}
		if !a.ended(today) {
			return s.deliverTo(d, a, today)
		}
		follow, split := s.heirs(a.ID, today)
		if seen[a.ID] || len(seen) >= maxDepth || len(follow) != 1 {
			d.Ask = true
			for _, r := range append(follow, split...) {
				d.Choices = append(d.Choices, s.standing(r.To, today))
			}
			d.Choices = distinct(d.Choices)
			return d
		}
		seen[a.ID] = true
		step := follow[0]
		step.From = id
		d.Moved, d.Agency = &step, step.To
	}
}

// deliverTo fills in the address of a, a body that has not ended.
func (s *Snapshot) deliverTo(d Delivery, a Agency, today Date) Delivery {
	for range maxDepth {
		if list := s.Addresses(a.ID, today); len(list) > 0 {
			d.Agency, d.Address, d.Kind = a.ID, list[0].Address, list[0].Kind
			return d
		}
		up, ok := s.Parent(a.ID, today)
		if a.Type != typeUnit || !ok {
			return d
		}
		a = up
		d.Agency = a.ID
	}
	return d
}

func distinct(ids []ID) []ID {
	seen := make(map[ID]bool, len(ids))
	out := ids[:0]
	for _, id := range ids {
		if !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out
}
