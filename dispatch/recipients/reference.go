package recipients

import (
	"regexp"
	"strings"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// reference is a line that points elsewhere in the document.
type reference struct {
	target  string // kinh_gui, dieu, muc, thanh_phan_moi, thanh_phan_du_hop, danh_sach
	article string // number of the article
	clause  string // number of the clause
	section string
}

// String is the canonical form: "@dieu:5/khoan:2".
func (r *reference) String() string {
	switch {
	case r.target == "dieu" && r.clause != "":
		return "@dieu:" + r.article + "/khoan:" + r.clause
	case r.target == "dieu":
		return "@dieu:" + r.article
	case r.target == "muc":
		return "@muc:" + r.section
	}
	return "@" + r.target
}

var (
	articleRef = regexp.MustCompile(`^(?:như |theo |tại |các |cơ quan |đơn vị |nêu |ghi )*(?:(?:điểm \pL )?khoản (\d{1,3}) )?(?:điều|đ) (\d{1,4})(?: khoản (\d{1,3}))?(?: (?:của )?(?:quyết định|nghị quyết|qđ|nq|thông tư|quy định|quy chế|kế hoạch|văn bản|chỉ thị)(?: này)?)?$`)
	clauseRef  = regexp.MustCompile(`^(?:như |theo )(?:khoản|mục|phần) ([\dIVXivx]{1,6})$`)
	sectionRef = regexp.MustCompile(`^(?:như |theo |tại |nêu |các |cơ quan |đơn vị |và |địa phương |ngành |sở |tổ chức |cá nhân |ghi |có tên |được )*(?:mục|phần) ([\dIVXivx]{1,6})(?: (?:mục |phần )?([\dIVXivx]{1,6}))?(?: (?:của )?(?:kế hoạch|thông báo|kết luận|chương trình|phương án|đề án|công văn|quyết định|văn bản|báo cáo|chỉ thị)(?: này)?)?$`)
)

// parseReference reads "Như trên", "Như Điều 3", "Mục V", "Như thành phần mời".
func parseReference(toks []token) *reference {
	const most = 24 // words of the longest reference
	if len(toks) > most {
		return nil
	}
	text := words(toks)
	switch text {
	case "như trên", "như kính gửi", "như phần kính gửi", "kính gửi", "các cơ quan như trên", "như tên", "như trên kính gửi", "như đã kính gửi", "các nơi như trên", "như nơi nhận trên", "như nơi gửi", "các đơn vị như trên", "như mục kính gửi", "như tiêu đề", "như địa chỉ trên":
		return &reference{target: "kinh_gui"}
	case "như thành phần mời", "như thành phần", "thành phần mời", "như trên thành phần mời", "các đại biểu được mời", "như giấy mời", "như thành phần được mời":
		return &reference{target: "thanh_phan_moi"}
	case "các đơn vị dự họp", "như thành phần dự họp", "thành phần dự họp", "các cơ quan dự họp", "như thành phần tham dự", "thành phần tham dự", "các thành phần dự họp", "các đại biểu dự họp", "các cơ quan đơn vị dự họp":
		return &reference{target: "thanh_phan_du_hop"}
	}
	if strings.HasPrefix(text, "như danh sách") || strings.HasPrefix(text, "theo danh sách") || strings.HasPrefix(text, "danh sách kèm theo") || strings.HasPrefix(text, "như phụ lục") || strings.HasPrefix(text, "theo phụ lục") {
		return &reference{target: "danh_sach"}
	}
	if m := articleRef.FindStringSubmatch(text); m != nil {
		clause := m[1]
		if clause == "" {
			clause = m[3]
		}
		return &reference{target: "dieu", article: trimZeros(m[2]), clause: trimZeros(clause)}
	}
	if strings.HasPrefix(text, "như khoản") {
		if m := clauseRef.FindStringSubmatch(text); m != nil {
			return &reference{target: "muc", section: strings.ToUpper(m[1])}
		}
	}
	if m := sectionRef.FindStringSubmatch(text); m != nil {
		section := strings.ToUpper(m[1])
		if m[2] != "" {
			section = strings.ToUpper(m[2]) + "." + section
		}
		return &reference{target: "muc", section: section}
	}
	return nil
}

func trimZeros(s string) string { return strings.TrimLeft(s, "0") }

// dutySentence finds the sentence of an article that says who must carry it out.
var dutySentence = regexp.MustCompile(`(?i)(?:chịu trách nhiệm|có trách nhiệm|căn cứ (?:quyết định|nghị quyết|chỉ thị|nhiệm vụ|chức năng)[^.;:]{0,80}?)(?:[^.;:]{0,60}?)(?:thi hành|thực hiện)`)

// dutyPrefix is what may stand between the number of the article and the first
// addressee.
var dutyPrefix = regexp.MustCompile(`(?i)^(?:điều\s+\d+\s*[.:]?\s*|\d{1,2}\s*[.)]\s*|(?:hiệu lực và |điều khoản và )?trách nhiệm (?:tổ chức )?(?:thực hiện|thi hành)\s*[.:]?\s*|tổ chức thực hiện\s*[.:]?\s*|điều khoản thi hành\s*[.:]?\s*|hiệu lực thi hành\s*[.:]?\s*|các (?:ông|bà|đồng chí)[^:;]{0,20}:\s*|(?:các )?(?:ông|bà)\s*(?:,|/|\()\s*(?:ông|bà)\)?\s*:?\s*)+`)

// maxArticle bounds the text of an article that is searched, in bytes.
const maxArticle = 32 << 10

// addressees returns the part of an article's text that lists who must carry
// it out, "" if the article holds no such sentence. clause restricts the search
// to that numbered clause.
func addressees(article, clause string) string {
	text := clip(viet.Clean(article), maxArticle)
	if clause != "" {
		if part := clauseText(text, clause); part != "" {
			text = part
		}
	}
	at := dutySentence.FindStringIndex(text)
	if at == nil {
		return ""
	}
	head := text[:at[0]]
	head = strings.TrimRight(head[sentenceStart(head):], " ,")
	head = strings.TrimSpace(dutyPrefix.ReplaceAllString(head, ""))
	return head
}

// sentenceStart returns where the last sentence of s begins: after ". " that is
// followed by a capital or a number and does not end an abbreviation.
func sentenceStart(s string) int {
	start := 0
	for i := 0; i+2 < len(s); i++ {
		if s[i] != '.' || s[i+1] != ' ' {
			continue
		}
		before := s[start:i]
		if j := strings.LastIndexAny(before, " ."); len(before)-j-1 <= 2 && !strings.HasSuffix(before, "ký") {
			continue // "Điều 3. ", "TP. ", "2. "
		}
		start = i + 2
	}
	return start
}

// clauseText returns the text of "n. ..." inside an article.
func clauseText(text, clause string) string {
	for _, lead := range []string{" " + clause + ". ", " " + clause + ") "} {
		i := strings.Index(text, lead)
		if i < 0 {
			continue
		}
		return text[i+len(lead):]
	}
	return ""
}

// otherArticle finds the article that does hold the addressees, for the reason
// given when a reference points to a wrong one.
func otherArticle(articles map[string]string, not string) string {
	best := ""
	for n, text := range articles {
		if n == not || addressees(text, "") == "" {
			continue
		}
		if best == "" || len(n) < len(best) || len(n) == len(best) && n < best {
			best = n
		}
	}
	return best
}
