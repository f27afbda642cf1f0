package filelock

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// openTwice opens one file as two processes would.
func openTwice(t *testing.T) (a, b *os.File) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lock")
	var files [2]*os.File
	for i := range files {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		files[i] = f
	}
	return files[0], files[1]
}

func TestHeld(t *testing.T) {
	t.Parallel()
	for _, patience := range []time.Duration{0, time.Second} {
		synctest.Test(t, func(t *testing.T) {
			a, b := openTwice(t)
			if err := Take(a, 0); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			if err := Take(b, patience); !errors.Is(err, ErrHeld) {
				t.Errorf("a second lock: %v", err)
			}
			if d := time.Since(began); d < patience || d > patience+pause {
				t.Errorf("refused after %v, patience %v", d, patience)
			}
			if err := Take(a, 0); err != nil {
				t.Errorf("the holder again: %v", err)
			}
		})
	}
}

func TestLetGo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, b := openTwice(t)
		if err := Take(a, 0); err != nil {
			t.Fatal(err)
		}
		const held = 400 * time.Millisecond
		time.AfterFunc(held, func() { a.Close() })
		began := time.Now()
		if err := Take(b, time.Second); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(began); d < held || d > held+pause {
			t.Errorf("taken after %v, held for %v", d, held)
		}
	})
}

func TestNoFile(t *testing.T) {
	t.Parallel()
	a, _ := openTwice(t)
	a.Close()
	if err := Take(a, time.Second); err == nil || errors.Is(err, ErrHeld) {
		t.Errorf("lock of a closed file: %v", err)
	}
}
