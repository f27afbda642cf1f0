package directory

import (
	"errors"
	"testing"
)

// The counts are those of the sample data's description.
func TestMembers(t *testing.T) {
	t.Parallel()
	s := sampleSnapshot(t)
	for _, c := range []struct {
		form   string
		issuer ID
		on     Date
		want   int
	}{
		{"Các Sở, Ban, ngành cấp tỉnh", "qt.ubnd", "2010-06-01", 20},
		{"Các sở, ban, ngành cấp tỉnh", "qt.ubnd", "2025-04-15", 15},
		{"Các sở, ban, ngành", "qt.ubnd-2025", "2025-08-15", 15},
		{"Các cơ quan chuyên môn thuộc UBND tỉnh", "qt.ubnd", "2010-06-01", 19},
		{"Các cơ quan chuyên môn thuộc UBND tỉnh", "qt.ubnd", "2025-04-15", 14},
		{"Các cơ quan chuyên môn thuộc UBND tỉnh", "qt.ubnd-2025", "2025-08-15", 14},
		{"UBND các huyện, thị xã", "qt.ubnd", "2009-07-12", 10},
		{"UBND các huyện, thị xã", "qt.ubnd", "2009-11-20", 10},
		{"UBND các huyện, thị xã, thành phố", "qt.ubnd", "2010-06-01", 10},
		{"UBND các xã, phường, đặc khu", "qt.ubnd-2025", "2025-08-15", 78},
		{"UBND các xã, phường", "qt.ubnd-2025", "2025-08-15", 77},
		{"Các Bộ, cơ quan ngang Bộ", "qt.ubnd", "2010-06-01", 22},
		{"Các Bộ, cơ quan ngang Bộ", "qt.ubnd-2025", "2025-08-15", 17},
		{"UBND các xã, phường, thị trấn", "qt.ubnd", "2015-06-01", 141},
		{"UBND các xã, phường, thị trấn", "qt.ubnd", "2021-06-01", 125},
		{"UBND các xã, phường, thị trấn", "qt.ubnd", "2025-04-15", 119},
		{"UBND các xã, phường thuộc địa bàn tỉnh Quảng Bình (cũ)", "qt.ubnd-2025", "2025-08-15", 41},
		{"UBND các xã, phường, đặc khu thuộc địa bàn tỉnh Quảng Trị (cũ)", "qt.ubnd-2025", "2025-08-15", 37},
		{"UBND các xã, phường, thị trấn", "qb.ubnd", "2025-06-15", 145},
		{"UBND các huyện, thị xã, thành phố", "qb.ubnd", "2015-06-01", 8},
	} {
		g, ok := s.LookupGroup(c.form, c.issuer, c.on)
		if !ok {
			t.Errorf("LookupGroup(%q, %s, %s): none", c.form, c.issuer, c.on)
			continue
		}
		m, err := s.Members(g.ID, c.issuer, c.on)
		if err != nil || len(m) != c.want {
			t.Errorf("%q by %s on %s (%s): %d members, %v; want %d", c.form, c.issuer, c.on, g.ID, len(m), err, c.want)
		}
		for _, a := range m {
			if a.ID == c.issuer || !a.On(c.on) {
				t.Errorf("%s: member %s is the issuer or does not exist on %s", g.ID, a.ID, c.on)
			}
		}
	}
}

func TestMembersByType(t *testing.T) {
	t.Parallel()
	s := sampleSnapshot(t)
	m, err := s.Members("qt.g.xa-2025", "qt.ubnd-2025", "2025-08-15")
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, a := range m {
		count[a.Type]++
	}
	if count["xa"] != 69 || count["phuong"] != 8 || count["dac-khu"] != 1 {
		t.Errorf("got %v, want 69 xa, 8 phuong, 1 dac-khu", count)
	}
}

func TestGroupScope(t *testing.T) {
	t.Parallel()
	s := sampleSnapshot(t)
	g, ok := s.LookupGroup("UBND các xã, thị trấn", "qt.ubnd.huyen-hai-lang", "2015-06-01")
	if !ok || g.Scope != "qt.ubnd.huyen-hai-lang" {
		t.Fatalf("got %v %v", g.ID, ok)
	}
	m, err := s.Members(g.ID, "qt.ubnd.huyen-hai-lang", "2015-06-01")
	if err != nil || len(m) != 20 {
		t.Errorf("%d members, %v; Hải Lăng had 20 communes in 2015", len(m), err)
	}
	if _, ok := s.LookupGroup("UBND các xã, thị trấn", "qt.ubnd", "2015-06-01"); ok {
		t.Error("the province's committee does not mean one district's communes")
	}
	if _, ok := s.LookupGroup("UBND các xã, phường, đặc khu", "qt.ubnd", "2015-06-01"); ok {
		t.Error("a group of 2025 does not hold in 2015")
	}
	if _, err := s.Members("qt.g.lien-quan-2025", "qt.ubnd-2025", "2025-08-15"); !errors.Is(err, ErrAsk) {
		t.Errorf("got %v, want ErrAsk", err)
	}
	if _, err := s.Members("no.such", "", ""); err == nil || errors.Is(err, ErrAsk) {
		t.Errorf("unknown group: %v", err)
	}
}

// TestGroupFormsAreUnambiguous checks the sample for forms that LookupGroup would have to refuse.
func TestGroupFormsAreUnambiguous(t *testing.T) {
	t.Parallel()
	s := sampleSnapshot(t)
	for _, on := range []Date{"2009-07-12", "2010-06-01", "2021-06-01", "2025-04-15", "2025-08-15"} {
		for _, g := range s.Groups(on) {
			issuer := g.Scope
			for _, form := range append([]string{g.Name}, g.Aliases...) {
				if got, ok := s.LookupGroup(form, issuer, on); !ok || got.ID != g.ID {
					t.Errorf("%s: %q for %q on %s gives %q %v", g.ID, form, issuer, on, got.ID, ok)
				}
			}
		}
	}
}
