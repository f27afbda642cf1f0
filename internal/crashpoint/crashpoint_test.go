package crashpoint

import (
	"errors"
	"os"
	"os/exec"
	"testing"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   string
		name string
		n    int64
		ok   bool
	}{
		{"", "", 0, false},
		{"a", "a", 1, true},
		{"a:3", "a", 3, true},
		{"a:0", "", 0, false},
		{"a:-1", "", 0, false},
		{"a:x", "", 0, false},
		{":3", "", 0, false},
	} {
		name, n, ok := parse(c.in)
		if name != c.name || n != c.n || ok != c.ok {
			t.Errorf("parse(%q) = %q, %d, %v; want %q, %d, %v", c.in, name, n, ok, c.name, c.n, c.ok)
		}
	}
}

func TestArmedPointActsOnceAtTheNthHit(t *testing.T) {
	hits := 0
	disarm := Arm("x", 2, func() { hits++ })
	Here("y")
	Here("x")
	if hits != 0 {
		t.Fatal("acted at the first hit")
	}
	Here("x")
	Here("x")
	disarm()
	Here("x")
	if hits != 1 {
		t.Fatalf("acted %d times, want 1", hits)
	}
}

func TestEnvironmentExits(t *testing.T) {
	t.Parallel()
	if os.Getenv(Variable) != "" {
		Here("child")
		Here("child")
		os.Exit(0)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestEnvironmentExits$")
	cmd.Env = append(os.Environ(), Variable+"=child:2")
	err := cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != ExitCode {
		t.Fatalf("child ended with %v, want exit code %d", err, ExitCode)
	}
}
