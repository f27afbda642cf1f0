package mime

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"quangtri.gov.vn/vanthu/internal/cputime"
)

func scan(s string) *Index { return Scan(strings.NewReader(s), int64(len(s))) }

// crlf turns a readable literal into a message.
func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

func part(t *testing.T, x *Index, msg string, path ...int) string {
	t.Helper()
	p := x.Part(path)
	if p == nil {
		t.Fatalf("no part %v", path)
	}
	return msg[p.BodyStart:p.BodyEnd]
}

const nested = `From: "Nguyễn Mẫu A" <a@x.test>
To: nhóm: b@x.test, "C, D" <c@x.test>;, e@x.test
Subject: =?utf-8?B?xJDhuqV1?= =?utf-8?Q?_th=E1=BA=A7u?=
Date: Mon, 16 Nov 2009 08:00:00 +0700
Message-ID: <m1@x.test>
Content-Type: multipart/mixed; boundary="outer"

preamble
--outer
Content-Type: multipart/alternative; boundary=inner

--inner
Content-Type: text/plain; charset=utf-8

một
hai
--inner
Content-Type: text/html; charset=utf-8

<p>ba</p>
--inner--
epilogue
--outer
Content-Type: message/rfc822

Subject: trong
From: z@x.test

thân
--outer
Content-Type: application/pdf; name="a.pdf"
Content-Disposition: attachment; filename="a.pdf"
Content-Transfer-Encoding: base64

AAAA

--outer--
`

func TestTree(t *testing.T) {
	t.Parallel()
	msg := crlf(nested)
	x := scan(msg)
	for _, c := range []struct {
		path []int
		want string
		body string
	}{
		{[]int{1, 1}, "text/plain", "một\r\nhai"},
		{[]int{1, 2}, "text/html", "<p>ba</p>"},
		{[]int{2}, "message/rfc822", "Subject: trong\r\nFrom: z@x.test\r\n\r\nthân"},
		{[]int{2, 1}, "text/plain", "thân"},
		{[]int{3}, "application/pdf", "AAAA\r\n"},
	} {
		p := x.Part(c.path)
		if p == nil {
			t.Fatalf("no part %v", c.path)
		}
		if got := p.Type + "/" + p.Subtype; got != c.want {
			t.Errorf("part %v: type %s, want %s", c.path, got, c.want)
		}
		if got := part(t, x, msg, c.path...); got != c.body {
			t.Errorf("part %v: %q, want %q", c.path, got, c.body)
		}
	}
	for _, path := range [][]int{{0}, {4}, {1, 3}, {3, 1}, {2, 2}, {2, 1, 1}, {-1}} {
		if x.Part(path) != nil {
			t.Errorf("part %v should not exist", path)
		}
	}
	if n := x.Part([]int{1, 1}).Lines; n != 2 {
		t.Errorf("lines of 1.1 = %d, want 2", n)
	}
	if x.Limited {
		t.Error("an ordinary message reached a limit")
	}
	if x.Fields.Subject != "Đấu thầu" {
		t.Errorf("subject %q", x.Fields.Subject)
	}
}

func TestEnvelopeOnTheWire(t *testing.T) {
	t.Parallel()
	x := scan(crlf(nested))
	name := "Nguyễn Mẫu A"
	from := fmt.Sprintf("(({%d}\r\n%s NIL \"a\" \"x.test\"))", len(name), name)
	want := `("Mon, 16 Nov 2009 08:00:00 +0700" "=?utf-8?B?xJDhuqV1?= =?utf-8?Q?_th=E1=BA=A7u?=" ` +
		from + " " + from + " " + from +
		" ((NIL NIL {5}\r\nnhóm NIL)(NIL NIL \"b\" \"x.test\")(\"C, D\" NIL \"c\" \"x.test\")(NIL NIL NIL NIL)(NIL NIL \"e\" \"x.test\"))" +
		` NIL NIL NIL "<m1@x.test>")`
	if got := string(x.Root.Envelope); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	want = `((("text" "plain" ("charset" "utf-8") NIL NIL "7bit" 10 2 NIL NIL NIL NIL)` +
		`("text" "html" ("charset" "utf-8") NIL NIL "7bit" 9 1 NIL NIL NIL NIL) "alternative" ("boundary" "inner") NIL NIL NIL)` +
		`("message" "rfc822" NIL NIL NIL "7bit" 39 (NIL "trong" ((NIL NIL "z" "x.test")) ((NIL NIL "z" "x.test")) ((NIL NIL "z" "x.test")) NIL NIL NIL NIL NIL) ` +
		`("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 5 1 NIL NIL NIL NIL) 4 NIL NIL NIL NIL)` +
		`("application" "pdf" ("name" "a.pdf") NIL NIL "base64" 6 NIL ("attachment" ("filename" "a.pdf")) NIL NIL) "mixed" ("boundary" "outer") NIL NIL NIL)`
	if got := string(x.Structure); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestPoison holds what broke other servers; each must give a tree in which the
// text can still be reached.
func TestPoison(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, msg, path, body string }{
		{"multipart without parts", "Content-Type: multipart/mixed; boundary=b\r\n\r\n", "1", ""},
		{"multipart without boundary", "Content-Type: multipart/mixed\r\n\r\nchữ\r\n", "1", "chữ\r\n"},
		{"boundary never seen", "Content-Type: multipart/mixed; boundary=zz\r\n\r\nchữ\r\n--b\r\n", "1", "chữ\r\n--b\r\n"},
		{"unterminated multipart", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhai", "1", "hai"},
		{"header line without colon", "Subject: x\r\nno colon here\r\nContent-Type: text/plain\r\n\r\nbody", "1", "body"},
		{"mbox line", "From a@b Mon\r\nSubject: x\r\n\r\nbody", "1", "body"},
		{"leading blank", " Subject: x\r\nTo: a@b\r\n\r\nbody", "1", "body"},
		{"bare LF", "Subject: x\n\nbody\n", "1", "body\n"},
		{"CR CR LF", "Subject: x\r\r\n\r\r\nbody", "1", "body"},
		{"no header", "\r\nbody", "1", "body"},
		{"empty", "", "1", ""},
		{"header only", "Subject: x", "1", ""},
		{"bad content type", "Content-Type: ;;;\r\n\r\nbody", "1", "body"},
		{"empty parts", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n--b\r\n--b--\r\n", "2", ""},
		{"same boundary inside", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nin\r\n--b--\r\n--b\r\n\r\nout\r\n--b--\r\n", "2", "out"},
		{"encoded message part", "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nU3ViamVjdDogeA==", "1", "U3ViamVjdDogeA=="},
		{"boundary in a header", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nSubject: x\r\n--b\r\n\r\ntwo\r\n--b--", "2", "two"},
	} {
		x := scan(c.msg)
		var path []int
		for _, f := range strings.Split(c.path, ".") {
			var n int
			fmt.Sscan(f, &n)
			path = append(path, n)
		}
		if x.Part(path) == nil {
			t.Errorf("%s: no part %s", c.name, c.path)
			continue
		}
		if got := part(t, x, c.msg, path...); got != c.body {
			t.Errorf("%s: part %s is %q, want %q", c.name, c.path, got, c.body)
		}
		checkIndex(t, []byte(c.msg), x)
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"a@x", "|a|x"},
		{"a@x;b@y", "|a|x,|b|y"},
		{"A B <a@x>, , broken, b@y (Bình)", "A B|a|x,|broken|unknown.invalid,Bình|b|y"},
		{`"Lê, Mẫu" <le@x>`, "Lê, Mẫu|le|x"},
		{`"a\"b" <"q@r"@x>`, `a"b|q@r|x`},
		{"undisclosed-recipients:;", "|undisclosed-recipients|,||"},
		{"g: a@x, b@y; c@z", "|g|,|a|x,|b|y,||,|c|z"},
		{"g: a@x", "|g|,|a|x,||"},
		{"<@r1,@r2:a@x>", "|a|x"},
		{"<a@x, b@y", "|a|x,|b|y"},
		{`"open <a@x>, b@y`, `"open|a|x,|b|y`},
		{"(open a@x", "|(open a|x"},
		{"A <>", "A|unknown|unknown.invalid"},
		{"=?utf-8?Q?N=E1=BB=99i_v=E1=BB=A5?= <nv@x>", "=?utf-8?Q?N=E1=BB=99i_v=E1=BB=A5?=|nv|x"},
		{"", ""},
		{",,;;", ""},
	} {
		var got []string
		for _, a := range ParseAddresses([]byte(c.in), 100) {
			got = append(got, a.Name+"|"+a.Mailbox+"|"+a.Host)
		}
		if g := strings.Join(got, ","); g != c.want {
			t.Errorf("%q: %s, want %s", c.in, g, c.want)
		}
	}
}

func TestDecodeText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"plain", "plain"},
		{"=?UTF-8?B?VsSDbg==?= =?UTF-8?Q?_b=E1=BA=A3n?=", "Văn bản"},
		{"=?utf-8?Q?b=E1=BA?= =?utf-8?Q?=A3n?=", "bản"}, // a character cut in two
		{"a =?utf-8?Q?b?= c", "a b c"},
		{"=?utf-8?Q?b?=c", "bc"},
		{"=?windows-1258?Q?Vi=EA=F2t?=", "Việt"},
		{"=?tcvn3?Q?Vi=D6t?=", "Việt"},
		{"=?viscii?Q?Vi=AEt?=", "Việt"},
		{"=?x-viet-vni?Q?Vie=E4t?=", "Việt"},
		{"=?utf-8?X?abc?=", "=?utf-8?X?abc?="},
		{"=?utf-8?Q?open", "=?utf-8?Q?open"},
		{"=??Q?x?=", "=??Q?x?="},
		{"Vie\u0323\u0302t", "Việt"},
		{"Vi\xea\xf2t", "Việt"}, // raw windows-1258
		{"=?utf-8?B?VsSDbg?=", "Văn"},
	} {
		if got := DecodeText([]byte(c.in)); got != c.want {
			t.Errorf("%q: %q, want %q", c.in, got, c.want)
		}
	}
}

func TestCharsets(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ charset, in, want string }{
		{"TCVN3", "C\xe9ng h\xdfa x\xb7 h\xe9i ch\xf1 ngh\xdca Vi\xd6t Nam", "Cộng hòa xã hội chủ nghĩa Việt Nam"},
		{"VISCII", "C\xb5ng h\xf2a x\xe3 h\xb5i ch\xfc ngh\xeea Vi\xaet Nam", "Cộng hòa xã hội chủ nghĩa Việt Nam"},
		{"vni", "Co\xe4ng ho\xf8a x\xe3o\xf5", "Coạng"},
		{"utf-8", "Việt", "Việt"},
		{"nonsense", "Việt", "Việt"},
		{"us-ascii", "Việt", "Việt"},
		{"utf-16", "\xfe\xff\x00V\x00i", "Vi"},
	} {
		p := &Part{Type: "text", Subtype: "plain", Params: []Param{{"charset", c.charset}}, Encoding: "8bit"}
		got := PartText(p, []byte(c.in))
		if c.charset == "vni" {
			c.want = "Cộng hòa xão\u0303"
		}
		if !strings.HasPrefix(got, strings.TrimSuffix(c.want, "xão\u0303")) {
			t.Errorf("%s: %q, want %q", c.charset, got, c.want)
		}
	}
}

func TestTexts(t *testing.T) {
	t.Parallel()
	msg := crlf("Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n=C4=90=E1=BA=A5u th=\n=E1=BA=A7u\n--b\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\nPGI+xJA8L2I+4bqldSAmYW1wOyA8c2NyaXB0PngoKTwvc2NyaXB0PnRo4bqndQ==\n--b--\n")
	var got []string
	for s := range Texts(strings.NewReader(msg), scan(msg), 1<<20) {
		got = append(got, s)
	}
	if fmt.Sprint(got) != fmt.Sprint([]string{"Đấu thầu", "Đấu & \nthầu"}) {
		t.Errorf("%q", got)
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	x := scan("Date: Mon, 16 Nov 2009 01:00:00 +0700 (ICT)\r\n\r\n")
	if d := x.Fields.Date; !d.Valid || d.Day() != 14564 || d.Unix != 1258308000 {
		t.Errorf("%+v day %d", d, d.Day())
	}
	for in, want := range map[string]int64{
		"Mon, 16 Nov 2009 01:00:00 +0700":                  1258308000,
		"16 Nov 09 01:00 +0700":                            1258308000,
		"Mon, 16 Nov 2009 01:00:00 +0700 (Giờ Đông Dương)": 1258308000,
		"Thứ Hai, 16 Nov 2009 01:00:00 +0700":              1258308000,
		"T2 16 Nov 2009 01:00:00 +0700":                    1258308000,
		"Mon Nov 16 01:00:00 2009":                         1258333200,
		"Mon, 16 Nov 2009 01:00:00":                        1258333200,
		"2009-11-16T01:00:00+07:00":                        1258308000,
		"2009-11-16 01:00:00 +0700":                        1258308000,
		"16-Nov-2009 01:00:00 +0700":                       1258308000,
		"Thu, 1 Jan 1970 00:00:00 GMT":                     0,
		"Tue, 19 Jan 2038 03:14:08 +0000":                  1 << 31,
		"Fri, 1 Jan 1904 00:00:00 +0000":                   -2082844800,
		"Fri, 31 Dec 9999 23:59:59 +0000":                  253402300799,
	} {
		if d := scan("Date: " + in + "\r\n\r\n").Fields.Date; !d.Valid || d.Unix != want {
			t.Errorf("%s: %+v, want %d", in, d, want)
		}
	}
	for _, in := range []string{"hôm qua", "", "Mon,", "32 Nov 2009 01:00:00 +0700", "16 Nov 2009 25:00:00 +0700", "0", "16 Nov 99999 01:00:00 +0000", strings.Repeat("1 ", 90), "(", "16/11/2009"} {
		if d := scan("Date: " + in + "\r\n\r\n").Fields.Date; d.Valid {
			t.Errorf("%q: %+v", in, d)
		}
	}
}

// checkIndex verifies what every index must satisfy.
func checkIndex(t *testing.T, msg []byte, x *Index) {
	t.Helper()
	if x.Size != int64(len(msg)) || !x.Root.within(0, x.Size) {
		t.Fatalf("offsets outside the message: %+v", x.Root)
	}
	b := x.AppendBinary(nil)
	y, err := Decode(b)
	if err != nil {
		t.Fatalf("own index does not decode: %v", err)
	}
	if !bytes.Equal(y.AppendBinary(nil), b) {
		t.Fatal("decoding loses something")
	}
	if max := 8*len(msg) + 64*MaxParts + 4096; len(b) > max {
		t.Fatalf("index of %d bytes for a message of %d", len(b), len(msg))
	}
	for _, w := range [][]byte{x.Root.Envelope, x.Structure, x.AppendBody(nil)} {
		if rest, ok := sexp(w); !ok || len(rest) > 0 {
			t.Fatalf("not a list: %.200q", w)
		}
	}
}

// sexp reads one parenthesised list, string, literal or atom.
func sexp(b []byte) (rest []byte, ok bool) {
	depth := 0
	for len(b) > 0 {
		switch c := b[0]; {
		case c == '(':
			depth++
			b = b[1:]
		case c == ')':
			depth--
			b = b[1:]
		case c == '"':
			i := 1
			for ; i < len(b) && b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
				if i >= len(b) || b[i] == '\r' || b[i] == '\n' || b[i] >= 0x80 {
					return b, false
				}
			}
			if i >= len(b) {
				return b, false
			}
			b = b[i+1:]
		case c == '{':
			var n int
			if _, err := fmt.Sscanf(string(b[:min(len(b), 20)]), "{%d}\r\n", &n); err != nil {
				return b, false
			}
			i := bytes.IndexByte(b, '\n') + 1
			if i+n > len(b) || bytes.IndexByte(b[i:i+n], 0) >= 0 {
				return b, false
			}
			b = b[i+n:]
		case c == '\r' || c == '\n' || c == 0:
			return b, false
		default:
			b = b[1:]
		}
		if depth == 0 {
			return b, true
		}
	}
	return b, false
}

// bombs are messages that cost careless readers dearly.
func bombs() map[string]string {
	var deep strings.Builder
	for i := range 4000 {
		fmt.Fprintf(&deep, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	var messages strings.Builder
	for range 4000 {
		messages.WriteString("Content-Type: message/rfc822\r\n\r\n")
	}
	return map[string]string{
		"depth 4000":            deep.String(),
		"messages in messages":  messages.String(),
		"200,000 parts":         "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\n\r\n", 200_000),
		"200,000 empty parts":   "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\n", 200_000),
		"100,000 addresses":     "To: " + strings.Repeat("a@b,", 100_000) + "\r\n\r\n",
		"100,000 To fields":     strings.Repeat("To: a@b\r\n", 100_000) + "\r\n",
		"open quotes":           "To: " + strings.Repeat(`"`, 100_001) + "\r\n\r\n",
		"open brackets":         "To: " + strings.Repeat("<", 100_000) + "\r\n\r\n",
		"open comments":         "To: " + strings.Repeat("(", 100_000) + "\r\n\r\n",
		"open encoded words":    "Subject: " + strings.Repeat("=?utf-8?Q?", 20_000) + "\r\n\r\n",
		"charsets of no word":   "Subject: " + strings.Repeat("=?", 100_000) + "\r\n\r\n",
		"parameters":            "Content-Type: text/plain; " + strings.Repeat("a=b;", 50_000) + "\r\n\r\n",
		"parameter names":       "Content-Type: text/plain; " + strings.Repeat(";", 200_000) + "\r\n\r\n",
		"long header line":      "Subject: " + strings.Repeat("x", 4<<20) + "\r\n\r\nbody",
		"header of 4 MiB":       strings.Repeat("X-A: b\r\n", 1<<19) + "\r\nbody",
		"long body line":        "\r\n" + strings.Repeat("x", 4<<20),
		"dashes":                "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--\n", 1<<20),
		"HTML brackets":         "Content-Type: text/html\r\n\r\n" + strings.Repeat("<", 1<<20),
		"HTML comments":         "Content-Type: text/html\r\n\r\n" + strings.Repeat("<!--", 1<<18),
		"HTML scripts":          "Content-Type: text/html\r\n\r\n" + strings.Repeat("<script>", 1<<17),
		"combining marks":       "Subject: " + strings.Repeat("\u0323", 100_000) + "\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + strings.Repeat("\u0301", 1<<19),
		"references":            "References: " + strings.Repeat("<a@b> ", 40_000) + "\r\n\r\n",
		"soft breaks":           "Content-Transfer-Encoding: quoted-printable\r\n\r\n" + strings.Repeat("=  ", 1<<19),
		"languages":             "Content-Language: " + strings.Repeat("vi,", 80_000) + "\r\n\r\n",
		"parts with big fields": "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\nContent-ID: "+strings.Repeat("x", 4000)+"\r\n\r\n", 990),
	}
}

func TestBombsAreCheap(t *testing.T) {
	t.Parallel()
	for name, msg := range bombs() {
		var x *Index
		if d := cputime.Of(func() {
			x = scan(msg)
			for range Texts(strings.NewReader(msg), x, 8<<20) {
			}
		}); d > 2*time.Second {
			t.Errorf("%s: %d bytes took %v", name, len(msg), d)
		}
		checkIndex(t, []byte(msg), x)
		if n := len(x.AppendBinary(nil)); n > 4*MaxKept+200*MaxParts {
			t.Errorf("%s: index of %d bytes", name, n)
		}
	}
}

// TestPiecesDoNotMatter feeds a message in pieces of every size.
func TestPiecesDoNotMatter(t *testing.T) {
	t.Parallel()
	msg := crlf(nested) + "x\rno end"
	want := scan(msg).AppendBinary(nil)
	for size := 1; size < 200; size++ {
		s := newScanner()
		for b := []byte(msg); len(b) > 0; b = b[min(size, len(b)):] {
			s.write(b[:min(size, len(b))])
		}
		if got := s.finish().AppendBinary(nil); !bytes.Equal(got, want) {
			t.Fatalf("pieces of %d bytes give another index", size)
		}
	}
}

func FuzzScan(f *testing.F) {
	f.Add([]byte(crlf(nested)))
	for _, msg := range bombs() {
		f.Add([]byte(msg[:min(len(msg), 4096)]))
	}
	f.Fuzz(func(t *testing.T, msg []byte) {
		start := cputime.Process()
		x := Scan(bytes.NewReader(msg), int64(len(msg)))
		checkIndex(t, msg, x)
		for s := range Texts(bytes.NewReader(msg), x, 1<<20) {
			if len(s) > 16*len(msg)+16 {
				t.Fatalf("%d bytes of text from %d", len(s), len(msg))
			}
		}
		if d := cputime.Process() - start; d > time.Second+time.Duration(len(msg))*time.Microsecond {
			t.Fatalf("%d bytes took %v", len(msg), d)
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add(scan(crlf(nested)).AppendBinary(nil))
	f.Add([]byte{formatVersion})
	f.Fuzz(func(t *testing.T, b []byte) {
		s := Stored(b)
		s.Envelope()
		s.Structure()
		s.Fields()
		s.Date()
		for k := range fieldCount {
			s.Folded(k)
		}
		x, err := Decode(b)
		if err != nil {
			return
		}
		if !x.Root.within(0, x.Size) {
			t.Fatal("offsets outside the message")
		}
		x.AppendBody(nil)
		for range Texts(io.NewSectionReader(bytes.NewReader(nil), 0, 0), x, 1<<16) {
		}
	})
}

func BenchmarkScan4K(b *testing.B) {
	msg := crlf(nested) + strings.Repeat("Một dòng của văn bản dài.\r\n", 120)
	r := strings.NewReader(msg)
	b.SetBytes(int64(len(msg)))
	for b.Loop() {
		Scan(r, int64(len(msg))).AppendBinary(nil)
	}
}

func BenchmarkScanAttachment(b *testing.B) {
	msg := crlf(nested) + strings.Repeat(strings.Repeat("A", 76)+"\r\n", 40_000)
	r := strings.NewReader(msg)
	b.SetBytes(int64(len(msg)))
	for b.Loop() {
		Scan(r, int64(len(msg)))
	}
}
