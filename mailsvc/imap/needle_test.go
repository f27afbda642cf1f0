package imap

import (
	"testing"

	"quangtri.gov.vn/vanthu/internal/viet"
)

func TestQuickFoldIsFold(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", " a  b\r\n c", "ĐẤU THẦU – “Uỷ ban” Hoà…", "ĂÂÊÔƠƯ ăâêôơưỵỴ", "a\x00b\x7fc", "x\u0323", "ð Ð", "é ñ ü ß", "１２", "\u00a0x"} {
		if got, plain := quickFold(nil, viet.NFC(s)); plain && viet.Clean(string(got)) != viet.Fold(s) {
			t.Errorf("%q: %q, want %q", s, got, viet.Fold(s))
		}
	}
	if _, plain := quickFold(nil, "Ủy ban nhân dân tỉnh Quảng Trị"); !plain {
		t.Error("Vietnamese is not plain")
	}
}

func FuzzNeedle(f *testing.F) {
	f.Add("Ủy ban nhân dân\n các huyện, thị xã – hoà hoàn", "huyện, thị")
	f.Add("ĐẤU THẦU", "dau thau")
	f.Fuzz(func(t *testing.T, text, query string) {
		if len(text) > 1<<12 || len(query) > 1<<8 {
			return
		}
		text = viet.NFC(text)
		n := newNeedle(query)
		if got, _ := n.in(text, nil); got != viet.Matches(text, query) {
			t.Fatalf("%q in %q: %v", query, text, got)
		}
	})
}
