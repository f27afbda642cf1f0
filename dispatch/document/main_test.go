package document

import (
	"fmt"
	"os"
	"testing"
)

// testOptions share one directory of compiled code among all tests.
var testOptions Options

const workerArgument = "document-worker"

// TestMain lets the test binary serve as the worker command too.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == workerArgument {
		os.Exit(workerMain(os.Stdin, os.Stdout, workOrProbe))
	}
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "vanthu-document-*")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	exe, err := os.Executable()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	testOptions = Options{CacheDir: dir + "/cache", WorkerCommand: []string{exe, workerArgument}}
	return m.Run()
}
