package directory

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
)

// model is the directory as a child would keep it: for each body a life, and for
// each thing that changes the days on which it was set. Acts may come in any
// order of their days; a setting holds until the next one. It knows nothing of
// rows, events or spans, and must always agree with the register.
type model struct {
	bodies map[ID]*modelBody
}

type modelBody struct {
	from, to int // first day, and the day after the last; to 0 is alive
	heirs    []ID
	split    bool
	parent   map[int]ID
	address  map[int]string
}

const modelDays = 60

func modelDay(n int) Date { return Date("2020-01-01").AddDays(n) }

// at is what was set last on or before the day.
func at[V any](points map[int]V, day int) (v V) {
	best := -1
	for d, p := range points {
		if d <= day && d > best {
			best, v = d, p
		}
	}
	return v
}

func (b *modelBody) alive(day int) bool { return day >= b.from && (b.to == 0 || day < b.to) }

// standing is the body in whose place id stands that day.
func (m *model) standing(id ID, day int) ID {
	for {
		b := m.bodies[id]
		if b == nil || b.to == 0 || day < b.to || len(b.heirs) != 1 || b.split {
			return id
		}
		id = b.heirs[0]
	}
}

func (m *model) found(id, parent ID, day int, address string) {
	m.bodies[id] = &modelBody{from: day, parent: map[int]ID{0: parent}, address: map[int]string{day: address}}
}

func (m *model) end(id ID, day int, split bool, heirs ...ID) {
	b := m.bodies[id]
	b.to, b.heirs, b.split = day, heirs, split
	for d := range b.address {
		if d >= day {
			delete(b.address, d)
		}
	}
	b.address[day] = ""
}

// deliver is where mail for id goes: a body and its address, or a question.
func (m *model) deliver(id ID, day int) string {
	to := m.standing(id, day)
	b := m.bodies[to]
	if b.to != 0 && day >= b.to {
		return "ask"
	}
	if !b.alive(day) {
		return string(to) + " "
	}
	return string(to) + " " + at(b.address, day)
}

func TestRegisterAgreesWithModel(t *testing.T) {
	t.Parallel()
	for seed := range uint64(16) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := openRegister(t, filepath.Join(t.TempDir(), "d.db"))
			m := &model{bodies: make(map[ID]*modelBody)}
			rnd := rand.New(rand.NewPCG(seed, 3))
			done := 0
			for step := range 150 {
				if what := modelStep(r, m, rnd, step); what != "" {
					done++
					if wrong := m.differs(r.Snapshot()); wrong != "" {
						t.Fatalf("after step %d, %s: %s", step, what, wrong)
					}
				}
			}
			if done < 15 {
				t.Errorf("only %d acts were possible", done)
			}
		})
	}
}

// modelStep tries one random act; what it did, or "" if it was refused.
func modelStep(r *Register, m *model, rnd *rand.Rand, step int) string {
	ctx, day := context.Background(), min(rnd.IntN(modelDays), step+rnd.IntN(10))
	a := Act{Who: "An", Date: modelDay(day)}
	ids := []ID{}
	for id := range m.bodies {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	pick := func() ID {
		if len(ids) == 0 {
			return "none"
		}
		return ids[rnd.IntN(len(ids))]
	}
	one, two, three := pick(), pick(), pick()
	fresh, mail := ID(fmt.Sprintf("b%d", step)), fmt.Sprintf("b%d@quangtri.gov.vn", step)
	body := func(parent ID) Body {
		return Body{Agency: Agency{ID: fresh, Name: "Cơ quan " + string(fresh), Type: "so", Level: "tinh", Parent: parent},
			Addresses: []Address{{Address: mail, Kind: "agency", Status: "sample"}}}
	}
	try := func(_ Event, err error) bool { return err == nil }
	switch n := rnd.IntN(12); {
	case len(ids) < 4 || n < 2:
		parent := ID("")
		if len(ids) > 0 {
			parent = one
		}
		if try(r.Found(ctx, a, body(parent))) {
			m.found(fresh, parent, day, mail)
			return "found " + string(fresh)
		}
	case n < 4:
		parent := m.standing(at(m.bodies[one].parent, day), day)
		if try(r.Rename(ctx, a, one, body(parent))) {
			m.end(one, day, false, fresh)
			m.found(fresh, parent, day, mail)
			return "rename " + string(one)
		}
	case n < 5:
		if one != two && try(r.Merge(ctx, a, []ID{one, two}, body(three))) {
			m.end(one, day, false, fresh)
			m.end(two, day, false, fresh)
			m.found(fresh, three, day, mail)
			return fmt.Sprintf("merge %s %s", one, two)
		}
	case n < 6:
		if one != two && try(r.Merge(ctx, a, []ID{one}, Body{Agency: Agency{ID: two}})) {
			m.end(one, day, false, two)
			return fmt.Sprintf("merge %s into %s", one, two)
		}
	case n < 7:
		if try(r.Dissolve(ctx, a, one, []ID{two, three})) {
			m.end(one, day, two != three, two)
			return "dissolve " + string(one)
		}
	case n < 9:
		if try(r.SetAddress(ctx, a, Address{Agency: one, Address: mail, Kind: "agency", Status: "sample"})) {
			m.bodies[one].address[day] = mail
			return "address " + string(one)
		}
	default:
		if try(r.Move(ctx, a, one, two)) {
			m.bodies[one].parent[day] = two
			return fmt.Sprintf("move %s below %s from day %d", one, two, day)
		}
	}
	return ""
}

// differs says where the register and the model disagree, on any day.
func (m *model) differs(s *Snapshot) string {
	for n := range modelDays {
		day := modelDay(n)
		for id, b := range m.bodies {
			a, _ := s.Agency(id)
			if a.On(day) != b.alive(n) {
				return fmt.Sprintf("%s exists on day %d: %v", id, n, a.On(day))
			}
			if up, _ := s.Parent(id, day); b.alive(n) && up.ID != m.standing(at(b.parent, n), n) {
				return fmt.Sprintf("%s stands below %s on day %d, not %s", id, up.ID, n, m.standing(at(b.parent, n), n))
			}
			d := s.Deliver(id, day)
			got := string(d.Agency) + " " + d.Address
			if d.Ask {
				got = "ask"
			}
			if want := m.deliver(id, n); got != want {
				return fmt.Sprintf("mail for %s on day %d goes to %s, not %s", id, n, got, want)
			}
		}
	}
	return ""
}
