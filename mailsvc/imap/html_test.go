package imap

import (
	"fmt"
	"strings"
	"testing"
)

// TestTextOfHTMLIsFound: programs put many things between the letters and between
// the words of a text that nobody sees.
func TestTextOfHTMLIsFound(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	const text = "Kế hoạch đấu thầu năm 2009"
	forms := []*strings.Replacer{
		strings.NewReplacer("ầ", "<span style='x'>ầ</span>"),
		strings.NewReplacer("ầ", "<!-- x -->ầ"),
		strings.NewReplacer("ầ", "<![if !x]>ầ<![endif]>"),
		strings.NewReplacer(" ", "&nbsp;"),
		strings.NewReplacer(" ", "\r\n  <br/>\r\n"),
		strings.NewReplacer(" ", "</td>\r\n<td class=\">\">"),
		strings.NewReplacer(" ", " <o:p></o:p>"),
		strings.NewReplacer("h", "&shy;h"),
		strings.NewReplacer("u", "u\u200b", "n", "n<wbr>"),
		strings.NewReplacer("ạ", "&#x1ea1;", "ế", "&#7871;", "đ", "&#x111;"),
		strings.NewReplacer("ạ", "a&#803;", "ế", "&ecirc;&#x301;"),
	}
	var all []string
	for i, f := range forms {
		h.put(alice, "INBOX", "Subject: x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><head><title>không thấy</title><style>p {đấu: thầu}</style></head><body><p>"+f.Replace(text)+"</p></body></html>\r\n")
		all = append(all, fmt.Sprint(i+1))
	}
	w := h.login(alice)
	w.ok("SELECT INBOX")
	for _, q := range []string{"đấu thầu", "dau thau nam 2009", "kế hoạch đấu", "hoạch", "ĐẤU", text} {
		if got := w.found(`BODY "` + q + `"`); got != strings.Join(all, " ") {
			t.Errorf("%s: %s", q, got)
		}
	}
	for _, q := range []string{"không thấy", "đau thâu", "span", "endif", "shy"} {
		if got := w.found(`BODY "` + q + `"`); got != "" {
			t.Errorf("%s: %s", q, got)
		}
	}
}
