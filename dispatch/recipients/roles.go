package recipients

import "strings"

// post is a title that a person holds.
type post struct {
	title string // canonical, singular: "Phó Chủ tịch"
	class postClass
}

// postClass says which body a post belongs to when the line names none.
type postClass uint8

const (
	chairPost    postClass = iota // chủ tịch: the committee above or around the issuer
	officePost                    // chánh văn phòng, chuyên viên: the office of that committee
	headPost                      // giám đốc, cục trưởng ...: the issuer itself
	ministerPost                  // bộ trưởng, thứ trưởng: the issuing ministry
	govPost                       // thủ tướng: complete in itself
	partyPost                     // bí thư: the Party committee of the place
	vpcpPost                      // bộ trưởng, chủ nhiệm: Văn phòng Chính phủ
	placePost                     // trưởng thôn: the commune
	aidePost                      // trợ lý, thư ký: of another person
	leaderPost                    // lãnh đạo, ban giám đốc: of the body that follows, else the issuer
	deputyPost                    // đại biểu, ủy viên
	massPost                      // thủ trưởng: stands for the body itself
)

// posts are keyed by their words in lower case. One-word codes are read only
// where they are written in capitals.
var posts = map[string]post{
	"ct": {"Chủ tịch", chairPost}, "chủ tịch": {"Chủ tịch", chairPost}, "quyền chủ tịch": {"Quyền Chủ tịch", chairPost}, "q ct": {"Quyền Chủ tịch", chairPost},
	"pct": {"Phó Chủ tịch", chairPost}, "phó ct": {"Phó Chủ tịch", chairPost}, "phó chủ tịch": {"Phó Chủ tịch", chairPost}, "pct tt": {"Phó Chủ tịch Thường trực", chairPost}, "pct thường trực": {"Phó Chủ tịch Thường trực", chairPost},
	"phó chủ tịch thường trực": {"Phó Chủ tịch Thường trực", chairPost}, "pcttt": {"Phó Chủ tịch Thường trực", chairPost},
	"cvp": {"Chánh Văn phòng", officePost}, "chánh vp": {"Chánh Văn phòng", officePost}, "chánh văn phòng": {"Chánh Văn phòng", officePost},
	"pcvp": {"Phó Chánh Văn phòng", officePost}, "pvp": {"Phó Chánh Văn phòng", officePost}, "phó cvp": {"Phó Chánh Văn phòng", officePost}, "phó vp": {"Phó Chánh Văn phòng", officePost},
	"phó chánh vp": {"Phó Chánh Văn phòng", officePost}, "phó văn phòng": {"Phó Chánh Văn phòng", officePost}, "phó chánh văn phòng": {"Phó Chánh Văn phòng", officePost}, "p cvp": {"Phó Chánh Văn phòng", officePost},
	"cv": {"Chuyên viên", officePost}, "chuyên viên": {"Chuyên viên", officePost}, "cvnc": {"Chuyên viên", officePost}, "chuyên viên nc": {"Chuyên viên", officePost},
	"lđvp": {"Lãnh đạo Văn phòng", officePost}, "lãnh đạo vp": {"Lãnh đạo Văn phòng", officePost}, "lãnh đạo văn phòng": {"Lãnh đạo Văn phòng", officePost}, "lđ vp": {"Lãnh đạo Văn phòng", officePost},
	"gđ": {"Giám đốc", headPost}, "giám đốc": {"Giám đốc", headPost}, "pgđ": {"Phó Giám đốc", headPost}, "phó gđ": {"Phó Giám đốc", headPost}, "phó giám đốc": {"Phó Giám đốc", headPost},
	"tgđ": {"Tổng Giám đốc", headPost}, "tổng giám đốc": {"Tổng Giám đốc", headPost}, "phó tgđ": {"Phó Tổng Giám đốc", headPost}, "phó tổng giám đốc": {"Phó Tổng Giám đốc", headPost},
	"ptp": {"Phó Trưởng phòng", headPost}, "trưởng phòng": {"Trưởng phòng", headPost}, "phó trưởng phòng": {"Phó Trưởng phòng", headPost}, "phó phòng": {"Phó Trưởng phòng", headPost},
	"trưởng ban": {"Trưởng ban", headPost}, "phó trưởng ban": {"Phó Trưởng ban", headPost}, "phó ban": {"Phó Trưởng ban", headPost}, "ptb": {"Phó Trưởng ban", headPost},
	"ctr": {"Cục trưởng", headPost}, "cục trưởng": {"Cục trưởng", headPost}, "pctr": {"Phó Cục trưởng", headPost}, "phó ctr": {"Phó Cục trưởng", headPost}, "phó cục trưởng": {"Phó Cục trưởng", headPost},
	"vụ trưởng": {"Vụ trưởng", headPost}, "phó vụ trưởng": {"Phó Vụ trưởng", headPost}, "tổng cục trưởng": {"Tổng cục trưởng", headPost}, "phó tổng cục trưởng": {"Phó Tổng cục trưởng", headPost},
	"chi cục trưởng": {"Chi cục trưởng", headPost}, "pcct": {"Phó Chi cục trưởng", headPost}, "phó cct": {"Phó Chi cục trưởng", headPost}, "phó chi cục trưởng": {"Phó Chi cục trưởng", headPost}, "viện trưởng": {"Viện trưởng", headPost}, "phó viện trưởng": {"Phó Viện trưởng", headPost},
	"hiệu trưởng": {"Hiệu trưởng", headPost}, "phó hiệu trưởng": {"Phó Hiệu trưởng", headPost}, "phó ht": {"Phó Hiệu trưởng", headPost}, "pht": {"Phó Hiệu trưởng", headPost}, "chánh án": {"Chánh án", headPost}, "phó chánh án": {"Phó Chánh án", headPost},
	"chánh thanh tra": {"Chánh Thanh tra", headPost}, "phó chánh thanh tra": {"Phó Chánh Thanh tra", headPost}, "phó chánh tt": {"Phó Chánh Thanh tra", headPost}, "chánh tt": {"Chánh Thanh tra", headPost}, "tổng thanh tra": {"Tổng Thanh tra", headPost}, "thống đốc": {"Thống đốc", headPost}, "phó thống đốc": {"Phó Thống đốc", headPost},
	"chỉ huy trưởng": {"Chỉ huy trưởng", headPost}, "phó chỉ huy trưởng": {"Phó Chỉ huy trưởng", headPost}, "chính ủy": {"Chính ủy", headPost}, "tham mưu trưởng": {"Tham mưu trưởng", headPost},
	"tổng biên tập": {"Tổng Biên tập", headPost}, "trưởng đoàn": {"Trưởng đoàn", headPost}, "phó trưởng đoàn": {"Phó Trưởng đoàn", headPost}, "tổ trưởng": {"Tổ trưởng", headPost}, "trưởng thuế": {"Trưởng Thuế", headPost}, "phó trưởng thuế": {"Phó Trưởng Thuế", headPost}, "trưởng khoa": {"Trưởng khoa", headPost}, "trưởng trạm": {"Trưởng trạm", headPost}, "đội trưởng": {"Đội trưởng", headPost}, "trưởng bđd": {"Trưởng Ban Đại diện", headPost}, "trưởng ban đại diện": {"Trưởng Ban Đại diện", headPost}, "kế toán trưởng": {"Kế toán trưởng", headPost}, "kế toán": {"Kế toán", headPost},
	"tư lệnh": {"Tư lệnh", headPost}, "phó tư lệnh": {"Phó Tư lệnh", headPost}, "trưởng công an": {"Trưởng Công an", headPost},
	"chủ nhiệm": {"Chủ nhiệm", vpcpPost}, "btcn": {"Bộ trưởng, Chủ nhiệm", vpcpPost}, "bộ trưởng chủ nhiệm": {"Bộ trưởng, Chủ nhiệm", vpcpPost}, "pcn": {"Phó Chủ nhiệm", vpcpPost}, "phó chủ nhiệm": {"Phó Chủ nhiệm", vpcpPost},
	"bộ trưởng": {"Bộ trưởng", ministerPost}, "thứ trưởng": {"Thứ trưởng", ministerPost},
	"ttg": {"Thủ tướng Chính phủ", govPost}, "ttgcp": {"Thủ tướng Chính phủ", govPost}, "thủ tướng": {"Thủ tướng Chính phủ", govPost}, "thủ tướng cp": {"Thủ tướng Chính phủ", govPost}, "thủ tướng chính phủ": {"Thủ tướng Chính phủ", govPost}, "ttg cp": {"Thủ tướng Chính phủ", govPost},
	"pttg": {"Phó Thủ tướng Chính phủ", govPost}, "pttgcp": {"Phó Thủ tướng Chính phủ", govPost}, "phó ttg": {"Phó Thủ tướng Chính phủ", govPost}, "phó thủ tướng": {"Phó Thủ tướng Chính phủ", govPost}, "phó thủ tướng cp": {"Phó Thủ tướng Chính phủ", govPost}, "phó thủ tướng chính phủ": {"Phó Thủ tướng Chính phủ", govPost}, "pttg cp": {"Phó Thủ tướng Chính phủ", govPost},
	"chủ tịch nước": {"Chủ tịch nước", govPost}, "phó chủ tịch nước": {"Phó Chủ tịch nước", govPost}, "tổng bí thư": {"Tổng Bí thư", govPost}, "chủ tịch quốc hội": {"Chủ tịch Quốc hội", govPost}, "phó chủ tịch quốc hội": {"Phó Chủ tịch Quốc hội", govPost},
	"bí thư": {"Bí thư", partyPost}, "bt": {"Bí thư", partyPost}, "pbt": {"Phó Bí thư", partyPost}, "phó bí thư": {"Phó Bí thư", partyPost}, "phó bí thư thường trực": {"Phó Bí thư Thường trực", partyPost},
	"trợ lý": {"Trợ lý", aidePost}, "thư ký": {"Thư ký", aidePost}, "trợ lý thư ký": {"Trợ lý/Thư ký", aidePost},
	"trưởng thôn": {"Trưởng thôn", placePost}, "trưởng các thôn": {"Trưởng các thôn", placePost}, "trưởng các bản": {"Trưởng các bản", placePost}, "trưởng các khóm": {"Trưởng các khóm", placePost}, "trưởng các khu phố": {"Trưởng các khu phố", placePost}, "trưởng các thôn bản": {"Trưởng các thôn, bản", placePost}, "trưởng bản": {"Trưởng bản", placePost}, "trưởng khóm": {"Trưởng khóm", placePost}, "trưởng khu phố": {"Trưởng khu phố", placePost},
	"lãnh đạo": {"Lãnh đạo", leaderPost}, "lđ": {"Lãnh đạo", leaderPost}, "ban giám đốc": {"Ban Giám đốc", leaderPost}, "bgđ": {"Ban Giám đốc", leaderPost}, "ban lãnh đạo": {"Ban Lãnh đạo", leaderPost}, "ban giám hiệu": {"Ban Giám hiệu", leaderPost}, "bgh": {"Ban Giám hiệu", leaderPost},
	"tỉnh ủy viên": {"Tỉnh ủy viên", deputyPost}, "thành ủy viên": {"Thành ủy viên", deputyPost}, "huyện ủy viên": {"Huyện ủy viên", deputyPost}, "đảng ủy viên": {"Đảng ủy viên", deputyPost},
	"đại biểu": {"Đại biểu", deputyPost}, "đại biểu quốc hội": {"Đại biểu Quốc hội", deputyPost}, "đbqh": {"Đại biểu Quốc hội", deputyPost}, "ủy viên": {"Ủy viên", deputyPost}, "đảng viên": {"Đảng viên", deputyPost},
	"thủ trưởng": {"Thủ trưởng", massPost}, "người đứng đầu": {"Người đứng đầu", massPost},
}

// postWords is posts reduced to its keys for longest.
var postWords = func() map[string]string {
	m := make(map[string]string, len(posts))
	for k := range posts {
		m[k] = k
	}
	return m
}()

// surnames begin a person's name. The list is of common family names; a name
// after a title needs no surname.
var surnames = wordSet("nguyễn trần lê phạm hoàng huỳnh phan vũ võ đặng bùi đỗ hồ ngô dương lý đinh trương mai hà cao tạ lương tô thái châu quách vương trịnh đoàn lâm phùng đào tăng kiều doãn nghiêm chu tống văn tôn cung lưu thân ninh khuất mạc thạch kim")

func wordSet(s string) map[string]bool {
	set := make(map[string]bool)
	for _, t := range tokenize(s) {
		set[t.key] = true
	}
	return set
}

// leadingPost finds the post that toks begins with. "các" before it makes it
// plural. n counts the tokens taken, including "các", "đ/c" and the like.
func leadingPost(toks []token) (p post, plural, comrade bool, n int) {
	i := 0
	for i < len(toks) {
		switch {
		case toks[i].key == "các" && !plural:
			plural = true
			i++
		case comradeAt(toks[i:]) > 0:
			comrade = true
			i += comradeAt(toks[i:])
		case toks[i].mark == '.' || toks[i].mark == '-', plural && toks[i].key == "vị":
			i++
		default:
			key, taken := longest(postWords, toks[i:])
			if code := !strings.Contains(key, " "); taken == 0 || code && !toks[i].upper() {
				return post{}, plural, comrade, 0
			}
			return posts[key], plural, comrade, i + taken
		}
	}
	return post{}, plural, comrade, 0
}

// comradeAt returns how many tokens an honorific such as "đ/c" takes.
func comradeAt(toks []token) int {
	if n, ok := hasWords(toks, "đồng", "chí"); ok {
		return n
	}
	if len(toks) >= 3 && toks[0].key == "đ" && (toks[1].mark == '/' || toks[1].mark == '.') && toks[2].key == "c" {
		return 3
	}
	if len(toks) >= 1 && toks[0].key == "đc" {
		return 1
	}
	return 0
}

// personName reports whether toks reads as a person's name: capitalised words
// only, beginning with a surname or, if afterTitle, with any name.
func personName(toks []token, afterTitle bool) bool {
	if len(toks) == 0 || len(toks) > 6 {
		return false
	}
	for i, t := range toks {
		if t.mark == '.' && i > 0 {
			continue
		}
		if !t.word() || !t.capital() {
			return false
		}
		if len([]rune(t.text)) > 1 && t.upper() && len([]rune(t.text)) > 7 {
			return false
		}
	}
	if afterTitle {
		return true
	}
	return len(toks) >= 2 && surnames[toks[0].key] && !toks[0].upper()
}
