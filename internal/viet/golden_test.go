package viet

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// TestSyllablesWrittenRightStay: syllables with the tone where the older
// convention puts it are their own keys, so that folding never damages a word.
func TestSyllablesWrittenRightStay(t *testing.T) {
	t.Parallel()
	const right = `à ả ý ỷ ưỡn ồ hòa họa hóa hỏa hõa xòe lóe khỏe thúy thủy lũy tụy ủy úy hoàn hoán choáng khoản loạn xoèn thuế thuở huỳnh quỳnh quýt quỷ quý
		quà quả quạ quán quảng quẩn quẫn quốc quới quyển quyết quở khuỷu khuỵu khuya nguyễn tuyến thuyền truyện giá giò giống giải giảng giáo giặc giếng giường giữ giỗ
		gì gìn gỉ gí giục giũ nghĩa nghiêng nghiệp ngoài ngoạn ngõa tiến biển kiểm miền phía mía bìa lúa múa mùa của sửa cửa lừa đường được người lưỡi tưởng
		hải lăng đông hà triệu phong gio linh vĩnh linh hướng hóa cam lộ đakrông cồn cỏ bảo ninh đồng hới lệ thủy quảng trạch tuyên hóa minh hóa bố trạch
		trạm y tế sở nội vụ tài chính công thương tư pháp thái khoái cháo chảy cày cấy mỗi mới núi cúi gửi thủi hươu hượu rượu bưởi suối muối tuổi thuận xuất`
	for _, w := range strings.Fields(right) {
		if got := Key(w); got != w {
			t.Errorf("Key(%q) = %q", w, got)
		}
		if got := Key(strings.ToUpper(norm.NFD.String(w))); got != w {
			t.Errorf("Key of %q in capitals, decomposed: %q", w, got)
		}
	}
}

// TestBothConventionsAgree: "hoà" and "hòa" are one word, for every tone.
func TestBothConventionsAgree(t *testing.T) {
	t.Parallel()
	for _, seat := range []string{"oa", "oe", "uy"} {
		first, _, _ := vowel(rune(seat[0]))
		second, _, _ := vowel(rune(seat[1]))
		for tone := 1; tone < 6; tone++ {
			older := string(vowelRows[first][tone]) + seat[1:]
			newer := seat[:1] + string(vowelRows[second][tone])
			for _, head := range []string{"", "h", "th", "kh", "ng", "tr", "đ"} {
				if Key(head+older) != Key(head+newer) || Key(head+older) != head+older {
					t.Errorf("%s and %s: %q, %q", head+older, head+newer, Key(head+older), Key(head+newer))
				}
				if got, want := Key(head+newer+"n"), head+newer+"n"; got != want { // the consonant decides
					t.Errorf("Key(%q) = %q", want, got)
				}
			}
			// After q the u is no vowel of its own.
			if seat == "uy" && (Key("q"+newer) != "q"+newer || Key("q"+older) != "q"+newer) {
				t.Errorf("q%s: %q, %q", newer, Key("q"+newer), Key("q"+older))
			}
		}
	}
	for _, different := range [][2]string{{"lũy", "lủy"}, {"hòa", "hóa"}, {"của", "cũa"}, {"đ", "d"}, {"ơ", "ô"}, {"lý", "lí"}, {"thúy", "thúi"}} {
		if Key(different[0]) == Key(different[1]) {
			t.Errorf("%s and %s are two words", different[0], different[1])
		}
	}
}

// TestOldAndHostileWriting: what old converters, spreadsheets and attackers write.
func TestOldAndHostileWriting(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ what, in, want string }{
		{"Windows-1258 order", "H\u01b0\u01a1\u0301ng Ho\u0301a", "hướng hóa"},
		{"mark before hat", "n\u00f4\u0323i", "nội"},
		{"hat after mark", "n\u1ecd\u0302i", "nội"},
		{"deprecated tone marks", "ho\u0340a b\u0341", "hòa b\u0301"},
		{"Eth and African D", "Ðông Ɖông ðông ɖông", "đông đông đông đông"},
		{"no-break spaces", "UBND\u00a0tỉnh\u202fQuảng\u2007Trị", "ubnd tỉnh quảng trị"},
		{"zero width", "U\u200bB\u200cN\u200dD\ufeff t\u2060ỉnh", "ubnd tỉnh"},
		{"direction marks", "\u202eSở\u202c \u2066Y\u2069 tế\u200f", "sở y tế"},
		{"soft hyphens", "Quảng\u00ad Trị", "quảng trị"},
		{"tags and fillers", "Sở\U000e0041\u3164 Y", "sở y"},
		{"variation selectors", "Sở\ufe0f Y\U000e0100", "sở y"},
		{"line and page breaks", "Sở\u2028Y\u2029tế\f\v\u0085x", "sở y tế x"},
		{"controls", "S\x00ở\x1b Y\x7f", "sở y"},
		{"not UTF-8", "S\xe1\xbb Y", "s\ufffd\ufffd y"},
		{"Turkish capital I", "İ", "i"},
		{"a heap of marks", "a" + strings.Repeat("\u0323\u0302", 10000), "ậ\u0323\u0302"},
	} {
		if got := Key(c.in); got != c.want {
			t.Errorf("%s: Key(%.40q) = %.60q, want %q", c.what, c.in, got, c.want)
		}
		if got := Clean(c.in); !utf8.ValidString(got) || !norm.NFC.IsNormalString(got) || len(got) > len(c.in)+8 {
			t.Errorf("%s: Clean gives %.60q", c.what, got)
		}
	}
}

func TestMixedScripts(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Sở Nội vụ": "", "": "", "Ủy ban 漢字": "", "Москва": "", "Москва Hà Nội": "", "α-UBND": "", norm.NFD.String("Sở Nội vụ tỉnh Quảng Trị"): "",
		"S\u1edf N\u043ei v\u1ee5": "N\u043ei", "UBN\u0410": "UBN\u0410", "\u0391nh": "\u0391nh", "x-\u0435vil, \u0441ong": "\u0435vil",
	} {
		if got := MixedScripts(in); got != want {
			t.Errorf("MixedScripts(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestAlphabet puts every letter in every tone into order.
func TestAlphabet(t *testing.T) {
	t.Parallel()
	var want []string
	for _, r := range alphabet {
		row, _, ok := vowel(r)
		if !ok {
			want = append(want, string(r), strings.ToUpper(string(r)))
			continue
		}
		for _, v := range vowelRows[row] {
			want = append(want, string(v), strings.ToUpper(string(v)))
		}
	}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortStableFunc(got, Compare)
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if !strings.HasPrefix(strings.Join(want, ""), "aAàÀảẢãÃáÁạẠăĂ") {
		t.Errorf("the order is %q", want[:14])
	}
}

// TestOrderBySyllables: a list stands as a Vietnamese dictionary has it.
func TestOrderBySyllables(t *testing.T) {
	t.Parallel()
	for _, want := range [][]string{
		{"hoa", "hoa hồng", "hoa lá", "hòa", "hòa bình", "hỏa", "hóa", "hóa chất", "họa", "hoài", "hoàn", "hoang"},
		{"Da", "Dân", "Đa", "Đạ", "Đakrông", "Đăk", "Đông", "Đồng Hới", "Đồng Lê", "Đức"},
		{"Ủy ban 1", "Ủy ban 2", "Ủy ban 10", "Ủy ban 10a", "Ủy ban nhân dân"},
		{"Phường 01", "Phường 1", "Phường 2", "Phường An Đôn"},
		{"xã A Bung", "xã A Dơi", "xã A Ngo", "xã A Vao", "xã Ái Tử", "xã An", "xã Ba Lòng", "xã Ba Tầng", "xã Bà", "xã Bến Quan"},
		{"Sở Tài chính", "Sở Tài nguyên", "Sở Tư pháp", "Sở Văn hóa", "Sở Xây dựng", "Sở Y tế"},
		{"UBND", "UBND-x", "UBNDx"},
	} {
		got := slices.Clone(want)
		slices.Reverse(got)
		slices.SortStableFunc(got, Compare)
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestOutputIsBounded: no text grows beyond a small multiple of itself.
func TestOutputIsBounded(t *testing.T) {
	t.Parallel()
	for _, unit := range []string{"ộ", "a\u0301", "\u0344", "ﷺ", "\U0001d160", "\u0390", "İ", "\xff", "9", "\u1161", "각"} {
		long := strings.Repeat(unit, 20000)
		if n := len(SortKey(long)); n > 12*len(long)+16 {
			t.Errorf("SortKey of %q: %d bytes from %d", unit, n, len(long))
		}
		for name, f := range map[string]func(string) string{"Clean": Clean, "Key": Key, "Fold": Fold} {
			if n := len(f(long)); n > 4*len(long)+16 {
				t.Errorf("%s of %q: %d bytes from %d", name, unit, n, len(long))
			}
		}
	}
}
