package recipients

// abbreviations are the short forms whose meaning does not depend on the
// issuer (vietnam.md §2.4), keyed by their words in lower case. They hold only
// where the form is written with capitals. UBND, HĐND and MTTQ stay short: that
// is how canonical names write them.
var abbreviations = map[string]string{
	"vp": "Văn phòng", "vpub": "Văn phòng UBND", "vpubnd": "Văn phòng UBND", "vphđnd": "Văn phòng HĐND",
	"vpcp": "Văn phòng Chính phủ", "vptw": "Văn phòng Trung ương Đảng", "vptư": "Văn phòng Trung ương Đảng",
	"vpctn": "Văn phòng Chủ tịch nước", "vpqh": "Văn phòng Quốc hội",
	"cp": "Chính phủ", "tw": "Trung ương", "tư": "Trung ương", "qh": "Quốc hội", "ctn": "Chủ tịch nước",
	"bcđ": "Ban Chỉ đạo", "ban cđ": "Ban Chỉ đạo", "ban cđtư": "Ban Chỉ đạo Trung ương", "ban cđtw": "Ban Chỉ đạo Trung ương", "bcđtw": "Ban Chỉ đạo Trung ương",
	"ban ch": "Ban Chỉ huy", "bql": "Ban Quản lý", "ban ql": "Ban Quản lý", "bqlda": "Ban Quản lý dự án", "ban qlda": "Ban Quản lý dự án",
	"bch pclb": "Ban Chỉ huy Phòng, chống lụt, bão", "bch pctt": "Ban Chỉ huy Phòng, chống thiên tai",
	"bch ptds": "Ban Chỉ huy Phòng thủ dân sự", "bch đoàn": "Ban Chấp hành Đoàn", "bch đảng bộ": "Ban Chấp hành Đảng bộ",
	"ban chqs pctt": "Ban Chỉ huy Phòng, chống thiên tai", "ban chqs pctt tkcn": "Ban Chỉ huy Phòng, chống thiên tai và Tìm kiếm cứu nạn",
	"bch quân sự": "Bộ Chỉ huy Quân sự", "bch qs": "Bộ Chỉ huy Quân sự", "bchqs": "Bộ Chỉ huy Quân sự",
	"bộ chqs": "Bộ Chỉ huy Quân sự", "bộ ch quân sự": "Bộ Chỉ huy Quân sự", "ban chqs": "Ban Chỉ huy Quân sự",
	"bch bđbp": "Bộ Chỉ huy Bộ đội Biên phòng", "bộ ch bđbp": "Bộ Chỉ huy Bộ đội Biên phòng", "bộ chbđbp": "Bộ Chỉ huy Bộ đội Biên phòng", "bđbp": "Bộ đội Biên phòng",
	"hđql": "Hội đồng quản lý", "hđqt": "Hội đồng quản trị", "hđtv": "Hội đồng thành viên",
	"pctt": "Phòng, chống thiên tai", "pctt tkcn": "Phòng, chống thiên tai và Tìm kiếm cứu nạn", "pctt&tkcn": "Phòng, chống thiên tai và Tìm kiếm cứu nạn",
	"pclb": "Phòng, chống lụt, bão", "pclb&tkcn": "Phòng, chống lụt, bão và Tìm kiếm cứu nạn", "tkcn": "Tìm kiếm cứu nạn",
	"ban chqs pctt&tkcn": "Ban Chỉ huy Phòng, chống thiên tai và Tìm kiếm cứu nạn",
	"bch pctt&tkcn":      "Ban Chỉ huy Phòng, chống thiên tai và Tìm kiếm cứu nạn",
	"bch pclb&tkcn":      "Ban Chỉ huy Phòng, chống lụt, bão và Tìm kiếm cứu nạn",
	"pcthtt":             "Phòng, chống tác hại của thuốc lá",
	"cchc":               "cải cách hành chính", "cđs": "chuyển đổi số", "atgt": "An toàn giao thông",
	"kttv": "Khí tượng Thủy văn", "pt th": "Phát thanh - Truyền hình", "ptth": "Phát thanh - Truyền hình", "pt&th": "Phát thanh - Truyền hình",
	"ttđt": "thông tin điện tử", "ttđtcp": "thông tin điện tử Chính phủ", "tt điện tử": "thông tin điện tử",
	"ca": "Công an", "cat": "Công an tỉnh", "c a": "Công an", "cax": "Công an xã",
	"tand": "Tòa án nhân dân", "tandtc": "Tòa án nhân dân tối cao", "vksnd": "Viện kiểm sát nhân dân", "vksndtc": "Viện kiểm sát nhân dân tối cao",
	"ksndtc": "kiểm sát nhân dân tối cao", "ksnd": "kiểm sát nhân dân", "ndtc": "nhân dân tối cao", "thads": "Thi hành án dân sự",
	"kbnn": "Kho bạc Nhà nước", "nhnn": "Ngân hàng Nhà nước Việt Nam", "nhnnvn": "Ngân hàng Nhà nước Việt Nam", "bhxh": "Bảo hiểm xã hội", "ctk": "Cục Thống kê",
	"nh": "Ngân hàng", "kho bạc nn": "Kho bạc Nhà nước", "trường cđ": "Trường Cao đẳng", "trường đh": "Trường Đại học", "trường cđsp": "Trường Cao đẳng Sư phạm", "trường cđyt": "Trường Cao đẳng Y tế",
	"nhcsxh": "Ngân hàng Chính sách xã hội", "csxh": "Chính sách xã hội", "nh csxh": "Ngân hàng Chính sách xã hội", "ktnn": "Kiểm toán nhà nước", "ttcp": "Thanh tra Chính phủ", "ubdt": "Ủy ban Dân tộc", "qltt": "Quản lý thị trường",
	"ubmttq": "Ủy ban MTTQ", "ub mttq": "Ủy ban MTTQ", "ubmttqvn": "Ủy ban MTTQ Việt Nam", "ub mttqvn": "Ủy ban MTTQ Việt Nam", "mttqvn": "MTTQ Việt Nam",
	"ubmttq vn": "Ủy ban MTTQ Việt Nam", "mttq vn": "MTTQ Việt Nam", "ub mttq vn": "Ủy ban MTTQ Việt Nam",
	"ubkt": "Ủy ban Kiểm tra", "ubtvqh": "Ủy ban Thường vụ Quốc hội", "ubtw": "Ủy ban Trung ương", "ubtư": "Ủy ban Trung ương", "btc": "Ban Tổ chức", "btv": "Ban Thường vụ", "btg": "Ban Tuyên giáo", "btgdv": "Ban Tuyên giáo và Dân vận", "tg&dv": "Tuyên giáo và Dân vận", "tgdv": "Tuyên giáo và Dân vận", "bnc": "Ban Nội chính", "bdv": "Ban Dân vận",
	"đbqh": "đại biểu Quốc hội", "đđbqh": "Đoàn đại biểu Quốc hội", "lđlđ": "Liên đoàn Lao động", "lhpn": "Liên hiệp Phụ nữ", "ccb": "Cựu chiến binh",
	"đoàn tncs": "Đoàn TNCS", "tnxp": "Thanh niên xung phong", "htx": "Hợp tác xã", "bv": "Bệnh viện", "ttyt": "Trung tâm Y tế",
	"tndn": "thu nhập doanh nghiệp", "vhnt": "Văn học - Nghệ thuật", "khkt": "Khoa học và Kỹ thuật",
	"kkt": "Khu kinh tế", "kcn": "khu công nghiệp", "hcc": "hành chính công", "pvhcc": "Phục vụ hành chính công", "ttpvhcc": "Trung tâm Phục vụ hành chính công", "tthcc": "Trung tâm Hành chính công",
	"kstthc": "Kiểm soát thủ tục hành chính", "tthc": "thủ tục hành chính", "qlxlvphc": "Quản lý xử lý vi phạm hành chính", "xlvphc": "xử lý vi phạm hành chính", "xlvp": "xử lý vi phạm",
	"ktvb": "Kiểm tra văn bản", "ktvb&qlxlvphc": "Kiểm tra văn bản và Quản lý xử lý vi phạm hành chính", "ktvbqppl": "Kiểm tra văn bản quy phạm pháp luật", "vb": "văn bản", "qppl": "quy phạm pháp luật", "vbqppl": "văn bản quy phạm pháp luật",
	"công ty cp": "Công ty Cổ phần", "tct": "Tổng công ty", "cty cp": "Công ty Cổ phần",
	"cty cpcn&vsmtnt": "Công ty Cổ phần Cấp nước và VSMTNT", "công ty cpcn": "Công ty Cổ phần Cấp nước",
	"ns&vsmtnt": "Nước sạch và Vệ sinh môi trường nông thôn", "ktcttl": "khai thác công trình thủy lợi",
	"ptkhcn": "phát triển KHCN", "pt khcn": "phát triển KHCN", "đtxd": "đầu tư xây dựng", "qlda": "Quản lý dự án", "qldađtxd": "Quản lý dự án đầu tư xây dựng",
	"bdct": "Bồi dưỡng chính trị", "ttbdct": "Trung tâm Bồi dưỡng chính trị", "ptqđ": "Phát triển quỹ đất", "cct": "Chi cục Thuế", "kiểm sát nd": "kiểm sát nhân dân", "ks nd": "kiểm sát nhân dân", "tòa án nd": "Tòa án nhân dân", "ủy ban nd": "UBND", "ttptqđ": "Trung tâm Phát triển quỹ đất", "gpmb": "giải phóng mặt bằng", "ntm": "nông thôn mới", "ptds": "Phòng thủ dân sự",
	"đkđđ": "Đăng ký đất đai", "vpđk": "Văn phòng Đăng ký", "cn&ty": "Chăn nuôi và Thú y", "cnty": "Chăn nuôi và Thú y", "tt&bvtv": "Trồng trọt và Bảo vệ thực vật", "ttbvtv": "Trồng trọt và Bảo vệ thực vật", "tcd": "Tiếp công dân", "vqg": "Vườn quốc gia", "bvđk": "Bệnh viện Đa khoa", "pccc": "phòng cháy, chữa cháy", "cđ": "Cao đẳng", "đh": "Đại học",
	"cq": "cơ quan", "csdl": "cơ sở dữ liệu", "qđ": "quyết định", "đv": "đơn vị", "vpđkđđ": "Văn phòng Đăng ký đất đai",
	"hđnd&ubnd": "HĐND và UBND", "ct xh": "chính trị - xã hội", "ctxh": "chính trị - xã hội", "hội nd": "Hội Nông dân", "hội pn": "Hội Phụ nữ", "tt th": "Truyền thanh - Truyền hình", "đài tt": "Đài Truyền thanh",
	"ubnd": "UBND", "hđnd": "HĐND", "tttt": "Thông tin và Truyền thông", "attt": "an toàn thông tin",
	"tnmt": "Tài nguyên và Môi trường", "bvmt": "Bảo vệ môi trường", "vtlt": "Văn thư - Lưu trữ", "tđkt": "Thi đua - Khen thưởng", "tđ kt": "Thi đua - Khen thưởng",
	"nnptnt": "Nông nghiệp và PTNT", "bvnlts": "Bảo vệ nguồn lợi thủy sản", "bvtv": "Bảo vệ thực vật", "qlđđ": "Quản lý đất đai",
}

// spellings bring full or half-full wordings to the form canonical names use.
// They hold in any case.
var spellings = map[string]string{
	"ủy ban nhân dân": "UBND", "hội đồng nhân dân": "HĐND", "mặt trận tổ quốc": "MTTQ", "mặt trận tổ quốc việt nam": "MTTQ Việt Nam",
	"ubmttq việt nam": "Ủy ban MTTQ Việt Nam", "ủy ban mttq": "Ủy ban MTTQ", "ủy ban mttq vn": "Ủy ban MTTQ Việt Nam", "ủy ban mặt trận tổ quốc vn": "Ủy ban MTTQ Việt Nam", "ủy ban mặt trận tổ quốc": "Ủy ban MTTQ", "ủy ban mttqvn": "Ủy ban MTTQ Việt Nam", "ủy ban mặt trận tổ quốc việt nam": "Ủy ban MTTQ Việt Nam",
	"đoàn đại biểu quốc hội": "Đoàn đại biểu Quốc hội", "đoàn đbqh": "Đoàn đại biểu Quốc hội",
	"văn phòng trung ương": "Văn phòng Trung ương", "ban cđ của chính phủ": "Ban Chỉ đạo của Chính phủ",
	"cổng thông tin điện tử": "Cổng thông tin điện tử", "trang thông tin điện tử": "Trang thông tin điện tử",
	"ban kinh tế ngân sách": "Ban Kinh tế - Ngân sách", "ban kt ns": "Ban Kinh tế - Ngân sách", "ban ktns": "Ban Kinh tế - Ngân sách",
	"ban vh xh": "Ban Văn hóa - Xã hội", "ban văn hóa xã hội": "Ban Văn hóa - Xã hội",
	"ban chỉ đạo cchc chính phủ": "Ban Chỉ đạo cải cách hành chính của Chính phủ",
	"ban thi đua khen thưởng":    "Ban Thi đua - Khen thưởng",
	"phát thanh và truyền hình":  "Phát thanh - Truyền hình",
	"báo và ptth":                "Báo và Phát thanh, Truyền hình",
	"báo và pt th":               "Báo và Phát thanh, Truyền hình",
	"cty":                        "Công ty",
	"cty cổ phần":                "Công ty Cổ phần",
	"văn phòng ủy ban nhân dân":  "Văn phòng UBND",
}

// unitNames are the usual names of units inside an agency by code, used after
// "Phòng", "Ban" or "Trưởng phòng".
var unitNames = map[string]string{
	"hctc": "Hành chính - Tổ chức", "tchc": "Tổ chức - Hành chính", "vhxh": "Văn hóa - Xã hội", "tckh": "Tài chính - Kế hoạch", "khtc": "Kế hoạch - Tài chính",
	"ktht": "Kinh tế và Hạ tầng", "vhtt": "Văn hóa và Thông tin", "ktth": "Kinh tế tổng hợp", "qttv": "Quản trị - Tài vụ", "qlđt": "Quản lý đô thị",
	"tccb": "Tổ chức cán bộ", "ktns": "Kinh tế - Ngân sách", "cntt": "Công nghệ thông tin", "hcqt": "Hành chính - Quản trị", "nnptnt": "Nông nghiệp và Phát triển nông thôn", "kthtđt": "Kinh tế, Hạ tầng và Đô thị",
	"gdđt": "Giáo dục và Đào tạo", "nv": "Nội vụ", "tp": "Tư pháp", "lđtbxh": "Lao động - Thương binh và Xã hội", "tnmt": "Tài nguyên và Môi trường",
	"yt": "Y tế", "kt": "Kinh tế", "th": "Tổng hợp", "nc": "Nội chính", "kgvx": "Khoa giáo - Văn xã", "vhkhtt": "Văn hóa, Khoa học và Thông tin",
}

// unitOwners names the body that a unit of the centre belongs to where the
// unit alone is usually written.
var unitOwners = map[string]string{
	"cục kstthc": "Văn phòng Chính phủ", "cục kiểm soát thủ tục hành chính": "Văn phòng Chính phủ",
	"cục kiểm tra văn bản": "Bộ Tư pháp", "cục kiểm tra vb": "Bộ Tư pháp", "cục kiểm tra vbqppl": "Bộ Tư pháp", "cục ktvb": "Bộ Tư pháp",
	"cục dntn": "Bộ Tài chính",
}

// centralUnits are the ministry units that carry a known rank in lists such as
// "Các đơn vị thuộc Bộ: CST, PC"; the others are written "đơn vị X".
var centralUnits = map[string]string{
	"cst": "Cục", "qlkt": "Cục", "dntn": "Cục", "pc": "Vụ", "tccb": "Vụ", "khtc": "Vụ", "htqt": "Vụ", "nsnn": "Vụ", "kstthc": "Cục",
}

// companies are enterprises that a list names by code.
var companies = map[string]string{
	"pvn": "Tập đoàn Dầu khí Việt Nam (PVN)", "evn": "Tập đoàn Điện lực Việt Nam (EVN)", "tkv": "Tập đoàn Công nghiệp Than - Khoáng sản Việt Nam (TKV)",
	"vinachem": "Tập đoàn Hóa chất Việt Nam (Vinachem)",
}
