package document

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestZBig(t *testing.T) {
	for name, unit := range map[string]string{"body": bodyText, "mật": "MẬT", "label": "Nơi nhận:", "motto": "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "tabs": strings.Repeat("a\t", 200), "app": "PHỤ LỤC", "so": "Số: 12/BC", "diều": "Điều 1. abc", "sig": "GIÁM ĐỐC", "lưu": "- Lưu: VT;"} {
		s := usual()
		for n := 0; n < 300<<10 && len(s.body) < 6000; n += len(unit) + 1 {
			s.add(p(unit))
		}
		d := s.rest().docx(t)
		st := time.Now()
		r := Read(t.Context(), "a", d, Options{})
		fmt.Println(name, len(d), r.Verdict, r.Problem, time.Since(st))
		x := s.txt()
		st = time.Now()
		r = Read(t.Context(), "a", x, Options{})
		fmt.Println("  txt", len(x), r.Verdict, r.Problem, time.Since(st))
	}
}
