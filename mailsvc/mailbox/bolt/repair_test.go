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
	"sync"
	"testing"
	"time"

	"quangtri.gov.vn/vanthu/mailsvc"
	"quangtri.gov.vn/vanthu/mailsvc/mailbox/bolt"
)

// wreckPeople are the accounts of the store that is damaged.
var wreckPeople = []string{me, "hai@example.vn", "coquan@example.vn"}

// wreck is a store before it is damaged.
type wreck struct {
	dir   string
	file  []byte // of its one shard
	saved map[string][]mailsvc.Message
	ever  map[string]map[string]bool // what each had at any time
	whole map[string]string          // state of each folder, see stateOf
	rows  []bolt.Extent
}

// makeWreck fills a store in many small transactions, which reading in between
// has the journal bring into the file, so that old versions of pages lie about, with messages in all the ways that rows are stored.
func makeWreck(t *testing.T) wreck {
	t.Helper()
	ctx, w := context.Background(), wreck{dir: filepath.Join(t.TempDir(), "mail"), saved: map[string][]mailsvc.Message{}, ever: map[string]map[string]bool{}, whole: map[string]string{}}
	s, err := openOne(w.dir)
	if err != nil {
		t.Fatal(err)
	}
	var targets []mailsvc.Target
	for _, a := range wreckPeople {
		if err := s.CreateAccount(ctx, a, []mailsvc.FolderSpec{{Name: "Thư đã gửi", SpecialUse: `\Sent`}}); err != nil {
			t.Fatal(err)
		}
		targets = append(targets, mailsvc.Target{Account: a, Prefix: []byte("Delivered-To: " + a + "\r\n")})
	}
	deliver := func(i int, to []mailsvc.Target) {
		m := message(i)
		m.Index = bytes.Repeat([]byte{byte(i), byte(i >> 8), 1}, 20+i%17*60)
		for _, err := range s.Deliver(ctx, mailsvc.Delivery{ID: fmt.Sprint("d", i), Message: m, Targets: to}) {
			if err != nil {
				t.Fatal(err)
			}
		}
		look(t, s, to[0].Account)
	}
	for i := range 150 {
		if i%5 == 0 {
			deliver(i, targets)
		} else {
			deliver(i, targets[i%3:i%3+1])
		}
		if i%15 == 0 {
			w.note(wreckPeople[i%3], contents(t, s, wreckPeople[i%3]))
			churn(t, s, wreckPeople[i%3], i)
		}
	}
	for _, a := range wreckPeople {
		w.saved[a] = contents(t, s, a)
		w.note(a, w.saved[a])
		for key, state := range statesOf(t, s, a) {
			w.whole[key] = state
		}
	}
	wantSound(t, s)
	closeIt(t, s)
	path := filepath.Join(w.dir, "shard-000.db")
	if w.file, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	if w.rows, err = bolt.Extents(path); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w wreck) note(account string, have []mailsvc.Message) {
	if w.ever[account] == nil {
		w.ever[account] = map[string]bool{}
	}
	for i := range have {
		w.ever[account][sameMessage(&have[i])] = true
	}
}

func look(t *testing.T, s *bolt.Store, a string) {
	t.Helper()
	if _, err := s.Folders(context.Background(), a, a); err != nil {
		t.Fatal(err)
	}
}

// churn changes flags, files, deletes, makes and removes folders.
func churn(t *testing.T, s *bolt.Store, a string, i int) {
	t.Helper()
	ctx := context.Background()
	in, err := s.Folder(ctx, a, a, "INBOX")
	if err != nil {
		t.Fatal(err)
	}
	extra, err := s.CreateFolder(ctx, a, fmt.Sprint("Việc/", i), "")
	if err != nil {
		t.Fatal(err)
	}
	_, _, e1 := s.SetFlags(ctx, a, a, in.ID, all, mailsvc.FlagChange{Flags: []string{`\Flagged`, fmt.Sprint("$k", i)}})
	look(t, s, a)
	_, _, e2 := s.SetFlags(ctx, me, a, in.ID, all, mailsvc.FlagChange{Flags: []string{`\Seen`}})
	look(t, s, a)
	_, _, e3 := s.Copy(ctx, a, a, in.ID, []mailsvc.Range{{From: 1, To: 5}}, a, extra.ID)
	look(t, s, a)
	_, _, e4 := s.SetFlags(ctx, a, a, in.ID, []mailsvc.Range{{From: mailsvc.UID(i/10 + 1), To: mailsvc.UID(i/10 + 3)}}, mailsvc.FlagChange{Flags: []string{`\Deleted`}})
	look(t, s, a)
	_, e5 := s.Expunge(ctx, a, in.ID, nil)
	look(t, s, a)
	var e6 error
	if i%30 == 0 {
		e6 = s.DeleteFolder(ctx, a, fmt.Sprint("Việc/", i))
	}
	if err := errors.Join(e1, e2, e3, e4, e5, e6); err != nil {
		t.Fatal(err)
	}
}

// contents lists every message of every folder.
func contents(t *testing.T, s *bolt.Store, a string) (out []mailsvc.Message) {
	t.Helper()
	ctx := context.Background()
	folders, err := s.Folders(ctx, a, a)
	for _, f := range folders {
		err = errors.Join(err, s.Messages(ctx, a, a, f.ID, all, true, func(m *mailsvc.Message) bool {
			out = append(out, *m)
			return true
		}))
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// statesOf tells, by account, folder and UIDVALIDITY, all that a mail program may
// remember of a folder.
func statesOf(t *testing.T, s *bolt.Store, a string) map[string]string {
	t.Helper()
	ctx, out := context.Background(), map[string]string{}
	folders, err := s.Folders(ctx, a, a)
	for _, f := range folders {
		state := fmt.Sprintln(f.Name, f.UIDNext, f.Messages, f.SpecialUse, f.Subscribed)
		err = errors.Join(err, s.Messages(ctx, a, a, f.ID, all, true, func(m *mailsvc.Message) bool {
			state += fmt.Sprintln(m.UID, m.Flags, m.Blob, m.Size, m.EmailID)
			return true
		}))
		out[fmt.Sprint(a, f.ID, f.UIDValidity)] = state
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func sameMessage(m *mailsvc.Message) string {
	return fmt.Sprintf("%s %q %x", m.Blob, m.Prefix, m.Index)
}

func (w wreck) repair(t *testing.T, dir string, b []byte) (*bolt.Store, bolt.Repaired) {
	t.Helper()
	writeShard(t, w.dir, dir, b, int64(len(b)))
	o := bolt.RepairOptions{Accounts: wreckPeople, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: func() time.Time { return time.Unix(1_950_000_000, 0) }}
	r, err := bolt.Repair(context.Background(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	if r[0].Damaged {
		kept, err := os.ReadFile(r[0].Aside)
		if err != nil || !bytes.Equal(kept, b) {
			t.Fatalf("the damaged file was not kept: %v", err)
		}
	}
	s, err := openOne(dir)
	if err != nil {
		t.Fatal(err)
	}
	wantSound(t, s)
	if again, err := bolt.Repair(context.Background(), t.TempDir(), o); err == nil {
		t.Errorf("repaired nothing: %+v", again)
	}
	return s, r[0]
}

// damaged is one way to hurt a file: it returns which bytes [from, to) it touched.
func damaged(r *rand.Rand, kind int, b []byte) (out []byte, from, to int) {
	const page = 4096
	used := len(bytes.TrimRight(b, "\x00"))
	out = bytes.Clone(b)
	at := r.IntN((used+page-1)/page) * page
	switch kind {
	case 0:
		from = r.IntN(used)
		out[from] ^= 1 << r.IntN(8)
		return out, from, from + 1
	case 1:
		clear(out[at:min(at+page, len(out))])
		return out, at, at + page
	case 2:
		for i := at; i < min(at+page, len(out)); i++ {
			out[i] = byte(r.Uint32())
		}
		return out, at, at + page
	}
	at = max(at, 2*page)
	return out[:at], at, len(b)
}

// TestRepair damages a shard at 200 places and in every way: what is rebuilt is
// sound, has every message whose bytes are still there, and nothing that was not
// there in the end; or, where the end of the file with the expunge log is missing,
// nothing that never was.
func TestRepair(t *testing.T) {
	t.Parallel()
	w := makeWreck(t)
	known := map[string]map[string]bool{}
	for a, msgs := range w.saved {
		known[a] = map[string]bool{}
		for i := range msgs {
			known[a][sameMessage(&msgs[i])] = true
		}
	}
	var wait sync.WaitGroup
	var missing, rescued, repaired [4]int
	var mu sync.Mutex
	slots := make(chan struct{}, 4)
	for i := range 200 {
		wait.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			r := rand.New(rand.NewPCG(7, uint64(i)))
			b, from, to := damaged(r, i%4, w.file)
			s, res := w.repair(t, filepath.Join(t.TempDir(), fmt.Sprint(i)), b)
			defer s.Close()
			known := known
			if i%4 == 3 {
				known = w.ever
			}
			n := w.compare(t, s, known, from, to, fmt.Sprintf("damage %d of kind %d at %d to %d", i, i%4, from, to))
			mu.Lock()
			defer mu.Unlock()
			missing[i%4] += n
			rescued[i%4] += res.Rescued
			if res.Damaged {
				repaired[i%4]++
			}
		})
	}
	wait.Wait()
	t.Logf("flip, zero, garbage, cut: repaired %v, rescued %v, messages gone %v", repaired, rescued, missing)
}

// compare returns how many messages are gone. None of those may be that the damage
// did not touch.
func (w wreck) compare(t *testing.T, s *bolt.Store, known map[string]map[string]bool, from, to int, what string) (gone int) {
	got := map[string]bool{}
	for _, a := range wreckPeople {
		if _, err := s.Usage(context.Background(), a); errors.Is(err, mailsvc.ErrNotFound) {
			continue
		}
		for key, state := range statesOf(t, s, a) {
			if was, same := w.whole[key]; same && was != state {
				t.Errorf("%s: %s keeps its UIDVALIDITY but was\n%s\nand is\n%s", what, key, was, state)
			}
		}
		for _, m := range contents(t, s, a) {
			key := sameMessage(&m)
			got[a+key] = true
			if !known[a][key] {
				t.Errorf("%s: %s has a message that was not there in the end: UID %d, %d bytes", what, a, m.UID, m.Size)
			}
		}
	}
	for _, e := range w.rows {
		if got[e.Account+sameMessage(&mailsvc.Message{Blob: mailsvc.BlobID(e.Blob), Prefix: e.Prefix, Index: e.Index})] {
			continue
		}
		gone++
		touched := false
		for _, b := range e.Bytes {
			touched = touched || b[0] < to && from < b[1]
		}
		if !touched {
			t.Errorf("%s: an undamaged message of %s is gone, rows %v", what, e.Account, e.Bytes)
		}
	}
	return gone
}

// TestRepairWithoutHeads: without one meta page, or both, or the root, everything
// that a person has is found again; so it is with damage in several places.
func TestRepairWithoutHeads(t *testing.T) {
	t.Parallel()
	w := makeWreck(t)
	known := map[string]map[string]bool{}
	for _, e := range w.rows {
		if known[e.Account] == nil {
			known[e.Account] = map[string]bool{}
		}
		known[e.Account][sameMessage(&mailsvc.Message{Blob: mailsvc.BlobID(e.Blob), Prefix: e.Prefix, Index: e.Index})] = true
	}
	const page = 4096
	for i, heads := range [][]int{{0}, {1}} {
		b := bytes.Clone(w.file)
		for _, h := range heads {
			clear(b[h*page : (h+1)*page])
		}
		s, _ := w.repair(t, filepath.Join(t.TempDir(), fmt.Sprint(i)), b)
		w.compare(t, s, w.ever, 0, 0, fmt.Sprint("without meta pages ", heads))
		closeIt(t, s)
	}
	b := bytes.Clone(w.file)
	clear(b[:2*page])
	s, _ := w.repair(t, filepath.Join(t.TempDir(), "none"), b)
	for _, a := range wreckPeople {
		got := map[string]bool{}
		for _, m := range contents(t, s, a) {
			got[sameMessage(&m)] = true
		}
		for key := range known[a] {
			if !got[key] {
				t.Errorf("without a tree: %s lost %.80s", a, key)
			}
		}
	}
	closeIt(t, s)
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 10 {
		b := bytes.Clone(w.file)
		for range 5 {
			b, _, _ = damaged(r, r.IntN(3), b)
		}
		s, _ := w.repair(t, filepath.Join(t.TempDir(), fmt.Sprint("several", i)), b)
		closeIt(t, s)
	}
}

// TestRepairLeavesSoundAlone: a sound store is not touched, one in use is refused,
// a format file that is lost is made anew.
func TestRepairLeavesSoundAlone(t *testing.T) {
	t.Parallel()
	dir, _ := damageSubject(t)
	if err := os.Remove(filepath.Join(dir, "format")); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(dir, "shard-000.db"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := bolt.Repair(context.Background(), dir, bolt.RepairOptions{})
	if err != nil || len(r) != 1 || r[0].Damaged {
		t.Fatalf("%+v, %v", r, err)
	}
	after, err := os.ReadFile(filepath.Join(dir, "shard-000.db"))
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("a sound file was changed: %v", err)
	}
	s, err := openOne(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if r, err := bolt.Repair(context.Background(), dir, bolt.RepairOptions{}); err == nil {
		t.Errorf("repaired a store in use: %+v", r)
	}
}

// TestRepairIndexes: an index that is damaged is computed anew.
func TestRepairIndexes(t *testing.T) {
	t.Parallel()
	dir, want := damageSubject(t)
	path := filepath.Join(dir, "shard-000.db")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{5, 100} { // inline, and in a row of its own
		at := bytes.Index(b, bytes.Repeat([]byte{byte(n)}, 50+n*20))
		b[at+10] ^= 1
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = bolt.Repair(context.Background(), dir, bolt.RepairOptions{Index: func(id mailsvc.BlobID) ([]byte, error) {
		for _, m := range want {
			if m.Blob == id {
				return m.Index, nil
			}
		}
		return nil, mailsvc.ErrNotFound
	}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := openOne(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	wantSound(t, s)
	got, err := readAll(s)
	if err != nil || len(got) != len(want) {
		t.Fatalf("%d of %d messages: %v", len(got), len(want), err)
	}
	for uid, m := range got {
		if !bytes.Equal(m.Index, want[uid].Index) {
			t.Errorf("UID %d: another index", uid)
		}
	}
}
