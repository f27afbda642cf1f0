package recipients

import (
	"os"
	"quangtri.gov.vn/vanthu/directory"
	"strings"
	"testing"
)

func TestDump(t *testing.T) {
	dir, err := directory.LoadFS(os.DirFS("../../configs/directory"))
	if err != nil {
		t.Fatal(err)
	}
	data, _ := os.ReadFile("/tmp/tricky.txt")
	b := Block{}
	for _, row := range strings.Split(string(data), "\n") {
		if strings.HasPrefix(row, "== ") {
			f := fieldsOf(row[3:], 3)
			b = Block{Issuer: directory.ID(f[0]), IssuerName: f[1], On: directory.Date(f[2])}
			t.Logf("%s", row)
			continue
		}
		if row == "" {
			continue
		}
		b.Lines = ParseText(row)
		for _, it := range Resolve(dir, b) {
			ids := []string{}
			for _, a := range it.Agencies {
				ids = append(ids, string(a))
			}
			if len(ids) > 4 {
				ids = append(ids[:4], "...")
			}
			cs := []string{}
			for _, c := range it.Candidates {
				cs = append(cs, c.Name)
			}
			if len(cs) > 4 {
				cs = append(cs[:4], "...")
			}
			r := it.Reason
			if it.Certainty == "certain" {
				r = ""
			}
			t.Logf("  %-8s %-9s %s | %s | %s | cand %s | %s p=%v x=%v via=%s ch=%s n=%d", it.Certainty, it.Kind, it.Text, it.CanonicalName, strings.Join(ids, ","), strings.Join(cs, "; "), r, it.Purposes, it.Exceptions, it.Via, it.Channel, it.Copies)
		}
	}
}
