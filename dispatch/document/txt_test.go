package document

import (
	"strings"
	"testing"

	"quangtri.gov.vn/vanthu/dispatch"
)

const txtHead = `ỦY BAN NHÂN DÂN                         CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
  TỈNH MẪU SƠN                               Độc lập - Tự do - Hạnh phúc
Số: 15/UBND-VX                            Mẫu Sơn, ngày 05 tháng 3 năm 2009
V/v quản lý thư điện tử
                        Kính gửi: Các Sở, ban, ngành cấp tỉnh.
Thực hiện Kế hoạch số 118/KH-UBND ngày 12/02/2009 của Ủy ban nhân dân tỉnh về ứng dụng công nghệ
thông tin, đề nghị các đơn vị triển khai thực hiện nghiêm túc các nội dung trên./.
`

// TestEndsOfPlainText: columns made of blanks part where they part, row by row,
// and no line of a recipient is lost or cut.
func TestEndsOfPlainText(t *testing.T) {
	t.Parallel()
	const usual = "Như trên | Mặt trận tỉnh và các tổ chức chính trị - xã hội | Công an tỉnh | Lưu: VT"
	for name, c := range map[string]struct{ end, recipients string }{
		"an item over the gutter": {`
Nơi nhận:                               CHỦ TỊCH
- Như trên;
- Mặt trận tỉnh và các tổ chức chính trị - xã hội;
- Công an tỉnh;                         Lê Mẫu Cường
- Lưu: VT.
`, usual},
		"no gutter": {`
Nơi nhận:        CHỦ TỊCH
- Như trên;
- Mặt trận tỉnh và các tổ chức chính trị - xã hội;        (Đã ký)
- Công an tỉnh;        Lê Mẫu Cường
- Lưu: VT.
`, usual},
		"label column": {`
Nơi nhận :              1. Như trên;                            CHỦ TỊCH
                        2. Mặt trận tỉnh và
                        các tổ chức chính trị
                        - xã hội;
                        3. Công an tỉnh;
                        4. Lưu: VT.                           Lê Mẫu Cường
`, usual},
		"label column, signed above": {`
                                        CHỦ TỊCH

                                      Lê Mẫu Cường
Nơi nhận                - Như trên
                        - Mặt trận tỉnh và các tổ chức
                        chính trị - xã hội
                        - Công an tỉnh
                        - Lưu: VT.
`, usual},
		"digital signature below the label": {`
Nơi nhận:                               Như trên;
                                        Công an tỉnh;
                                        Lưu: VT.
                              CHỦ TỊCH
Ký bởi: Văn phòng
Thời gian ký: 05.03.2009 10:11:12 +07:00

                            Lê Mẫu Cường
`, "Như trên | Công an tỉnh | Lưu: VT"},
	} {
		want{
			fields: dispatch.Fields{Signer: "Lê Mẫu Cường", SignerTitle: "CHỦ TỊCH"}, recipients: c.recipients,
			notAsked: []string{"no-archive", "no-signer", "beside", "columns", "joined"},
		}.check(t, name, Read(t.Context(), "a.txt", []byte(txtHead+strings.TrimPrefix(c.end, "\n")), testOptions))
	}
}

// TestUnclearColumnsAreAsked: where an item runs into the signature, or a line
// stands beside the block that may be its own, a person looks.
func TestUnclearColumnsAreAsked(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ end, ask string }{
		"title behind an item": {`
Nơi nhận:                               PHÓ CHỦ TỊCH
- Như trên;
- Mặt trận tỉnh và các tổ chức chính trị CHÁNH VĂN PHÒNG
- Công an tỉnh;                         Lê Mẫu Cường
- Lưu: VT.
`, "columns"},
		"name behind an item": {`
Nơi nhận:                               CHỦ TỊCH
- Như trên;
- Mặt trận tỉnh và các tổ chức chính trị; Lê Mẫu Cường
- Công an tỉnh;
- Lưu: VT.
`, "columns"},
		"stamp behind an item": {`
Nơi nhận:                               CHỦ TỊCH
- Như trên;
- Mặt trận tỉnh và các tổ chức chính trị Ký bởi: Văn phòng
- Công an tỉnh;                         Lê Mẫu Cường
- Lưu: VT.
`, "columns"},
		"items beside the signature": {`
Nơi nhận:                               CHỦ TỊCH
- Như trên;                             - Công an tỉnh;
- Lưu: VT.                              Lê Mẫu Cường
`, "beside"},
		"a line without a bullet": {`
Nơi nhận:                               CHỦ TỊCH
Như trên;
Các phòng thuộc Sở;
các đơn vị trực thuộc;                  Lê Mẫu Cường
Lưu: VT.
`, "joined"},
	} {
		want{asks: []string{c.ask}}.check(t, name, Read(t.Context(), "a.txt", []byte(txtHead+strings.TrimPrefix(c.end, "\n")), testOptions))
	}
}

// TestItemALittleHigherThanTheLabel: an item beside the label in another font is
// part of the block, not text above it.
func TestItemALittleHigherThanTheLabel(t *testing.T) {
	t.Parallel()
	m := &machine{o: testOptions}
	defer m.close()
	for _, dy := range []float64{-5, -3, 0, 3, 5} {
		data := a4(join(headAt(), bodyAt(195), labelAt(76, 300), down(150, 300+dy, 11, "- Như Điều 2", "- Lưu: VT."), signAt(420, 300))).bytes(t)
		want{fields: dispatch.Fields{Signer: "Lê Mẫu Cường"}, recipients: "Như Điều 2 | Lưu: VT", notAsked: []string{"no-archive", "beside"}}.check(t, "label column", m.read(t.Context(), "a.pdf", data))
	}
}

// TestSignatureOnThePageAfterTwoColumns: the block is over with its archive line,
// whichever of its columns holds it.
func TestSignatureOnThePageAfterTwoColumns(t *testing.T) {
	t.Parallel()
	m := &machine{o: testOptions}
	defer m.close()
	first := join(headAt(), bodyAt(195), labelAt(76, 750), down(76, 765, 11, "- Như Điều 2;", "- Công an tỉnh;"), down(330, 752, 11, "- Sở Y tế;", "- Lưu: VT."))
	data := a4(first, signAt(150, 70)).bytes(t)
	want{fields: dispatch.Fields{Signer: "Lê Mẫu Cường"}, recipients: "Như Điều 2 | Công an tỉnh | Sở Y tế | Lưu: VT", notAsked: []string{"no-signer"}}.check(t, "two columns", m.read(t.Context(), "a.pdf", data))
}
