package recipients

import (
	"strings"
	"testing"
)

func BenchmarkResolve(b *testing.B) {
	dir := snapshot(b)
	block := Block{Lines: ParseText("- Thường trực Tỉnh ủy, HĐND tỉnh (b/c);\n- CT, các PCT UBND tỉnh;\n- Các Sở, Ban, ngành cấp tỉnh;\n- UBND các huyện, thị xã, thành phố;\n- Website tỉnh;\n- Các PVP, CV;\n- Lưu: VT, VX."),
		Issuer: "qt.ubnd", IssuerName: "UBND tỉnh Quảng Trị", On: "2012-05-01"}
	b.ReportAllocs()
	for b.Loop() {
		Resolve(dir, block)
	}
}

// BenchmarkResolveLong is the hostile size that the time bar is set for.
func BenchmarkResolveLong(b *testing.B) {
	dir := snapshot(b)
	block := Block{Lines: ParseText(clip(strings.Repeat("- Sở Tài chính, Công an tỉnh, UBND huyện Hải Lăng (b/c);\n", 2000), 64<<10)), Issuer: "qt.ubnd", IssuerName: "UBND tỉnh Quảng Trị", On: "2012-05-01"}
	b.SetBytes(64 << 10)
	for b.Loop() {
		Resolve(dir, block)
	}
}
