package bolt_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"quangtri.gov.vn/vanthu/mailsvc"
	"quangtri.gov.vn/vanthu/mailsvc/mailbox/bolt"
)

// openOne opens a store of one shard without complaints in the log, and without
// flushes: no power is cut.
func openOne(dir string) (*bolt.Store, error) {
	return bolt.Open(dir, bolt.Options{Shards: 1, MmapSize: 64 << 20, NoSync: true, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
}

// damageSubject makes a store and returns its directory and what is in it.
func damageSubject(t *testing.T) (dir string, rows map[mailsvc.UID]mailsvc.Message) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "mail")
	s, err := openOne(dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	if err := s.CreateAccount(ctx, me, nil); err != nil {
		t.Fatal(err)
	}
	in, err := s.Folder(ctx, me, me, "INBOX")
	if err != nil {
		t.Fatal(err)
	}
	msgs := make([]mailsvc.NewMessage, 150)
	for i := range msgs {
		msgs[i] = message(i)
		msgs[i].Index = bytes.Repeat([]byte{byte(i)}, 50+i*20)
		msgs[i].Flags = []string{[]string{`\Seen`, "$Label1"}[i%2]}
	}
	if _, err := s.Append(ctx, me, in.ID, msgs); err != nil {
		t.Fatal(err)
	}
	rows, err = readAll(s)
	if err != nil || len(rows) != len(msgs) {
		t.Fatal(len(rows), err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, rows
}

func readAll(s *bolt.Store) (map[mailsvc.UID]mailsvc.Message, error) {
	ctx := context.Background()
	rows := make(map[mailsvc.UID]mailsvc.Message)
	in, err := s.Folder(ctx, me, me, "INBOX")
	if err != nil {
		return rows, err
	}
	err = s.Messages(ctx, me, me, in.ID, all, true, func(m *mailsvc.Message) bool {
		rows[m.UID] = *m
		return true
	})
	return rows, err
}

// TestDamage flips bits, and zeroes and swaps pages, in copies of a shard: what
// is read is right, or an error that says so.
func TestDamage(t *testing.T) {
	t.Parallel()
	dir, want := damageSubject(t)
	const page = 4096
	whole, err := os.ReadFile(filepath.Join(dir, "shard-000.db"))
	if err != nil {
		t.Fatal(err)
	}
	size := len(whole)
	used := bytes.TrimRight(whole, "\x00")
	pages := len(used) / page
	r := rand.New(rand.NewPCG(1, 2))
	noticed := 0
	for i := range 120 {
		b := bytes.Clone(used)
		at := (2 + r.IntN(pages-2)) * page // not the meta pages: groupcommit tests those
		switch i % 3 {
		case 0:
			b[2*page+r.IntN(len(b)-2*page)] ^= 1 << r.IntN(8)
		case 1:
			clear(b[at : at+page])
		case 2:
			copy(b[at:at+page], b[r.IntN(pages)*page:])
		}
		d := filepath.Join(t.TempDir(), fmt.Sprint(i))
		writeShard(t, dir, d, b, int64(size))
		if checkDamaged(t, d, want) {
			noticed++
		}
	}
	if noticed < 20 {
		t.Errorf("only %d of 120 damages made a difference: the test does not test", noticed)
	}
}

func writeShard(t *testing.T, from, to string, b []byte, size int64) {
	t.Helper()
	format, err := os.ReadFile(filepath.Join(from, "format"))
	if err == nil {
		err = os.Mkdir(to, 0o700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(to, "format"), format, 0o600)
	}
	path := filepath.Join(to, "shard-000.db")
	if err == nil {
		err = writeSparse(path, b, size)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// writeSparse makes a file of b and zeros up to size. Most of a shard is zeros, and
// they are left out.
func writeSparse(path string, b []byte, size int64) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	var zeros [64 << 10]byte
	for at := 0; at < len(b); at += len(zeros) {
		block := b[at:min(at+len(zeros), len(b))]
		if bytes.Equal(block, zeros[:len(block)]) {
			continue
		}
		if _, err := f.WriteAt(block, int64(at)); err != nil {
			return err
		}
	}
	return f.Truncate(size)
}

// checkDamaged reports whether the damage was noticed.
func checkDamaged(t *testing.T, dir string, want map[mailsvc.UID]mailsvc.Message) bool {
	t.Helper()
	s, err := openOne(dir)
	if err != nil {
		return true
	}
	defer s.Close()
	got, err := readAll(s)
	for uid, m := range got {
		w := want[uid]
		if m.Blob != w.Blob || !bytes.Equal(m.Index, w.Index) || !bytes.Equal(m.Prefix, w.Prefix) || fmt.Sprint(m.Flags) != fmt.Sprint(w.Flags) || m.Size != w.Size {
			t.Errorf("UID %d: served %+v, want %+v", uid, m, w)
		}
	}
	errs := s.Check(context.Background())
	if err != nil && !errors.Is(err, mailsvc.ErrDamaged) && !errors.Is(err, mailsvc.ErrNotFound) {
		t.Errorf("read: %v", err)
	}
	if err == nil && len(got) < len(want) && len(errs) == 0 {
		t.Errorf("%d of %d rows are gone in silence", len(want)-len(got), len(want))
	}
	return err != nil || len(errs) > 0 || len(got) < len(want)
}
