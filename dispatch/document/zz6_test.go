package document

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestZW(t *testing.T) {
	if os.Getenv("ZW") == "w" {
		os.MkdirAll("/tmp/own", 0o755)
		for n, k := range kindCases() {
			os.WriteFile("/tmp/own/"+strings.ReplaceAll(n, " ", "_")+".odt", k.s.odt(t), 0o644)
		}
	}
	if os.Getenv("ZW") == "r" {
		for n, k := range kindCases() {
			for _, e := range []string{"pdf", "doc", "docx"} {
				f := filepath.Join("/tmp/own", strings.ReplaceAll(n, " ", "_")+"."+e)
				b, err := os.ReadFile(f)
				if err != nil {
					fmt.Println(err)
					continue
				}
				k.want.check(t, f, Read(t.Context(), f, b, testOptions))
			}
		}
	}
}
