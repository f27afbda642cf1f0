package mime

import (
	"math/rand/v2"
	"testing"
	"unicode/utf8"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// TestUndeclaredCharsets guesses what programs did not say, or said wrongly.
func TestUndeclaredCharsets(t *testing.T) {
	t.Parallel()
	const want = "Cộng hòa xã hội chủ nghĩa Việt Nam"
	for name, in := range map[string]string{
		"utf-8":        want,
		"NFD":          "Co\u0323\u0302ng hòa xã hội chủ nghĩa Việt Nam",
		"windows-1258": "C\xf4\xf2ng ho\xcca xa\xde h\xf4\xf2i chu\xd2 nghi\xdea Vi\xea\xf2t Nam",
		"TCVN3":        "C\xe9ng h\xdfa x\xb7 h\xe9i ch\xf1 ngh\xdca Vi\xd6t Nam",
		"VISCII":       "C\xb5ng h\xf2a x\xe3 h\xb5i ch\xfc ngh\xeea Vi\xaet Nam",
		"VNI":          "Co\xe4ng ho\xf8a xa\xf5 ho\xe4i chu\xfb ngh\xf3a Vie\xe4t Nam",
	} {
		for _, charset := range []string{"", "us-ascii", "iso-8859-1", "x-unknown", "no such charset", "utf-8", "windows-1252", "iso-8859-15", "x-user-defined"} {
			p := &Part{Type: "text", Subtype: "plain", Params: []Param{{"charset", charset}}, Encoding: "8bit"}
			if got := PartText(p, []byte(in)); got != want {
				t.Errorf("%s declared as %q: %q", name, charset, got)
			}
		}
		if got := DecodeText([]byte(in)); got != want {
			t.Errorf("%s in a header: %q", name, got)
		}
	}
	// What is as it says stays so, though some words would be Vietnamese in another charset.
	for charset, texts := range map[string][2]string{
		"windows-1252": {"Le th\xe9 est n\xe9 \xe0 Hu\xe9, d\xe9j\xe0 pr\xe9sent\xe9 \x96 30 \x80", "Le thé est né à Hué, déjà présenté – 30 €"},
		"iso-8859-15":  {"Gr\xfc\xdfe f\xfcr 30 \xa4", "Grüße für 30 €"},
		"utf-8":        {"Văn bản s\xff 15", "Văn bản s\ufffd 15"},
	} {
		p := &Part{Type: "text", Subtype: "plain", Params: []Param{{"charset", charset}}, Encoding: "8bit"}
		if got := PartText(p, []byte(texts[0])); got != texts[1] {
			t.Errorf("%s: %q, want %q", charset, got, texts[1])
		}
	}
	for in, want := range map[string]string{
		"caf\xe9 \xe0 la carte":   "café à la carte", // no word is Vietnamese
		"\xff\xfe":                "ÿ₫",
		"Nguy\xd4n V\xa8n M\xc9u": "Nguyễn Văn Mẫu",
	} {
		if got := DecodeText([]byte(in)); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// TestPlainIsValid: what plainVietnamese lets pass is UTF-8 in NFC, and
// standsForUTF8 is true of no name under which decoderOf would decode that.
func TestPlainIsValid(t *testing.T) {
	t.Parallel()
	pieces := []string{"a", " ", "đ", "ễ", "\xc3", "\xc4", "\xe1\xba", "\xe1", "\xe2\x80", "–", "\x80", "\xba", "\u0301", "Ư"}
	r := rand.New(rand.NewPCG(3, 4))
	passed := 0
	for range 20_000 {
		var b []byte
		for range r.IntN(6) {
			b = append(b, pieces[r.IntN(len(pieces))]...)
		}
		if !plainVietnamese(b) {
			continue
		}
		passed++
		if !utf8.Valid(b) || viet.NFC(string(b)) != string(b) {
			t.Fatalf("%q passed", b)
		}
		for _, name := range []string{"utf-8", " \"UTF8\"", "", "us-ascii", "ISO-8859-1", "windows-1252", "viscii", "big5", "x-foo"} {
			if standsForUTF8(name) && decoderOf(name, b) != nil {
				t.Fatalf("%q is decoded under %q", b, name)
			}
		}
	}
	if passed < 1000 {
		t.Errorf("only %d passed", passed)
	}
}
