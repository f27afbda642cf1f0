package directory

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
)

// small is a province of two districts that the operations are tried on.
func small() fstest.MapFS {
	return files(
		AgenciesFile, "qt,Tỉnh Quảng Trị,dia-ban,tinh,,,,,V,\nqb,Tỉnh Quảng Bình,dia-ban,tinh,,,,,V,\n"+
			"qt.ubnd,Ủy ban nhân dân tỉnh Quảng Trị,ubnd,tinh,qt,,,H50,V,\nqb.ubnd,Ủy ban nhân dân tỉnh Quảng Bình,ubnd,tinh,qb,,,,V,\n"+
			"qt.so-a,Sở A,so,tinh,qt.ubnd,2005-01-01,,,V,\nqt.so-b,Sở B,so,tinh,qt.ubnd,,,,V,\nqt.so-a.p1,Phòng Một,bo-phan,tinh,qt.so-a,,,,V,\n"+
			"qt.h1,Ủy ban nhân dân huyện Một,huyen,huyen,qt.ubnd,,,,V,\nqt.h2,Ủy ban nhân dân huyện Hai,huyen,huyen,qt.ubnd,,,,V,\n"+
			"qt.x1,Ủy ban nhân dân xã Một,xa,xa,qt.h1,,,,V,\nqt.x2,Ủy ban nhân dân xã Hai,xa,xa,qt.h1,,,,V,\nqt.x3,Ủy ban nhân dân xã Ba,xa,xa,qt.h2,,,,V,\n"+
			"tw.bo,Bộ Một,bo,trung-uong,,,,,V,\n",
		NamesFile, "qt,tỉnh Quảng Trị,official,,,,\nqb,tỉnh Quảng Bình,official,,,,\nqt.ubnd,UBND tỉnh,short,,,,\nqb.ubnd,UBND tỉnh,short,qb,,,\nqb.ubnd,Ủy ban nhân dân tỉnh,official,qb,,,\n"+
			"qt.so-a,Sở A,official,,,,\nqt.so-b,Sở B,official,,,,\nqt.h1,UBND huyện,short,qt.h1,,,\nqt.h2,UBND huyện,short,qt.h2,,,\nqt.h1,UBND huyện Một,official,,,,\n"+
			"qt.x1,UBND xã Một,official,,,,\nqt.x3,UBND xã Ba,official,,,,\ntw.bo,Bộ Một,official,,,,\n",
		GroupsFile, "g.so,Các Sở,,qt,level=tinh & type=so,,,\ng.xa,UBND các xã,,qt.h1,parent=@scope & type=xa,,,\ng.tat,Tất cả,,,under=qt | id=tw.bo,,,\n",
		AddressesFile, "qt.ubnd,ubnd@quangtri.gov.vn,agency,,,sample\nqt.so-a,a@quangtri.gov.vn,agency,,,sample\nqt.so-a,vanthu.a@quangtri.gov.vn,clerk-desk,,,sample\n"+
			"qt.so-b,b@quangtri.gov.vn,agency,,,sample\nqt.h1,h1@quangtri.gov.vn,agency,,,sample\nqt.x1,x1@quangtri.gov.vn,agency,,,sample\n",
		OfficialsFile, "o1,Nguyễn Mẫu An,qt.so-a,Giám đốc,true,,,,\no2,Trần Mẫu Bình,qt.so-b,Giám đốc,true,,,,\n",
	)
}

func smallRegister(t testing.TB) *Register {
	t.Helper()
	r := openRegister(t, filepath.Join(t.TempDir(), "d.db"))
	if _, err := r.Import(context.Background(), small(), "An", "", false); err != nil {
		t.Fatal(err)
	}
	return r
}

func act(day Date) Act {
	return Act{Who: "An", Why: "thử", Decision: "NQ 05/NQ-HĐND", Date: day, ForwardUntil: "2027-06-30"}
}

func TestRename(t *testing.T) {
	t.Parallel()
	r := smallRegister(t)
	e, err := r.Rename(context.Background(), act("2025-03-01"), "qt.h1", Body{Agency: Agency{ID: "qt.tp1", Name: "Ủy ban nhân dân thành phố Một", Type: "thanh-pho"},
		Names: []Name{{Text: "UBND huyện", Kind: "short", Scope: "qt.tp1"}}})
	if err != nil {
		t.Fatal(err)
	}
	if e.Seq == 0 || e.Kind != EventRename || e.Decision == "" || e.Who != "An" {
		t.Errorf("event %+v", e)
	}
	s := r.Snapshot()
	if s.Version() != e.Seq {
		t.Errorf("version %d after event %d", s.Version(), e.Seq)
	}
	if a, _ := s.Agency("qt.h1"); a.To != "2025-02-28" {
		t.Errorf("the old body ends %s", a.To)
	}
	// The communes follow without a change of their own, and only from the day on.
	if p, _ := s.Parent("qt.x1", "2025-03-01"); p.ID != "qt.tp1" {
		t.Errorf("parent on the day: %s", p.ID)
	}
	if p, _ := s.Parent("qt.x1", "2025-02-28"); p.ID != "qt.h1" {
		t.Errorf("parent on the eve: %s", p.ID)
	}
	if m := s.Lookup("UBND huyện", "qt.x1", "2025-03-01"); !m.Certain || m.Agencies[0] != "qt.tp1" {
		t.Errorf("UBND huyện in a commune: %+v", m)
	}
	if c := s.Children("qt.tp1", "2025-03-01"); len(c) != 2 {
		t.Errorf("children: %d", len(c))
	}
	if d := s.Deliver("qt.h1", "2025-03-01"); d.Agency != "qt.tp1" || d.Moved == nil || d.Moved.Decision != "NQ 05/NQ-HĐND" {
		t.Errorf("deliver: %+v", d)
	}
	if a, ok := s.ByAddress("h1@quangtri.gov.vn", "2026-01-01"); !ok || a.ID != "qt.h1" {
		t.Error("the old address forwards")
	}
	if _, ok := s.ByAddress("h1@quangtri.gov.vn", "2027-07-01"); ok {
		t.Error("forwarding ends")
	}
}

func TestRenameTakesAddressesOver(t *testing.T) {
	t.Parallel()
	r := smallRegister(t)
	_, err := r.Rename(context.Background(), act("2025-03-01"), "qt.so-a", Body{Agency: Agency{ID: "qt.so-a2", Name: "Sở A và C"},
		Addresses: []Address{{Address: "a@quangtri.gov.vn", Kind: "agency", Status: "sample"}}})
	if err != nil {
		t.Fatal(err)
	}
	s := r.Snapshot()
	if a, _ := s.ByAddress("a@quangtri.gov.vn", "2025-03-01"); a.ID != "qt.so-a2" {
		t.Errorf("held by %s", a.ID)
	}
	if a, _ := s.ByAddress("vanthu.a@quangtri.gov.vn", "2025-03-01"); a.ID != "qt.so-a" {
		t.Errorf("the desk's address forwards, held by %s", a.ID)
	}
	if a, _ := s.Agency("qt.so-a2"); a.Type != "so" || a.Level != "tinh" || a.Parent != "qt.ubnd" {
		t.Errorf("inherited: %+v", a)
	}
	if o := s.Officials("qt.so-a", "2025-03-01"); len(o) != 0 {
		t.Error("the old body's officials have left")
	}
}

func TestMergeSplitDissolve(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	t.Run("into a new body", func(t *testing.T) {
		t.Parallel()
		r := smallRegister(t)
		if _, err := r.Merge(ctx, act("2025-07-01"), []ID{"qt.x1", "qt.x2"}, Body{Agency: Agency{ID: "qt.x9", Name: "Ủy ban nhân dân xã Chín", Type: "xa", Level: "xa", Parent: "qt.ubnd"}}); err != nil {
			t.Fatal(err)
		}
		for _, id := range []ID{"qt.x1", "qt.x2"} {
			if d := r.Snapshot().Deliver(id, "2025-07-01"); d.Agency != "qt.x9" || d.Moved.Kind != "merged" {
				t.Errorf("%s: %+v", id, d)
			}
		}
	})
	t.Run("into one that survives", func(t *testing.T) {
		t.Parallel()
		r := smallRegister(t)
		if _, err := r.Merge(ctx, act("2025-07-01"), []ID{"qt.so-a", "qt.so-b"}, Body{Agency: Agency{ID: "qt.so-b"}}); err != nil {
			t.Fatal(err)
		}
		s := r.Snapshot()
		if d := s.Deliver("qt.so-a", "2025-07-01"); d.Agency != "qt.so-b" || d.Moved.Kind != "dissolved-into" {
			t.Errorf("%+v", d)
		}
		if a, _ := s.Agency("qt.so-b"); a.To != "" {
			t.Error("the survivor goes on")
		}
		if d := s.Deliver("qt.so-a.p1", "2025-07-01"); d.Agency != "qt.so-b" || d.Address != "b@quangtri.gov.vn" {
			t.Errorf("a unit follows its agency: %+v", d)
		}
	})
	t.Run("split", func(t *testing.T) {
		t.Parallel()
		r := smallRegister(t)
		if _, err := r.Split(ctx, act("2025-07-01"), "qt.h1", []Body{{Agency: Agency{ID: "qt.x1"}}, {Agency: Agency{ID: "qt.h3", Name: "Ủy ban nhân dân huyện Ba", Type: "huyen", Level: "huyen", Parent: "qt.ubnd"}}}, false); err != nil {
			t.Fatal(err)
		}
		if d := r.Snapshot().Deliver("qt.h1", "2025-07-01"); !d.Ask || len(d.Choices) != 2 || d.Address != "" {
			t.Errorf("%+v", d)
		}
		if p, _ := r.Snapshot().Parent("qt.x2", "2025-07-01"); p.ID != "qt.h1" {
			t.Errorf("nobody chooses a new parent: %s", p.ID)
		}
	})
	t.Run("dissolve", func(t *testing.T) {
		t.Parallel()
		r := smallRegister(t)
		if _, err := r.Dissolve(ctx, act("2025-07-01"), "qt.so-a", nil); err != nil {
			t.Fatal(err)
		}
		if d := r.Snapshot().Deliver("qt.so-a", "2025-07-01"); !d.Ask || len(d.Choices) != 0 {
			t.Errorf("%+v", d)
		}
		if _, err := r.Dissolve(ctx, act("2025-07-01"), "qt.so-b", []ID{"qt.ubnd"}); err != nil {
			t.Fatal(err)
		}
		if d := r.Snapshot().Deliver("qt.so-b", "2025-07-01"); d.Agency != "qt.ubnd" {
			t.Errorf("%+v", d)
		}
	})
}

func TestSmallOperations(t *testing.T) {
	t.Parallel()
	ctx, r := context.Background(), smallRegister(t)
	must := func(_ Event, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(r.SetAddress(ctx, act("2024-01-01"), Address{Agency: "qt.so-a", Address: "SOA@quangtri.gov.vn", Kind: "agency", Status: "attested"}))
	must(r.CloseAddress(ctx, act("2024-02-01"), "qt.so-b", "b@quangtri.gov.vn"))
	must(r.SetOfficial(ctx, act("2024-03-01"), Official{ID: "o9", Name: "Lê  Mẫu Chi", Agency: "qt.so-a", Title: "Giám đốc", Authorised: true}, "o1"))
	must(r.EndOfficial(ctx, act("2024-03-01"), "o2"))
	must(r.AddName(ctx, act("2024-04-01"), Name{Agency: "qt.so-a", Text: "SA", Kind: "abbreviation"}))
	must(r.CloseName(ctx, act("2024-05-01"), "qt.so-a", "sa"))
	must(r.Found(ctx, act("2024-06-01"), Body{Agency: Agency{ID: "qt.so-c", Name: "Sở C", Type: "so", Level: "tinh", Parent: "qt.ubnd"}}))
	s := r.Snapshot()
	if a := s.Addresses("qt.so-a", "2024-01-01"); a[0].Address != "soa@quangtri.gov.vn" || len(a) != 2 {
		t.Errorf("%+v", a)
	}
	if a := s.Addresses("qt.so-a", "2023-12-31"); a[0].Address != "a@quangtri.gov.vn" {
		t.Errorf("%+v", a)
	}
	if a := s.Addresses("qt.so-b", "2024-02-01"); len(a) != 0 {
		t.Errorf("%+v", a)
	}
	if o := s.Role("qt.so-a", "GĐ", "2024-03-01"); len(o) != 1 || o[0].Name != "Lê Mẫu Chi" {
		t.Errorf("%+v", o)
	}
	if o := s.Role("qt.so-b", "GĐ", "2024-03-01"); len(o) != 0 {
		t.Errorf("%+v", o)
	}
	if m := s.Lookup("SA", "qt.ubnd", "2024-04-15"); !m.Certain {
		t.Errorf("%+v", m)
	}
	if m := s.Lookup("SA", "qt.ubnd", "2024-05-01"); m.Certain {
		t.Errorf("%+v", m)
	}
	if m := s.Lookup("Sở C", "qt.ubnd", "2024-06-01"); !m.Certain || m.Kind != "official" {
		t.Errorf("%+v", m)
	}
	wrong := s.AllNames("qt.so-c")[0]
	must(r.Withdraw(ctx, act("2024-06-02"), Change{Name: &wrong}))
	if m := r.Snapshot().Lookup("Sở C", "qt.ubnd", "2024-06-01"); m.Certain {
		t.Error("a withdrawn name no longer means anything")
	}
	h, err := r.History("qt.so-c")
	if err != nil || len(h) != 2 || h[1].Kind != EventWithdraw || !h[1].Changes[0].Withdrawn {
		t.Errorf("the journal keeps it: %+v %v", h, err)
	}
}

func TestOperationsRefuse(t *testing.T) {
	t.Parallel()
	ctx, r := context.Background(), smallRegister(t)
	fresh := Body{Agency: Agency{ID: "qt.new", Name: "Sở Mới", Type: "so", Level: "tinh", Parent: "qt.ubnd"}}
	day := act("2025-03-01")
	version := r.Snapshot().Version()
	for name, do := range map[string]func() (Event, error){
		"no who":   func() (Event, error) { return r.Found(ctx, Act{Date: "2025-03-01"}, fresh) },
		"no date":  func() (Event, error) { return r.Found(ctx, act(""), fresh) },
		"bad date": func() (Event, error) { return r.Found(ctx, act("1/3/2025"), fresh) },
		"ID in use": func() (Event, error) {
			return r.Found(ctx, day, Body{Agency: Agency{ID: "qt.so-a", Name: "X", Type: "so", Level: "tinh"}})
		},
		"bad ID": func() (Event, error) {
			return r.Found(ctx, day, Body{Agency: Agency{ID: "Sở X", Name: "X", Type: "so", Level: "tinh"}})
		},
		"no name": func() (Event, error) {
			return r.Found(ctx, day, Body{Agency: Agency{ID: "qt.new", Type: "so", Level: "tinh"}})
		},
		"bad type": func() (Event, error) {
			return r.Found(ctx, day, Body{Agency: Agency{ID: "qt.new", Name: "X", Type: "x", Level: "tinh"}})
		},
		"unknown parent": func() (Event, error) {
			return r.Found(ctx, day, Body{Agency: Agency{ID: "qt.new", Name: "X", Type: "so", Level: "tinh", Parent: "zz"}})
		},
		"rename nobody": func() (Event, error) { return r.Rename(ctx, day, "qt.none", fresh) },
		"rename to used": func() (Event, error) {
			return r.Rename(ctx, day, "qt.so-a", Body{Agency: Agency{ID: "qt.so-b", Name: "X"}})
		},
		"before it began": func() (Event, error) { return r.Rename(ctx, act("2004-01-01"), "qt.so-a", fresh) },
		"merge nothing":   func() (Event, error) { return r.Merge(ctx, day, []ID{"qt.so-a"}, Body{Agency: Agency{ID: "qt.so-a"}}) },
		"split of none":   func() (Event, error) { return r.Split(ctx, day, "qt.so-a", nil, false) },
		"split to itself": func() (Event, error) {
			return r.Split(ctx, day, "qt.so-a", []Body{{Agency: Agency{ID: "qt.so-a"}}}, true)
		},
		"dissolve into unknown": func() (Event, error) { return r.Dissolve(ctx, day, "qt.so-a", []ID{"qt.none"}) },
		"dissolve into itself":  func() (Event, error) { return r.Dissolve(ctx, day, "qt.so-a", []ID{"qt.so-a"}) },
		"held address": func() (Event, error) {
			return r.SetAddress(ctx, day, Address{Agency: "qt.so-a", Address: "b@quangtri.gov.vn", Kind: "agency", Status: "sample"})
		},
		"bad address": func() (Event, error) {
			return r.SetAddress(ctx, day, Address{Agency: "qt.so-a", Address: "x y@z", Kind: "agency", Status: "sample"})
		},
		"close unknown": func() (Event, error) { return r.CloseAddress(ctx, day, "qt.so-a", "z@quangtri.gov.vn") },
		"official's ID": func() (Event, error) {
			return r.SetOfficial(ctx, day, Official{ID: "o2", Name: "X", Agency: "qt.so-a", Title: "T"}, "")
		},
		"unknown official": func() (Event, error) { return r.EndOfficial(ctx, day, "o77") },
		"name of nobody":   func() (Event, error) { return r.AddName(ctx, day, Name{Agency: "zz", Text: "X", Kind: "alias"}) },
		"close no name":    func() (Event, error) { return r.CloseName(ctx, day, "qt.so-a", "Không có") },
		"withdraw agency": func() (Event, error) {
			a, _ := r.Snapshot().Agency("qt.so-a")
			return r.Withdraw(ctx, day, Change{Agency: &a})
		},
		"withdraw unknown": func() (Event, error) { return r.Withdraw(ctx, day, Change{Name: &Name{Agency: "qt.so-a", Text: "zz"}}) },
		"withdraw nothing": func() (Event, error) { return r.Withdraw(ctx, day, Change{}) },
		"forward backwards": func() (Event, error) {
			d := day
			d.ForwardUntil = "2024-01-01"
			return r.Dissolve(ctx, d, "qt.so-a", nil)
		},
		"decision too long": func() (Event, error) {
			d := day
			d.Decision = strings.Repeat("x", 5000)
			return r.Dissolve(ctx, d, "qt.so-a", nil)
		},
	} {
		_, err := do()
		if err == nil {
			t.Errorf("%s: accepted", name)
		} else if name != "no who" && !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v is no refusal", name, err)
		}
	}
	if r.Snapshot().Version() != version {
		t.Error("a refused operation changed the register")
	}
}

func TestOperationDryRun(t *testing.T) {
	t.Parallel()
	r := smallRegister(t)
	a := act("2025-03-01")
	a.DryRun = true
	version := r.Snapshot().Version()
	e, err := r.Dissolve(context.Background(), a, "qt.so-a", []ID{"qt.so-b"})
	if err != nil || e.Seq != 0 || len(e.Changes) < 4 {
		t.Errorf("%+v %v", e, err)
	}
	if r.Snapshot().Version() != version {
		t.Error("a dry run changed the register")
	}
}

// asOf is everything that the register answers about one day: for the bodies,
// forms and groups of ref, so that it can be asked of a later register too.
func asOf(s, ref *Snapshot, day Date) string {
	var b strings.Builder
	for _, a := range ref.agencies {
		now, _ := s.Agency(a.ID)
		fmt.Fprintln(&b, a.ID, now.On(day), now.Name, len(s.Children(a.ID, day)))
		for _, n := range s.Names(a.ID, day) { // its last day is no answer about this one
			fmt.Fprintln(&b, n.Text, n.Kind, n.Scope, n.From)
		}
		up, _ := s.Parent(a.ID, day)
		d := s.Deliver(a.ID, day)
		fmt.Fprintln(&b, up.ID, d.Agency, d.Address, d.Ask)
		for _, ad := range s.Addresses(a.ID, day) {
			fmt.Fprintln(&b, ad.Address, ad.Kind, ad.Status)
		}
		for _, o := range s.Officials(a.ID, day) {
			fmt.Fprintln(&b, o.ID, o.Title)
		}
		office, sure := s.StandingOffice(a.ID, day)
		fmt.Fprintln(&b, d.Reason, d.Choices, d.Moved, office, sure)
		for _, up := range ref.agencies {
			if s.UnderOn(a.ID, up.ID, day) {
				fmt.Fprint(&b, up.ID, " ")
			}
		}
		for _, o := range s.Role(a.ID, "Giám đốc", day) {
			fmt.Fprintln(&b, o.ID)
		}
	}
	for _, n := range ref.names {
		for _, issuer := range []ID{"", "qt.ubnd", "qb.ubnd", "qt.x1", "qt.h2", "tw.bo"} {
			if m := s.Lookup(n.Text, issuer, day); m.Certain {
				fmt.Fprintln(&b, n.Text, issuer, m.Agencies)
			}
		}
		i := s.Issuer(strings.ToUpper(n.Text), "", day)
		if i.Certain {
			fmt.Fprintln(&b, i.Agencies)
		}
	}
	for _, ad := range ref.facts.addresses.all() {
		holder, ok := s.ByAddress(ad.Address, day)
		fmt.Fprintln(&b, ad.Address, holder.ID, ok)
	}
	for _, g := range ref.Groups(day) {
		_, known := s.LookupGroup(g.Name, "qt.x1", day)
		fmt.Fprintln(&b, g.ID, known)
		members, err := s.Members(g.ID, "qt.ubnd", day)
		for _, m := range members {
			fmt.Fprint(&b, m.ID, " ")
		}
		fmt.Fprintln(&b, err)
	}
	return b.String()
}

// TestThePastStaysAsItWas makes random reorganisations and asks about days
// before each of them, before and after.
func TestThePastStaysAsItWas(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "d.db")
			r := openRegister(t, path)
			if _, err := r.Import(context.Background(), small(), "An", "", false); err != nil {
				t.Fatal(err)
			}
			rnd := rand.New(rand.NewPCG(seed, 7))
			done := 0
			for step := range 40 {
				day := Date("2020-01-01").AddDays(rnd.IntN(2000))
				before := r.Snapshot()
				days := []Date{"2009-07-12", day.AddDays(-1), day.AddDays(-rnd.IntN(400) - 1)}
				var was []string
				for _, d := range days {
					was = append(was, asOf(before, before, d))
				}
				if randomOperation(r, rnd, step, day) != nil {
					continue
				}
				done++
				for i, d := range days {
					if now := asOf(r.Snapshot(), before, d); now != was[i] {
						t.Fatalf("step %d on %s changed what holds on %s:\n%s", step, day, d, firstDifference(was[i], now))
					}
				}
			}
			if done < 5 {
				t.Errorf("only %d operations were possible", done)
			}
			live := r.Snapshot()
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			again := openRegister(t, path).Snapshot()
			if again.Version() != live.Version() || !reflect.DeepEqual(again.facts, live.facts) {
				t.Error("replay does not give the live state")
			}
			back, err := LoadFS(exportAll(t, live))
			if err != nil {
				t.Fatalf("the register cannot be imported again: %v", err)
			}
			if !reflect.DeepEqual(back.facts, live.facts) {
				t.Error("import(export(x)) is not x")
			}
		})
	}
}

func firstDifference(a, b string) string {
	la, lb := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(la), len(lb)) {
		if la[i] != lb[i] {
			return "was " + la[i] + "\nis  " + lb[i]
		}
	}
	return fmt.Sprintf("%d lines, now %d", len(la), len(lb))
}

func randomOperation(r *Register, rnd *rand.Rand, step int, day Date) error {
	ctx, a := context.Background(), act(day)
	a.ForwardUntil = day.AddDays(700)
	all := r.Snapshot().AllAgencies()
	pick := func() Agency { return all[rnd.IntN(len(all))] }
	one, two := pick(), pick()
	body := Body{Agency: Agency{ID: ID(fmt.Sprintf("n.%d", step)), Name: fmt.Sprintf("Cơ quan %d", step), Type: one.Type, Level: one.Level, Parent: one.Parent},
		Names: []Name{{Text: one.Name, Kind: "alias"}}}
	var err error
	switch rnd.IntN(14) {
	case 0:
		_, err = r.Rename(ctx, a, one.ID, body)
	case 1:
		_, err = r.Merge(ctx, a, []ID{one.ID, two.ID}, body)
	case 2:
		_, err = r.Merge(ctx, a, []ID{one.ID}, Body{Agency: Agency{ID: two.ID}})
	case 3:
		_, err = r.Split(ctx, a, one.ID, []Body{body, {Agency: Agency{ID: two.ID}}}, rnd.IntN(2) == 0)
	case 4:
		_, err = r.Dissolve(ctx, a, one.ID, []ID{two.ID})
	case 5:
		_, err = r.SetAddress(ctx, a, Address{Agency: one.ID, Address: fmt.Sprintf("s%d@quangtri.gov.vn", step), Kind: "agency", Status: "sample"})
	case 6:
		_, err = r.SetOfficial(ctx, a, Official{ID: ID(fmt.Sprintf("p%d", step)), Name: "Phạm Mẫu Dũng", Agency: one.ID, Title: "Giám đốc", Authorised: true}, "")
	case 7:
		_, err = r.AddName(ctx, a, Name{Agency: one.ID, Text: two.Name, Kind: "alias"})
	case 8:
		body.Keep = true
		_, err = r.Rename(ctx, a, one.ID, body)
	case 9, 10:
		_, err = r.Move(ctx, a, one.ID, two.ID)
	case 11:
		body.Agency.Type, body.Agency.Note = "bcd", "gửi qua "+two.Name
		_, err = r.Found(ctx, a, body)
	case 12:
		_, err = r.SetStanding(ctx, a, Relation{Agency: one.ID, Other: two.ID, Certainty: "V"})
	case 13:
		if list := r.Snapshot().AllAddresses(one.ID); len(list) > 0 {
			_, err = r.CloseAddress(ctx, a, one.ID, list[0].Address)
		}
	}
	return err
}
