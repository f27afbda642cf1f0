package bolt_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"quangtri.gov.vn/vanthu/mailsvc"
	"quangtri.gov.vn/vanthu/mailsvc/mailbox/bolt"
)

func openAt(t *testing.T, dir string, o bolt.Options) *bolt.Store {
	t.Helper()
	s, err := bolt.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func wantSound(t *testing.T, s *bolt.Store) {
	t.Helper()
	for _, err := range append(s.Check(context.Background()), s.CheckPages(context.Background())...) {
		t.Error(err)
	}
}

func closeIt(t *testing.T, s *bolt.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestReopen(t *testing.T) {
	t.Parallel()
	ctx, dir := context.Background(), filepath.Join(t.TempDir(), "a", "b")
	s := openAt(t, dir, bolt.Options{Shards: 3})
	if _, err := bolt.Open(dir, bolt.Options{}); !errors.Is(err, mailsvc.ErrNotAllowed) {
		t.Errorf("second opener: %v", err)
	}
	for i := range 9 {
		name := fmt.Sprintf("u%d@example.vn", i)
		if err := s.CreateAccount(ctx, name, nil); err != nil {
			t.Fatal(err)
		}
		if err := s.Deliver(ctx, mailsvc.Delivery{ID: "x", Message: message(i), Targets: []mailsvc.Target{{Account: name}}})[0]; err != nil {
			t.Fatal(err)
		}
	}
	closeIt(t, s)
	if _, err := s.Folders(ctx, me, "u1@example.vn"); !errors.Is(err, mailsvc.ErrClosed) {
		t.Errorf("after close: %v", err)
	}
	s = openAt(t, dir, bolt.Options{Shards: 7}) // keeps its three
	for i := range 9 {
		name := fmt.Sprintf("u%d@example.vn", i)
		f, err := s.Folder(ctx, name, name, "INBOX")
		if err != nil || f.Messages != 1 {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
	}
	wantSound(t, s)
}

func TestIncompleteStoreIsRefused(t *testing.T) {
	t.Parallel()
	for _, spoil := range []func(dir string) error{
		func(dir string) error { return os.Remove(filepath.Join(dir, "shard-001.db")) },
		func(dir string) error {
			return os.Rename(filepath.Join(dir, "shard-001.db"), filepath.Join(dir, "shard-000.db"))
		},
		func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "format"), []byte("vanthu mailbox 2\n"), 0o600)
		},
		func(dir string) error { return os.WriteFile(filepath.Join(dir, "format"), nil, 0o600) },
	} {
		dir := t.TempDir()
		closeIt(t, openAt(t, dir, bolt.Options{Shards: 2}))
		if err := spoil(dir); err != nil {
			t.Fatal(err)
		}
		if s, err := bolt.Open(dir, bolt.Options{}); err == nil {
			s.Close()
			t.Error("opened")
		}
	}
	if _, err := bolt.Open(t.TempDir(), bolt.Options{Shards: 1000}); !errors.Is(err, mailsvc.ErrInvalid) {
		t.Errorf("got %v", err)
	}
}

func TestUnfinishedCreationIsFinished(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	closeIt(t, openAt(t, dir, bolt.Options{Shards: 3}))
	for _, name := range []string{"format", "shard-002.db"} { // as if the power went before them
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	wantSound(t, openAt(t, dir, bolt.Options{Shards: 3}))
}

func TestQuota(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := openAt(t, t.TempDir(), bolt.Options{Quota: func(string) int64 { return 3 * 4396 }}) // of message
	if err := s.CreateAccount(ctx, me, nil); err != nil {
		t.Fatal(err)
	}
	in, err := s.Folder(ctx, me, me, "INBOX")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(ctx, me, in.ID, []mailsvc.NewMessage{message(1), message(2)}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(ctx, me, in.ID, []mailsvc.NewMessage{message(3), message(4)}); !errors.Is(err, mailsvc.ErrOverQuota) {
		t.Errorf("append: %v", err)
	}
	if _, _, err := s.Copy(ctx, me, me, in.ID, all, me, in.ID); !errors.Is(err, mailsvc.ErrOverQuota) {
		t.Errorf("copy: %v", err)
	}
	d := mailsvc.Delivery{Message: message(3), Targets: []mailsvc.Target{{Account: me, Prefix: make([]byte, 300)}, {Account: me, Prefix: make([]byte, 300)}}}
	if errs := s.Deliver(ctx, d); errs[0] != nil || !errors.Is(errs[1], mailsvc.ErrOverQuota) {
		t.Errorf("deliver: %v", errs)
	}
	if _, _, err := s.Move(ctx, me, me, in.ID, all, me, in.ID); err != nil {
		t.Errorf("move: %v", err)
	}
	wantSound(t, s)
}

// TestCopyAcrossIsBounded: what goes to another account at a time fits into memory.
func TestCopyAcrossIsBounded(t *testing.T) {
	t.Parallel()
	const other = "khac@example.vn"
	ctx := context.Background()
	s := openAt(t, t.TempDir(), bolt.Options{Shards: 1, NoSync: true})
	for _, a := range []string{me, other} {
		if err := s.CreateAccount(ctx, a, nil); err != nil {
			t.Fatal(err)
		}
	}
	index := make([]byte, 1<<20)
	for i := range 65 {
		m := message(i)
		m.Index = index
		if _, err := s.Append(ctx, me, 1, []mailsvc.NewMessage{m}); err != nil {
			t.Fatal(err)
		}
	}
	for _, carry := range []func(context.Context, string, string, mailsvc.FolderID, []mailsvc.Range, string, mailsvc.FolderID) ([]mailsvc.UID, []mailsvc.UID, error){s.Copy, s.Move} {
		if _, _, err := carry(ctx, me, me, 1, all, other, 1); !errors.Is(err, mailsvc.ErrTooMany) {
			t.Errorf("all at once: %v", err)
		}
	}
	if f, err := s.Folder(ctx, other, other, "INBOX"); err != nil || f.Messages != 0 {
		t.Errorf("%+v, %v", f, err)
	}
	if src, _, err := s.Move(ctx, me, me, 1, []mailsvc.Range{{From: 1, To: 30}}, other, 1); err != nil || len(src) != 30 {
		t.Errorf("moved %d: %v", len(src), err)
	}
	wantSound(t, s)
}

// TestDates: the clock of the store gives saved dates and UIDVALIDITY.
func TestDates(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	now := time.Unix(1_900_000_000, 0)
	s := openAt(t, t.TempDir(), bolt.Options{Now: func() time.Time { return now }})
	if err := s.CreateAccount(ctx, me, nil); err != nil {
		t.Fatal(err)
	}
	in, err := s.Folder(ctx, me, me, "INBOX")
	if err != nil || in.UIDValidity != 1_900_000_000 {
		t.Fatalf("%+v, %v", in, err)
	}
	m := message(1)
	m.Internal = time.Time{}
	if _, err := s.Append(ctx, me, in.ID, []mailsvc.NewMessage{m}); err != nil {
		t.Fatal(err)
	}
	rows, err := readAll(s)
	if err != nil || !rows[1].Saved.Equal(now) || !rows[1].Internal.Equal(now) {
		t.Errorf("%+v, %v", rows[1], err)
	}
}

func TestCompact(t *testing.T) {
	t.Parallel()
	ctx, dir := context.Background(), t.TempDir()
	s := openAt(t, dir, bolt.Options{Shards: 1})
	if err := s.CreateAccount(ctx, me, nil); err != nil {
		t.Fatal(err)
	}
	in, err := s.Folder(ctx, me, me, "INBOX")
	if err != nil {
		t.Fatal(err)
	}
	msgs := make([]mailsvc.NewMessage, 2000)
	for i := range msgs {
		msgs[i] = message(i)
	}
	if _, err := s.Append(ctx, me, in.ID, msgs); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.SetFlags(ctx, me, me, in.ID, []mailsvc.Range{{From: 11}}, mailsvc.FlagChange{Flags: []string{`\Deleted`}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Expunge(ctx, me, in.ID, nil); err != nil {
		t.Fatal(err)
	}
	if _, _, err := bolt.Compact(dir); err == nil {
		t.Error("compacted an open store")
	}
	closeIt(t, s)
	before, after, err := bolt.Compact(dir)
	if err != nil || after > before/5 {
		t.Errorf("%d bytes, then %d: %v", before, after, err)
	}
	s = openAt(t, dir, bolt.Options{})
	rows, err := readAll(s)
	if err != nil || len(rows) != 10 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	wantSound(t, s)
}
