package recipients

import (
	"strings"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// field is an area of work that ministries and departments are named after.
type field struct {
	name  string // as in "Sở <name>"
	short string // as in the short form "Sở TT&TT"; "" if none is usual
	codes string // other ways to write it, "|" between; squashed when the table is built
}

var fields = []field{
	{"Tài chính", "", "TC"},
	{"Nội vụ", "", "NV"},
	{"Tư pháp", "", "TP"},
	{"Công Thương", "", "CT|Công thương"},
	{"Kế hoạch và Đầu tư", "KH&ĐT", "KHĐT|KH|Kế hoạch và ĐT|Kế hoạch Đầu tư|KH Đầu tư"},
	{"Nông nghiệp và Phát triển nông thôn", "NN&PTNT", "NNPTNT|Nông nghiệp PTNT|NN Phát triển nông thôn|Nông nghiệp phát triển nông thôn"},
	{"Nông nghiệp và Môi trường", "NN&MT", "NNMT|Nông nghiệp MT|NN Môi trường"},
	{"Nông nghiệp", "", "NN"},
	{"Giao thông vận tải", "GTVT", "GTVT|Giao thông - Vận tải|GT"},
	{"Xây dựng", "", "XD"},
	{"Tài nguyên và Môi trường", "TN&MT", "TNMT|Tài nguyên MT"},
	{"Thông tin và Truyền thông", "TT&TT", "TTTT|Thông tin TT|Thông tin Truyền thông"},
	{"Lao động - Thương binh và Xã hội", "LĐ-TB&XH", "LĐTBXH|LĐTB|Lao động TBXH|LĐ TBXH|Lao động Thương binh XH|LĐ Thương binh Xã hội|LĐTB và Xã hội"},
	{"Văn hóa, Thể thao và Du lịch", "VHTT&DL", "VHTTDL|Văn hóa TTDL|VH Thể thao Du lịch|Văn hóa Thể thao DL|VHTT và Du lịch|VH TT và Du lịch"},
	{"Văn hóa và Thể thao", "VH&TT", "VHTT"},
	{"Văn hóa - Thông tin", "VH-TT", "VHTTin"},
	{"Du lịch", "", "DL|SDL"},
	{"Khoa học và Công nghệ", "KH&CN", "KHCN|Khoa học CN|KH Công nghệ"},
	{"Giáo dục và Đào tạo", "GD&ĐT", "GDĐT|GDDT|Giáo dục ĐT|GD Đào tạo|GD"},
	{"Y tế", "", "YT"},
	{"Ngoại vụ", "", "NgV|NgoạiV"},
	{"Ngoại giao", "", "NG"},
	{"Quốc phòng", "", "QP"},
	{"Công an", "", "CA"},
	{"Dân tộc và Tôn giáo", "DT&TG", "DTTG|Dân tộc TG"},
	{"Bưu chính, Viễn thông", "BC,VT", "BCVT"},
	{"Thương mại", "", "TM"},
	{"Thương mại và Du lịch", "TM&DL", "TMDL"},
	{"Công nghiệp", "", "CN"},
	{"Thủy sản", "", "TS"},
	{"Thể dục Thể thao", "TDTT", "TDTT|Thể dục - Thể thao"},
	{"Quy hoạch - Kiến trúc", "QH-KT", "QHKT"},
	{"Tài nguyên", "", ""},
	{"An toàn thực phẩm", "", "ATTP"},
}

// centralFields have a ministry but no department: "Công an" after a list of
// departments is the police.
var centralFields = map[string]bool{"Công an": true, "Quốc phòng": true, "Ngoại giao": true}

// fieldTable finds a field by its squashed name or code.
var fieldTable = func() map[string]*field {
	table := make(map[string]*field)
	for i := range fields {
		f := &fields[i]
		for _, form := range append(strings.Split(f.codes, "|"), f.name, f.short) {
			if key := squash(tokenize(form)); key != "" && table[key] == nil {
				table[key] = f
			}
		}
	}
	return table
}()

// standing names the central bodies that a list of ministries names by code
// though they are not called "Bộ".
var standing = map[string]string{
	"nhnnvn": "Ngân hàng Nhà nước Việt Nam",
	"nhnn":   "Ngân hàng Nhà nước Việt Nam",
	"ttcp":   "Thanh tra Chính phủ",
	"vpcp":   "Văn phòng Chính phủ",
	"ubdt":   "Ủy ban Dân tộc",
	"bhxhvn": "Bảo hiểm xã hội Việt Nam",
	"ktnn":   "Kiểm toán nhà nước",
	"ttxvn":  "Thông tấn xã Việt Nam",
}

// matchField finds the longest field of work that toks begins with and the
// number of tokens it takes. A code counts only if it is written as one.
func matchField(toks []token) (*field, int) {
	const most = 9
	var best *field
	taken := 0
	for i, count := 0, 0; i < len(toks) && count < most; i++ {
		if toks[i].mark != 0 && toks[i].mark != '-' && toks[i].mark != ',' && toks[i].mark != '.' {
			break
		}
		if !toks[i].word() {
			continue
		}
		count++
		f := fieldTable[squash(toks[:i+1])]
		if f == nil {
			continue
		}
		if i == 0 && !toks[0].upper() && viet.Key(f.name) != toks[0].key {
			continue
		}
		if i > 0 && toks[i].key == "và" {
			continue
		}
		best, taken = f, i+1
	}
	return best, taken
}

// provinces are the provinces and central cities since 2004, for telling a
// province's name at the end of "Sở Nội vụ Quảng Trị". Only names matter here;
// who exists when is the directory's business.
var provinces = func() map[string]string {
	const list = `An Giang|Bà Rịa - Vũng Tàu|Bạc Liêu|Bắc Giang|Bắc Kạn|Bắc Ninh|Bến Tre|Bình Dương|Bình Định|Bình Phước|Bình Thuận|Cà Mau|Cao Bằng|Đắk Lắk|Đắk Nông|Điện Biên|Đồng Nai|Đồng Tháp|Gia Lai|Hà Giang|Hà Nam|Hà Tĩnh|Hà Tây|Hải Dương|Hậu Giang|Hòa Bình|Hưng Yên|Khánh Hòa|Kiên Giang|Kon Tum|Lai Châu|Lạng Sơn|Lào Cai|Lâm Đồng|Long An|Nam Định|Nghệ An|Ninh Bình|Ninh Thuận|Phú Thọ|Phú Yên|Quảng Bình|Quảng Nam|Quảng Ngãi|Quảng Ninh|Quảng Trị|Sóc Trăng|Sơn La|Tây Ninh|Thái Bình|Thái Nguyên|Thanh Hóa|Thừa Thiên Huế|Tiền Giang|Trà Vinh|Tuyên Quang|Vĩnh Long|Vĩnh Phúc|Yên Bái|Hà Nội|Hồ Chí Minh|Hải Phòng|Đà Nẵng|Cần Thơ|Huế`
	table := make(map[string]string)
	for _, p := range strings.Split(list, "|") {
		table[words(tokenize(p))] = p
	}
	return table
}()

// centralCities are the cities on the level of a province.
var centralCities = map[string]bool{"hà nội": true, "hồ chí minh": true, "hải phòng": true, "đà nẵng": true, "cần thơ": true, "huế": true}
