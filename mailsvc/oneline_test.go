package mailsvc

import (
	"strings"
	"testing"
)

func TestOneLine(t *testing.T) {
	t.Parallel()
	const limit = 480
	for in, want := range map[string]string{
		"":                             "",
		"a\r\n250 b":                   "a 250 b",
		"\x00\x1b[2Ja\xff":             "[2Ja?",
		"  a \t b\u2028c ":             "a b c",
		"a\u202eb\u00a0c":              "a b c",
		"hộp thư đầy":                  "hộp thư đầy",
		strings.Repeat("a", limit):     strings.Repeat("a", limit),
		strings.Repeat("ă", 500):       strings.Repeat("ă", limit/2),
		"x" + strings.Repeat("ă", 500): "x" + strings.Repeat("ă", limit/2-1), // no half of a letter
	} {
		if got := OneLine(in, limit); got != want {
			t.Errorf("OneLine(%q) = %q", in, got)
		}
	}
}
