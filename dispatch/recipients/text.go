package recipients

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// maxText bounds the block text that ParseText reads, in bytes.
const maxText = 256 << 10

// bullets may open a line of the block.
const bullets = "-–—−‐‑‒―+*•·‣▪○●◦▫■□➢►✓~⁃∙»›◆♦→\uf0b7\uf02d\uf0a7"

var (
	blockLabel = regexp.MustCompile(`(?i)^[^\pL\pN]*n[ơo]i\s+nh[ậâ]n\s*[:.]?\s*`)
	// signature is a line of the signature block that a flat text puts between
	// the lines of "Nơi nhận": authority, title in capitals, nothing else.
	signature = regexp.MustCompile(`^(?:(?:TM|KT|TL|TUQ|Q|TM\.|KT\.)\s*\.\s*)?(?:TM\.|KT\.|TL\.|TUQ\.|THỪA LỆNH|THAY MẶT)?\s*(?:ỦY BAN NHÂN DÂN|UỶ BAN NHÂN DÂN|HỘI ĐỒNG NHÂN DÂN|UBND|HĐND|BAN CHỈ HUY|BAN THƯỜNG VỤ|BỘ TRƯỞNG|THỨ TRƯỞNG|CHỦ TỊCH|PHÓ CHỦ TỊCH|GIÁM ĐỐC|PHÓ GIÁM ĐỐC|CHÁNH VĂN PHÒNG|PHÓ CHÁNH VĂN PHÒNG|TRƯỞNG BAN|PHÓ TRƯỞNG BAN|CỤC TRƯỞNG|PHÓ CỤC TRƯỞNG|HIỆU TRƯỞNG|VỤ TRƯỞNG|THỦ TƯỚNG|PHÓ THỦ TƯỚNG|BÍ THƯ|PHÓ BÍ THƯ|CHI CỤC TRƯỞNG|TRƯỞNG PHÒNG|CHÁNH THANH TRA|THỐNG ĐỐC|PHÓ THỐNG ĐỐC|CHỈ HUY TRƯỞNG|TỔNG GIÁM ĐỐC|VIỆN TRƯỞNG|CHÁNH ÁN)(?:\s+[\p{Lu}\s,.\-]*)?$`)
	authority = regexp.MustCompile(`\s+(?:TM|KT|TL|TUQ)\s*\.\s*[\p{Lu}][\p{Lu}\s,.\-]{3,}$`)
	stampLine = regexp.MustCompile(`(?i)^\(?(?:đã ký|ký bởi|ký tên|ký, đóng dấu|chữ ký|người ký)\b.*$`)
	numbered  = regexp.MustCompile(`^(?:\d{1,2}[.)]|[a-zđ]\))\s+`)
)

// ParseText cuts the raw text of a block into its lines: the label "Nơi nhận:"
// is dropped, wrapped lines are joined, bullets are dropped except "+", which
// marks a line under a header line. Lines of the signature block that a flat
// text mixed in are left out. Text beyond maxText bytes becomes one last line.
func ParseText(raw string) []string {
	rest := ""
	if len(raw) > maxText {
		head := clip(raw, maxText)
		raw, rest = head, strings.Join(strings.Fields(raw[len(head):]), " ")
	}
	var out []string
	labelled := false
	capitals := !strings.ContainsFunc(raw, unicode.IsLower) // then capitals do not tell the signature
	for _, row := range strings.FieldsFunc(raw, func(r rune) bool { return r == '\n' || r == '\r' || r == '\v' || r == '\f' || r == '\u2028' }) {
		row = viet.Clean(row)
		if !labelled {
			if loc := blockLabel.FindStringIndex(row); loc != nil {
				labelled = true
				row = strings.TrimSpace(row[loc[1]:])
			}
		}
		if !capitals {
			row = dropSignature(row)
		}
		if row == "" {
			continue
		}
		for _, piece := range splitInline(row) {
			out = joinWrapped(out, piece)
		}
	}
	if rest != "" {
		out = append(out, rest)
	}
	return withoutBullets(out)
}

// withoutBullets drops bullets, except "+", and rows that held nothing else.
func withoutBullets(rows []string) []string {
	var out []string
	for _, row := range rows {
		body, plus := trimBullet(row)
		switch {
		case body == "":
		case plus:
			out = append(out, "+ "+body)
		default:
			out = append(out, body)
		}
	}
	return out
}

// dropSignature removes a signature line, or the signature half of a line in
// which two columns ran together.
func dropSignature(row string) string {
	if bulleted(row) {
		return dropTitle(strings.TrimSpace(authority.ReplaceAllString(row, "")))
	}
	bare := strings.Trim(row, " ./")
	if bare == "" || signature.MatchString(bare) || stampLine.MatchString(bare) {
		return ""
	}
	return strings.TrimSpace(authority.ReplaceAllString(row, ""))
}

// dropTitle removes the signer's title in capitals that a flat text put behind
// the mark that closes a line ("- Sở Tài chính; PHÓ CHỦ TỊCH").
func dropTitle(row string) string {
	i := strings.LastIndexByte(row, ';')
	if i < 0 || !strings.ContainsFunc(row[:i], unicode.IsLower) || !signature.MatchString(strings.Trim(row[i+1:], " ./")) {
		return row
	}
	return row[:i+1]
}

// bulleted reports whether a line begins with a bullet.
func bulleted(row string) bool {
	r, _ := utf8.DecodeRuneInString(strings.TrimSpace(row))
	return strings.ContainsRune(bullets, r)
}

// splitInline cuts a row that holds several bulleted lines: a bullet after ";",
// "." or ":" begins a new one.
func splitInline(row string) []string {
	var out []string
	from := 0
	for i, r := range row {
		if i == 0 || !strings.ContainsRune(bullets, r) {
			continue
		}
		before := strings.TrimRight(row[from:i], " ")
		after := row[i+utf8.RuneLen(r):]
		if before == "" || len(before) == i-from || !strings.HasPrefix(after, " ") && !startsUpper(after) {
			continue
		}
		switch before[len(before)-1] {
		case ';', '.', ':':
			out = append(out, row[from:i])
			from = i
		}
	}
	return append(out, row[from:])
}

func startsUpper(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsUpper(r)
}

// joinWrapped appends a row, to the line before if it goes on with it: a row
// without a bullet after a line that was not closed.
func joinWrapped(out []string, row string) []string {
	n := len(out)
	if n == 0 || bulleted(row) || numbered.MatchString(row) {
		return append(out, row)
	}
	last := strings.TrimRight(out[n-1], " ")
	withBullets := bulleted(out[n-1])
	switch {
	case withBullets && (strings.HasSuffix(last, ";") || strings.HasSuffix(last, ".")) && personName(tokenize(clip(row, maxContext)), false):
		return out // the signer's name from the column beside
	case withBullets:
		// line starts are the truth where bullets are used
	case strings.HasSuffix(last, ";") || strings.HasSuffix(last, ":"):
		return append(out, row)
	case isArchiveText(row), !continuesLine(last, row):
		return append(out, row)
	}
	if isArchiveText(row) {
		return append(out, row)
	}
	if len(last)+len(row) > maxLine {
		return append(out, row)
	}
	out[n-1] = last + " " + row
	return out
}

// isArchiveText reports whether a row is the "Lưu" line.
func isArchiveText(row string) bool {
	toks := tokenize(clip(row, maxContext))
	return archiveStart(toks) == 0 && len(toks) > 0
}

// continuesLine reports whether, in a block without bullets, row goes on with
// the line before: it begins in lower case, or that line ends openly.
func continuesLine(last, row string) bool {
	r, _ := utf8.DecodeRuneInString(row)
	open := strings.HasSuffix(last, ",") || strings.HasSuffix(last, "(") || strings.HasSuffix(last, "-") || strings.HasSuffix(last, "và") || strings.Count(last, "(") > strings.Count(last, ")")
	return open || unicode.IsLower(r) && !lowerStarts[firstWord(row)]
}

// trimBullet drops the bullet of a line. plus tells that it was "+".
func trimBullet(raw string) (body string, plus bool) {
	body = strings.TrimSpace(raw)
	for body != "" {
		r, n := utf8.DecodeRuneInString(body)
		if !strings.ContainsRune(bullets, r) {
			break
		}
		plus = plus || r == '+'
		body = strings.TrimSpace(body[n:])
	}
	if loc := numbered.FindStringIndex(body); loc != nil {
		body = body[loc[1]:]
	}
	return body, plus
}

func hasPlus(raw string) bool {
	_, plus := trimBullet(raw)
	return plus
}

// articleStart is the number of an article at the start of a sentence.
var articleStart = regexp.MustCompile(`(?:^|[\n.;:/]\s*)Điều\s+(\d{1,4})\s*[.:]`)

// ParseArticles cuts the text of a document or of a few articles into its
// articles by number. Each holds its own heading. The first of two articles
// with one number counts. At most maxText bytes are read.
func ParseArticles(text string) map[string]string {
	text = viet.NFC(clip(text, maxText))
	out := make(map[string]string)
	found := articleStart.FindAllStringSubmatchIndex(text, -1)
	for i, at := range found {
		end := len(text)
		if i+1 < len(found) {
			end = found[i+1][0] + 1
		}
		number := trimZeros(text[at[2]:at[3]])
		if _, again := out[number]; again {
			continue
		}
		from := at[0] + strings.Index(text[at[0]:], "Điều")
		out[number] = strings.TrimSpace(text[from:end])
	}
	return out
}
