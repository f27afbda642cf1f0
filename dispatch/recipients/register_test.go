package recipients

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"quangtri.gov.vn/vanthu/directory"
	"quangtri.gov.vn/vanthu/dispatch"
)

// TestEveryNameOfTheRegister writes every name that the register holds on a day
// on a line of its own, from issuers of every level: what is certain must be
// the very body that the register gives, and nearly all of them must be read
// as one recipient.
func TestEveryNameOfTheRegister(t *testing.T) {
	t.Parallel()
	dir := snapshot(t)
	for _, from := range []struct {
		issuer directory.ID
		name   string
		on     directory.Date
	}{
		{"qt.ubnd", "UBND tỉnh Quảng Trị", "2014-05-05"},
		{"qt.so-nv", "Sở Nội vụ", "2014-05-05"},
		{"qt.ubnd.huyen-hai-lang", "UBND huyện Hải Lăng", "2014-05-05"},
		{"qt.ubnd-2025", "UBND tỉnh Quảng Trị", "2025-11-11"},
		{"qt.ubnd.xa-hai-lang-2025", "UBND xã Hải Lăng", "2025-11-11"},
		{"tw.bnv", "Bộ Nội vụ", "2014-05-05"},
		{"", "Công ty Mẫu", "2014-05-05"},
	} {
		known, same := 0, 0
		for i, a := range dir.Agencies(from.on) {
			if a.Level == "xa" && i%9 != 0 {
				continue // communes are named alike
			}
			for _, n := range dir.Names(a.ID, from.on) {
				m := dir.Lookup(n.Text, from.issuer, from.on)
				items := Resolve(dir, Block{Lines: []string{"- " + n.Text + ";"}, Issuer: from.issuer, IssuerName: from.name, On: from.on})
				if m.Certain && n.Kind != "symbol" {
					known++
				}
				for _, it := range items {
					if it.Certainty != dispatch.Certain || it.Kind == dispatch.KindGroup {
						continue
					}
					if !m.Certain || len(items) == 1 && !slices.Equal(it.Agencies, m.Agencies) {
						if !sameBody(dir, it, m, n.Text, from.issuer, from.on) {
							t.Errorf("%s %s: %q is certain of %v, the register says %v %v", from.name, from.on, n.Text, it.Agencies, m.Agencies, m.Certain)
						}
						continue
					}
					if n.Kind != "symbol" && len(items) == 1 {
						same++
					}
				}
			}
		}
		if known > 100 && same*100 < known*95 {
			t.Errorf("%s %s: %d of %d known names are certain", from.name, from.on, same, known)
		}
		t.Logf("%s %s: %d of %d", from.name, from.on, same, known)
	}
}

// sameBody reports whether the certainty of an item that the bare form does not
// give is founded: its canonical name is known.
func sameBody(dir *directory.Snapshot, it dispatch.Item, m directory.Match, text string, issuer directory.ID, on directory.Date) bool {
	if len(m.Agencies) > 0 {
		if a, _ := dir.Agency(m.Agencies[0]); a.Type == "dia-ban" {
			return it.CanonicalName == "UBND "+lowerFirst(text) // the territory stands for its committee
		}
	}
	if it.Kind == dispatch.KindOffice && slices.Contains(m.Agencies, it.Agencies[0]) && dir.Under(it.Agencies[0], issuer) {
		return true // a unit of the issuer or of its office
	}
	c := dir.Lookup(it.CanonicalName, issuer, on)
	return c.Certain && slices.Equal(c.Agencies, it.Agencies) && (len(m.Agencies) == 0 || slices.Contains(m.Agencies, it.Agencies[0])) || strings.HasPrefix(it.Reason, "Danh bạ không có hộp thư")
}

// TestEveryGroupOfTheRegister writes every form of every group on a line of its
// own. What is certain must be the group's members, whole or cut into the
// groups that the form names together.
func TestEveryGroupOfTheRegister(t *testing.T) {
	t.Parallel()
	dir := snapshot(t)
	certain, all := 0, 0
	for _, from := range []struct {
		issuer directory.ID
		name   string
		on     directory.Date
	}{
		{"qt.ubnd", "UBND tỉnh Quảng Trị", "2009-07-01"}, {"qt.ubnd", "UBND tỉnh Quảng Trị", "2014-05-05"}, {"qt.ubnd-2025", "UBND tỉnh Quảng Trị", "2025-11-11"},
		{"qt.ubnd.huyen-hai-lang", "UBND huyện Hải Lăng", "2014-05-05"}, {"tw.bnv", "Bộ Nội vụ", "2014-05-05"},
	} {
		for _, g := range dir.Groups(from.on) {
			for _, form := range append(slices.Clone(g.Aliases), g.Name) {
				meant, ok := dir.LookupGroup(form, from.issuer, from.on)
				items := Resolve(dir, Block{Lines: []string{form}, Issuer: from.issuer, IssuerName: from.name, On: from.on})
				if !ok || meant.Rule == "ask" {
					for _, it := range items {
						if it.Certainty == dispatch.Certain && it.Kind == dispatch.KindGroup {
							t.Errorf("%s: %q is certain of %d bodies, but the register asks", from.name, form, len(it.Agencies))
						}
					}
					continue
				}
				members, err := dir.Members(meant.ID, from.issuer, from.on)
				if err != nil {
					t.Fatal(err)
				}
				all++
				if whole(t, form, items, members) {
					certain++
				}
			}
		}
	}
	t.Logf("%d of %d forms are certain", certain, all)
	if certain*10 < all*7 {
		t.Errorf("only %d of %d forms of groups are certain", certain, all)
	}
}

// whole reports whether the items are certain; if so, they must together be the
// members.
func whole(t *testing.T, form string, items []dispatch.Item, members []directory.Agency) bool {
	t.Helper()
	var got []directory.ID
	for _, it := range items {
		if it.Certainty != dispatch.Certain {
			return false
		}
		got = append(got, it.Agencies...)
	}
	for _, a := range members {
		if !slices.Contains(got, a.ID) {
			t.Errorf("%q: certain without %s", form, a.Name)
		}
	}
	if len(got) != len(members) {
		t.Errorf("%q: certain of %d bodies, the group has %d", form, len(got), len(members))
	}
	return true
}

// TestPairsOfNames writes two names that the register knows for sure on one line.
// Nothing is shared over a ";": whatever is certain is one of the two.
func TestPairsOfNames(t *testing.T) {
	t.Parallel()
	dir := snapshot(t)
	random := rand.New(rand.NewPCG(2025, 7))
	for _, b := range []Block{
		{Issuer: "qt.ubnd", IssuerName: "UBND tỉnh Quảng Trị", On: "2014-05-05"},
		{Issuer: "qt.ubnd.huyen-hai-lang", IssuerName: "UBND huyện Hải Lăng", On: "2014-05-05"},
		{Issuer: "qt.ubnd.xa-hai-lang-2025", IssuerName: "UBND xã Hải Lăng", On: "2025-11-11"},
	} {
		var names []string
		var bodies []directory.ID
		for i, a := range dir.Agencies(b.On) {
			if a.Level == "xa" && i%9 != 0 || a.Type == "dia-ban" {
				continue
			}
			for _, n := range dir.Names(a.ID, b.On) {
				if m := dir.Lookup(n.Text, b.Issuer, b.On); n.Kind != "symbol" && m.Certain && m.Agencies[0] == a.ID {
					names, bodies = append(names, n.Text), append(bodies, a.ID)
				}
			}
		}
		for range 1500 {
			i, j := random.IntN(len(names)), random.IntN(len(names))
			b.Lines = []string{names[i] + "; " + names[j]}
			for _, it := range Resolve(dir, b) {
				if it.Certainty == dispatch.Certain && it.Kind != dispatch.KindGroup && it.Agencies[0] != bodies[i] && it.Agencies[0] != bodies[j] {
					t.Errorf("%s: %q: %q is certain of %v", b.Issuer, b.Lines[0], it.Text, it.Agencies)
				}
			}
		}
	}
}
