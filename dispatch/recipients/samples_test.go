package recipients

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"quangtri.gov.vn/vanthu/directory"
	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/internal/viet"
)

// sample is one block with the recipients that a careful clerk reads out of it.
type sample struct {
	Source   string   `json:"source"`
	Issuer   string   `json:"issuer"`
	KinhGui  []string `json:"kinh_gui"`
	Text     string   `json:"noi_nhan_text"`
	Articles string   `json:"dieu_thi_hanh"`
	Expected []struct {
		Raw       string        `json:"raw"`
		Kind      dispatch.Kind `json:"kind"`
		Canonical string        `json:"canonical_name"`
	} `json:"expected"`
}

func loadSamples(t testing.TB) []sample {
	t.Helper()
	data, err := os.ReadFile("testdata/samples.json")
	if err != nil {
		t.Fatal(err)
	}
	var out []sample
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// issueDate finds a day in the year that the source of a sample names.
func (s *sample) issueDate() directory.Date {
	for y := 2026; y >= 2009; y-- {
		if year := itoa(y); strings.Contains(s.Source, "/"+year) || strings.Contains(s.Source, year+")") || strings.Contains(s.Source, " "+year) {
			return directory.Date(year + "-11-20")
		}
	}
	return "2025-11-20"
}

func itoa(n int) string {
	var b []byte
	for ; n > 0; n /= 10 {
		b = append([]byte{byte('0' + n%10)}, b...)
	}
	return string(b)
}

// tally counts how well blocks were read.
type tally struct{ lines, split, items, kind, name int }

func (c *tally) percent(part, whole int) float64 { return 100 * float64(part) / float64(max(whole, 1)) }

// compare sets the items of a block beside what is expected, line by line.
func (c *tally) compare(t *testing.T, title string, s *sample, got []dispatch.Item) {
	t.Helper()
	byLine := make(map[string][]dispatch.Item)
	for _, it := range got {
		byLine[viet.Key(it.Raw)] = append(byLine[viet.Key(it.Raw)], it)
	}
	var raws []string
	want := make(map[string][]int)
	for i, e := range s.Expected {
		k := viet.Key(e.Raw)
		if want[k] == nil {
			raws = append(raws, k)
		}
		want[k] = append(want[k], i)
	}
	for _, raw := range raws {
		c.lines++
		have := byLine[raw]
		if len(have) == len(want[raw]) {
			c.split++
		} else {
			t.Logf("%s: SPLIT %q: %d items, want %d: %q", title, raw, len(have), len(want[raw]), texts(have))
		}
		for j, i := range want[raw] {
			e := s.Expected[i]
			c.items++
			if j >= len(have) {
				continue
			}
			if have[j].Kind == e.Kind {
				c.kind++
			} else {
				t.Logf("%s: KIND %q: %s, want %s", title, e.Raw, have[j].Kind, e.Kind)
			}
			if viet.Key(have[j].CanonicalName) == viet.Key(e.Canonical) {
				c.name++
			} else {
				t.Logf("%s: NAME %q:\n\tgot  %q\n\twant %q", title, e.Raw, have[j].CanonicalName, e.Canonical)
			}
		}
	}
}

func texts(items []dispatch.Item) []string {
	var out []string
	for _, it := range items {
		out = append(out, it.Text+" => "+it.CanonicalName)
	}
	return out
}

// With the directory the reading stays the same, and what is certain is right.
func TestSamplesWithDirectory(t *testing.T) {
	t.Parallel()
	dir := snapshot(t)
	var c tally
	certain := 0
	for i, s := range loadSamples(t) {
		b := Block{Lines: ParseText(s.Text), KinhGui: s.KinhGui, Articles: ParseArticles(s.Articles), IssuerName: s.Issuer, On: s.issueDate()}
		if m := dir.Issuer(s.Issuer, "", b.On); m.Certain {
			b.Issuer = m.Agencies[0]
		}
		items := Resolve(dir, b)
		c.compare(t, itoa(i)+" "+s.Issuer, &s, items)
		for _, it := range items {
			if it.Certainty == dispatch.Certain {
				certain++
				checkCertain(t, dir, &s, &it)
			}
		}
		cover(t, b.Lines, items)
	}
	t.Logf("lines %d, split %.1f%%, items %d, kind %.1f%%, name %.1f%%, certain %d", c.lines, c.percent(c.split, c.lines), c.items, c.percent(c.kind, c.items), c.percent(c.name, c.items), certain)
	if c.percent(c.split, c.lines) < 98 || c.percent(c.kind, c.items) < 97 || c.percent(c.name, c.items) < 92 {
		t.Fail()
	}
	if certain < 80 {
		t.Errorf("only %d items are certain: the directory is not used", certain)
	}
}

// checkCertain holds a certain item against what the sample expects of its line:
// the kind, and a name that the register gives to the very body.
func checkCertain(t *testing.T, dir *directory.Snapshot, s *sample, it *dispatch.Item) {
	t.Helper()
	for _, e := range s.Expected {
		if viet.Key(e.Raw) != viet.Key(it.Raw) || e.Kind != it.Kind {
			continue
		}
		if viet.Key(e.Canonical) == viet.Key(it.CanonicalName) || e.Kind == dispatch.KindGroup || e.Kind == dispatch.KindReference {
			return
		}
		for _, n := range dir.Names(it.Agencies[0], s.issueDate()) {
			if strings.HasPrefix(viet.Key(e.Canonical), viet.Key(n.Text)) {
				return
			}
		}
	}
	t.Errorf("%q: certain, but wrong: %s %q", it.Raw, it.Kind, it.CanonicalName)
}

func TestSamples(t *testing.T) {
	t.Parallel()
	var c tally
	for i, s := range loadSamples(t) {
		b := Block{Lines: ParseText(s.Text), KinhGui: s.KinhGui, Articles: ParseArticles(s.Articles), IssuerName: s.Issuer, On: s.issueDate()}
		c.compare(t, itoa(i)+" "+s.Issuer, &s, Resolve(nil, b))
	}
	t.Logf("lines %d, split %.1f%%, items %d, kind %.1f%%, name %.1f%%", c.lines, c.percent(c.split, c.lines), c.items, c.percent(c.kind, c.items), c.percent(c.name, c.items))
	if c.percent(c.split, c.lines) < 98 || c.percent(c.kind, c.items) < 97 || c.percent(c.name, c.items) < 92 {
		t.Fail()
	}
}
