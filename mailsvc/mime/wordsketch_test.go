package mime

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// letters returns a text of up to n bytes of each kind that matters: letters as
// agencies write them, syllables without any order, numbers and references, words of
// other languages, and bytes without any meaning.
func letters(t *testing.T, rnd *rand.Rand, n int) map[string]string {
	letter, err := os.ReadFile("testdata/congvan.txt")
	if err != nil {
		t.Fatal(err)
	}
	prose := string(letter)
	for len(prose) < len(letter)+2*n {
		prose += prose
	}
	from := rnd.IntN(len(letter) - 100)
	from += strings.IndexByte(prose[from:], ' ')
	table := syllables()
	var any, numbers, foreign, noise strings.Builder
	for any.Len() < n {
		any.WriteString(table.forms.at(rnd.IntN(len(table.codes))) + " ")
	}
	for numbers.Len() < n {
		fmt.Fprintf(&numbers, "số %d/%d/QĐ-UBND ngày %d/%d/2010; ", rnd.IntN(3000), 2000+rnd.IntN(26), 1+rnd.IntN(28), 1+rnd.IntN(12))
	}
	for foreign.Len() < n {
		fmt.Fprintf(&foreign, "%c%c%c 文書%d résumé Straße meeting agenda ", 'a'+rnd.IntN(26), 'a'+rnd.IntN(26), 'a'+rnd.IntN(26), rnd.IntN(100))
	}
	for noise.Len() < n {
		fmt.Fprintf(&noise, "%x", rnd.Uint64())
		if rnd.IntN(4) == 0 {
			noise.WriteByte(' ')
		}
	}
	cut := func(s string) string { return strings.ToValidUTF8(s[:n], "") }
	return map[string]string{"letter": cut(prose[from:]), "syllables": cut(any.String()), "numbers": cut(numbers.String()),
		"foreign": cut(foreign.String()), "noise": cut(noise.String())}
}

var textSizes = []int{100, 150, 200, 300, 400, 600, 800, 1200, 1600, 2400, 3200, 6400, 12_800, 25_600, 51_200, 102_400}

// TestWordsAreSmall bounds the index of the body, whatever stands in it and however
// long it is: 15 % of the text.
func TestWordsAreSmall(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, n := range textSizes {
		share := map[string]float64{} // per cent, on average
		rounds := max(40*1600/(n+1600), 1)
		for range rounds {
			for kind, text := range letters(t, rnd, n) {
				size := len(wordsOf(text))
				share[kind] += float64(100*size) / float64(len(text)*rounds)
				if 100*size > 15*len(text) {
					t.Errorf("%s: %d bytes for %d of text", kind, size, len(text))
				}
			}
		}
		t.Logf("%6d bytes: %.4v", n, share)
	}
	for _, text := range []string{"", "ạ", "Vâng.", "Kính gửi anh,"} {
		if size := len(wordsOf(text)); size > 3 {
			t.Errorf("%q: %d bytes", text, size)
		}
	}
}

// TestSketchesNeverMiss looks in short texts of every kind for pieces of them.
func TestSketchesNeverMiss(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(3, 4))
	disguise := []func(string) string{strings.ToUpper, viet.Fold, viet.Key, func(s string) string { return s }}
	sketches := 0
	for round := range 40 {
		for kind, text := range letters(t, rnd, 20+round*30) {
			text = viet.NFC(text)
			w := wordsOf(text)
			sketches += int(w[0] & wordsSketch)
			runes := []rune(text)
			for range 20 {
				i := rnd.IntN(len(runes))
				j := min(len(runes), i+1+rnd.IntN(16))
				q := disguise[rnd.IntN(len(disguise))](string(runes[i:j]))
				if viet.Matches(text, q) && w.Lacks(NewQuery(q)) {
					t.Fatalf("%s: %q is in %q", kind, q, text)
				}
			}
		}
	}
	if sketches < 80*wordsSketch {
		t.Errorf("%d sketches", sketches/wordsSketch)
	}
}

// TestSketchesTellApart: of short letters, a search need not read most of those that
// lack what is looked for.
func TestSketchesTellApart(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(5, 6))
	for _, n := range []int{100, 200, 400, 800} {
		asked, passed := 0, 0
		for range 60 {
			text := letters(t, rnd, n)["letter"]
			w := wordsOf(text)
			for _, query := range []string{"đấu thầu", "dau thau", "tuyển sinh", "máy bay", "giấy phép xây dựng", "Nguyễn Mẫu Bình", "15/2009/CT-UBND", "vaccine"} {
				if viet.Matches(text, query) {
					continue
				}
				if asked++; !w.Lacks(NewQuery(query)) {
					passed++
				}
			}
		}
		t.Logf("%d bytes: %.1f %% are let through", n, 100*float64(passed)/float64(asked))
		if passed > asked/8 {
			t.Errorf("%d bytes: %d of %d are let through", n, passed, asked)
		}
	}
}

// TestSketchFormat: sketches that are stored stay readable only as long as the same
// text makes the same bytes.
func TestSketchFormat(t *testing.T) {
	t.Parallel()
	const text = "Kính gửi anh, em gửi anh báo cáo số 15/BC-UBND về công tác đấu thầu. Trân trọng."
	if got := fmt.Sprintf("%x", []byte(wordsOf(text))); got != "18007235d87d00933876fbbe91" {
		t.Errorf("%s", got)
	}
}

// TestOldIndexesAreRead: an index of the version before there were sketches says what
// it said.
func TestOldIndexesAreRead(t *testing.T) {
	t.Parallel()
	message := "Subject: cu\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + prose
	x := Scan(strings.NewReader(message), int64(len(message)))
	x.Words = exactly(prose)
	old := Stored(x.AppendBinary(nil))
	old[0] = 1
	if w := old.Words(); w.Lacks(NewQuery("đấu thầu")) || !w.Lacks(NewQuery("đậu thầu")) {
		t.Error("the words are not read")
	}
	if got, err := Decode(old); err != nil || string(got.Words) != string(x.Words) {
		t.Errorf("%v", err)
	}
	if old[0] = formatVersion + 1; old.Words() != nil {
		t.Error("a version to come is read")
	}
}
