package mime

import (
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/text/unicode/norm"

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

// exactly is wordsOf as if the text were long enough for all of its words.
func exactly(text string) Words {
	s := newWordSet()
	s.add(viet.NFC(text))
	s.text = 1 << 20
	return s.encode(nil)
}

func TestWordsKnowWhatIsMissing(t *testing.T) {
	t.Parallel()
	w := exactly(prose)
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
	t.Logf("%d bytes for %d of text, %d syllables known", len(w), len(prose), syllables().size())
}

// TestWordsNeverMiss cuts queries out of the text, in many disguises.
func TestWordsNeverMiss(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	disguise := []func(string) string{strings.ToUpper, viet.Fold, viet.Key, func(s string) string { return s }, viet.NFC}
	sets := []Words{exactly(prose), wordsOf(prose)}
	runes := []rune(prose)
	for range 2_000 {
		i := rnd.IntN(len(runes))
		j := min(len(runes), i+1+rnd.IntN(20))
		text := disguise[rnd.IntN(len(disguise))](string(runes[i:j]))
		q := NewQuery(text)
		for _, w := range sets {
			if viet.Matches(prose, text) && w.Lacks(q) {
				t.Fatalf("%q is in the text", text)
			}
		}
	}
}

// TestUsedSetsAreAsNew: a set that has been used before finds the same words.
func TestUsedSetsAreAsNew(t *testing.T) {
	t.Parallel()
	odd := "a\u0301n \x00an a\x00n an\u00a0TO ĐƯỜNG đường TO\u200b nghiễng-nghiễng 2015 e\u0302\u0301 Ðông x\xffy straße İ cấm CẤM"
	used := newWordSet()
	for _, text := range []string{prose, odd, strings.ToUpper(prose), odd, viet.Fold(prose), prose, odd + prose} {
		used.add(text)
		fresh := newWordSet()
		fresh.add(text)
		if got, want := used.encode(nil), fresh.encode(nil); string(got) != string(want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
		used.reset()
	}
}

// TestBase64InAnyPieces: foreign characters and padding anywhere, one byte at a time or all at once.
func TestBase64InAnyPieces(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"QUJD\r\nREVG": "ABCDEF", "Q!UJDRE=VG": "ABCDT", "QQ==QUI=QUJD": "AABABC", "QUJDR": "ABC", "=QUJD=": "ABC", "\nQ\nU\nJ\nD": "ABC",
	} {
		whole := string(DecodeBody("base64", []byte(raw)))
		piecewise, _ := io.ReadAll(NewBodyReader("base64", iotest.OneByteReader(strings.NewReader(raw))))
		if whole != want || string(piecewise) != want {
			t.Errorf("%q: %q and %q, want %q", raw, whole, piecewise, want)
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
		for _, w := range []Words{exactly(text), wordsOf(text)} {
			if viet.Matches(text, query) && w.Lacks(NewQuery(query)) {
				t.Fatalf("%q is in %q", query, text)
			}
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

func TestHeaderFilterNeverMisses(t *testing.T) {
	t.Parallel()
	header := "Received: from  Mail.X.test\r\n\tby mx (ESMTP)\r\nSubject: đấu thầu\r\nMessage-ID: <Abc.123@x.test>\r\nX-Spam:NO\r\nDate: Mon, 16 Nov 2009\r\n\r\n"
	filter, _ := headFilter([]byte(header), nil)
	w := newWordSet().encode(filter)
	folded := viet.Fold(strings.ReplaceAll(header, "đấu thầu", ""))
	for i := range folded {
		for j := i + 1; j <= len(folded) && j < i+12; j++ {
			if strings.Contains(folded[i:j], "subject") || strings.Contains(header, "đấu") && strings.Contains(folded[i:j], ": m") {
				continue // ends of two fields
			}
			if line := folded[i:j]; within(header, line) && w.HeaderLacks(NewQuery(line)) {
				t.Fatalf("%q is in the header", line)
			}
		}
	}
	for _, q := range []string{"đấu thầu", "nonesuch", "xyz123"} {
		if !w.HeaderLacks(NewQuery(q)) {
			t.Errorf("%q is not in the header", q)
		}
	}
	if filter, _ = headFilter([]byte("X-A: é\r\n\r\n"), filter); newWordSet().encode(filter).HeaderLacks(NewQuery("zzz")) {
		t.Error("a header with 8-bit text was judged")
	}
}

// within reports whether one field of the header contains the query.
func within(header, query string) bool {
	for raw := range HeaderFields([]byte(header)) {
		if viet.Matches(string(raw), query) {
			return true
		}
	}
	return false
}

// TestPlainVietnamese: what is taken for NFC at a glance is in NFC, every
// character of the Basic Multilingual Plane, also with marks behind it.
func TestPlainVietnamese(t *testing.T) {
	t.Parallel()
	plain := 0
	for r := rune(0); r < 0xFFFF; r++ {
		if !plainVietnamese(string(r)) {
			continue
		}
		plain++
		for _, next := range []string{"", "a", "\u0301", "\u0323", "ơ"} {
			if s := string(r) + next; plainVietnamese(s) && s != norm.NFC.String(s) {
				t.Errorf("%q is not in NFC", s)
			}
		}
	}
	if plain < 400 || !plainVietnamese("Ủy ban nhân dân tỉnh Quảng Trị: “Về việc…” – số 15") {
		t.Errorf("%d characters", plain)
	}
	for _, s := range []string{"a\u0301", "ê\u0323", "\xe1", "\xe1\xba", "\xff", "\u1100\u1161"} {
		if plainVietnamese(s) {
			t.Errorf("%q is taken for plain", s)
		}
	}
}
