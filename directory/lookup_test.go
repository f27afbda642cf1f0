package directory

import (
	"math/rand/v2"
	"slices"
	"testing"

	"golang.org/x/text/unicode/norm"
)

func TestLookup(t *testing.T) {
	t.Parallel()
	s := sampleSnapshot(t)
	for _, c := range []struct {
		form    string
		issuer  ID
		on      Date
		want    ID
		certain bool
	}{
		{"Sở Nội vụ", "qt.ubnd", "2010-06-01", "qt.so-nv", true},
		{"sở nội vụ;", "qt.so-tttt", "2010-06-01", "qt.so-nv", true},
		{"Sở Nội vụ", "qb.ubnd", "2010-06-01", "qb.so-nv", true},
		{"Sở Nội vụ", "qt.ubnd-2025", "2025-08-15", "qt.so-nv-2025", true},
		{"Uỷ ban nhân dân huyện Hải Lăng", "qt.ubnd", "2010-06-01", "qt.ubnd.huyen-hai-lang", true},
		{"UBND huyện", "qt.ubnd.xa-gio-mai", "2010-06-01", "qt.ubnd.huyen-gio-linh", true},
		{"UBND xã", "qt.ubnd.xa-gio-mai", "2010-06-01", "qt.ubnd.xa-gio-mai", true},
		{"TVTU", "qt.ubnd.thanh-pho-dong-ha", "2015-06-01", "qt.thanh-uy.dong-ha", true},
		{"Bộ Công Thương", "qt.ubnd", "2010-06-01", "tw.bct", true},
		{"Bộ Công Thương", "qb.ubnd", "2010-06-01", "tw.bct", true},
		{"UBND Phường 1", "qt.ubnd.thanh-pho-dong-ha", "2015-06-01", "qt.ubnd.phuong-1.dong-ha", true},
		{"UBND Phường 1", "qt.ubnd.thi-xa-quang-tri", "2015-06-01", "qt.ubnd.phuong-1.quang-tri", true},
		{"Sở Lao động – Thương binh và Xã hội", "qt.ubnd", "2010-06-01", "qt.so-ldtbxh", true},
		{"Sở Lao động-Thương binh và Xã hội", "qt.ubnd", "2010-06-01", "qt.so-ldtbxh", true},
		{"Sở TT & TT", "qt.ubnd", "2010-06-01", "qt.so-tttt", true},
		{"tỉnh Quảng Trị", "qt.ubnd-2025", "2026-01-01", "qt-2025", true},
		// doubtful: two wards of that name, none in the province's scope
		{"UBND Phường 1", "qt.ubnd", "2015-06-01", "", false},
		// doubtful: the issuer stands outside, the province is not named
		{"UBND huyện Hải Lăng", "qb.ubnd", "2010-06-01", "qt.ubnd.huyen-hai-lang", false},
		{"UBND huyện Hải Lăng", "tw.bct", "2010-06-01", "qt.ubnd.huyen-hai-lang", false},
		{"UBND huyện Hải Lăng", "", "2010-06-01", "qt.ubnd.huyen-hai-lang", false},
		{"UBND tỉnh Quảng Trị", "tw.bct", "2010-06-01", "qt.ubnd", true},
		{"Sở Nội vụ tỉnh Quảng Trị", "qb.ubnd", "2010-06-01", "qt.so-nv", true},
		{"UBND tỉnh Quảng Trị", "", "2010-06-01", "qt.ubnd", true},
		{"UBND thị xã Quảng Trị", "tw.bct", "2010-06-01", "qt.ubnd.thi-xa-quang-tri", false},
		// doubtful: gone, or not yet there
		{"Sở Thông tin và Truyền thông", "qt.ubnd-2025", "2025-08-15", "qt.so-tttt", false},
		{"UBND huyện Hải Lăng", "qt.ubnd-2025", "2025-08-15", "qt.ubnd.huyen-hai-lang", false},
		{"UBND tỉnh Quảng Trị (cũ)", "qt.ubnd-2025", "2025-08-15", "qt.ubnd", false},
		{"UBND xã Ái Tử", "qt.ubnd", "2010-06-01", "qt.ubnd.xa-ai-tu-2025", false},
		// doubtful: only without marks
		{"So Noi vu", "qt.ubnd", "2010-06-01", "", false},
		{"Ủy ban nhân dân huyện Hái Lăng", "qt.ubnd", "2010-06-01", "qt.ubnd.huyen-hai-lang", false},
		// nothing
		{"Công ty Hoa Sen", "qt.ubnd", "2010-06-01", "", false},
		{"", "qt.ubnd", "2010-06-01", "", false},
	} {
		for _, form := range []string{c.form, norm.NFD.String(c.form)} {
			m := s.Lookup(form, c.issuer, c.on)
			if m.Certain != c.certain {
				t.Errorf("Lookup(%q, %s, %s) = %+v, want certain=%v", form, c.issuer, c.on, m, c.certain)
			}
			if c.want != "" && (len(m.Agencies) == 0 || m.Agencies[0] != c.want) {
				t.Errorf("Lookup(%q, %s, %s) = %+v, want %s", form, c.issuer, c.on, m, c.want)
			}
			if m.Certain != (m.Reason == "") || m.Certain && len(m.Agencies) != 1 || !norm.NFC.IsNormalString(m.Reason) {
				t.Errorf("Lookup(%q, %s, %s) = %+v: reason, certainty and candidates disagree", form, c.issuer, c.on, m)
			}
		}
	}
}

func TestLookupOffersBothWards(t *testing.T) {
	t.Parallel()
	m := sampleSnapshot(t).Lookup("UBND Phường 1", "qt.ubnd", "2015-06-01")
	for _, id := range []ID{"qt.ubnd.phuong-1.dong-ha", "qt.ubnd.phuong-1.quang-tri"} {
		if !slices.Contains(m.Agencies, id) {
			t.Errorf("%s is not offered: %+v", id, m)
		}
	}
}

// TestSampleFormsAreSound resolves every form of the register from within its
// own scope on five days: whatever is certain must be the body that holds it.
func TestSampleFormsAreSound(t *testing.T) {
	t.Parallel()
	s := sampleSnapshot(t)
	for _, on := range []Date{"2010-06-01", "2015-06-01", "2021-06-01", "2025-04-15", "2025-08-15"} {
		home := ID("qt.ubnd")
		if on > "2025-06-30" {
			home = "qt.ubnd-2025"
		}
		for _, n := range s.names {
			if !n.On(on) || n.Kind == kindSymbol {
				continue
			}
			issuer := n.Scope
			if issuer == "" {
				issuer = home
			}
			m := s.Lookup(n.Text, issuer, on)
			a, _ := s.Agency(n.Agency)
			if m.Certain && m.Agencies[0] != n.Agency {
				// A narrower scope may hide a wider form, but not in the scope's own body.
				if n.Scope != "" {
					t.Errorf("%q at %s on %s: certain %v, but %s bears it", n.Text, issuer, on, m.Agencies, n.Agency)
				}
				continue
			}
			if !m.Certain && a.On(on) {
				t.Errorf("%q at %s on %s should be certain: %+v", n.Text, issuer, on, m)
			}
		}
	}
}

func TestIssuer(t *testing.T) {
	t.Parallel()
	s := sampleSnapshot(t)
	for _, c := range []struct {
		name, parent string
		on           Date
		want         ID
		certain      bool
	}{
		{"ỦY BAN NHÂN DÂN TỈNH QUẢNG TRỊ", "", "2010-06-01", "qt.ubnd", true},
		{"ỦY BAN NHÂN DÂN TỈNH QUẢNG TRỊ", "", "2025-08-15", "qt.ubnd-2025", true},
		{"UỶ BAN NHÂN DÂN TỈNH QUẢNG BÌNH", "", "2010-06-01", "qb.ubnd", true},
		{"TỈNH QUẢNG TRỊ", "ỦY BAN NHÂN DÂN", "2010-06-01", "qt.ubnd", true},
		{"SỞ NỘI VỤ", "UBND TỈNH QUẢNG TRỊ", "2010-06-01", "qt.so-nv", true},
		{"SỞ NỘI VỤ", "UBND TỈNH QUẢNG BÌNH", "2010-06-01", "qb.so-nv", true},
		{"SỞ NỘI VỤ", "ỦY BAN NHÂN DÂN TỈNH QUẢNG TRỊ", "2025-08-15", "qt.so-nv-2025", true},
		{"SỞ NỘI VỤ", "", "2010-06-01", "", false},
		{"SỞ NỘI VỤ", "", "2025-08-15", "qt.so-nv-2025", true},
		{"HUYỆN HẢI LĂNG", "ỦY BAN NHÂN DÂN", "2010-06-01", "qt.ubnd.huyen-hai-lang", true},
		{"ỦY BAN NHÂN DÂN HUYỆN HẢI LĂNG", "", "2010-06-01", "qt.ubnd.huyen-hai-lang", true},
		{"XÃ GIO MAI", "ỦY BAN NHÂN DÂN", "2010-06-01", "qt.ubnd.xa-gio-mai", true},
		{"XÃ TRIỆU PHONG", "ỦY BAN NHÂN DÂN", "2025-08-15", "qt.ubnd.xa-trieu-phong-2025", true},
		{"PHƯỜNG 1", "UBND THÀNH PHỐ ĐÔNG HÀ", "2015-06-01", "qt.ubnd.phuong-1.dong-ha", true},
		{"ỦY BAN NHÂN DÂN PHƯỜNG 1", "UBND THỊ XÃ QUẢNG TRỊ", "2015-06-01", "qt.ubnd.phuong-1.quang-tri", true},
		{"ỦY BAN NHÂN DÂN PHƯỜNG 1", "", "2015-06-01", "", false},
		{"CHỦ TỊCH ỦY BAN NHÂN DÂN TỈNH QUẢNG TRỊ", "", "2010-06-01", "qt.ubnd", true},
		{"VĂN PHÒNG", "UBND TỈNH QUẢNG TRỊ", "2010-06-01", "qt.vp-ubnd", true},
		{"BỘ CÔNG THƯƠNG", "", "2010-06-01", "tw.bct", true},
		{"SỞ THÔNG TIN VÀ TRUYỀN THÔNG", "UBND TỈNH QUẢNG TRỊ", "2026-01-01", "qt.so-tttt", false},
		{"UBND HUYỆN KHÔNG CÓ", "", "2010-06-01", "", false},
		{"", "", "2010-06-01", "", false},
	} {
		m := s.Issuer(c.name, c.parent, c.on)
		if m.Certain != c.certain || m.Certain != (m.Reason == "") {
			t.Errorf("Issuer(%q, %q, %s) = %+v, want certain=%v", c.name, c.parent, c.on, m, c.certain)
		}
		if c.certain && m.Agencies[0] != c.want {
			t.Errorf("Issuer(%q, %q, %s) = %v, want %s", c.name, c.parent, c.on, m.Agencies, c.want)
		}
	}
}

func TestRole(t *testing.T) {
	t.Parallel()
	s := sampleSnapshot(t)
	for _, c := range []struct {
		agency ID
		title  string
		on     Date
		want   []ID
	}{
		{"qt.ubnd", "CT", "2010-06-01", []ID{"o001"}},
		{"qt.ubnd", "Chủ tịch", "2025-03-01", []ID{"o004"}},
		{"qt.ubnd", "Q. CT", "2025-03-01", []ID{"o004"}},
		{"qt.ubnd", "các PCT", "2010-06-01", []ID{"o005", "o006", "o007"}},
		{"qt.vp-ubnd", "PVP", "2010-06-01", []ID{"o014", "o015"}},
		{"qt.vp-ubnd", "CVP", "2016-06-01", []ID{"o013"}},
		{"qt.vp-ubnd", "", "2016-06-01", nil},
		{"qt.so-nv", "CVP", "2016-06-01", nil},
	} {
		var got []ID
		for _, o := range s.Role(c.agency, c.title, c.on) {
			got = append(got, o.ID)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("Role(%s, %q, %s) = %v, want %v", c.agency, c.title, c.on, got, c.want)
		}
	}
}

func TestDeliver(t *testing.T) {
	t.Parallel()
	s := sampleSnapshot(t)
	const today = "2026-01-15"
	for _, c := range []struct {
		id, agency ID
		ask        bool
		paper      bool
	}{
		{id: "qt.so-nv-2025", agency: "qt.so-nv-2025"},
		{id: "qt.so-tttt", agency: "qt.so-khcn-2025"}, // by way of qt.so-khcn
		{id: "qt.ubnd", agency: "qt.ubnd-2025"},
		{id: "qt.ubnd.huyen-hai-lang", agency: "qt.ubnd.huyen-hai-lang", ask: true},
		{id: "qt.ubnd.thi-xa-quang-tri", agency: "qt.ubnd.thi-xa-quang-tri", ask: true},
		{id: "qt.ubnd.huyen-con-co", agency: "qt.ubnd.dac-khu-con-co-2025", paper: true},
		{id: "qt.ubnd.dac-khu-con-co-2025", agency: "qt.ubnd.dac-khu-con-co-2025", paper: true},
		{id: "no.such", agency: "no.such", ask: true},
	} {
		d := s.Deliver(c.id, today)
		if d.Agency != c.agency || d.Ask != c.ask || (d.Address == "") != (c.paper || c.ask) {
			t.Errorf("Deliver(%s) = %+v", c.id, d)
		}
		if !c.ask && (d.Moved != nil) != (c.id != c.agency) {
			t.Errorf("Deliver(%s): Moved is %v", c.id, d.Moved)
		}
		for _, id := range d.Choices {
			if a, _ := s.Agency(id); !a.On(today) {
				t.Errorf("Deliver(%s) offers %s, which does not exist", c.id, id)
			}
		}
	}
	if d := s.Deliver("qt.ubnd.huyen-hai-lang", today); len(d.Choices) < 5 {
		t.Errorf("the heirs of Hải Lăng should be offered: %v", d.Choices)
	}
	if d := s.Deliver("qt.so-tttt", "2010-06-01"); d.Agency != "qt.so-tttt" || d.Address != "stttt@quangtri.gov.vn" || d.Kind != "agency" {
		t.Errorf("in 2010: %+v", d)
	}
	if d := s.Deliver("qt.ubnd.huyen-hai-lang", today); d.Moved != nil || len(d.Choices) == 0 {
		t.Errorf("split: %+v", d)
	}
}

func TestByAddress(t *testing.T) {
	t.Parallel()
	s := sampleSnapshot(t)
	if a, ok := s.ByAddress(" STTTT@quangtri.gov.vn ", "2010-06-01"); !ok || a.ID != "qt.so-tttt" {
		t.Errorf("got %v %v", a.ID, ok)
	}
	if a, ok := s.ByAddress("huyenhailang@quangtri.gov.vn", "2026-01-15"); ok {
		t.Errorf("a closed address is nobody's: %v", a.ID)
	}
	if _, ok := s.ByAddress("nobody@quangtri.gov.vn", "2010-06-01"); ok {
		t.Error("an unknown address is nobody's")
	}
	if h := s.AddressHistory("huyenhailang@quangtri.gov.vn"); len(h) == 0 {
		t.Error("the history keeps closed addresses")
	}
}

func TestChildrenAndChain(t *testing.T) {
	t.Parallel()
	s := sampleSnapshot(t)
	if !s.Under("qt.ubnd.xa-gio-mai", "qt") || s.Under("qt.ubnd.xa-gio-mai", "qb") || !s.Under("qt", "qt") || s.Under("no", "no") {
		t.Error("Under is wrong")
	}
	if got := s.Territory("qt.so-nv-2025"); got != "qt-2025" {
		t.Errorf("Territory = %s", got)
	}
	found := false
	for _, a := range s.Children("qt.ubnd.huyen-gio-linh", "2015-06-01") {
		found = found || a.ID == "qt.ubnd.xa-gio-mai"
	}
	if !found {
		t.Error("Gio Mai is a child of Gio Linh")
	}
	if c := s.Children("qt.ubnd.huyen-gio-linh", "2025-08-15"); len(c) != 0 {
		t.Errorf("children after the end: %d", len(c))
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	s := sampleSnapshot(t)
	for _, c := range []struct {
		query  string
		want   ID
		former bool
	}{
		{"Sở Nội vụ", "qt.so-nv-2025", false},
		{"so noi vu", "qt.so-nv-2025", false},
		{"SNV", "qt.so-nv-2025", false},
		{"noi vu", "qt.so-nv-2025", false},
		{"hải lăng", "qt.ubnd.xa-hai-lang-2025", false},
		{"ubnd hai lang", "qt.ubnd.xa-hai-lang-2025", false},
		{"huyện hải lăng", "qt.ubnd.huyen-hai-lang", true},
		{"Sở Thông tin và Truyền thông", "qt.so-tttt", true},
		{"stttt@quangtri.gov.vn", "qt.so-tttt", true},
		{"uỷ ban nhân dân tỉnh", "qt.ubnd-2025", false},
		{"sgddt", "qt.so-gddt-2025", false},
		{"so noi vuj", "qt.so-nv-2025", false},
		{"trieu phogn", "qt.ubnd.xa-trieu-phong-2025", false},
		{"Đông Hà", "qt.ubnd.phuong-dong-ha-2025", false},
	} {
		hits := s.Find(c.query, "2026-01-15", 10)
		if len(hits) == 0 {
			t.Errorf("Find(%q): nothing", c.query)
			continue
		}
		at := slices.IndexFunc(hits, func(h Hit) bool { return h.Agency.ID == c.want })
		if at < 0 || at > 3 {
			t.Errorf("Find(%q): %s at %d; first %s (%s, %d)", c.query, c.want, at, hits[0].Agency.ID, hits[0].Matched, hits[0].Score)
			continue
		}
		if hits[at].Former != c.former {
			t.Errorf("Find(%q): former = %v by %q", c.query, hits[at].Former, hits[at].Matched)
		}
	}
	for _, q := range []string{"", "   ", "zzzzzzzz", "@", "\x00\xff"} {
		if hits := s.Find(q, "2026-01-15", 10); len(hits) != 0 {
			t.Errorf("Find(%q) = %d hits, first %q", q, len(hits), hits[0].Matched)
		}
	}
	if len(s.Find("ubnd", "2026-01-15", 7)) != 7 {
		t.Error("the limit is not kept")
	}
}

// slowPrefixDistance is prefixDistance from its definition.
func slowPrefixDistance(a, b string, most int) int {
	table := make([][]int, len(a)+1)
	for i := range table {
		table[i] = make([]int, len(b)+1)
		for j := range table[i] {
			switch {
			case i == 0:
				table[i][j] = j
			case j == 0:
				table[i][j] = i
			default:
				d := table[i-1][j-1]
				if a[i-1] != b[j-1] {
					d++
				}
				d = min(d, table[i-1][j]+1, table[i][j-1]+1)
				if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
					d = min(d, table[i-2][j-2]+1)
				}
				table[i][j] = d
			}
		}
	}
	return min(slices.Min(table[len(a)]), most+1)
}

func TestPrefixDistance(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	word := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = "abc"[rnd.IntN(3)]
		}
		return string(b)
	}
	for range 20000 {
		most := 1 + rnd.IntN(2)
		a := word(1 + rnd.IntN(12))
		b := word(rnd.IntN(len(a) + most + 1))
		if rnd.IntN(2) == 0 { // mostly alike
			b = a[:rnd.IntN(len(a)+1)] + word(rnd.IntN(3))
			b = b[:min(len(b), len(a)+most)]
		}
		if got, want := prefixDistance(a, b, most), slowPrefixDistance(a, b, most); got != want {
			t.Fatalf("prefixDistance(%q, %q, %d) = %d, want %d", a, b, most, got, want)
		}
	}
}
