package imap

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"mime/quotedprintable"
	"strings"
	"testing"
	"time"
)

// fillLetters are n letters of about 4 KiB, no two alike, in the two transfer
// encodings that mail programs use for Vietnamese.
func fillLetters(n int) [][]byte {
	words := strings.Fields("Căn cứ Luật Tổ chức chính quyền địa phương ngày 19 tháng 6 năm 2015 Ủy ban nhân dân tỉnh đề nghị các sở ban ngành" +
		" khẩn trương triển khai thực hiện công tác phòng chống thiên tai bảo đảm an toàn tính mạng tài sản của nhân dân báo cáo kết quả")
	out := make([][]byte, n)
	for i := range out {
		var text, m bytes.Buffer
		for k := 0; text.Len() < 2400; k++ {
			text.WriteString(words[(i*31+k*k*7+k)%len(words)])
			text.WriteString([]string{" ", "\r\n"}[min(k%14/13, 1)])
		}
		subject := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "Công văn số %d/UBND-VX về việc triển khai nhiệm vụ", i))
		fmt.Fprintf(&m, "From: =?utf-8?q?V=C4=83n_th=C6=B0?= <vt@x.test>\r\nTo: <%s>\r\nSubject: =?utf-8?B?%s?=\r\nDate: Mon, 02 Jan 2006 15:04:05 -0700\r\n"+
			"Message-ID: <%d.42@x.test>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n", alice, subject, i)
		if i%2 == 0 {
			m.WriteString("Content-Transfer-Encoding: base64\r\n\r\n")
			for line := base64.StdEncoding.EncodeToString(text.Bytes()); line != ""; line = line[min(76, len(line)):] {
				m.WriteString(line[:min(76, len(line))] + "\r\n")
			}
		} else {
			m.WriteString("Content-Transfer-Encoding: quoted-printable\r\n\r\n")
			w := quotedprintable.NewWriter(&m)
			_, _ = w.Write(text.Bytes())
			w.Close()
		}
		out[i] = m.Bytes()
	}
	return out
}

// BenchmarkMultiAppend is a mailbox filled by MULTIAPPEND of 100 letters each.
func BenchmarkMultiAppend(b *testing.B) {
	const each = 100
	h := newHouse(b, Plain, nil)
	w := h.login(alice)
	w.c.SetDeadline(time.Time{})
	letters := fillLetters(each)
	b.ReportAllocs()
	sent, n := 0, 0
	var command bytes.Buffer
	for b.Loop() {
		if n++; n%each != 0 {
			continue
		}
		command.Reset()
		command.WriteString("x APPEND INBOX")
		for _, m := range letters {
			sent++
			fmt.Fprintf(&command, " () {%d+}\r\nX-N: %010d\r\n%s", len(m)+17, sent, m)
		}
		command.WriteString("\r\n")
		_, err := w.c.Write(command.Bytes())
		must(b, err)
		for {
			line, err := w.br.ReadString('\n')
			must(b, err)
			if strings.HasPrefix(line, "x ") {
				if !strings.HasPrefix(line, "x OK") {
					b.Fatal(line)
				}
				break
			}
		}
	}
}
