//go:build linux

package cputime

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

const (
	busy    = 30 * time.Millisecond // more than the kernel counts in one step
	childOf = "VANTHU_BUSY_CHILD"
)

func TestMain(m *testing.M) {
	if os.Getenv(childOf) != "" {
		spin(Process)
		return
	}
	os.Exit(m.Run())
}

// spin works until clock has gone on by busy.
func spin(clock func() time.Duration) {
	for start := clock(); clock()-start < busy; {
	}
}

// The tests are not parallel: the process is alone with what it measures.

func TestOf(t *testing.T) {
	if d := Of(func() { spin(Process) }); d < busy/2 {
		t.Errorf("own work: %v of %v", d, busy)
	}
	elsewhere := Of(func() {
		done := make(chan struct{})
		go func() {
			spin(Process)
			close(done)
		}()
		<-done
	})
	if elsewhere > busy/2 {
		t.Errorf("work of another goroutine: %v", elsewhere)
	}
}

func TestProcess(t *testing.T) {
	before := Process()
	spin(Process)
	if d := Process() - before; d < busy {
		t.Errorf("%v of %v", d, busy)
	}
}

func TestChildren(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	before := Children()
	c := exec.Command(self)
	c.Env = append(os.Environ(), childOf+"=1")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if d := Children() - before; d < busy {
		t.Errorf("%v of %v", d, busy)
	}
}
