package mailboxtest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// Concurrent histories: many callers at once, and an outcome that some order of
// their calls must explain.
var concurrent = []testCase{
	{"appends: UIDs follow the order of calls", concurrentAppends},
	{"deliveries: an id once, whoever comes first", concurrentDeliveries},
	{"moves: nothing lost, nothing twice", concurrentMoves},
	{"flags: every change counts", concurrentFlags},
	{"changes: a follower misses nothing", concurrentFollower},
	{"folders: one of many makers wins", concurrentFolders},
	{"quota: not exceeded together", concurrentQuota},
	{"replacements: one of many wins", concurrentReplacements},
}

const callers = 8

// together runs fn on many goroutines and waits.
func together(fn func(caller int)) {
	var wait sync.WaitGroup
	for i := range callers {
		wait.Go(func() { fn(i) })
	}
	wait.Wait()
}

// concurrentAppends: if one append ended before another began, its UID is less.
func concurrentAppends(h *harness) {
	inbox := h.folder(an, an, "INBOX").ID
	var clock atomic.Int64
	type call struct {
		begin, end int64
		uid        mailsvc.UID
	}
	var mu sync.Mutex
	var calls []call
	together(func(caller int) {
		for i := range 12 {
			c := call{begin: clock.Add(1)}
			got, err := h.Append(h.ctx, an, inbox, []mailsvc.NewMessage{msg(caller*100 + i)})
			c.end = clock.Add(1)
			if err != nil || len(got) != 1 {
				h.Errorf("append: %v, %v", got, err)
				return
			}
			c.uid = got[0]
			mu.Lock()
			calls = append(calls, c)
			mu.Unlock()
		}
	})
	slices.SortFunc(calls, func(a, b call) int { return int(a.uid) - int(b.uid) })
	latest := int64(0) // begin of any call with a smaller UID
	for i, c := range calls {
		equal(h, "UID", c.uid, mailsvc.UID(i+1))
		if c.end < latest {
			h.Fatalf("UID %d was given after a smaller one's call began", c.uid)
		}
		latest = max(latest, c.begin)
	}
	rows := h.rows(an, an, "INBOX")
	if !slices.IsSortedFunc(rows, func(a, b mailsvc.Message) int { return int(a.ModSeq) - int(b.ModSeq) }) {
		h.Fatal("MODSEQs do not follow the UIDs")
	}
}

func concurrentDeliveries(h *harness) {
	targets := []mailsvc.Target{{Account: an}, {Account: binh}, {Account: agency}}
	together(func(caller int) {
		r := rand.New(rand.NewPCG(uint64(caller), 1))
		for range 15 {
			n := r.IntN(10)
			d := mailsvc.Delivery{ID: fmt.Sprint("vb-", n), Message: msg(n), Targets: slices.Clone(targets)}
			r.Shuffle(len(d.Targets), func(i, j int) { d.Targets[i], d.Targets[j] = d.Targets[j], d.Targets[i] })
			for _, err := range h.Deliver(h.ctx, d) {
				if err != nil {
					h.Errorf("deliver: %v", err)
				}
			}
		}
	})
	for _, t := range targets {
		met := make(map[mailsvc.BlobID]bool)
		for _, m := range h.rows(t.Account, t.Account, "INBOX") {
			if met[m.Blob] {
				h.Errorf("%s holds %s twice", t.Account, m.Blob)
			}
			met[m.Blob] = true
		}
	}
}

// concurrentMoves shuffles messages between folders of two accounts.
func concurrentMoves(h *harness) {
	const n = 60
	for i := range n {
		h.append(an, "INBOX", msg(i))
	}
	type place struct {
		account string
		id      mailsvc.FolderID
	}
	var places []place
	for _, account := range []string{an, binh} {
		for _, name := range []string{"INBOX", "Thùng rác"} {
			places = append(places, place{account, h.folder(account, account, name).ID})
		}
	}
	together(func(caller int) {
		r := rand.New(rand.NewPCG(uint64(caller), 2))
		for range 20 {
			from, to := places[r.IntN(len(places))], places[r.IntN(len(places))]
			if from.account != to.account && caller > 1 {
				continue
			}
			first := mailsvc.UID(r.IntN(100) + 1)
			src, dst, err := h.Move(h.ctx, an, from.account, from.id, []mailsvc.Range{{From: first, To: first + 10}}, to.account, to.id)
			if err != nil || len(src) != len(dst) {
				h.Errorf("move: %v, %v, %v", src, dst, err)
			}
		}
	})
	met := make(map[mailsvc.BlobID]int)
	for _, p := range places {
		h.ok(h.Messages(h.ctx, p.account, p.account, p.id, everything, true, func(m *mailsvc.Message) bool {
			met[m.Blob]++
			return true
		}))
	}
	for i := range n {
		// Across accounts a move is a copy and a removal: if others move the same
		// message between the two, it may end in two places, never in none.
		if got := met[msg(i).Blob]; got < 1 {
			h.Errorf("message %d is lost", i)
		}
	}
}

func concurrentFlags(h *harness) {
	h.append(an, "INBOX", msg(1))
	inbox := h.folder(an, an, "INBOX").ID
	keyword := func(caller, i int) string { return fmt.Sprintf("k%d-%d", caller, i) }
	together(func(caller int) {
		for i := range 8 {
			changed, _, err := h.SetFlags(h.ctx, an, an, inbox, everything, mailsvc.FlagChange{Op: mailsvc.FlagsAdd, Flags: []string{keyword(caller, i)}})
			if err != nil || len(changed) != 1 || !slices.Contains(changed[0].Flags, keyword(caller, i)) {
				h.Errorf("set flags: %+v, %v", changed, err)
			}
		}
	})
	equal(h, "keywords", len(h.rows(an, an, "INBOX")[0].Flags), callers*8)
}

// concurrentFollower keeps a copy of a folder by ChangesSince alone, as a client
// with QRESYNC does, while others change it.
func concurrentFollower(h *harness) {
	inbox := h.folder(agency, agency, "INBOX").ID
	tokens, stop := h.Watch(agency)
	defer stop()
	done := make(chan struct{})
	var follower sync.WaitGroup
	have := make(map[mailsvc.UID]string)
	var since mailsvc.ModSeq
	catchUp := func() {
		c, err := h.ChangesSince(h.ctx, an, agency, inbox, since)
		if err != nil {
			h.Errorf("changes: %v", err)
			return
		}
		for _, uid := range c.Vanished {
			delete(have, uid)
		}
		for _, m := range c.Changed {
			have[m.UID] = flagString(m.Flags)
		}
		since = c.Folder.HighestMod
	}
	follower.Go(func() {
		for {
			select {
			case <-tokens:
				catchUp()
			case <-done:
				catchUp()
				return
			}
		}
	})
	together(func(caller int) {
		r := rand.New(rand.NewPCG(uint64(caller), 3))
		person := []string{an, binh, agency}[caller%3]
		for i := range 15 {
			if err := disturb(h, r, person, inbox, caller*1000+i); err != nil {
				h.Errorf("change: %v", err)
			}
		}
	})
	close(done)
	follower.Wait()
	rows := h.rows(an, agency, "INBOX")
	equal(h, "messages", len(have), len(rows))
	for _, m := range rows {
		equal(h, fmt.Sprint("flags of UID ", m.UID), have[m.UID], flagString(m.Flags))
	}
}

// disturb makes one random change of a folder.
func disturb(h *harness, r *rand.Rand, person string, inbox mailsvc.FolderID, n int) error {
	first := mailsvc.UID(r.IntN(60) + 1)
	ranges := []mailsvc.Range{{From: first, To: first + mailsvc.UID(r.IntN(6))}}
	var err error
	switch r.IntN(5) {
	case 0, 1:
		_, err = h.Append(h.ctx, agency, inbox, []mailsvc.NewMessage{msg(n), msg(n + 500)})
	case 2:
		_, _, err = h.SetFlags(h.ctx, person, agency, inbox, ranges, mailsvc.FlagChange{Op: mailsvc.FlagOp(r.IntN(2)), Flags: []string{`\Seen`, "$x"}})
	case 3:
		_, _, err = h.SetFlags(h.ctx, person, agency, inbox, ranges, mailsvc.FlagChange{Flags: []string{`\Deleted`}})
	case 4:
		_, err = h.Expunge(h.ctx, agency, inbox, ranges)
	}
	return err
}

func concurrentFolders(h *harness) {
	var made atomic.Int64
	together(func(int) {
		if _, err := h.CreateFolder(h.ctx, an, "a/b", ""); err == nil {
			made.Add(1)
		}
	})
	equal(h, "makers who succeeded", made.Load(), 1)
	h.folder(an, an, "a/b")
}
