package imap

import (
	"strings"

	"quangtri.gov.vn/vanthu/internal/viet"
	"quangtri.gov.vn/vanthu/mailsvc/mime"
)

// previewMode says whether FETCH asks for PREVIEW (RFC 8970). LAZY gets the
// same answer: it is quickly made.
type previewMode uint8

const previewAsked previewMode = 1

const (
	previewChars = 200      // RFC 8970 section 3.1
	previewBytes = 32 << 10 // of the message's text that are looked at
)

func (p *parser) previewMode() previewMode {
	if p.peek() == ' ' && p.pos+1 < len(p.line) && p.line[p.pos+1] == '(' {
		p.sp()
		p.list(func() {
			if p.word() != "LAZY" {
				p.fail("unknown PREVIEW modifier")
			}
		})
	}
	return previewAsked
}

func (f *fetcher) writePreview(o *opened) {
	w := &f.c.w
	w.str("PREVIEW ")
	b, err := o.blob()
	if err != nil {
		w.str(`"" `) // RFC 8970 section 3.2: no NIL
		f.failed = orErr(f.failed, err)
		return
	}
	w.quoted(preview(b, o.index()))
	w.str(" ")
}

// preview returns the first words of the first text that has any, one line.
func preview(b interface {
	ReadAt([]byte, int64) (int, error)
}, x *mime.Index) string {
	for text := range mime.Texts(b, x, previewBytes) {
		var words strings.Builder
		n := 0
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, ">") {
				continue // what somebody else wrote
			}
			words.WriteString(line)
			words.WriteByte(' ')
			if n += len(line); n > 8*previewChars {
				break
			}
		}
		if s := viet.Clean(words.String()); s != "" {
			return firstChars(s, previewChars)
		}
	}
	return ""
}

// firstChars cuts s after n characters.
func firstChars(s string, n int) string {
	for i := range s {
		if n == 0 {
			return strings.TrimRight(s[:i], " ")
		}
		n--
	}
	return s
}
