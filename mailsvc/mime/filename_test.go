package mime

import (
	"fmt"
	"strings"
	"testing"
)

func TestFileNames(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		`Content-Disposition: attachment; filename="báo cáo.pdf"`:                                                              "báo cáo.pdf",
		`Content-Disposition: attachment; filename="=?utf-8?B?YsOhbyBjw6FvLnBkZg==?="`:                                         "báo cáo.pdf",
		`Content-Disposition: attachment; filename*=UTF-8''b%C3%A1o%20c%C3%A1o.pdf`:                                            "báo cáo.pdf",
		`Content-Disposition: attachment; filename*=utf-8'vi'b%C3%A1o%20c%C3%A1o.pdf; filename="bao cao.pdf"`:                  "báo cáo.pdf",
		`Content-Disposition: attachment; filename*1*=%20c%C3; filename*0*=utf-8''b%C3%A1o; filename*2*=%A1o; filename*3=.pdf`: "báo cáo.pdf",
		`Content-Disposition: attachment; filename*0=a; filename*2=c`:                                                          "a",
		`Content-Disposition: attachment; filename*=windows-1258''b%E1o%20ca%ECo.pdf`:                                          "báo cáo.pdf",
		`Content-Disposition: attachment; filename*=b%C3%A1o`:                                                                  "báo",
		`Content-Disposition: attachment; filename*=x''%zz%`:                                                                   "%zz%",
		`Content-Type: application/pdf; name="a.pdf"`:                                                                          "a.pdf",
		`Content-Type: application/pdf; name*="'"`:                                                                             "'",
		`Content-Type: application/pdf`:                                                                                        "",
		`Content-Disposition: attachment; filename=""`:                                                                         "",
		"Content-Disposition: attachment; filename=\"ba\u0301o.pdf\"":                                                          "báo.pdf",
	} {
		if got := FileName(scan(header + "\r\n\r\n").Root); got != want {
			t.Errorf("%s: %q, want %q", header, got, want)
		}
	}
}

func TestTextsNameTheFiles(t *testing.T) {
	t.Parallel()
	msg := crlf("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; name=thu.txt\n\nthân\n--b\nContent-Disposition: attachment; filename*=utf-8''k%E1%BA%BF%20ho%E1%BA%A1ch.odt\n\nx\n--b--\n")
	var got []string
	for s := range Texts(strings.NewReader(msg), scan(msg), 1<<20) {
		got = append(got, s)
	}
	if fmt.Sprintf("%q", got) != `["thân" "thu.txt" "x" "kế hoạch.odt"]` {
		t.Errorf("%q", got)
	}
}
