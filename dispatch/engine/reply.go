package engine

import (
	"regexp"
	"slices"
	"strings"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// The answers that clerks write. The documented form is "4: 1"; what people
// write for it is taken too: "dòng 4: 1", "Câu 4 = 1,3", "4 -> giấy", "4b - 2",
// "4,6: 0", "4: 1; 6: 0", "Dòng 4 gửi giấy", "4. 1".
const (
	leadWord = `(?:(?:dòng|dong|câu|cau|mục|muc|line)\s*(?:số|so)?\s*)`
	oneLabel = `(?:0|[1-9]\d{0,2})(?:\s?[a-z]{1,2})?`
	labels   = oneLabel + `(?:\s*(?:,|và|va|&)\s*` + oneLabel + `)*`
	simple   = `(?:chọn|chon|số|so)?\s*(?:0|[1-9]\d{0,2}|giấy|giay|gửi (?:bản )?giấy|gui (?:ban )?giay|không(?: gửi)?|khong(?: gui)?|gửi lại|gui lai)`
)

var (
	// full is a label, a clear separator and a choice.
	full = regexp.MustCompile(`(?i)^` + leadWord + `?(` + labels + `)\s*(?:[:=]|-+>|=>|→)\s*(.*)$`)
	// dashed needs spaces around the dash, so that phone numbers and dates are none.
	dashed = regexp.MustCompile(`(?i)^` + leadWord + `?(` + labels + `)\s+[-–—]\s+(.+)$`)
	// short has a weak separator or none; the choice must then be one of the plain ones.
	short = regexp.MustCompile(`(?i)^` + leadWord + `?(` + labels + `)\s*[.)]\s*(` + simple + `)$`)
	bare  = regexp.MustCompile(`(?i)^` + leadWord + `(` + labels + `)\s*,?\s+(` + simple + `)$`)
	// inside finds the start of a further answer on the same line.
	inside = regexp.MustCompile(`(?i)(?:[;,.]|\s|\svà)\s*(` + leadWord + `?` + oneLabel + `\s*[:=]\s*\S)`)
	// tries looks like an answer that nobody could read.
	tries    = regexp.MustCompile(`(?i)^` + leadWord + oneLabel + `\b`)
	splitter = regexp.MustCompile(`(?i)\s*[,&]\s*|\s+(?:và|va)\s+`)
	goesOn   = regexp.MustCompile(`(?i)(?:[,;&-]|(?:^|\s)(?:và|va))$`)
)

// Bounds on what one mail may ask.
const (
	maxAnswers = 100
	maxChoice  = 1000 // bytes
)

// wrapsAt is the length from which a line may have been broken by a mail
// program, characters.
const wrapsAt = 60

// Reply is what a clerk's mail says.
type Reply struct {
	Answers []Answer
	Unclear []string // lines that look like answers but could not be read
	Yes     bool     // the first line says "ok", without a label
}

// ParseReply reads the answers in a clerk's mail. It takes only what the person
// wrote, never what is quoted.
func ParseReply(text string, flowed bool) Reply {
	var r Reply
	first := true
	for _, l := range unwrap(written(text, flowed)) {
		l = strings.TrimSpace(strings.Trim(l, "*_•· \t"))
		l = strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(l, "- "), "+ "))
		if l == "" {
			continue
		}
		if first {
			r.Yes, first = yes.MatchString(viet.Fold(strings.Trim(l, " .!"))), false
		}
		r.line(l)
		if len(r.Answers) >= maxAnswers {
			break
		}
	}
	return r
}

// unwrap joins an answer's choice that goes on in the next line.
func unwrap(lines []string) []string {
	var out []string
	for _, l := range lines {
		if n := len(out); n > 0 && l != "" && continues(out[n-1], l) {
			out[n-1] += " " + l
			continue
		}
		out = append(out, l)
	}
	return out
}

func continues(before, l string) bool {
	if !startsAnswer(before) || startsAnswer(l) || len(before)+len(l) > maxChoice {
		return false
	}
	return goesOn.MatchString(before) || len([]rune(before)) >= wrapsAt
}

func startsAnswer(l string) bool {
	l = strings.Trim(l, "*_•·-+ (\t")
	return full.MatchString(l) || dashed.MatchString(l) || short.MatchString(l) || bare.MatchString(l)
}

// pieces splits a line that holds several answers.
func pieces(l string) []string {
	if !startsAnswer(l) {
		return []string{l}
	}
	first := strings.IndexAny(l, ":=") + 1
	return strings.Split(l[:first]+inside.ReplaceAllString(l[first:], "\n$1"), "\n")
}

// line reads one line, which may hold several answers.
func (r *Reply) line(l string) {
	for _, piece := range pieces(l) {
		piece = strings.TrimLeft(strings.TrimSpace(piece), "(*")
		var m []string
		for _, form := range []*regexp.Regexp{full, dashed, short, bare} {
			if m = form.FindStringSubmatch(piece); m != nil {
				break
			}
		}
		switch {
		case m != nil && len(piece) <= maxChoice:
			r.add(m[1], strings.TrimSpace(m[2]))
		case m != nil || tries.MatchString(piece):
			r.Unclear = append(r.Unclear, firstWords(piece, 60))
		}
	}
}

func (r *Reply) add(labels, choice string) {
	for _, label := range splitter.Split(strings.ToLower(labels), -1) {
		a := Answer{Label: strings.ReplaceAll(label, " ", ""), Choice: choice}
		if !slices.Contains(r.Answers, a) {
			r.Answers = append(r.Answers, a)
		}
	}
}
