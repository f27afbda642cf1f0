package directory

import (
	"bytes"
	"encoding/csv"
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/text/unicode/norm"

	"quangtri.gov.vn/vanthu/internal/cputime"
)

func TestRule(t *testing.T) {
	t.Parallel()
	for _, ok := range []string{
		"ask", "type=so", " level = tinh & type in ( so , ban ) | id != qt.ubnd ", "parent=@issuer & type=bo-phan", "under not in (@scope,qt)",
	} {
		if _, err := parseRule(ok); err != nil {
			t.Errorf("%q: %v", ok, err)
		}
	}
	for _, bad := range []string{
		"", "asks", "ask & type=so", "type", "type=", "type=cuc", "level in tinh", "level in ()", "level in (tinh", "level in (tinh,)", "type not so",
		"type=so &", "type=so |", "type=so ban", "Type=so", "type==so", "id=Ủy", "type=so;", "!", "type!so", "under=@all",
		strings.Repeat("type=so|", maxTerms) + "type=so", strings.Repeat("x", maxRule+1),
	} {
		if _, err := parseRule(bad); err == nil {
			t.Errorf("%.40q was accepted", bad)
		}
	}
	r, err := parseRule("type=so & level=tinh | id=x")
	if err != nil {
		t.Fatal(err)
	}
	is := func(facts string) bool {
		return r.holds(func(f, v string) bool { return strings.Contains(facts, f+"="+v+";") })
	}
	if is("type=so;") || !is("type=so;level=tinh;") || !is("id=x;") {
		t.Error("& must bind tighter than |")
	}
}

func FuzzRule(f *testing.F) {
	for _, s := range []string{"ask", "type in (so,ban) & level=tinh | id != a.b-c", "under not in (@scope)", "type=so||", "((((", "!!==", "level in (tinh,"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var r rule
		var err error
		if d := cputime.Of(func() { r, err = parseRule(s) }); d > time.Second {
			t.Fatalf("took %v", d)
		}
		if err != nil {
			if !norm.NFC.IsNormalString(err.Error()) && norm.NFC.IsNormalString(s) {
				t.Fatalf("message is not NFC: %q", err)
			}
			return
		}
		terms := 0
		for _, alt := range r.alts {
			terms += len(alt)
		}
		if !r.ask && terms == 0 || terms > maxTerms {
			t.Fatalf("%q has %d terms", s, terms)
		}
		r.holds(func(string, string) bool { return true })
	})
}

func FuzzImport(f *testing.F) {
	for i, name := range Files() {
		data, err := os.ReadFile("../configs/directory/" + name)
		if err != nil {
			f.Fatal(err)
		}
		lines := strings.SplitAfterN(string(data), "\n", 12)
		f.Add(i, strings.Join(lines[:min(len(lines), 11)], ""))
	}
	f.Add(0, "id,name,type,level,parent_id,valid_from,valid_to,code,certainty,note\r\na,\"A\nB\",so,tinh,a,,,,V,\r\n")
	f.Add(1, "\ufeffagency_id;name")
	f.Add(0, strings.Repeat(",", 5000))
	f.Add(6, "agency_id,to_id,kind,valid_from,valid_to,certainty,decision,note\nqt.ubnd,,parent,,2010-01-01,V,NQ 1,\n")
	f.Add(0, "id;name;type;level;parent_id;valid_from;valid_to;code;certainty;note\nb;Ban;bcd;tinh;qt.ubnd;2010-01-01;;;M;gửi qua UBND\n")
	f.Add(0, "\xff\xfei\x00d\x00")
	f.Add(4, "agency_id,address,kind,valid_from,valid_to,status\nqt.ubnd,a@b.vn,agency,,2010-01-01,sample\nqt,a@b.vn,agency,2011-01-01,,sample\n")
	f.Fuzz(func(t *testing.T, file int, text string) {
		if len(text) > 1<<16 {
			return
		}
		file = int(uint(file) % uint(len(Files())))
		dir := fstest.MapFS{
			AgenciesFile: files(AgenciesFile, "qt,Tỉnh,dia-ban,tinh,,,,,V,\nqt.ubnd,UBND,ubnd,tinh,qt,,,,V,\n")[AgenciesFile],
		}
		dir[Files()[file]] = &fstest.MapFile{Data: []byte(text)}
		var s *Snapshot
		var err error
		if d := cputime.Of(func() { s, err = LoadFS(dir) }); d > 2*time.Second {
			t.Fatalf("took %v", d)
		}
		if err != nil {
			if len(err.Error()) > 8000 {
				t.Fatalf("message of %d bytes", len(err.Error()))
			}
			return
		}
		out := exportAll(t, s)
		again, err := LoadFS(out)
		if err != nil || !reflect.DeepEqual(again.facts, s.facts) {
			t.Fatalf("what was accepted does not survive export: %v", err)
		}
		for name, f := range out {
			if cell := formulaCell(f.Data); cell != "" {
				t.Fatalf("%s: a spreadsheet would run %q", name, cell)
			}
		}
		for _, a := range s.AllAgencies() {
			if d := s.Deliver(a.ID, "2026-01-01"); d.Ask && d.Reason == "" {
				t.Fatalf("asked without a reason: %+v", d)
			}
			s.chain(a.ID, "2026-01-01")
			s.Children(a.ID, "")
		}
	})
}

// formulaCell returns a cell that a spreadsheet would run, whichever of the usual
// signs it takes for the separator; "" when there is none.
func formulaCell(data []byte) string {
	for _, sep := range ",;\t|" {
		in := csv.NewReader(bytes.NewReader(data))
		in.Comma, in.FieldsPerRecord, in.LazyQuotes = sep, -1, true
		for {
			record, err := in.Read()
			if err != nil {
				break
			}
			for _, cell := range record {
				if cell != "" && strings.IndexByte(formulaStarts, cell[0]) >= 0 {
					return cell
				}
			}
		}
	}
	return ""
}

func FuzzQueries(f *testing.F) {
	for _, q := range []string{"Sở Nội vụ", "so noi vu", "a@b.vn", strings.Repeat("ủy ", 500), "\xff\xfe", "%", "-", "UBND các xã, phường", "quảng trị quảng trị"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, q string) {
		s := sampleSnapshot(t)
		start := cputime.Process()
		for _, h := range s.Find(q, "2026-01-15", 20) {
			if h.Agency.ID == "" || h.Matched == "" {
				t.Fatalf("empty hit for %q", q)
			}
		}
		for _, m := range []Match{s.Lookup(q, "qt.ubnd-2025", "2026-01-15"), s.Issuer(q, q, "2026-01-15")} {
			if m.Certain && len(m.Agencies) != 1 || m.Certain != (m.Reason == "") || len(m.Agencies) > maxCandidates {
				t.Fatalf("%q: %+v", q, m)
			}
		}
		s.LookupGroup(q, "qt.ubnd-2025", "2026-01-15")
		s.Role("qt.ubnd-2025", q, "2026-01-15")
		s.ByAddress(q, "2026-01-15")
		if d := cputime.Process() - start; d > time.Second {
			t.Fatalf("took %v", d)
		}
	})
}
