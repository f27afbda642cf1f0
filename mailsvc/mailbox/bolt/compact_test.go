package bolt_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"

	"quangtri.gov.vn/vanthu/internal/crashpoint"
	"quangtri.gov.vn/vanthu/internal/groupcommit"
	"quangtri.gov.vn/vanthu/mailsvc/mailbox/bolt"
)

const envCompact = "VANTHU_TEST_COMPACT"

func TestMain(m *testing.M) {
	if dir := os.Getenv(envCompact); dir != "" {
		if _, _, err := bolt.Compact(dir); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestCompactCut: everything reads the same afterwards, also if the compaction was
// cut before or after the new file took the old one's place.
func TestCompactCut(t *testing.T) {
	t.Parallel()
	dir, want := damageSubject(t)
	for _, point := range []string{groupcommit.BeforeSwap, groupcommit.AfterSwap, ""} {
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), envCompact+"="+dir)
		code := 0
		if point != "" {
			c.Env, code = append(c.Env, crashpoint.Variable+"="+point), crashpoint.ExitCode
		}
		_ = c.Run()
		if got := c.ProcessState.ExitCode(); got != code {
			t.Errorf("%q: ended with %d", point, got)
		}
		s, err := openOne(dir)
		if err != nil {
			t.Fatal(err)
		}
		wantSound(t, s)
		got, err := readAll(s)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %d messages of %d are as they were: %v", point, len(got), len(want), err)
		}
		closeIt(t, s)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*.compact")); err != nil || len(left) > 0 {
		t.Errorf("left over: %v %v", left, err)
	}
	path := filepath.Join(dir, "shard-000.db")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 3 * 4096; i < 4*4096; i++ {
		b[i] ^= 0x5a
	}
	clear(b[8*4096 : 12*4096])
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := bolt.Compact(dir); err == nil && len(bolt.CheckFile(context.Background(), dir, 0)) > 0 {
		t.Error("a damaged file was compacted")
	}
}
