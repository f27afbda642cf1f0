package bolt_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"quangtri.gov.vn/vanthu/internal/groupcommit"
	"quangtri.gov.vn/vanthu/mailsvc"
	"quangtri.gov.vn/vanthu/mailsvc/mailbox/bolt"
)

// TestLostJournal: a store that was not closed needs its journals. Without one it
// is refused, since what was acknowledged last is only there; and a repair, which
// cannot bring that back, gives no UID to another message.
func TestLostJournal(t *testing.T) {
	t.Parallel()
	ctx, dir := context.Background(), t.TempDir()
	s := openAt(t, dir, bolt.Options{Shards: 1})
	if err := s.CreateAccount(ctx, me, nil); err != nil {
		t.Fatal(err)
	}
	closeIt(t, s)
	s = openAt(t, dir, bolt.Options{})
	if _, err := s.Append(ctx, me, 1, []mailsvc.NewMessage{message(1), message(2), message(3)}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.SetFlags(ctx, me, me, 1, []mailsvc.Range{{From: 2, To: 2}}, mailsvc.FlagChange{Flags: []string{`\Deleted`}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Expunge(ctx, me, 1, nil); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.UIDs(ctx, me, me, 1); err != nil { // brings the journal into the file
		t.Fatal(err)
	}
	if _, err := s.Append(ctx, me, 1, []mailsvc.NewMessage{message(4)}); err != nil {
		t.Fatal(err)
	}
	was, err := s.Folder(ctx, me, me, "INBOX")
	if err != nil {
		t.Fatal(err)
	}
	crashed := func() (copied, shard string) { // a copy of what is on disk
		to := t.TempDir()
		if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		return to, filepath.Join(to, "shard-000.db")
	}
	_, shard := crashed()
	generation, fits, err := groupcommit.JournalState(shard)
	if err != nil || !fits || generation == 0 {
		t.Fatal(generation, fits, err)
	}
	newest, older := []string{".log0", ".log1"}[generation%2], []string{".log1", ".log0"}[generation%2]
	for name, spoil := range map[string]func(shard string) error{
		"both gone":   groupcommit.RemoveJournal,
		"newest gone": func(shard string) error { return os.Remove(shard + newest) },
		"both empty": func(shard string) error {
			return errors.Join(os.Truncate(shard+newest, 0), os.Truncate(shard+older, 0))
		},
	} {
		dir, shard := crashed()
		if err := spoil(shard); err != nil {
			t.Fatal(err)
		}
		if _, err := openOne(dir); !errors.Is(err, mailsvc.ErrDamaged) {
			t.Errorf("%s: opened: %v", name, err)
		}
		if errs := bolt.CheckFile(ctx, dir, 0); len(errs) != 1 || !errors.Is(errs[0], mailsvc.ErrDamaged) {
			t.Errorf("%s: check: %v", name, errs)
		}
		if _, _, err := bolt.Compact(dir); !errors.Is(err, mailsvc.ErrDamaged) {
			t.Errorf("%s: compacted: %v", name, err)
		}
		r, err := bolt.Repair(ctx, dir, quiet)
		if err != nil || !r[0].Damaged || r[0].History || len(r[0].Renewed) != 1 || r[0].Rescued != 0 {
			t.Errorf("%s: repair: %+v %v", name, r, err)
		}
		wantInbox(t, dir, func(f mailsvc.Folder) bool { return f.UIDValidity > was.UIDValidity && f.Messages == 2 })
	}
	for name, spoil := range map[string]func(shard string) error{
		"file empty":   func(shard string) error { return os.Truncate(shard, 0) },
		"file gone":    os.Remove,
		"file damaged": func(shard string) error { return os.WriteFile(shard, bytes.Repeat([]byte("x"), 1<<20), 0o600) },
	} { // then the journals are what it is made of anew
		dir, shard := crashed()
		if err := spoil(shard); err != nil {
			t.Fatal(err)
		}
		if _, err := openOne(dir); err == nil {
			t.Errorf("%s: opened", name)
		}
		if r, err := bolt.Repair(ctx, dir, quiet); err != nil || !r[0].History {
			t.Errorf("%s: repair: %+v %v", name, r, err)
		}
		wantInbox(t, dir, func(f mailsvc.Folder) bool { return f == was })
	}
	copied, shard := crashed()
	if err := os.Remove(shard + older); err != nil {
		t.Fatal(err)
	}
	wantInbox(t, copied, func(f mailsvc.Folder) bool { return f == was })
	copied, _ = crashed()
	if _, _, err := bolt.Compact(copied); err != nil {
		t.Error(err)
	}
	wantInbox(t, copied, func(f mailsvc.Folder) bool { return f == was })
}

// wantInbox opens a store, and once more without a journal: it was closed.
func wantInbox(t *testing.T, dir string, ok func(mailsvc.Folder) bool) {
	t.Helper()
	for range 2 {
		s, err := openOne(dir)
		if err != nil {
			t.Fatal(err)
		}
		f, err := s.Folder(context.Background(), me, me, "INBOX")
		if err != nil || !ok(f) {
			t.Errorf("%+v, %v", f, err)
		}
		wantSound(t, s)
		closeIt(t, s)
		if err := groupcommit.RemoveJournal(filepath.Join(dir, "shard-000.db")); err != nil {
			t.Fatal(err)
		}
	}
}
