package mime

import (
	"bytes"
	"math/rand/v2"
	"mime/quotedprintable"
	"strings"
	"testing"
)

// TestQuotedPrintable decodes what is right as the standard library does, whatever
// the lengths between two escapes, and leaves what is wrong as it stands.
func TestQuotedPrintable(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	for range 2000 {
		var text, coded bytes.Buffer
		for range r.IntN(8) {
			text.WriteString(strings.Repeat("a b", r.IntN(15)) + strings.Repeat("ễ=", r.IntN(4)) + []string{"", "\r\n"}[r.IntN(2)])
		}
		w := quotedprintable.NewWriter(&coded)
		_, _ = w.Write(text.Bytes())
		w.Close()
		if got := DecodeBody("quoted-printable", coded.Bytes()); !bytes.Equal(got, text.Bytes()) {
			t.Fatalf("%q became %q", coded.Bytes(), got)
		}
	}
	for in, want := range map[string]string{
		"": "", "=": "=", "a=": "a=", "=4": "=4", "=41": "A", "=Z1": "=Z1", "==41": "=A", "a=\r\nb": "ab", "a= \t\nb": "ab", "a=\rb": "a=\rb",
		"=c3=a9": "é", "=41=": "A=", "=\n": "", strings.Repeat("x", 40) + "=4": strings.Repeat("x", 40) + "=4",
	} {
		if got := string(DecodeBody("quoted-printable", []byte(in))); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}
