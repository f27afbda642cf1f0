package recipients

import (
	"slices"
	"strings"
	"testing"

	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/internal/viet"
)

// TestDesks reads the blocks of all kinds of desks: exactly as expected with the
// directory, and well enough without it.
func TestDesks(t *testing.T) {
	t.Parallel()
	dir := snapshot(t)
	var bare tally
	blocks := loadTexts(t, "desks.txt")
	if len(blocks) < 150 {
		t.Errorf("%d blocks, want at least 150", len(blocks))
	}
	for _, o := range blocks {
		t.Run(o.title, func(t *testing.T) {
			o.compare(t, Resolve(dir, o.block))
			bare.lines += len(o.block.Lines)
			o.count(&bare, Resolve(nil, o.block))
		})
	}
	split, kind, name := bare.percent(bare.split, bare.lines), bare.percent(bare.kind, bare.items), bare.percent(bare.name, bare.items)
	t.Logf("without a directory: %d lines, split %.1f%%, %d items, kind %.1f%%, name %.1f%%", bare.lines, split, bare.items, kind, name)
	if split < 98 || kind < 97 || name < 92 {
		t.Fail()
	}
}

// compare holds the items of a block against what is expected, one by one.
func (o *ownBlock) compare(t *testing.T, got []dispatch.Item) {
	t.Helper()
	if len(got) != len(o.want) {
		t.Errorf("%d items, want %d: %q", len(got), len(o.want), texts(got))
	}
	for i := range min(len(got), len(o.want)) {
		o.want[i].check(t, &got[i])
	}
	check(t, o.block, got)
}

// count tallies a reading without a directory, where nothing may be certain and
// the province of an issuer that does not name it is not known.
func (o *ownBlock) count(c *tally, got []dispatch.Item) {
	for n := range o.block.Lines {
		want := slices.DeleteFunc(slices.Clone(o.want), func(w wanted) bool { return w.line != n })
		have := slices.DeleteFunc(slices.Clone(got), func(it dispatch.Item) bool { return it.Line != n || it.Certainty == dispatch.Certain })
		if len(have) == len(want) {
			c.split++
		}
		c.items += len(want)
		for i := range min(len(want), len(have)) {
			if want[i].kind == "*" || want[i].kind == string(have[i].Kind) {
				c.kind++
			}
			name := have[i].CanonicalName
			if want[i].named(name) || want[i].named(name+" tỉnh Quảng Trị") || want[i].named(name+" Quảng Trị") {
				c.name++
			}
		}
	}
}

// named reports whether a name is the expected one, or one of several.
func (w *wanted) named(name string) bool {
	return w.name == "*" || slices.ContainsFunc(strings.Split(w.name, " ~ "), func(n string) bool { return viet.Key(n) == viet.Key(name) })
}

// sure compares the certainty: "ask" is anything but certain, "may" certain or not.
func (w *wanted) sure(it *dispatch.Item) bool {
	switch w.certainty {
	case "*", "may":
		return true
	case "ask":
		return it.Certainty != dispatch.Certain
	}
	return w.certainty == string(it.Certainty)
}
