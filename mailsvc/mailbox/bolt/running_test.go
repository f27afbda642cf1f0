package bolt_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"quangtri.gov.vn/vanthu/internal/groupcommit"
	"quangtri.gov.vn/vanthu/mailsvc"
	"quangtri.gov.vn/vanthu/mailsvc/mailbox/bolt"
)

// unclosed is a store that is still open: copies of it are what a crash leaves.
type unclosed struct {
	dir           string
	inbox         mailsvc.Folder
	newest, older string // suffixes of its journal's files
}

// leaveOpen makes one whose file was written once, and whose journal holds more.
func leaveOpen(t *testing.T) unclosed {
	t.Helper()
	ctx := context.Background()
	u := unclosed{dir: t.TempDir()}
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	s := openAt(t, u.dir, bolt.Options{Shards: 1})
	ok(s.CreateAccount(ctx, me, nil))
	closeIt(t, s)
	s = openAt(t, u.dir, bolt.Options{})
	_, err := s.Append(ctx, me, 1, []mailsvc.NewMessage{message(1), message(2), message(3)})
	ok(err)
	_, _, err = s.SetFlags(ctx, me, me, 1, []mailsvc.Range{{From: 2, To: 2}}, mailsvc.FlagChange{Flags: []string{`\Deleted`}})
	ok(err)
	_, err = s.Expunge(ctx, me, 1, nil)
	ok(err)
	_, _, err = s.UIDs(ctx, me, me, 1) // brings the journal into the file
	ok(err)
	_, err = s.Append(ctx, me, 1, []mailsvc.NewMessage{message(4)})
	ok(err)
	u.inbox, err = s.Folder(ctx, me, me, "INBOX")
	ok(err)
	generation, fits, err := groupcommit.JournalState(filepath.Join(u.dir, "shard-000.db"))
	if err != nil || !fits || generation == 0 {
		t.Fatal(generation, fits, err)
	}
	u.newest, u.older = fmt.Sprint(".log", generation%2), fmt.Sprint(".log", (generation+1)%2)
	return u
}

// crash is a copy of what is on disk, with a spoilt shard.
func (u unclosed) crash(t *testing.T, spoil func(shard string) error) (dir string) {
	t.Helper()
	dir = t.TempDir()
	err := os.CopyFS(dir, os.DirFS(u.dir))
	if err == nil {
		err = spoil(filepath.Join(dir, "shard-000.db"))
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestLostJournal: a store that was not closed needs its journals. Without one it
// is refused, since what was acknowledged last is only there; and a repair, which
// cannot bring that back, gives no UID to another message.
func TestLostJournal(t *testing.T) {
	t.Parallel()
	ctx, u := context.Background(), leaveOpen(t)
	for name, spoil := range map[string]func(shard string) error{
		"both gone":   groupcommit.RemoveJournal,
		"newest gone": func(shard string) error { return os.Remove(shard + u.newest) },
		"both empty": func(shard string) error {
			return errors.Join(os.Truncate(shard+u.newest, 0), os.Truncate(shard+u.older, 0))
		},
	} {
		dir := u.crash(t, spoil)
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
		wantInbox(t, dir, func(f mailsvc.Folder) bool { return f.UIDValidity > u.inbox.UIDValidity && f.Messages == 2 })
	}
}

// TestJournalIsEnough: with its journals, a shard that was not closed is as it was
// acknowledged, whatever became of its file.
func TestJournalIsEnough(t *testing.T) {
	t.Parallel()
	ctx, u := context.Background(), leaveOpen(t)
	asItWas := func(f mailsvc.Folder) bool { return f == u.inbox }
	for name, spoil := range map[string]func(shard string) error{
		"file empty":   func(shard string) error { return os.Truncate(shard, 0) },
		"file gone":    os.Remove,
		"file damaged": func(shard string) error { return os.WriteFile(shard, bytes.Repeat([]byte("x"), 1<<20), 0o600) },
	} {
		dir := u.crash(t, spoil)
		if _, err := openOne(dir); err == nil {
			t.Errorf("%s: opened", name)
		}
		if r, err := bolt.Repair(ctx, dir, quiet); err != nil || !r[0].History {
			t.Errorf("%s: repair: %+v %v", name, r, err)
		}
		wantInbox(t, dir, asItWas)
	}
	wantInbox(t, u.crash(t, func(shard string) error { return os.Remove(shard + u.older) }), asItWas)
	dir := u.crash(t, func(string) error { return nil })
	if _, _, err := bolt.Compact(dir); err != nil {
		t.Error(err)
	}
	wantInbox(t, dir, asItWas)
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
