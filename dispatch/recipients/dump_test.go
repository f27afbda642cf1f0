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
	for i, s := range loadSamples(t) {
		on := s.issueDate()
		m := dir.Issuer(s.Issuer, "", on)
		id := directory.ID("")
		if m.Certain {
			id = m.Agencies[0]
		}
		t.Logf("##%d %s -> %s %v on %s", i, s.Issuer, id, m.Agencies, on)
		b := Block{Lines: ParseText(s.Text), KinhGui: s.KinhGui, Articles: ParseArticles(s.Articles), IssuerName: s.Issuer, Issuer: id, On: on}
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
			t.Logf("  %-8s %-9s %s | %s | %s | cand %s | %s p=%v x=%v via=%s ch=%s n=%d", it.Certainty, it.Kind, it.Text, it.CanonicalName, strings.Join(ids, ","), strings.Join(cs, "; "), it.Reason, it.Purposes, it.Exceptions, it.Via, it.Channel, it.Copies)
		}
	}
}
