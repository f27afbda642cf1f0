package bolt_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"quangtri.gov.vn/vanthu/mailsvc"
	"quangtri.gov.vn/vanthu/mailsvc/mailbox/bolt"
)

const me = "an.nguyenmau@example.vn"

func openBench(b *testing.B) *bolt.Store {
	b.Helper()
	s, err := bolt.Open(b.TempDir(), bolt.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	if err := s.CreateAccount(context.Background(), me, []mailsvc.FolderSpec{{Name: "Lưu"}}); err != nil {
		b.Fatal(err)
	}
	return s
}

func message(i int) mailsvc.NewMessage {
	return mailsvc.NewMessage{
		Blob:     mailsvc.BlobID(fmt.Sprintf("%064x", i)),
		BlobSize: 4096,
		Prefix:   make([]byte, 300),
		Internal: time.Unix(1_700_000_000, 0),
		Index:    make([]byte, 700),
	}
}

// fill puts n messages into the inbox, in batches, and returns the inbox.
func fill(b *testing.B, s *bolt.Store, n int) mailsvc.Folder {
	b.Helper()
	ctx := context.Background()
	in, err := s.Folder(ctx, me, me, "INBOX")
	if err != nil {
		b.Fatal(err)
	}
	for done := 0; done < n; {
		batch := make([]mailsvc.NewMessage, min(1000, n-done))
		for i := range batch {
			batch[i] = message(done + i)
		}
		if _, err := s.Append(ctx, me, in.ID, batch); err != nil {
			b.Fatal(err)
		}
		done += len(batch)
	}
	return in
}

var all = []mailsvc.Range{{From: 1}}

func sizes(b *testing.B, f func(b *testing.B, n int)) {
	for _, n := range []int{10_000, 50_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) { f(b, n) })
	}
}

func BenchmarkSelect(b *testing.B) {
	sizes(b, func(b *testing.B, n int) {
		s := openBench(b)
		in := fill(b, s, n)
		for b.Loop() {
			if _, uids, err := s.UIDs(context.Background(), me, me, in.ID); err != nil || len(uids) != n {
				b.Fatal(len(uids), err)
			}
		}
	})
}

func BenchmarkFetchFlags(b *testing.B) {
	sizes(b, func(b *testing.B, n int) {
		s := openBench(b)
		in := fill(b, s, n)
		for b.Loop() {
			seen := 0
			err := s.Flags(context.Background(), me, me, in.ID, all, func(*mailsvc.Message) bool { seen++; return true })
			if err != nil || seen != n {
				b.Fatal(seen, err)
			}
		}
	})
}

func BenchmarkFetchRows(b *testing.B) {
	for _, index := range []bool{false, true} {
		b.Run(fmt.Sprintf("index=%v", index), func(b *testing.B) {
			sizes(b, func(b *testing.B, n int) {
				s := openBench(b)
				in := fill(b, s, n)
				for b.Loop() {
					seen := 0
					err := s.Messages(context.Background(), me, me, in.ID, all, index, func(*mailsvc.Message) bool { seen++; return true })
					if err != nil || seen != n {
						b.Fatal(seen, err)
					}
				}
			})
		})
	}
}

func BenchmarkStoreFlags(b *testing.B) {
	sizes(b, func(b *testing.B, n int) {
		s := openBench(b)
		in := fill(b, s, n)
		op := mailsvc.FlagsAdd
		for b.Loop() {
			changed, _, err := s.SetFlags(context.Background(), me, me, in.ID, all, mailsvc.FlagChange{Op: op, Flags: []string{`\Flagged`}})
			if err != nil || len(changed) != n {
				b.Fatal(len(changed), err)
			}
			op = mailsvc.FlagsAdd + mailsvc.FlagsRemove - op
		}
	})
}

func BenchmarkMove1000(b *testing.B) {
	s := openBench(b)
	ctx := context.Background()
	in := fill(b, s, 10_000)
	other, err := s.Folder(ctx, me, me, "Lưu")
	if err != nil {
		b.Fatal(err)
	}
	from, to := in, other
	for b.Loop() {
		_, uids, err := s.UIDs(ctx, me, me, from.ID)
		if err != nil || len(uids) < 1000 {
			from, to = to, from
			continue
		}
		src, _, err := s.Move(ctx, me, me, from.ID, []mailsvc.Range{{From: uids[0], To: uids[999]}}, me, to.ID)
		if err != nil || len(src) != 1000 {
			b.Fatal(len(src), err)
		}
	}
}

func BenchmarkDeliver300(b *testing.B) {
	s := openBench(b)
	ctx := context.Background()
	d := mailsvc.Delivery{Message: message(1)}
	for i := range 300 {
		name := fmt.Sprintf("u%04d@example.vn", i)
		if err := s.CreateAccount(ctx, name, nil); err != nil {
			b.Fatal(err)
		}
		d.Targets = append(d.Targets, mailsvc.Target{Account: name, Prefix: make([]byte, 300)})
	}
	for i := 0; b.Loop(); i++ {
		d.ID = fmt.Sprint("d", i)
		for _, err := range s.Deliver(ctx, d) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkDeliverOne(b *testing.B) {
	for _, clients := range []int{1, 8, 64} {
		b.Run(fmt.Sprint(clients), func(b *testing.B) {
			s := openBench(b)
			ctx := context.Background()
			for i := range 100 {
				if err := s.CreateAccount(ctx, fmt.Sprintf("u%04d@example.vn", i), nil); err != nil {
					b.Fatal(err)
				}
			}
			b.SetParallelism((clients + 1) / 2)
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					d := mailsvc.Delivery{Message: message(i), Targets: []mailsvc.Target{{Account: fmt.Sprintf("u%04d@example.vn", i%100)}}}
					if err := s.Deliver(ctx, d)[0]; err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}
