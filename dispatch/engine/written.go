package engine

import (
	"regexp"
	"strings"

	"golang.org/x/text/unicode/norm"

	"quangtri.gov.vn/vanthu/dispatch/letter"
	"quangtri.gov.vn/vanthu/internal/viet"
)

// A reply quotes the mail it answers, each program in its own way. What the
// person wrote is what stands before the quote, or between quoted lines marked
// with ">". Nothing of a quote may count as an answer or a declaration.

// attribution is the line that introduces a quote: "Vào 08:00 … đã viết:".
var attribution = regexp.MustCompile(`(?i)^(on|vào|vao|ngày|ngay|lúc|luc|hôm|hom|le|am)\s.{4,300}(wrote|viết|đã viết|da viet|a écrit|schrieb)\s*:?$`)

// divider opens an unmarked quote.
var divider = regexp.MustCompile(`(?i)^(-{2,}\s*(original message|thư gốc|thu goc|tin nhắn gốc|forwarded message|thư chuyển tiếp|thư trả lời)\s*-*|_{10,}|-{20,})$`)

// headField is a line of the header block that Outlook sets before a quote.
var headField = regexp.MustCompile(`(?i)^\**(from|từ|tu|người gửi|nguoi gui|sent|đã gửi|da gui|date|ngày|ngay|to|tới|toi|đến|den|cc|subject|chủ đề|chu de|tiêu đề|tieu de)\**\s*:`)

// written returns the lines that the person wrote, cleaned, in order, blank ones
// kept as "". flowed joins soft line breaks (RFC 3676).
func written(text string, flowed bool) []string {
	raw := strings.Split(text, "\n")
	var out []string
	for i := 0; i < len(raw); i++ {
		l := viet.Clean(norm.NFKC.String(strings.TrimRight(raw[i], "\r")))
		if strings.HasPrefix(l, ">") {
			continue
		}
		if endsWriting(raw, i, l) {
			break
		}
		if attribution.MatchString(l) {
			continue // marked lines follow; the person may have written between them
		}
		if flowed {
			for softBreak(raw[i]) && i+1 < len(raw) && !strings.HasPrefix(raw[i+1], ">") {
				i++
				l = viet.Clean(l + " " + norm.NFKC.String(raw[i]))
			}
		}
		out = append(out, l)
	}
	return out
}

// endsWriting reports whether an unmarked quote or a signature begins at line i.
func endsWriting(raw []string, i int, l string) bool {
	switch {
	case strings.Contains(l, letter.ReplyAbove), divider.MatchString(l), strings.TrimRight(raw[i], "\r") == "-- ":
		return true
	case headField.MatchString(l):
		return headField.MatchString(viet.Clean(next(raw, i)))
	case attribution.MatchString(l):
		return !strings.HasPrefix(next(raw, i), ">")
	}
	return false
}

// next is the next line that is not blank, "" at the end.
func next(raw []string, i int) string {
	for _, l := range raw[i+1:] {
		if l = strings.TrimSpace(l); l != "" {
			return l
		}
	}
	return ""
}

func softBreak(l string) bool {
	l = strings.TrimRight(l, "\r")
	return strings.HasSuffix(l, " ") && l != "-- "
}

var declaration = regexp.MustCompile(`^(van ban )?(nay )?(khong mat|khong thuoc bi mat nha nuoc|khong phai van ban mat)[ .!]*$`)

// declares reports whether the person wrote, on one of the first lines, that
// nothing is secret.
func declares(text string, flowed bool) bool {
	seen := 0
	for _, l := range written(text, flowed) {
		if l == "" {
			continue
		}
		if declaration.MatchString(viet.Fold(l)) {
			return true
		}
		if seen++; seen == 5 {
			return false
		}
	}
	return false
}
