package bolt

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// gates is a quota function that stops transactions: a call for an account waits
// until its gate opens.
type gates map[string]*gate

type gate struct {
	inside chan struct{} // closed by the first call
	open   chan struct{}
	first  func() // called by the first call before it waits
}

func (g gates) quota(account string) int64 {
	at := g[account]
	if at == nil {
		return 0
	}
	select {
	case <-at.inside:
		return 0
	default:
	}
	close(at.inside)
	if at.first != nil {
		at.first()
	}
	<-at.open
	return 0
}

func newGate(first func()) *gate {
	return &gate{make(chan struct{}), make(chan struct{}), first}
}

// inShards makes a store and an account with one message in each of its shards.
func inShards(t *testing.T, n int, g gates) (*Store, []string) {
	t.Helper()
	s, err := Open(t.TempDir(), Options{Shards: n, Quota: g.quota, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	all := make([]string, n)
	for i, left := 0, n; left > 0; i++ {
		name := fmt.Sprintf("u%d@example.vn", i)
		no := s.shardOf(name).no
		if all[no] != "" {
			continue
		}
		all[no] = name
		left--
		if err := s.CreateAccount(context.Background(), name, nil); err != nil {
			t.Fatal(err)
		}
		put(t, s, name, no)
	}
	return s, all
}

func put(t *testing.T, s *Store, account string, n int) {
	t.Helper()
	m := mailsvc.NewMessage{Blob: mailsvc.BlobID(fmt.Sprintf("%064x", n)), BlobSize: 100, Index: []byte(strings.Repeat("i", 9))}
	if _, err := s.Append(context.Background(), account, inboxID, []mailsvc.NewMessage{m}); err != nil {
		t.Error(err)
	}
}

// TestBodiesExcludeMoves: while Bodies takes its snapshots, one shard after the
// other, no message goes from one shard to another; it would be in none of them.
func TestBodiesExcludeMoves(t *testing.T) {
	t.Parallel()
	g := gates{}
	s, all := inShards(t, 3, g)
	slow := newGate(nil)
	g[all[1]] = slow
	appended, listed := make(chan struct{}), make(chan error, 1)
	go func() { put(t, s, all[1], 7); close(appended) }()
	<-slow.inside // shard 1 answers nobody now, and so stops Bodies in its middle
	go func() {
		listed <- s.Bodies(context.Background(), func(mailsvc.BlobID) bool { return true })
	}()
	for end := time.Now().Add(10 * time.Second); s.across.TryRLock(); runtime.Gosched() {
		s.across.RUnlock()
		if time.Now().After(end) {
			t.Error("messages may move while snapshots are taken")
			break
		}
	}
	close(slow.open)
	<-appended
	if err := <-listed; err != nil {
		t.Error(err)
	}
}

// TestMovesExcludeBodies: a message that has come to another shard and is still in
// the first one keeps Bodies waiting.
func TestMovesExcludeBodies(t *testing.T) {
	t.Parallel()
	g := gates{}
	s, all := inShards(t, 2, g)
	from, to := all[1], all[0]
	target := newGate(func() { // the copy is being made, the removal is yet to come
		if s.across.TryLock() {
			s.across.Unlock()
			t.Error("Bodies may look between the copy and the removal")
		}
	})
	close(target.open)
	g[to] = target
	if _, _, err := s.Move(context.Background(), from, from, inboxID, []mailsvc.Range{{From: 1}}, to, inboxID); err != nil {
		t.Fatal(err)
	}
	select {
	case <-target.inside:
	default:
		t.Error("nothing was moved")
	}
}
