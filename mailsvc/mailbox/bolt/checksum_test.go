package bolt_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"

	"quangtri.gov.vn/vanthu/mailsvc"
	"quangtri.gov.vn/vanthu/mailsvc/mailbox/bolt"
)

const (
	office = "phong@example.vn"
	guest  = "khach@example.vn"
)

// everyKind makes a store of one shard that has rows of every kind, and returns
// its file.
func everyKind(t *testing.T) []byte {
	t.Helper()
	ctx, dir := context.Background(), filepath.Join(t.TempDir(), "mail")
	s, err := openOne(dir)
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ok(err)
	for _, a := range []string{me, office} {
		ok(s.CreateAccount(ctx, a, nil))
	}
	inbox := func(a string) mailsvc.FolderID {
		f, err := s.Folder(ctx, a, a, "INBOX")
		ok(err)
		return f.ID
	}
	msgs := []mailsvc.NewMessage{message(1), message(2), message(3)}
	msgs[0].Index, msgs[0].Flags, msgs[0].Refs = bytes.Repeat([]byte("i"), 3000), []string{"$x"}, []string{"<a>"}
	msgs[1].Index = []byte("short")
	_, err = s.Append(ctx, me, inbox(me), msgs)
	ok(err)
	_, _, err = s.Copy(ctx, me, me, inbox(me), []mailsvc.Range{{From: 1, To: 2}}, me, inbox(me))
	ok(err)
	_, _, err = s.SetFlags(ctx, me, me, inbox(me), []mailsvc.Range{{From: 3, To: 3}}, mailsvc.FlagChange{Flags: []string{`\Deleted`}})
	ok(err)
	_, err = s.Expunge(ctx, me, inbox(me), nil)
	ok(err)
	d := mailsvc.Delivery{ID: "once", Message: message(4), Targets: []mailsvc.Target{{Account: me}, {Account: office}}}
	ok(errors.Join(s.Deliver(ctx, d)...))
	_, _, err = s.SetFlags(ctx, guest, office, inbox(office), all, mailsvc.FlagChange{Flags: []string{`\Seen`}})
	ok(err)
	ok(s.Close())
	b, err := os.ReadFile(filepath.Join(dir, "shard-000.db"))
	ok(err)
	return b
}

// TestEveryChecksum damages all rows of one kind after the other, at the first and
// at the last byte: whoever reads one of them is told, and so is Check.
func TestEveryChecksum(t *testing.T) {
	t.Parallel()
	whole := everyKind(t)
	ctx := context.Background()
	folder := func(s *bolt.Store, person, account string) error {
		_, err := s.Folder(ctx, person, account, "INBOX")
		return err
	}
	messages := func(s *bolt.Store, index bool) error {
		return s.Messages(ctx, me, me, 1, all, index, func(*mailsvc.Message) bool { return true })
	}
	for kind, read := range map[string]func(s *bolt.Store) error{
		"accounts": func(s *bolt.Store) error { _, err := s.Usage(ctx, me); return err },
		"names":    func(s *bolt.Store) error { return folder(s, me, me) },
		"folders":  func(s *bolt.Store) error { return folder(s, me, me) },
		"chunks":   func(s *bolt.Store) error { _, _, err := s.UIDs(ctx, me, me, 1); return err },
		"messages": func(s *bolt.Store) error { return messages(s, true) },
		"indexes":  func(s *bolt.Store) error { return messages(s, true) },
		"shared":   func(s *bolt.Store) error { return messages(s, false) },
		"keywords": func(s *bolt.Store) error { return messages(s, false) },
		"refs": func(s *bolt.Store) error {
			_, err := s.Replace(ctx, me, 1, 1, 1, message(9))
			return err
		},
		"people":    func(s *bolt.Store) error { return folder(s, guest, office) },
		"seencount": func(s *bolt.Store) error { return folder(s, guest, office) },
		"seen": func(s *bolt.Store) error {
			return s.Flags(ctx, guest, office, 1, all, func(*mailsvc.Message) bool { return true })
		},
		"vanished": func(s *bolt.Store) error { _, err := s.ChangesSince(ctx, me, me, 1, 0); return err },
		"delivered": func(s *bolt.Store) error {
			return s.Deliver(ctx, mailsvc.Delivery{ID: "once", Message: message(4), Targets: []mailsvc.Target{{Account: me}}})[0]
		},
		"threads": func(s *bolt.Store) error {
			m := message(9)
			m.Refs = []string{"<b>", "<a>"}
			_, err := s.Append(ctx, me, 1, []mailsvc.NewMessage{m})
			return err
		},
		"shard": nil, // read on opening
	} {
		for _, last := range []bool{false, true} {
			dir := t.TempDir()
			spoilRows(t, dir, whole, kind, last)
			s, err := bolt.Open(dir, bolt.Options{MmapSize: 64 << 20, NoSync: true, Logger: quiet.Logger})
			if read == nil {
				if !errors.Is(err, mailsvc.ErrDamaged) {
					t.Errorf("%s: opened: %v", kind, err)
				}
				continue
			}
			if err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
			if err := read(s); !errors.Is(err, mailsvc.ErrDamaged) {
				t.Errorf("%s, last byte %v: read: %v", kind, last, err)
			}
			if errs := s.Check(ctx); len(errs) == 0 {
				t.Errorf("%s, last byte %v: not found", kind, last)
			}
			closeIt(t, s)
		}
	}
}

// spoilRows writes a store of one shard whose rows of a bucket have a flipped bit.
func spoilRows(t *testing.T, dir string, shard []byte, bucket string, last bool) {
	t.Helper()
	path := filepath.Join(dir, "shard-000.db")
	err := os.WriteFile(path, shard, 0o600)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "format"), []byte("vanthu mailbox 1 shards=1\n"), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		b, n := tx.Bucket([]byte(bucket)), 0
		spoilt := make(map[string][]byte)
		err := b.ForEach(func(k, v []byte) error {
			row := bytes.Clone(v)
			if last {
				row[len(row)-1] ^= 1
			} else {
				row[0] ^= 1
			}
			spoilt[string(k)] = row
			n++
			return nil
		})
		for k, row := range spoilt {
			err = errors.Join(err, b.Put([]byte(k), row))
		}
		if n == 0 {
			t.Errorf("%s: no rows", bucket)
		}
		return err
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}
