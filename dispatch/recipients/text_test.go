package recipients

import (
	"slices"
	"strings"
	"testing"
)

func TestParseText(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text string
		want []string
	}{
		"usual": {"Nơi nhận:\n- Như trên;\n- UBND tỉnh (b/c);\n- Lưu: VT.", []string{"Như trên;", "UBND tỉnh (b/c);", "Lưu: VT."}},
		"wrapped": {"Nơi nhận:\n- Cục Kiểm tra văn bản và Quản lý\nxử lý vi phạm hành chính - Bộ Tư pháp;\n- Lưu: VT,\nKGVX.",
			[]string{"Cục Kiểm tra văn bản và Quản lý xử lý vi phạm hành chính - Bộ Tư pháp;", "Lưu: VT, KGVX."}},
		"wrapped before a capital": {"- Sở Lao động - Thương binh và\nXã hội;\n- Lưu: VT.", []string{"Sở Lao động - Thương binh và Xã hội;", "Lưu: VT."}},
		"one line":                 {"Nơi nhận: - Như Điều 3; - CT, các PCT UBND tỉnh; - Lưu: VT, TH.", []string{"Như Điều 3;", "CT, các PCT UBND tỉnh;", "Lưu: VT, TH."}},
		"signature beside": {"Nơi nhận:\nTM. ỦY BAN NHÂN DÂN\n- Như Điều 3;\nKT. CHỦ TỊCH\nPHÓ CHỦ TỊCH\n- Sở Nội vụ; TM. ỦY BAN NHÂN DÂN\n- Lưu: VT.",
			[]string{"Như Điều 3;", "Sở Nội vụ;", "Lưu: VT."}},
		"signer's name beside": {"- Như Điều 3;\nNguyễn Mẫu An\n- Sở Nội vụ;", []string{"Như Điều 3;", "Sở Nội vụ;"}},
		"no bullets":           {"Nơi nhận:\nNhư trên;\nUBND tỉnh;\nSở Tài chính\nLưu: VT.", []string{"Như trên;", "UBND tỉnh;", "Sở Tài chính", "Lưu: VT."}},
		"sub-items":            {"- Các cơ quan:\n  + Sở Y tế\n  + Sở Nội vụ\n- Lưu: VT", []string{"Các cơ quan:", "+ Sở Y tế", "+ Sở Nội vụ", "Lưu: VT"}},
		"long dashes, NFD":     {"No\u031bi nha\u0323\u0302n:\r\n– Như trên;\r\n— Lưu VT.", []string{"Như trên;", "Lưu VT."}},
		"missing marks":        {"Nơi nhận\n- Văn phòng Chính phủ\n- Bộ Nội vụ\n- Lưu VT", []string{"Văn phòng Chính phủ", "Bộ Nội vụ", "Lưu VT"}},
		"numbers":              {"1. Sở Y tế;\n2. Sở Nội vụ;", []string{"Sở Y tế;", "Sở Nội vụ;"}},
		"empty":                {"Nơi nhận:\n\n", nil},
		"nothing":              {"", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := ParseText(tt.text); !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestParseArticles(t *testing.T) {
	t.Parallel()
	got := ParseArticles("Điều 1. Phê duyệt đề án theo Điều 5 Luật X.\nĐiều 2. Quyết định có hiệu lực từ ngày ký.\nĐiều 03. Chánh Văn phòng chịu trách nhiệm thi hành./.")
	want := map[string]string{"1": "Phê duyệt đề án theo Điều 5 Luật X.", "2": "Quyết định có hiệu lực", "3": "Chánh Văn phòng chịu trách nhiệm"}
	if len(got) != len(want) {
		t.Fatalf("%d articles: %q", len(got), got)
	}
	for n, part := range want {
		if !strings.Contains(got[n], part) {
			t.Errorf("Điều %s: %q lacks %q", n, got[n], part)
		}
	}
}

func TestAddressees(t *testing.T) {
	t.Parallel()
	tests := []struct{ article, clause, want string }{
		{"Điều 3. Chánh Văn phòng UBND tỉnh, Giám đốc Sở Y tế chịu trách nhiệm thi hành Quyết định này./.", "", "Chánh Văn phòng UBND tỉnh, Giám đốc Sở Y tế"},
		{"Điều 3. Các ông (bà): Chánh Văn phòng; Giám đốc Sở Y tế có trách nhiệm thi hành.", "", "Chánh Văn phòng; Giám đốc Sở Y tế"},
		{"Điều 4. Hiệu lực và trách nhiệm thi hành Quyết định này có hiệu lực kể từ ngày ký. Chánh Văn phòng UBND tỉnh; Giám đốc Sở Nội vụ chịu trách nhiệm thi hành Quyết định này", "", "Chánh Văn phòng UBND tỉnh; Giám đốc Sở Nội vụ"},
		{"Điều 5. Tổ chức thực hiện 1. Có hiệu lực từ ngày ký. 2. Chánh Văn phòng, Thủ trưởng các sở chịu trách nhiệm thi hành", "2", "Chánh Văn phòng, Thủ trưởng các sở"},
		{"Điều 3. Thủ trưởng các cơ quan: Văn phòng UBND tỉnh, Sở Công Thương căn cứ Quyết định thi hành", "", "Thủ trưởng các cơ quan: Văn phòng UBND tỉnh, Sở Công Thương"},
		{"Điều 2. Quyết định này có hiệu lực thi hành kể từ ngày ký.", "", ""},
		{"", "", ""},
	}
	for _, tt := range tests {
		if got := addressees(tt.article, tt.clause); got != tt.want {
			t.Errorf("%q:\n got %q\nwant %q", tt.article, got, tt.want)
		}
	}
}
