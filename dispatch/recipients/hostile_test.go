package recipients

import (
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"quangtri.gov.vn/vanthu/directory"
	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/internal/cputime"
)

// register is the sample directory, loaded once: a Snapshot never changes.
var register = sync.OnceValues(func() (*directory.Snapshot, error) {
	return directory.LoadFS(os.DirFS("../../configs/directory"))
})

func snapshot(t testing.TB) *directory.Snapshot {
	t.Helper()
	s, err := register()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// hostile are texts that try to make the parser slow, deep or forgetful.
var hostile = map[string]string{
	"commas":      strings.Repeat("A, ", 22000),
	"departments": strings.Repeat("Sở Tài chính, ", 3500),
	"groups":      strings.Repeat("UBND các huyện, thị xã, thành phố; ", 1300),
	"opens":       strings.Repeat("(", 65000),
	"nested":      strings.Repeat("(a ", 10000) + strings.Repeat(") ", 10000),
	"colons":      strings.Repeat("VPCP: ", 9000),
	"labels":      strings.Repeat("Các Bộ: TC, ", 5000),
	"dashes":      strings.Repeat("- ", 32000),
	"words":       strings.Repeat("thường trực tỉnh ủy ", 2500),
	"các":         strings.Repeat("các ", 13000),
	"chains":      strings.Repeat("huyện, xã, ", 4500),
	"except":      "Các sở" + strings.Repeat(", trừ Sở A", 5000),
	"long word":   strings.Repeat("Đ", 32000),
	"marks":       "a" + strings.Repeat("\u0301", 30000),
	"lines":       strings.Repeat("- Sở Nội vụ;\n", 4000),
	"sub":         "Văn phòng UBND tỉnh:\n" + strings.Repeat("+ TH, NC;\n", 5000),
	"titles":      strings.Repeat("CT, PCT, ", 6000) + "UBND tỉnh",
	"ands":        strings.Repeat("Sở Y tế và ", 4500),
	"invalid":     strings.Repeat("S\xff\xfe, ", 12000),
	"archive":     strings.Repeat("Lưu: VT, ", 6000),
}

// quickest returns the least processor time of a few runs: what comes in between
// only ever adds to it.
func quickest(run func()) time.Duration {
	best := time.Hour
	for range 5 {
		if best = min(best, cputime.Of(run)); best < slower*50*time.Millisecond {
			break
		}
	}
	return best
}

func TestHostileBlocksAreBounded(t *testing.T) {
	dir := snapshot(t)
	for name, text := range hostile {
		lines := ParseText(clip(text, 64<<10))
		for _, b := range []Block{
			{Lines: lines, Issuer: "qt.ubnd", IssuerName: "UBND tỉnh Quảng Trị", On: "2012-05-01"},
			{Lines: []string{clip(text, 64<<10)}, Issuer: "qt.ubnd", IssuerName: "UBND tỉnh Quảng Trị", On: "2012-05-01"},
			{Lines: []string{"Như trên", "Như Điều 3"}, KinhGui: lines, Articles: map[string]string{"3": clip(text, 64<<10) + " chịu trách nhiệm thi hành"}, Issuer: "qt.ubnd", IssuerName: clip(text, 64<<10), On: "2012-05-01"},
		} {
			var items []dispatch.Item
			if d := quickest(func() { items = Resolve(dir, b) }); d > slower*100*time.Millisecond {
				t.Errorf("%s: %v for %d items", name, d, len(items))
			}
			if len(items) > maxItems+1 {
				t.Errorf("%s: %d items", name, len(items))
			}
		}
	}
}

// A text sixteen times as long costs at most about sixteen times as much, be it
// one line, many lines, addressees or an article: nothing is more than linear.
func TestCostGrowsLinearly(t *testing.T) {
	dir := snapshot(t)
	const small, large = 64 << 10, 1 << 20
	for name, unit := range map[string]string{
		"commas": "A, ", "nested": "(((a, ", "capitals": "SỞ TÀI CHÍNH, ", "headers": "Văn phòng UBND tỉnh:\n\n", "unions": "Hội PN Công an tỉnh, ",
		"places": "UBND huyện Hải Lăng, Cam Lộ và thị xã Quảng Trị; ", "dashes": "Vụ Pháp chế - Bộ Y tế/",
	} {
		read := func(size int) func() {
			text := strings.Repeat(unit, size/len(unit))
			return func() {
				Resolve(dir, Block{Lines: strings.Split(text, "\n"), KinhGui: []string{text}, Articles: ParseArticles("Điều 3. " + text), Issuer: "qt.ubnd", IssuerName: text, On: "2014-05-05"})
				ParseText(text)
			}
		}
		base := max(quickest(read(small)), time.Millisecond)
		big := cputime.Of(read(large))
		if big > 16*base { // a full cache or a collection of garbage may be in it: look again
			big = quickest(read(large))
		}
		if big > 16*2*base {
			t.Errorf("%s: %v for %d KB, %v for %d KB", name, base, small>>10, big, large>>10)
		}
	}
}
