package viet

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func TestClean(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"  UBND \u00a0 huyện\u200b Hải\tLăng \r\n", "UBND huyện Hải Lăng"},
		{"UBND", "UBND"},
		{"15/2009/QÐ-UBND", "15/2009/QĐ-UBND"}, // U+00D0
		{"Ɖông Hà", "Đông Hà"},
		{"\ufeffSở\u00adTư pháp", "SởTư pháp"},
		{norm.NFD.String("Ủy ban nhân dân tỉnh Quảng Trị"), "Ủy ban nhân dân tỉnh Quảng Trị"},
		{"o\u0302\u0323", "ộ"},
		{"o\u0323\u0302", "ộ"},
		{"a\u200d\u0301", "á"},
		{"\u202eUBND\u202c", "UBND"},
		{"a\xffb", "a\ufffdb"},
		{"\u3000x\u3000", "x"},
		{"a" + strings.Repeat("\u0301", 5000), "á\u0301\u0301\u0301"},
	} {
		if got := Clean(c.in); got != c.want {
			t.Errorf("Clean(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func TestKeyPlacesTones(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"Hoà", "hòa"}, {"HÒA", "hòa"}, {"khoẻ", "khỏe"}, {"khỏe", "khỏe"},
		{"UỶ BAN", "ủy ban"}, {"Ủy ban", "ủy ban"}, {"thuỷ", "thủy"}, {"Mỹ Thuỷ", "mỹ thủy"},
		{"quý", "quý"}, {"qúy", "quý"}, {"quỳ", "quỳ"}, {"quả", "quả"}, {"qủa", "quả"}, {"quốc", "quốc"},
		{"già", "già"}, {"gìa", "già"}, {"gì", "gì"}, {"gìn", "gìn"}, {"giữa", "giữa"}, {"giếng", "giếng"}, {"giờ", "giờ"},
		{"hoàn", "hoàn"}, {"hòan", "hoàn"}, {"Hoàn Lão", "hoàn lão"}, {"toàn", "toàn"}, {"thoải", "thoải"}, {"ngoài", "ngoài"},
		{"khuỷu", "khuỷu"}, {"suýt", "suýt"}, {"tuyết", "tuyết"}, {"Huế", "huế"}, {"mùa", "mùa"}, {"cửa", "cửa"},
		{"tài", "tài"}, {"bảo", "bảo"}, {"núi", "núi"}, {"người", "người"}, {"rượu", "rượu"}, {"kiểu", "kiểu"}, {"yếu", "yếu"},
		{"Đakrông", "đakrông"}, {"QÐ", "qđ"}, {"loà xoà", "lòa xòa"}, {"Hoá Hợp", "hóa hợp"}, {"A Dơi", "a dơi"}, {"Tà Rụt", "tà rụt"},
		{"quí", "quí"}, {"oà", "òa"}, {"uý", "úy"}, {"ý", "ý"}, {"Sở TT&TT", "sở tt&tt"},
	} {
		if got := Key(c.in); got != c.want {
			t.Errorf("Key(%q) = %q, want %q", c.in, got, c.want)
		}
		if got := Key(norm.NFD.String(c.in)); got != c.want {
			t.Errorf("Key(NFD %q) = %q, want %q", c.in, got, c.want)
		}
	}
	if Key("bộ") == Key("bo") || Key("quí") == Key("quy") {
		t.Error("Key must keep marks")
	}
}

func TestFold(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Ủy ban nhân dân thành phố Đông Hà": "uy ban nhan dan thanh pho dong ha",
		"ĐAKRÔNG":                "dakrong",
		"hoà = hòa":              "hoa = hoa",
		"Ưu ái nghiêng nguyễn ỡ": "uu ai nghieng nguyen o",
		"Müller, Ångström":       "muller, angstrom",
		"漢字 한글":                  "漢字 한글",
	} {
		if got := Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestMatches(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, query string
		want        bool
	}{
		{"UBND huyện Hải Lăng", "hai lang", true},
		{"UBND huyện Hải Lăng", "hải lăng", true},
		{"UBND huyện Hải Lăng", "HẢI LĂNG", true},
		{"UBND huyện Hải Lăng", "hái lăng", false},
		{"UBND huyện Hải Lăng", "hải lang", false},
		{norm.NFD.String("UBND huyện Hải Lăng"), "hải lăng", true},
		{"UBND huyện Hải Lăng", norm.NFD.String("hải lăng"), true},
		{"Đông Hà", "dong ha", true},
		{"Đông Hà", "đông", true},
		{"Dông", "đông", false},
		{"dong", "đong", false},
		{"Đông", "dông", false},
		{"Uỷ ban", "ủy ban", true},
		{"Ủy ban", "uỷ ban", true},
		{"thị trấn Hoàn Lão", "hoà", true},
		{"QÐ", "qđ", true},
		{"anything", "", true},
		{"", "x", false},
		{"một hai", " hai ", true},
	} {
		if got := Matches(c.text, c.query); got != c.want {
			t.Errorf("Matches(%q, %q) = %v", c.text, c.query, got)
		}
	}
}

func TestCollation(t *testing.T) {
	t.Parallel()
	for _, want := range [][]string{
		{"An", "Áo", "Ăn", "Ân", "Ba", "Cam Lộ", "Da", "Dung", "Đakrông", "Đông", "Em", "Êm", "Gio Linh", "Ô", "Ơ", "Ủy", "Ư", "Xã", "Y"},
		{"ma", "mà", "mả", "mã", "má", "mạ"},
		{"Phường 1", "Phường 2", "Phường 10"},
		{"hoa", "Hoa", "hòa", "Hoài"},
		{"ma", "ma cà rồng", "Mạ", "mạ điện", "man"},
		{"Hải Lăng", "Hải Phú", "Hải Thượng", "Hiền Thành", "Hồ Xá", "Hướng Hóa"},
		{"Sở Công Thương", "Sở Nội vụ", "Sở Tài chính", "Sở Y tế"},
	} {
		got := slices.Clone(want)
		slices.Reverse(got)
		slices.SortStableFunc(got, Compare)
		if !slices.Equal(got, want) {
			t.Errorf("sorted %q, want %q", got, want)
		}
		for i := range want[1:] {
			if bytes.Compare(SortKey(want[i]), SortKey(want[i+1])) >= 0 {
				t.Errorf("SortKey(%q) >= SortKey(%q)", want[i], want[i+1])
			}
		}
	}
	if Compare("Đông Hà", norm.NFD.String("Đông Hà")) != 0 {
		t.Error("NFC and NFD must be equal")
	}
	if Compare("007", "7") == 0 || Compare("a", "A") >= 0 {
		t.Error("the last level must tell strings apart, small before capital")
	}
}

func TestSlug(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"UBND huyện Hải Lăng": "ubnd-huyen-hai-lang", "  --Đông Hà!! ": "dong-ha", "": "", "漢": "", "Sở KH&CN": "so-kh-cn",
	} {
		if got := Slug(in); got != want {
			t.Errorf("Slug(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestASCIIFileName(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Chỉ thị số 15.odt":             "Chi-thi-so-15.odt",
		"QĐ 12/2009.pdf":                "2009.pdf",
		`C:\Văn bản\Công văn.docx`:      "Cong-van.docx",
		"../../etc/passwd":              "passwd",
		"":                              "tai-lieu",
		".htaccess":                     "htaccess",
		"漢.pdf":                         "tai-lieu.pdf",
		"con.txt":                       "tep-con.txt",
		"-rf.txt":                       "rf.txt",
		"a\r\nb.txt":                    "a-b.txt",
		"báo cáo v1.2 (final).tar.gz":   "bao-cao-v1.2-final.tar.gz",
		strings.Repeat("ổ", 300) + ".x": strings.Repeat("o", 84) + ".x",
	} {
		got := ASCIIFileName(in)
		if got != want {
			t.Errorf("ASCIIFileName(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestConcurrent is meaningful under -race: nothing is shared and mutable.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	want := SortKey("Ủy ban nhân dân xã Hải Thượng")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				if !bytes.Equal(SortKey("Ủy ban nhân dân xã Hải Thượng"), want) || !Matches("Đông Hà", "dong") {
					t.Error("answers differ between goroutines")
				}
			}
		})
	}
	wg.Wait()
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"", "Ủy ban", "hoà", "q\u0301uy", "a\u0301\u0301", "\xff\xfe", "İstanbul", "ǅ", "\u0345α", "각", "a\u0323\u0302", "15/2009/QÐ", "\u0331\u0344\u0340\u0345", "\u1e9e", "Σς"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 1<<12 {
			return
		}
		for name, g := range map[string]func(string) string{"NFC": NFC, "Clean": Clean, "Key": Key, "Fold": Fold, "Slug": Slug, "ASCIIFileName": ASCIIFileName} {
			once := g(s)
			if !utf8.ValidString(once) || !norm.NFC.IsNormalString(once) {
				t.Fatalf("%s(%q) = %q is not valid NFC", name, s, once)
			}
			if again := g(once); again != once && name != "ASCIIFileName" {
				t.Fatalf("%s is not idempotent: %q -> %q -> %q", name, s, once, again)
			}
		}
		if !Matches(s, s) {
			t.Fatalf("%q does not match itself", s)
		}
		if n := ASCIIFileName(s); len(n) == 0 || len(n) > maxFileName || strings.ContainsAny(n, "/\\\x00\r\n \"") || n[0] == '.' {
			t.Fatalf("ASCIIFileName(%q) = %q", s, n)
		}
		if Compare(s, s) != 0 || Compare(s, "m") != -Compare("m", s) {
			t.Fatalf("Compare is no order at %q", s)
		}
	})
}

var sink int

func BenchmarkKey(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		sink += len(Key("Uỷ ban nhân dân thành phố Đông Hà"))
	}
}

// TestFoldAtAGlance compares the short way with the long one.
func TestFoldAtAGlance(t *testing.T) {
	t.Parallel()
	letters := []rune("aAbBzZ09 .-/đĐ")
	for _, row := range vowelRows {
		for _, r := range row {
			letters = append(letters, r, unicode.ToUpper(r))
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	short := 0
	for range 20_000 {
		word := make([]rune, r.IntN(12))
		for i := range word {
			word[i] = letters[r.IntN(len(letters))]
		}
		s := string(word)
		got, ok := foldClean(s)
		if want := foldKey(Key(s)); ok && got != want {
			t.Fatalf("%q: %q, the long way %q", s, got, want)
		}
		if ok {
			short++
		}
	}
	if short < 5000 {
		t.Errorf("only %d went the short way", short)
	}
}

func BenchmarkFold(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		sink += len(Fold("Uỷ ban nhân dân thành phố Đông Hà"))
	}
}

func BenchmarkMatch(b *testing.B) {
	b.ReportAllocs()
	m := NewMatcher("đông hà")
	for b.Loop() {
		if m.Match("Uỷ ban nhân dân thành phố Đông Hà") {
			sink++
		}
	}
}

func BenchmarkSortKey(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		sink += len(SortKey("Uỷ ban nhân dân thành phố Đông Hà"))
	}
}
