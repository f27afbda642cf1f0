package engine

import (
	"fmt"
	"strings"
	"testing"

	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/dispatch/letter"
)

// What clerks write, as they write it, and what it must mean.
func TestParseReply(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"4: 1", "4=1"},
		{"Kính gửi,\n\n4: 1\n6: 0\n\nTrân trọng", "4=1 6=0"},
		{"dòng 4: 1", "4=1"},
		{"Dòng 4 chọn 2", "4=chọn 2"},
		{"dòng số 4: 1", "4=1"},
		{"Câu 4: 1", "4=1"},
		{"Dòng 4 gửi giấy", "4=gửi giấy"},
		{"Dòng 4 không gửi", "4=không gửi"},
		{"4b = giấy", "4b=giấy"},
		{"4 b: 1", "4b=1"},
		{"4) 1", "4=1"},
		{"4. 1", "4=1"},
		{"(4): 1", ""}, // told as unclear below
		{"**4: 1**", "4=1"},
		{"4：1", "4=1"},
		{"4 → 1", "4=1"},
		{"4 -> 1", "4=1"},
		{"4 - 1", "4=1"},
		{"4:\u00a01", "4=1"},
		{"4: 1; 6: 0", "4=1 6=0"},
		{"4: 1, 6: 0", "4=1 6=0"},
		{"4: 1 6: 2", "4=1 6=2"},
		{"4: 1 và 6: 2", "4=1 6=2"},
		{"4,6: 1", "4=1 6=1"},
		{"4 và 6: 1", "4=1 6=1"},
		{"- 4: 1", "4=1"},
		{"4:1\r\n5:2\r\n", "4=1 5=2"},
		{"4: 1\n4: 1", "4=1"},
		{"0: ok", "0=ok"},
		{"4: Sở Thông tin và Truyền thông", "4=Sở Thông tin và Truyền thông"},
		{"4: stttt@quangtri.gov.vn", "4=stttt@quangtri.gov.vn"},
		// an answer that the mail program broke
		{"1: Sở Nội vụ, Sở Tài chính,\nSở Thông tin và Truyền thông", "1=Sở Nội vụ, Sở Tài chính, Sở Thông tin và Truyền thông"},
		{"1: Sở Nội vụ; Sở Tài chính; Sở Kế hoạch và Đầu tư; Sở Giao thông\nvận tải\n\nTrân trọng", "1=Sở Nội vụ; Sở Tài chính; Sở Kế hoạch và Đầu tư; Sở Giao thông vận tải"},
		{"4: 1\nTrân trọng", "4=1"},
		// what stands in the quoted report is no answer
		{"4: 1\n\nVào 08:00, 12/07/2010, Bàn phát hành đã viết:\n> Dòng 6. «…»\n>       1 = Sở Nội vụ\n> 6: 2", "4=1"},
		{"> hỏi\n4: 1\n> hỏi tiếp\n6: 2", "4=1 6=2"},
		{"4: 1\n-----Original Message-----\nFrom: x\n6: 2", "4=1"},
		{"4: 1\n________________________________\n6: 2", "4=1"},
		{"4: 1\n\nFrom: Ban phat hanh\nSent: Monday\nTo: x\n\n6: 2", "4=1"},
		{"4: 1\n\nTừ: Bàn phát hành\nĐã gửi: Thứ Hai\n\n6: 2", "4=1"},
		{"On Mon, Jul 12, 2010 at 8:00 AM Ban phat hanh wrote:\n6: 2", ""},
		{"On Mon, Jul 12, 2010 at 8:00 AM Ban phat hanh wrote:\n> hỏi\n6: 2", "6=2"},
		// signatures, telephones, dates and times are no answers
		{"4: 1\n-- \nSố 5: phòng 3", "4=1"},
		{"Điện thoại 053-3852123\n090-512-3456\n20-5-2010\n45-Hùng Vương", ""},
		{"Nhất trí, đề nghị gửi.", ""},
		{"", ""},
	} {
		var got []string
		for _, a := range ParseReply(c.text, false).Answers {
			got = append(got, a.Label+"="+a.Choice)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("ParseReply(%q) = %q, want %q", c.text, got, c.want)
		}
	}
}

func TestFlowedReply(t *testing.T) {
	t.Parallel()
	r := ParseReply("1: Sở Nội \nvụ và \nSở Tài chính\n2: 0\n", true)
	if len(r.Answers) != 2 || r.Answers[0].Choice != "Sở Nội vụ và Sở Tài chính" {
		t.Errorf("%+v", r)
	}
}

func TestUnclearIsTold(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"Dòng 4 gửi cho ai cũng được", "câu 7 thì sao"} {
		if r := ParseReply(text, false); len(r.Answers) != 0 || len(r.Unclear) != 1 {
			t.Errorf("%q: %+v", text, r)
		}
	}
}

// However a mail program quotes the report, its own lines are no answers.
func TestReportIsNoAnswer(t *testing.T) {
	t.Parallel()
	d := dispatch.Document{Fields: dispatch.Fields{NumberSymbol: "1/CT-UBND", Type: "Chỉ thị", Date: "2010-05-20"},
		Asks: []dispatch.Question{{Message: "4: 1"}, {Message: "Bản quét."}}}
	for i, text := range []string{"UBND huyện", "1", "Sở A; Sở B", "Sở A; Sở B", "giấy", "0: ok"} {
		d.Items = append(d.Items, dispatch.Item{Raw: text, Text: text, Line: i, Reason: "không rõ",
			Candidates: []dispatch.Candidate{{Name: "Sở Nội vụ"}, {Name: "2: 2"}}})
	}
	var rows []dispatch.Recipient
	for i := range d.Items {
		state := []dispatch.State{dispatch.Held, dispatch.Failed, dispatch.Arrived}[i%3]
		rows = append(rows, dispatch.Recipient{ID: dispatch.RecipientID(i + 1), Item: i, State: state, Name: map[bool]string{true: "", false: "Sở X"}[state == dispatch.Held]})
	}
	report := letter.Report(dispatch.NewView(d, rows), true)
	for name, mail := range map[string]string{
		"whole": report, "after text": "Khoan, để tôi xem lại.\n\n" + report,
		"attributed": "Sai rồi.\nOn Mon, Jul 12, 2010, Ban phat hanh wrote:\n" + report,
		"html":       htmlText("<p>Khoan đã.</p><blockquote><pre>" + report + "</pre></blockquote>"),
		"outlook":    htmlText("<p>Khoan đã.</p><div style='border:none;border-top:solid #E1E1E1 1.0pt'><p>From: x</p></div><pre>" + report + "</pre>"),
	} {
		if r := ParseReply(mail, false); len(r.Answers) != 0 || len(r.Unclear) != 0 || r.Yes {
			t.Errorf("%s: %+v", name, r)
		}
		if declares(mail, false) {
			t.Errorf("%s declares something", name)
		}
	}
	// Without the marker, as when someone pastes it, ordinary lines are still none.
	if r := ParseReply(strings.Replace(letter.Report(dispatch.NewView(dispatch.Document{Items: d.Items[:1]}, rows[:1]), true), letter.ReplyAbove, "", 1), false); len(r.Answers) != 0 {
		t.Errorf("pasted: %+v", r)
	}
}

func TestDeclares(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"KHÔNG MẬT": true, "không mật.": true, "Kính gửi\nVăn bản không thuộc bí mật nhà nước\n": true, "khong mat": true,
		"Đây không phải văn bản thường": false, "> KHÔNG MẬT": false, "văn bản mật": false, "không mật thì mới gửi": false, "": false,
		"xem lại\n-----Original Message-----\nKHÔNG MẬT": false, "a\nb\nc\nd\ne\nKHÔNG MẬT": false,
	} {
		if got := declares(text, false); got != want {
			t.Errorf("declares(%q) = %v", text, got)
		}
	}
}

func TestHTMLReply(t *testing.T) {
	t.Parallel()
	for page, want := range map[string]string{
		`<html><head><style>4: 9</style></head><body><p>4: 1</p><div>6: <b>0</b></div><blockquote><p>7: 2</p></blockquote></body></html>`: "[{4 1} {6 0}]",
		"<p>4: Sở Nội\n vụ, Sở\n Tài chính</p>":                        "[{4 Sở Nội vụ, Sở Tài chính}]",
		"<table><tr><td>4: 1</td><td>6: 2</td></tr></table>":           "[{4 1} {6 2}]",
		"4: 1<br>6: 2<div class=gmail_quote>7: 1<div>8: 1</div></div>": "[{4 1} {6 2}]",
	} {
		if got := fmt.Sprint(ParseReply(htmlText(page), false).Answers); got != want {
			t.Errorf("%s: %s", page, got)
		}
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
		if len(m.files) > maxFiles || len(m.text) > 4*maxMailText || len(ParseReply(m.text, m.flowed).Answers) > maxAnswers+10 {
			t.Errorf("bounds broken: %d files, %d bytes of text", len(m.files), len(m.text))
		}
	})
}
