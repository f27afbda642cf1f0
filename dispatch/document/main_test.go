package document

import (
	"fmt"
	"os"
	"testing"
)

// testOptions share one directory of compiled code among all tests.
var testOptions Options

func TestMain(m *testing.M) {
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "vanthu-document-*")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	testOptions = Options{CacheDir: dir + "/cache"}
	return m.Run()
}
