package imap

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"quangtri.gov.vn/vanthu/mailsvc"
	"quangtri.gov.vn/vanthu/mailsvc/mime"
)

// benchLetter is the i-th of the letters that the searches below go through: one
// in a hundred has the word with marks in its subject, another one in its text,
// and nine have it there without marks or with other ones.
func benchLetter(i, lines int) string {
	word := "kế hoạch"
	switch i % 100 {
	case 7:
		word = "chuyển đổi số"
	case 17, 27, 37, 47:
		word = "chuyen doi so"
	case 57, 67, 77, 87, 97:
		word = "chuyên đôi so"
	}
	subject := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "Công văn số %d/UBND-VX về việc triển khai %s", i, word))
	var text strings.Builder
	for k := range lines {
		fmt.Fprintf(&text, "Thực hiện nhiệm vụ thứ %d, đề nghị các xã báo cáo mục %x.\r\n", k, i*lines+k)
	}
	if i%100 == 8 {
		text.WriteString("Phòng phụ trách chuyển đổi số.\r\n")
	}
	return fmt.Sprintf("From: Mau Vu <u%d@x.test>\r\nTo: <%s>\r\nSubject: =?utf-8?B?%s?=\r\nMessage-ID: <%d@x.test>\r\nMIME-Version: 1.0\r\n"+
		"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n%s", i%50, alice, subject, i, text.String())
}

// BenchmarkSearch is a word with marks in mailboxes of two sizes, and in one of
// letters so short that the words of their texts are sketched, over a socket.
func BenchmarkSearch(b *testing.B) {
	for _, c := range []struct{ n, lines int }{{10_000, 40}, {10_000, 4}, {50_000, 40}} {
		n := c.n
		h := newHouse(b, Plain, nil)
		inbox, err := h.store.Folder(context.Background(), alice, alice, "INBOX")
		must(b, err)
		var batch []mailsvc.NewMessage
		for i := range n {
			m, err := mime.Ingest(h.blobs, strings.NewReader(benchLetter(i, c.lines)))
			must(b, err)
			m.Internal = time.Unix(1_700_000_000, 0)
			if batch = append(batch, m); len(batch) == 1000 {
				_, err := h.store.Append(context.Background(), alice, inbox.ID, batch)
				must(b, err)
				batch = batch[:0]
			}
		}
		for key, perHundred := range map[string]int{"SUBJECT": 1, "BODY": 1, "TEXT": 2} {
			b.Run(fmt.Sprintf("%s/%d/%d-lines", key, n, c.lines), func(b *testing.B) {
				w := h.login(alice)
				w.c.SetDeadline(time.Time{})
				w.ok("SELECT INBOX")
				for b.Loop() {
					got := w.ok("SEARCH CHARSET UTF-8 " + key + ` "chuyển đổi số"`)
					if found := strings.Count(got[0], " ") - 1; found != perHundred*n/100 {
						b.Fatalf("%d found", found)
					}
				}
			})
		}
	}
}
