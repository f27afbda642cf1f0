package mailbox_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"quangtri.gov.vn/vanthu/internal/blob"
	"quangtri.gov.vn/vanthu/mailsvc"
	"quangtri.gov.vn/vanthu/mailsvc/mailbox"
	"quangtri.gov.vn/vanthu/mailsvc/mailbox/bolt"
)

// open makes a body store and a mailbox store with some accounts.
func open(t testing.TB, o blob.Options, shards, accounts int) (mailbox.Bodies, *bolt.Store) {
	t.Helper()
	dir := t.TempDir()
	b, err := blob.Open(filepath.Join(dir, "bodies"), o)
	if err != nil {
		t.Fatal(err)
	}
	m, err := bolt.Open(filepath.Join(dir, "mail"), bolt.Options{Shards: shards})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(m.Close(), b.Close()); err != nil {
			t.Error(err)
		}
	})
	for i := range accounts {
		if err := m.CreateAccount(context.Background(), address(i), []mailsvc.FolderSpec{{Name: "Lưu"}}); err != nil {
			t.Fatal(err)
		}
	}
	return mailbox.Bodies{Store: b}, m
}

func address(i int) string { return fmt.Sprintf("u%04d@example.vn", i) }

// put stores a body as smtp and imap do.
func put(bodies mailsvc.Blobs, body []byte) (mailsvc.NewMessage, error) {
	w, err := bodies.Create()
	if err != nil {
		return mailsvc.NewMessage{}, err
	}
	if _, err := w.Write(body); err != nil {
		w.Abort()
		return mailsvc.NewMessage{}, err
	}
	id, n, err := w.Commit()
	return mailsvc.NewMessage{Blob: id, BlobSize: n, Index: make([]byte, 700)}, err
}

func TestKindsOfFailure(t *testing.T) {
	t.Parallel()
	bodies, _ := open(t, blob.Options{}, 1, 0)
	var e *mailsvc.Error
	if _, err := bodies.Open("x"); !errors.Is(err, mailsvc.ErrInvalid) || !errors.As(err, &e) {
		t.Errorf("got %v", err)
	}
	if _, err := bodies.Open(mailsvc.BlobID(fmt.Sprintf("%064x", 1))); !errors.Is(err, mailsvc.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	full, _ := open(t, blob.Options{Reserve: 1 << 60}, 1, 0)
	if _, err := full.Create(); !errors.Is(err, mailsvc.ErrFull) {
		t.Errorf("got %v", err)
	}
	w, err := bodies.Create()
	if err != nil {
		t.Fatal(err)
	}
	w.Abort()
	if _, err := w.Write([]byte("x")); !errors.Is(err, mailsvc.ErrClosed) {
		t.Errorf("got %v", err)
	}
	if _, _, err := w.Commit(); !errors.Is(err, mailsvc.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

// TestSweepKeepsWhatHasARow moves messages to and fro between shards while
// sweeps run that know only the rows: no row may be left without its body.
func TestSweepKeepsWhatHasARow(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	var past atomic.Int64 // how far the clock was turned
	now := func() time.Time { return time.Now().Add(time.Duration(past.Load())) }
	bodies, mail := open(t, blob.Options{Now: now, PackBelow: 400}, 4, 6)
	inbox := func(i int) mailsvc.FolderID {
		f, err := mail.Folder(ctx, address(i), address(i), "INBOX")
		if err != nil {
			t.Fatal(err)
		}
		return f.ID
	}
	for i := range 12 {
		m, err := put(bodies, bytes.Repeat([]byte{byte(i)}, 300+200*(i%2)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := mail.Append(ctx, address(i%6), inbox(i%6), []mailsvc.NewMessage{m}); err != nil {
			t.Fatal(err)
		}
	}
	orphan, err := put(bodies, []byte("nobody has me"))
	if err != nil {
		t.Fatal(err)
	}
	past.Store(int64(100 * time.Hour))
	var movers sync.WaitGroup
	for k := range 3 {
		movers.Go(func() {
			for i := range 20 {
				from, to := k*2+i%2, k*2+(i+1)%2
				_, _, err := mail.Move(ctx, address(from), address(from), inbox(from), []mailsvc.Range{{From: 1}}, address(to), inbox(to))
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { movers.Wait(); close(done) }()
	for moving := true; moving; {
		select {
		case <-done:
			moving = false
		default:
		}
		rows := make(map[string]bool)
		if err := mail.Bodies(ctx, func(id mailsvc.BlobID) bool { rows[string(id)] = true; return true }); err != nil {
			t.Fatal(err)
		}
		if _, err := bodies.Store.Sweep(ctx, func(id string) bool { return rows[id] }, time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	err = mail.Bodies(ctx, func(id mailsvc.BlobID) bool {
		n++
		if err := bodies.Store.Verify(string(id)); err != nil {
			t.Error(err)
		}
		return true
	})
	if err != nil || n != 12 {
		t.Errorf("%d bodies, %v", n, err)
	}
	if _, err := bodies.Open(orphan.Blob); !errors.Is(err, mailsvc.ErrNotFound) {
		t.Errorf("the orphan: %v", err)
	}
	for _, err := range mail.Check(ctx) {
		t.Error(err)
	}
}

// TestSweepMeetsDelivery delivers the bodies that a sweep is about to remove: after
// it has asked whether a row refers to them, and before it removes them. Their
// senders are answered, so they must stay.
func TestSweepMeetsDelivery(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	var past atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(past.Load())) }
	bodies, mail := open(t, blob.Options{Now: now, PackBelow: 400}, 2, 1)
	old := [][]byte{bytes.Repeat([]byte("s"), 300), bytes.Repeat([]byte("l"), 3000)} // in a pack, in a file
	ids := make(map[string][]byte)
	for _, body := range old {
		m, err := put(bodies, body)
		if err != nil {
			t.Fatal(err)
		}
		ids[string(m.Blob)] = body
	}
	past.Store(int64(100 * time.Hour))
	delivered := 0
	keep := func(id string) bool {
		m, err := put(bodies, ids[id]) // the same bytes come again at this very moment
		if err == nil {
			d := mailsvc.Delivery{Message: m, Targets: []mailsvc.Target{{Account: address(0)}}}
			err = errors.Join(mail.Deliver(ctx, d)...)
		}
		if err != nil {
			t.Error(err)
		}
		delivered++
		return false // the rows were read before
	}
	if swept, err := bodies.Store.Sweep(ctx, keep, time.Hour); err != nil || swept.Bodies != 0 {
		t.Errorf("swept %+v, %v", swept, err)
	}
	for id := range ids {
		if err := bodies.Store.Verify(id); err != nil {
			t.Errorf("delivered while the sweep was at it: %v", err)
		}
	}
	if delivered != len(old) {
		t.Errorf("%d bodies were asked about", delivered)
	}
}

// BenchmarkDelivery is the whole way of a mail behind the protocol: body, then rows.
func BenchmarkDelivery(b *testing.B) {
	for _, shards := range []int{1, 2, 4, 8} {
		for _, clients := range []int{1, 8, 32} {
			b.Run(fmt.Sprintf("10KiB/shards=%d/clients=%d", shards, clients), func(b *testing.B) {
				benchDelivery(b, shards, clients, 10<<10, 1)
			})
		}
		b.Run(fmt.Sprintf("3MiB-to-300/shards=%d", shards), func(b *testing.B) { benchDelivery(b, shards, 1, 3<<20, 300) })
	}
	b.Run("3MiB/shards=4/clients=4", func(b *testing.B) { benchDelivery(b, 4, 4, 3<<20, 1) })
}

func benchDelivery(b *testing.B, shards, clients, size, targets int) {
	bodies, mail := open(b, blob.Options{}, shards, max(100, targets))
	var next atomic.Int64
	deliver := func(body []byte) error {
		n := next.Add(1)
		binary.BigEndian.PutUint64(body, uint64(n))
		m, err := put(bodies, body)
		if err != nil {
			return err
		}
		d := mailsvc.Delivery{Message: m}
		for i := range targets {
			d.Targets = append(d.Targets, mailsvc.Target{Account: address((int(n) + i) % max(100, targets)), Prefix: make([]byte, 300)})
		}
		return errors.Join(mail.Deliver(context.Background(), d)...)
	}
	var wait sync.WaitGroup
	left := atomic.Int64{}
	left.Store(int64(b.N))
	b.ResetTimer()
	for range clients {
		wait.Go(func() {
			body := make([]byte, size)
			for left.Add(-1) >= 0 {
				if err := deliver(body); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wait.Wait()
}

// BenchmarkRead is the way back: 10,000 small bodies, as BODY.PEEK[] needs them.
func BenchmarkRead(b *testing.B) {
	bodies, _ := open(b, blob.Options{}, 1, 0)
	const n = 10_000
	ids := make([]mailsvc.BlobID, n)
	var wait sync.WaitGroup
	for k := range 50 {
		wait.Go(func() {
			body := make([]byte, 4<<10)
			for i := k; i < n; i += 50 {
				binary.BigEndian.PutUint64(body, uint64(i))
				m, err := put(bodies, body)
				if err != nil {
					b.Error(err)
					return
				}
				ids[i] = m.Blob
			}
		})
	}
	wait.Wait()
	b.ResetTimer()
	for b.Loop() {
		for _, id := range ids {
			f, err := bodies.Open(id)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, io.NewSectionReader(f, 0, f.Size())); err != nil {
				b.Fatal(err)
			}
			f.Close()
		}
	}
}
