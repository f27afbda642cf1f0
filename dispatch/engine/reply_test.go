package engine

import (
	"fmt"
	"strings"
	"testing"
)

// What clerks write, as they write it, and what it must mean.
func TestParseAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"4: 1", "4=1"},
		{"Kính gửi,\n\n4: 1\n6: 0\n\nTrân trọng", "4=1 6=0"},
		{"dòng 4: 1", "4=1"},
		{"Dòng 4 chọn 2.", "4=2."},
		{"4b = giấy", "4b=giấy"},
		{"4) 1,3", "4=1,3"},
		{"4: 1; 6: 0", "4=1 6=0"},
		{"4: 1, 6: 0", "4=1 6=0"},
		{"- 4: 1", "4=1"},
		{"4:1\r\n5:2\r\n", "4=1 5=2"},
		{"0: ok", "0=ok"},
		{"4: Sở Thông tin và Truyền thông", "4=Sở Thông tin và Truyền thông"},
		{"4: stttt@quangtri.gov.vn", "4=stttt@quangtri.gov.vn"},
		// what stands in the quoted report is no answer
		{"4: 1\n\nVào 08:00, 12/07/2010, Bàn phát hành đã viết:\n> Dòng 6. «…»\n>       1 = Sở Nội vụ\n> 6: 2", "4=1"},
		{"> hỏi\n4: 1\n> hỏi tiếp\n6: 2", "4=1 6=2"},
		{"4: 1\n-----Original Message-----\nFrom: x\n6: 2", "4=1"},
		{"4: 1\n________________________________\n6: 2", "4=1"},
		{"Nhất trí, đề nghị gửi.", ""},
		{"", ""},
	} {
		var got []string
		for _, a := range ParseAnswers(c.text) {
			got = append(got, a.Label+"="+a.Choice)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("ParseAnswers(%q) = %q, want %q", c.text, got, c.want)
		}
	}
}

func TestDeclares(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"KHÔNG MẬT": true, "không mật.": true, "Kính gửi\nVăn bản không thuộc bí mật nhà nước\n": true, "khong mat": true,
		"Đây không phải văn bản thường": false, "> KHÔNG MẬT": false, "văn bản mật": false, "không mật thì mới gửi": false, "": false,
	} {
		if got := declares(text); got != want {
			t.Errorf("declares(%q) = %v", text, got)
		}
	}
}

func TestHTMLReply(t *testing.T) {
	t.Parallel()
	text := htmlText(`<html><head><style>4: 9</style></head><body><p>4: 1</p><div>6: <b>0</b></div><blockquote><p>7: 2</p></blockquote></body></html>`)
	if got := fmt.Sprint(ParseAnswers(text)); got != "[{4 1} {6 0}]" {
		t.Errorf("answers in HTML = %s from %q", got, text)
	}
}

func FuzzParseMail(f *testing.F) {
	f.Add([]byte("Subject: x\r\n\r\n4: 1\r\n"))
	f.Add([]byte("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>4: 1\r\n--b--\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parseMail(data)
		if err != nil {
			return
		}
		if len(m.files) > maxFiles || len(m.text) > 4*maxMailText || len(ParseAnswers(m.text)) > maxAnswers {
			t.Errorf("bounds broken: %d files, %d bytes of text", len(m.files), len(m.text))
		}
	})
}
