package engine

import (
	"regexp"
	"strings"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// answerLine is "4: 1" and what people write for it: "dòng 4: 1", "4 = 1,3",
// "4b - giấy", "Dòng 4 chọn 2", "4) 1".
var answerLine = regexp.MustCompile(`(?i)^(?:dòng|dong|line)?\s*(\d{1,3}[a-z]{0,2})\s*(?:[:=\-–—)>]+|\s+chọn|\s+chon)+\s*(.+)$`)

// pair finds further answers on the same line: "4: 1; 6: 0", "4: 1, 6: 0".
var pair = regexp.MustCompile(`(?i)[;,]\s*(?:(?:dòng|dong)\s*)?(\d{1,3}[a-z]{0,2}\s*[:=])`)

// quoteStart is where a mail program begins to quote the mail it answers.
var quoteStart = regexp.MustCompile(`(?i)^(-+\s*(original message|thư gốc|tin nhắn gốc|forwarded message)|_{10,}|(on|vào|ngày|lúc|hôm)\s.{4,200}\s(wrote|viết|đã viết)\s*:)`)

// maxAnswers bounds what one mail may ask.
const maxAnswers = 500

// ParseAnswers reads the answers that a clerk wrote above, between or below the
// quoted report. Quoted lines are not answers.
func ParseAnswers(text string) []Answer {
	var out []Answer
	for _, l := range strings.Split(text, "\n") {
		l = viet.Clean(l)
		if strings.HasPrefix(l, ">") {
			continue
		}
		if quoteStart.MatchString(l) {
			if !strings.HasPrefix(l, "-") && !strings.HasPrefix(l, "_") {
				continue // an attribution line; answers may still stand below the quote
			}
			break // what follows is the old mail, unmarked
		}
		for _, piece := range strings.Split(pair.ReplaceAllString(l, "\n$1"), "\n") {
			m := answerLine.FindStringSubmatch(strings.TrimLeft(piece, "•*-– "))
			if m == nil {
				continue
			}
			out = append(out, Answer{Label: strings.ToLower(m[1]), Choice: strings.TrimSpace(m[2])})
			if len(out) == maxAnswers {
				return out
			}
		}
	}
	return out
}
