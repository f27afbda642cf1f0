package mime

import (
	"math/rand/v2"
	"strings"
	"testing"

	"quangtri.gov.vn/vanthu/internal/viet"
)

const prose = "Thực hiện Nghị quyết số 02/2009/NQ-HĐND ngày 10/4/2009 của Hội đồng nhân dân tỉnh về công tác đấu thầu, " +
	"Ủy ban nhân dân tỉnh yêu cầu các sở, ban ngành, UBND các huyện, thị xã khẩn trương rà soát, báo cáo kết quả về Sở Kế hoạch và Đầu tư " +
	"trước ngày 30/11/2009. Mọi vướng mắc liên hệ qua điện thoại 053.3852483 hoặc thư điện tử vanthu@quangtri.gov.vn. Hoà, hoàn thuỷ, quý, giặt giũ, uỷ quyền."

func wordsOf(text string) Words {
	s := newWordSet()
	s.add(viet.NFC(text))
	return s.encode(nil)
}

func TestWordsKnowWhatIsMissing(t *testing.T) {
	t.Parallel()
	w := wordsOf(prose)
	for q, lacks := range map[string]bool{
		"đấu thầu": false, "dau thau": false, "ĐẤU THẦU": false, "đậu thầu": true, "dau thoi": true, "thầu": false, "hầu": false,
		"ấu thầ": false, "NQ-HĐND": false, "nq-hdnd": false, "852483": false, "hòa": false, "hoà": false, "oà": false, "à": false,
		"xyz": true, "máy bay": true, "thuỷ": false, "ủy ban": false, "uỷ ban": false, "kế hoạch và": false, "hoạch kế": false, "quy": false,
		"": false, "!": false, "(đấu": false, "nhân dân!": false, "gov.vn": false, "gov.com": true,
	} {
		if got := w.Lacks(NewQuery(q)); got != lacks {
			t.Errorf("%q: lacks=%v", q, got)
		}
		if viet.Matches(prose, q) && w.Lacks(NewQuery(q)) {
			t.Errorf("%q is in the text", q)
		}
	}
	t.Logf("%d bytes for %d of text, %d syllables known", len(w), len(prose), len(syllables().forms))
}

// TestWordsNeverMiss cuts queries out of the text, in many disguises.
func TestWordsNeverMiss(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	disguise := []func(string) string{strings.ToUpper, viet.Fold, viet.Key, func(s string) string { return s }, viet.NFC}
	w := wordsOf(prose)
	runes := []rune(prose)
	for range 2_000 {
		i := rnd.IntN(len(runes))
		j := min(len(runes), i+1+rnd.IntN(20))
		q := disguise[rnd.IntN(len(disguise))](string(runes[i:j]))
		if viet.Matches(prose, q) && w.Lacks(NewQuery(q)) {
			t.Fatalf("%q is in the text", q)
		}
	}
}

func FuzzWords(f *testing.F) {
	f.Add(prose, "đấu thầu")
	f.Add("a\u200bb ﬁ \u0323x", "fi")
	f.Fuzz(func(t *testing.T, text, query string) {
		if len(text) > 4096 || len(query) > 256 {
			return
		}
		text = viet.NFC(text)
		w := wordsOf(text)
		if viet.Matches(text, query) && w.Lacks(NewQuery(query)) {
			t.Fatalf("%q is in %q", query, text)
		}
		Words(text).Lacks(NewQuery(query))
		Words(text).HeaderLacks(NewQuery(query))
	})
}

func BenchmarkWordsOf(b *testing.B) {
	text := strings.Repeat(prose, 6)
	syllables()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		wordsOf(text)
	}
}

func BenchmarkLacks(b *testing.B) {
	w := wordsOf(prose)
	q := NewQuery("đấu thầu xyz")
	for b.Loop() {
		w.Lacks(q)
	}
}
