package clients

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"

	"github.com/emersion/go-imap/v2"
)

// acknowledged is what the server has answered 250 or OK to.
type acknowledged struct {
	mu   sync.Mutex
	mail map[string]int      // "address message-id"
	uids map[string]imap.UID // the same, of appended ones
}

func (a *acknowledged) note(address, id string, uid imap.UID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.mail[address+" "+id]++
	if uid != 0 {
		a.uids[address+" "+id] = uid
	}
}

func (a *acknowledged) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.mail)
}

// TestKilledServer ends the server by kill -9 while several clients send mail and
// file it, and starts it again: what was acknowledged over the socket is there,
// once, under the UID that was told. VANTHU_CRASH_CYCLES sets how often.
func TestKilledServer(t *testing.T) {
	t.Parallel()
	cycles := 3
	if n, err := strconv.Atoi(os.Getenv("VANTHU_CRASH_CYCLES")); err == nil {
		cycles = n
	}
	s := setUp(t, anyPort, "")
	people := []login{s.person(t, "an", "Lê Mẫu An"), s.person(t, "binh", "Trần Mẫu Bình")}
	told := &acknowledged{mail: make(map[string]int), uids: make(map[string]imap.UID)}
	r := rand.New(rand.NewPCG(11, 1))
	for cycle := range cycles {
		server := s.start(t)
		before := told.count()
		var clients sync.WaitGroup
		for i := range 4 {
			clients.Go(func() { server.work(people, told, cycle, i) })
		}
		enough := before + 1 + r.IntN(100) // a random moment: the point of the test
		await(t, "mail is acknowledged", func() bool { return told.count() >= enough })
		server.kill()
		clients.Wait()
		server = s.start(t)
		told.verify(t, server, people)
		server.stop(t)
	}
	if code, out := s.try("store", "check"); code != 0 {
		t.Errorf("check: %d\n%s", code, out)
	}
	t.Logf("%d messages acknowledged", told.count())
}

// work sends or files mail until the connection breaks.
func (r *running) work(people []login, told *acknowledged, cycle, client int) {
	who := people[client%2]
	if client < 2 {
		for n := 0; ; n++ {
			id := fmt.Sprintf("mail-%d-%d-%d@%s", cycle, client, n, domain)
			if r.mail(who, []string{people[0].Address, people[1].Address}, note(who.Address, id, 500+n%7*n%7*9000)) != nil {
				return
			}
			told.note(people[0].Address, id, 0)
			told.note(people[1].Address, id, 0)
		}
	}
	c, err := r.session(who)
	if err != nil {
		return
	}
	defer c.Close()
	for n := 0; ; n++ {
		id := fmt.Sprintf("append-%d-%d-%d@%s", cycle, client, n, domain)
		got, err := add(c, "INBOX", []imap.Flag{imap.FlagFlagged}, note(who.Address, id, 300+n%5/4*100_000))
		if err != nil {
			return
		}
		told.note(who.Address, id, got.UID)
	}
}

func (a *acknowledged) verify(t *testing.T, r *running, people []login) {
	t.Helper()
	found := make(map[string]int)
	for _, who := range people {
		for _, h := range r.everything(t, who) {
			key := who.Address + " " + h.ID
			found[key]++
			if uid := a.uids[key]; uid != 0 && uid != h.UID {
				t.Errorf("%s was told UID %d and has %d", key, uid, h.UID)
			}
		}
	}
	for key := range a.mail {
		if found[key] == 0 {
			t.Errorf("LOST: %s", key)
		}
	}
	for key, n := range found {
		if n > 1 {
			t.Errorf("DUPLICATE: %s is there %d times", key, n)
		}
	}
}
