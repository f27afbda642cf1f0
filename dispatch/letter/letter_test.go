package letter

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/mail"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset"

	"quangtri.gov.vn/vanthu/dispatch"
)

func sample(t *testing.T, subject, file string, body []byte) []byte {
	t.Helper()
	h := Head{
		From: mail.Address{Name: "Ủy ban nhân dân tỉnh Quảng Trị", Address: "ubnd@quangtri.gov.vn"},
		To:   &mail.Address{Name: "Sở Thông tin và Truyền thông", Address: "stttt@quangtri.gov.vn"}, Subject: subject,
		Date: time.Date(2010, 7, 12, 8, 0, 0, 0, time.FixedZone("", 7*3600)), MessageID: "vb.x@quangtri.gov.vn",
	}
	var b bytes.Buffer
	err := Write(&b, h, "Kính gửi\nxin chào", "=_b", []Attachment{{Name: file, Type: "application/vnd.oasis.opendocument.text", Body: bytes.NewReader(body)}})
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestLetterRoundTrip(t *testing.T) {
	t.Parallel()
	subject := "[15/2009/CT-UBND] Về việc tăng cường sử dụng văn bản điện tử trong hoạt động của các cơ quan nhà nước trên địa bàn tỉnh"
	name := "Chỉ thị số 15 về văn bản điện tử – bản chính thức (đã ký).odt"
	want := bytes.Repeat([]byte{0, 1, 2, 0xff, '\r', '\n', '.'}, 999)
	raw := sample(t, subject, name, want)
	for i, l := range strings.Split(string(raw), "\r\n") {
		if len(l) > 998 || strings.ContainsAny(l, "\r\n") {
			t.Fatalf("line %d is not a mail line: %d bytes", i, len(l))
		}
		if !isASCII(strings.ReplaceAll(l, "\t", " ")) {
			t.Fatalf("line %d is not ASCII: %q", i, l)
		}
	}
	e, err := message.Read(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := e.Header.Text("Subject"); got != subject {
		t.Errorf("subject = %q", got)
	}
	mr := e.MultipartReader()
	text, err := mr.NextPart()
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := io.ReadAll(text.Body); string(b) != "Kính gửi\r\nxin chào" {
		t.Errorf("text = %q", b)
	}
	file, err := mr.NextPart()
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := io.ReadAll(file.Body); !bytes.Equal(b, want) {
		t.Errorf("attachment differs: %d bytes", len(b))
	}
	_, p, err := file.Header.ContentDisposition()
	if err != nil || p["filename"] != name {
		t.Errorf("file name = %q, %v", p["filename"], err)
	}
	_, p, _ = file.Header.ContentType()
	if got := p["name"]; !strings.Contains(got, "=?utf-8?B?") && got != name {
		t.Errorf("name parameter = %q", got)
	}
	if !strings.Contains(string(raw), `filename="Chi thi`) && !strings.Contains(string(raw), `filename="Chi-thi`) {
		t.Errorf("no ASCII fallback name")
	}
}

// A name that fits one encoded word is in one: readers that put a space between
// adjacent words would break it inside a syllable.
func TestNamesStayWhole(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Ủy ban nhân dân tỉnh Quảng Trị", "Sở Thông tin và Truyền thông", "Văn phòng"} {
		if got := strings.Count(Address(mail.Address{Name: name, Address: "a@b"}), "?B?"); got != 1 {
			t.Errorf("%s: %d words", name, got)
		}
	}
	for i, w := range strings.Split(words(strings.Repeat("Về việc tăng cường ", 20), 9), "\r\n ") {
		if len(w) > 75 || i == 0 && len(w) > 66 {
			t.Errorf("word of %d octets", len(w))
		}
		b, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(strings.TrimPrefix(w, "=?utf-8?B?"), "?="))
		if err != nil || !strings.HasSuffix(string(b), " ") {
			t.Errorf("cut inside a syllable: %q, %v", b, err)
		}
	}
}

// No text that a person or a paper supplies can add a header field.
func TestNoHeaderInjection(t *testing.T) {
	t.Parallel()
	for _, evil := range []string{"a\r\nBcc: x@y", "a\nBcc: x@y", "a\rBcc: x@y", "\u2028Bcc: x@y", "a\x00b"} {
		raw := sample(t, evil, evil+".odt", nil)
		m, err := mail.ReadMessage(bytes.NewReader(raw))
		if err != nil {
			t.Fatalf("%q: %v", evil, err)
		}
		if m.Header.Get("Bcc") != "" || bytes.Contains(raw, []byte("\nBcc:")) || bytes.IndexByte(raw, 0) >= 0 {
			t.Errorf("%q got through:\n%s", evil, raw[:400])
		}
	}
}

func FuzzFileName(f *testing.F) {
	f.Add("../../etc/passwd")
	f.Add("Chỉ thị\r\n.odt")
	f.Add(strings.Repeat("ậ", 400) + ".pdf")
	f.Fuzz(func(t *testing.T, s string) {
		n := FileName(s)
		if n == "" || utf8.RuneCountInString(n) > 100 || strings.ContainsAny(n, "/\\\r\n\x00\"") || n == "." || n == ".." {
			t.Errorf("FileName(%q) = %q", s, n)
		}
		if len(extended(n)) > 900*2 {
			t.Errorf("extended name of %d bytes", len(extended(n)))
		}
	})
}

func TestSubjectShowsUrgency(t *testing.T) {
	t.Parallel()
	c := Carrying{Fields: dispatch.Fields{NumberSymbol: "1/CĐ-UBND", Subject: "Ứng phó bão", Urgency: "Hỏa tốc"}}
	if got := c.Subject(); got != "[HỎA TỐC] [1/CĐ-UBND] Ứng phó bão" {
		t.Errorf("subject = %q", got)
	}
}
