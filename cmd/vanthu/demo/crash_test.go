package demo

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"quangtri.gov.vn/vanthu/cmd/vanthu/app"
	"quangtri.gov.vn/vanthu/dispatch/document"
)

// The test binary plays two further parts: the worker that reads a document, and
// the demonstration that is going to be killed.
const childEnv = "VANTHU_DEMO_CHILD"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == app.WorkerCommand {
		os.Exit(document.WorkerMain(os.Stdin, os.Stdout))
	}
	if dir := os.Getenv(childEnv); dir != "" {
		if err := Run(context.Background(), Options{Once: true, Data: dir, Out: io.Discard}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestOnce(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := Run(t.Context(), Options{Once: true, Out: &out, Data: t.TempDir(), ReadyFile: filepath.Join(t.TempDir(), "ready.json")}); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
}

// Kill -9 at any point, then run again on the same data: every recipient is in
// exactly one state, and nobody has anything twice. verify checks both.
func TestCrash(t *testing.T) {
	t.Parallel() // but its cycles are not, for a run to take as long as the first
	cycles := 4
	if n, err := strconv.Atoi(os.Getenv("VANTHU_CRASH")); err == nil {
		cycles = n
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if out, err := child(self, t.TempDir()).CombinedOutput(); err != nil {
		t.Fatalf("undisturbed run: %v\n%s", err, out)
	}
	whole := time.Since(start)
	for i := range cycles {
		seed := uint64(i)
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			dir := t.TempDir()
			killed := child(self, dir)
			if err := killed.Start(); err != nil {
				t.Fatal(err)
			}
			after := time.Duration(rand.New(rand.NewPCG(seed, 1)).Int64N(int64(whole)))
			timer := time.AfterFunc(after, func() { killed.Process.Kill() })
			killed.Wait()
			timer.Stop()
			if out, err := child(self, dir).CombinedOutput(); err != nil {
				t.Errorf("killed after %v, then: %v\n%s", after, err, out)
			}
		})
	}
}

// points are the named places between two durable steps of a document's way.
var points = []string{
	"issue-before-blobs", "issue-before-commit", "issue-after-commit",
	"worker-after-deliver", "worker-after-apply", "worker-after-enqueue", "report-after-deliver",
}

// Die exactly between two durable steps, then run again on the same data.
func TestCrashPoints(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, point := range points {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			killed := child(self, dir)
			killed.Env = append(killed.Env, "VANTHU_CRASHPOINT="+point+":1")
			if out, err := killed.CombinedOutput(); err == nil {
				t.Fatalf("the point was never reached:\n%s", out)
			}
			if out, err := child(self, dir).CombinedOutput(); err != nil {
				t.Errorf("after dying at %s: %v\n%s", point, err, out)
			}
		})
	}
}

func child(self, dir string) *exec.Cmd {
	c := exec.Command(self)
	c.Env = append(os.Environ(), childEnv+"="+dir)
	return c
}
