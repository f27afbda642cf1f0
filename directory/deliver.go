package directory

import "fmt"

// Types whose mail another body may take.
const (
	typeUnit     = "bo-phan" // a unit inside an agency
	typeSteering = "bcd"     // a steering body
)

// Deliver says where mail for id goes today.
//
// A body that has ended is followed to its heir if exactly one succession of it
// is not a split, and so on from there; otherwise only a person can choose, and
// Choices holds the bodies that took its work. Of the body that takes the mail,
// its own address comes before its desk's and others; a unit without an
// address is served by the agency above, a steering body by its standing office
// (then Moved is nil although Agency differs). Address is "" for paper. Moved,
// when set, leads from id to Agency with the day, kind and decision of the last
// step.
func (s *Snapshot) Deliver(id ID, today Date) Delivery {
	d := Delivery{Agency: id}
	seen := map[ID]bool{}
	for {
		a, ok := s.Agency(d.Agency)
		if !ok {
			d.Ask, d.Reason = true, "danh bạ không có cơ quan này; xin chọn nơi nhận"
			return d
		}
		if !a.ended(today) {
			return s.deliverTo(d, a, today)
		}
		follow, split := s.heirs(a.ID, today)
		if seen[a.ID] || len(seen) >= maxDepth || len(follow) != 1 {
			return s.askHeirs(d, a, append(follow, split...), today)
		}
		seen[a.ID] = true
		step := follow[0]
		step.From = id
		d.Moved, d.Agency = &step, step.To
		d.Reason = fmt.Sprintf("nay do %s tiếp nhận", s.nameOf(step.To))
	}
}

// askHeirs leaves it to a person who takes the mail of a, which has ended.
func (s *Snapshot) askHeirs(d Delivery, a Agency, rows []Succession, today Date) Delivery {
	d.Ask = true
	for _, r := range rows {
		if to := s.standing(r.To, today); to != a.ID {
			d.Choices = append(d.Choices, to)
		}
	}
	d.Choices = distinct(d.Choices)
	who := "cơ quan này"
	if d.Agency != "" && d.Moved != nil {
		who = a.Name + " (kế tục cơ quan này)"
	}
	switch len(d.Choices) {
	case 0:
		d.Reason = who + " đã kết thúc ngày " + a.To.Vietnamese() + " và danh bạ không ghi cơ quan kế tục; xin chọn nơi nhận thay"
	case 1:
		d.Reason = who + " đã kết thúc ngày " + a.To.Vietnamese() + ", một phần việc chuyển cho nơi khác; xin xác nhận nơi nhận thay"
	default:
		d.Reason = who + " không còn và được chia cho nhiều nơi; xin chọn nơi nhận thay"
	}
	return d
}

// deliverTo fills in the address of a, a body that has not ended.
func (s *Snapshot) deliverTo(d Delivery, a Agency, today Date) Delivery {
	for range maxDepth {
		if list := s.Addresses(a.ID, today); len(list) > 0 {
			d.Agency, d.Address, d.Kind = a.ID, list[0].Address, list[0].Kind
			return d
		}
		if a.Type == typeSteering {
			return s.deliverSteering(d, a, today)
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

// deliverSteering sends the mail of a steering body without a mailbox to its
// standing office: by itself if the register is certain of it, else as a
// proposal.
func (s *Snapshot) deliverSteering(d Delivery, a Agency, today Date) Delivery {
	office, sure := s.StandingOffice(a.ID, today)
	if len(office) == 0 {
		return d
	}
	to := Delivery{Ask: true, Choices: office}
	if len(office) == 1 {
		if o, _ := s.Agency(office[0]); o.Type == typeSteering {
			return d // two steering bodies that stand in for each other
		}
		to = s.Deliver(office[0], today)
	}
	if sure && !to.Ask && to.Moved == nil {
		d.Agency, d.Address, d.Kind = to.Agency, to.Address, to.Kind
		d.Reason = "qua cơ quan thường trực: " + s.nameOf(to.Agency)
		return d
	}
	d.Ask, d.Choices = true, to.Choices
	if !to.Ask {
		d.Choices = []ID{to.Agency}
	}
	d.Reason = "không có hộp thư riêng; cơ quan thường trực theo danh bạ chưa chắc chắn, xin xác nhận"
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
