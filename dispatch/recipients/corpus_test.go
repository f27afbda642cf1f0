package recipients

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"quangtri.gov.vn/vanthu/directory"
	"quangtri.gov.vn/vanthu/dispatch"
)

// TestCorpusLines reads the recipients and addressees of the development corpus,
// whose provinces are invented: every line is understood, nothing is dropped, and
// nothing of another province is taken for a body of ours.
func TestCorpusLines(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/corpus.json")
	if err != nil {
		t.Fatal(err)
	}
	var documents []struct {
		ID         string         `json:"id"`
		Issuer     string         `json:"issuer"`
		Date       directory.Date `json:"date"`
		KinhGui    []string       `json:"kinh_gui"`
		Recipients []string       `json:"recipients"`
	}
	if err := json.Unmarshal(data, &documents); err != nil {
		t.Fatal(err)
	}
	dir := snapshot(t)
	for _, d := range documents {
		b := Block{Lines: append(d.Recipients, d.KinhGui...), IssuerName: d.Issuer, On: d.Date}
		items := Resolve(dir, b)
		check(t, b, items)
		for _, it := range items {
			if it.Kind == dispatch.KindOther {
				t.Errorf("%s: %q is not understood", d.ID, it.Text)
			}
			for _, id := range it.Agencies {
				if !strings.HasPrefix(string(id), "tw.") {
					t.Errorf("%s: %q is certain of %s", d.ID, it.Text, id)
				}
			}
		}
	}
}
