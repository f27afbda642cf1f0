package recipients

import (
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/internal/cputime"
)

// FuzzResolve asserts, for any text, that it is read in time, in a bounded
// number of items, completely, and that nothing is certain without a body.
func FuzzResolve(f *testing.F) {
	for _, s := range loadSamples(f) {
		f.Add(s.Text, s.Issuer, s.Articles, true)
	}
	for _, o := range loadBlocks(f) {
		f.Add(strings.Join(o.block.Lines, "\n"), o.block.IssuerName, "", false)
	}
	for _, text := range hostile {
		f.Add(clip(text, 2000), "UBND tỉnh Quảng Trị", "Điều 3. "+clip(text, 500), true)
	}
	dir := snapshot(f)
	f.Fuzz(func(t *testing.T, text, issuer, articles string, known bool) {
		text = clip(text, 64<<10)
		b := Block{Lines: ParseText(text), KinhGui: ParseText(clip(text, 2000)), Articles: ParseArticles(clip(articles, 64<<10)), IssuerName: issuer, On: "2014-05-05"}
		if known {
			b.Issuer = "qt.ubnd"
		}
		var items []dispatch.Item
		bounded(t, len(text)+len(issuer)+len(articles), func() { items = Resolve(dir, b) })
		check(t, b, items)
		check(t, b, Resolve(nil, b))
	})
}

// bounded runs read and asserts its processor time and what it allocates for size bytes of
// text.
func bounded(t *testing.T, size int, read func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	took := cputime.Of(read)
	runtime.ReadMemStats(&after)
	if took > 2*time.Second {
		t.Fatalf("%v for %d bytes", took, size)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 32<<20+uint64(size)*4096 {
		t.Fatalf("%d bytes allocated for %d", used, size)
	}
}

// check holds the invariants of a result.
func check(t *testing.T, b Block, items []dispatch.Item) {
	t.Helper()
	if len(items) > maxItems+1 {
		t.Fatalf("%d items", len(items))
	}
	for _, it := range items {
		for _, id := range it.Agencies {
			if a, ok := snapshot(t).Agency(id); !ok || !a.On(b.On) {
				t.Fatalf("%q: %s is not there on %s", it.Text, id, b.On)
			}
		}
		switch {
		case it.Kind == "" || it.Certainty == "" || it.CanonicalName == "" || it.Text == "":
			t.Fatalf("incomplete item %+v", it)
		case it.Certainty == dispatch.Certain && len(it.Agencies) == 0:
			t.Fatalf("certain of nobody: %+v", it)
		case it.Certainty != dispatch.Certain && (it.Reason == "" || len(it.Agencies) > 0):
			t.Fatalf("in doubt without a reason, or yet with bodies: %+v", it)
		case it.NoSend && len(it.Agencies) > 0:
			t.Fatalf("not to be sent, yet with bodies: %+v", it)
		case it.Certainty == dispatch.Certain && it.Kind == dispatch.KindPerson:
			t.Fatalf("certain person: %+v", it)
		case len(it.Candidates) > maxCandidates+1:
			t.Fatalf("%d candidates", len(it.Candidates))
		case !utf8.ValidString(it.CanonicalName) && utf8.ValidString(it.Raw):
			t.Fatalf("name is broken: %q", it.CanonicalName)
		}
	}
	if len(items) < maxItems-maxParts {
		cover(t, b.Lines, items)
	}
}

// FuzzParseText asserts that no letter of a block without label and signature
// is lost.
func FuzzParseText(f *testing.F) {
	for _, s := range loadSamples(f) {
		f.Add(s.Text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		text = clip(text, 64<<10)
		var lines []string
		bounded(t, len(text), func() { lines = ParseText(text) })
		for _, l := range lines {
			if body, _ := trimBullet(l); strings.TrimSpace(l) != l || body == "" && hasLetter(l) {
				t.Fatalf("line %q", l)
			}
		}
	})
}
