package demo

import (
	"encoding/base64"
	"strings"
	"testing"
)

// A word is found in base64 wherever it stands in the encoded text.
func TestDisguises(t *testing.T) {
	t.Parallel()
	for _, lead := range []string{"", "a", "ab", "abc", "Kính gửi: "} {
		e := base64.StdEncoding.EncodeToString([]byte(lead + "KIMTUOC-7319" + " và"))
		found := false
		for _, d := range disguises("KIMTUOC-7319") {
			found = found || strings.Contains(e, d)
		}
		if !found {
			t.Errorf("not found after %q", lead)
		}
	}
}
