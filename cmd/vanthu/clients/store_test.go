package clients

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
)

// stored is a site that was filled and stopped, and what is in it.
type stored struct {
	site
	people []login
	admin  login
	had    map[string][]held // by address
}

// furnish makes a site with two people and mail of all sizes, sent and filed.
func furnish(t *testing.T) stored {
	t.Helper()
	s := stored{site: setUp(t, anyPort, ""), had: make(map[string][]held)}
	for _, local := range []string{"an", "binh", "cuu"} {
		s.people = append(s.people, s.person(t, local, "Lê Mẫu "+local))
	}
	s.admin = s.people[2]
	r := s.start(t)
	for i, who := range s.people[:2] {
		c := value(r.session(who))(t)
		for n := range 40 {
			folder := []string{"INBOX", "Thư đã gửi"}[n%5/4]
			flags := []imap.Flag{[]imap.Flag{imap.FlagSeen, imap.FlagFlagged, "$ViecGap"}[n%3]}
			value(add(c, folder, flags, note(who.Address, fmt.Sprintf("append-%d-%d@%s", i, n, domain), 200+n%10/9*150_000)))(t)
		}
		c.Close()
		for n := range 4 {
			must(t, r.mail(who, []string{s.people[0].Address, s.people[1].Address}, note(who.Address, fmt.Sprintf("smtp-%d-%d@%s", i, n, domain), 3000)))
		}
	}
	for _, who := range s.people {
		s.had[who.Address] = r.everything(t, who)
	}
	if code, out := s.try("store", "check"); code != 0 || !strings.Contains(out, "Tốt") {
		t.Fatalf("check of a running server: %d %s", code, out)
	}
	r.stop(t)
	if code, out := s.try("store", "check"); code != 0 || !strings.Contains(out, "Tốt") {
		t.Fatalf("check of a stopped server: %d %s", code, out)
	}
	if code, out := s.try("store", "repair"); code != 0 || !strings.Contains(out, "Không có tệp hộp thư nào hỏng") {
		t.Fatalf("repair of a sound store: %d %s", code, out)
	}
	return s
}

const pageSize = 4096

// shards lists the mailbox files.
func (s site) shards(t *testing.T) []string {
	t.Helper()
	all := value(filepath.Glob(filepath.Join(s.dir, "data", "mail", "shard-*.db")))(t)
	if len(all) == 0 {
		t.Fatal("no mailbox files")
	}
	return all
}

// rewrite changes a file's bytes.
func rewrite(t *testing.T, path string, change func(b []byte) []byte) {
	t.Helper()
	b := value(os.ReadFile(path))(t)
	must(t, os.WriteFile(path, change(b), 0o600))
}

// usedPages is how many pages hold anything.
func usedPages(b []byte) int {
	end := len(b)
	for end > 0 && b[end-1] == 0 {
		end--
	}
	return (end + pageSize - 1) / pageSize
}

// lossy ways to damage mailbox files: rows may be lost, messages may not.
var lossy = map[string]func(t *testing.T, s site, r *rand.Rand){
	"both heads": func(t *testing.T, s site, _ *rand.Rand) {
		for _, f := range s.shards(t) {
			rewrite(t, f, func(b []byte) []byte { clear(b[:2*pageSize]); return b })
		}
	},
	"one head": func(t *testing.T, s site, r *rand.Rand) {
		for _, f := range s.shards(t) {
			at := r.IntN(2) * pageSize
			rewrite(t, f, func(b []byte) []byte { clear(b[at : at+pageSize]); return b })
		}
	},
	"garbage pages": func(t *testing.T, s site, r *rand.Rand) {
		for _, f := range s.shards(t) {
			rewrite(t, f, func(b []byte) []byte {
				for range 3 {
					at := (2 + r.IntN(usedPages(b)-2)) * pageSize
					for i := at; i < at+pageSize; i++ {
						b[i] = byte(r.Uint32())
					}
				}
				return b
			})
		}
	},
	"flipped bits": func(t *testing.T, s site, r *rand.Rand) {
		for _, f := range s.shards(t) {
			rewrite(t, f, func(b []byte) []byte {
				for range 60 {
					b[2*pageSize+r.IntN((usedPages(b)-2)*pageSize)] ^= 1 << r.IntN(8)
				}
				return b
			})
		}
	},
	"cut in half": func(t *testing.T, s site, _ *rand.Rand) {
		for _, f := range s.shards(t) {
			rewrite(t, f, func(b []byte) []byte { return b[:usedPages(b)/2*pageSize] })
		}
	},
	"shard deleted": func(t *testing.T, s site, _ *rand.Rand) {
		for _, f := range s.shards(t) {
			must(t, os.Remove(f))
		}
	},
}

// TestStoreRepair damages mailbox files of a real site, repairs them by command,
// and reads everything back over IMAP: each message is there once in its own
// mailbox or, where nothing tells any longer whose it was and nobody else has it,
// in the one named; and a folder that kept its UIDVALIDITY is as it was.
func TestStoreRepair(t *testing.T) {
	t.Parallel()
	s := furnish(t)
	for _, name := range slices.Sorted(maps.Keys(lossy)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := s
			c.site = s.copy(t)
			lossy[name](t, c.site, rand.New(rand.NewPCG(5, uint64(len(name)))))
			if code, out := c.try("store", "check"); code != 1 || !strings.Contains(out, "vanthu store repair") {
				t.Errorf("check: %d\n%s", code, out)
			}
			if code, out := c.try("store", "repair"); code != 0 {
				t.Fatalf("repair: %d\n%s", code, out)
			}
			code, out := c.try("store", "repair", "--into", c.admin.Address) // thought better of
			if code != 0 {
				t.Fatalf("repair --into: %d\n%s", code, out)
			}
			if code, out := c.try("store", "check"); code != 0 {
				t.Errorf("check after repair: %d\n%s", code, out)
			}
			c.compare(t)
			if code, out := c.try("store", "check"); code != 0 {
				t.Errorf("check after serving: %d\n%s", code, out)
			}
		})
	}
}

// compare serves a repaired site.
func (s stored) compare(t *testing.T) {
	t.Helper()
	r := s.start(t)
	now, rescued, anywhere := make(map[string][]held), make(map[string]int), make(map[string]bool)
	for _, who := range s.people {
		now[who.Address] = r.everything(t, who)
		for _, h := range now[who.Address] {
			anywhere[h.message()] = true
		}
	}
	r.stop(t)
	for _, h := range now[s.admin.Address] {
		rescued[h.message()]++
	}
	for _, who := range s.people[:2] {
		s.compareOne(t, who.Address, now[who.Address], anywhere)
	}
	for m, n := range rescued {
		if n > 1 {
			t.Errorf("%s was rescued %d times", m, n)
		}
	}
}

func (s stored) compareOne(t *testing.T, address string, now []held, anywhere map[string]bool) {
	t.Helper()
	count, same := make(map[string]int), make(map[string]map[held]bool)
	for _, h := range now {
		count[h.message()]++
		at := fmt.Sprint(h.Folder, h.Validity)
		if same[at] == nil {
			same[at] = make(map[held]bool)
		}
		same[at][h] = true
	}
	for _, h := range s.had[address] {
		switch n := count[h.message()]; {
		case n > 1:
			t.Errorf("%s has %s %d times", address, h.message(), n)
		case n == 0 && !anywhere[h.message()]:
			t.Errorf("%s lost %s", address, h.message())
		}
		if kept := same[fmt.Sprint(h.Folder, h.Validity)]; kept != nil && !kept[h] {
			t.Errorf("%s: %q keeps its UIDVALIDITY but not %+v", address, h.Folder, h)
		}
	}
}

// TestStoreFiles: a file of the data directory that is gone is told, refused by
// the server, and by repair made anew; a compacted store is what it was.
func TestStoreFiles(t *testing.T) {
	t.Parallel()
	s := furnish(t)
	for _, file := range []string{"accounts.db", "queue.db", "dispatch.db", "directory.db", "mail/format"} {
		t.Run(strings.ReplaceAll(file, "/", " "), func(t *testing.T) {
			t.Parallel()
			c := s
			c.site = s.copy(t)
			must(t, os.Remove(filepath.Join(c.dir, "data", file)))
			for _, args := range [][]string{{"store", "check"}, {"serve"}} {
				if code, out := c.try(args...); code != 1 || !strings.Contains(out, filepath.Base(file)) {
					t.Errorf("%v: %d\n%s", args, code, out)
				}
			}
			if code, out := c.try("store", "repair"); code != 0 || !strings.Contains(out, filepath.Base(file)) {
				t.Errorf("repair: %d\n%s", code, out)
			}
			if file == "accounts.db" {
				if code, out := c.try("store", "check"); code != 1 || !strings.Contains(out, c.people[0].Address) {
					t.Errorf("mailboxes without accounts: %d\n%s", code, out)
				}
				c.people = slices.Clone(s.people)
				for i, who := range c.people {
					local, _, _ := strings.Cut(who.Address, "@")
					c.people[i] = c.person(t, local, "Lê Mẫu "+local)
				}
				c.person(t, "quantri", "Quản trị") // whom quickstart had made
			}
			c.unchanged(t)
		})
	}
	t.Run("mail directory", func(t *testing.T) { s.losesMail(t) })
	t.Run("journal after a crash", func(t *testing.T) { s.losesJournal(t) })
	t.Run("compact", func(t *testing.T) {
		t.Parallel()
		c := s
		c.site = s.copy(t)
		if code, out := c.try("store", "compact"); code != 0 {
			t.Fatalf("compact: %d\n%s", code, out)
		}
		c.unchanged(t)
	})
}

// losesMail: without the whole mail directory each message is found by its body.
func (s stored) losesMail(t *testing.T) {
	t.Parallel()
	s.site = s.copy(t)
	must(t, os.RemoveAll(filepath.Join(s.dir, "data", "mail")))
	if code, out := s.try("serve"); code != 1 || !strings.Contains(out, "vanthu store repair") {
		t.Errorf("serve: %d\n%s", code, out)
	}
	if code, out := s.try("store", "repair", "--into", s.admin.Address); code != 0 {
		t.Fatalf("repair: %d\n%s", code, out)
	}
	s.compare(t)
}

// losesJournal: after a crash nobody goes on without the journals, which alone hold
// what was acknowledged last.
func (s stored) losesJournal(t *testing.T) {
	t.Parallel()
	s.site = s.copy(t)
	r := s.start(t)
	c := value(r.session(s.people[0]))(t)
	value(add(c, "INBOX", nil, note(s.people[0].Address, "last@"+domain, 100)))(t)
	r.kill()
	c.Close()
	for _, shard := range s.shards(t) {
		must(t, os.Remove(shard+".log0"))
		must(t, os.Remove(shard+".log1"))
	}
	for _, args := range [][]string{{"store", "check"}, {"serve"}} {
		if code, out := s.try(args...); code != 1 || !strings.Contains(out, "vanthu store repair") {
			t.Errorf("%v: %d\n%s", args, code, out)
		}
	}
	if code, out := s.try("store", "repair", "--into", s.admin.Address); code != 0 {
		t.Fatalf("repair: %d\n%s", code, out)
	}
	s.compare(t)
	r = s.start(t)
	if !slices.ContainsFunc(r.everything(t, s.admin), func(h held) bool { return strings.Contains(h.message(), "last@") }) {
		t.Error("what was acknowledged last is nowhere")
	}
	r.stop(t)
}

// unchanged serves the site and wants everything as it was.
func (s stored) unchanged(t *testing.T) {
	t.Helper()
	if code, out := s.try("store", "check"); code != 0 {
		t.Errorf("check: %d\n%s", code, out)
	}
	r := s.start(t)
	for _, who := range s.people {
		if now := r.everything(t, who); !slices.Equal(now, s.had[who.Address]) {
			t.Errorf("%s had\n%v\nand has\n%v", who.Address, s.had[who.Address], now)
		}
	}
	r.stop(t)
}

// TestStoreBodies: damage beside the bodies costs none of them; a body that is
// damaged itself is told by check, refused to mail programs, and no other is.
func TestStoreBodies(t *testing.T) {
	t.Parallel()
	s := furnish(t)
	packs := func(c site, file string) string { return filepath.Join(c.dir, "data", "blobs", "packs", file) }
	for name, hurt := range map[string]func(t *testing.T, c site){
		"pack header": func(t *testing.T, c site) {
			rewrite(t, packs(c, "00000001.pack"), func(b []byte) []byte { clear(b[:22]); return b })
		},
		"index gone": func(t *testing.T, c site) { must(t, os.Remove(packs(c, "index.db"))) },
		"index damaged": func(t *testing.T, c site) {
			rewrite(t, packs(c, "index.db"), func(b []byte) []byte { clear(b[8192:]); return b })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := s
			c.site = s.copy(t)
			hurt(t, c.site)
			if code, out := c.try("store", "repair"); code != 0 {
				t.Errorf("repair: %d\n%s", code, out)
			}
			c.unchanged(t)
		})
	}
	t.Run("large body", func(t *testing.T) {
		t.Parallel()
		c := s
		c.site = s.copy(t)
		large := value(filepath.Glob(filepath.Join(c.dir, "data", "blobs", "[0-9a-f][0-9a-f]", "*")))(t)
		rewrite(t, large[0], func(b []byte) []byte { b[len(b)-100] ^= 1; return b })
		if code, out := c.try("store", "check"); code != 1 || strings.Count(out, "HỎNG  blobs") != 1 || !strings.Contains(out, filepath.Base(large[0])) {
			t.Errorf("check: %d\n%s", code, out)
		}
		r := c.start(t)
		refused, sums := 0, make(map[string]bool)
		for _, who := range c.people[:2] {
			for _, h := range c.had[who.Address] {
				sums[h.Sum] = true
			}
			cl := value(r.session(who))(t)
			n := value(cl.Select("INBOX", nil).Wait())(t).NumMessages
			for i := range n {
				text := &imap.FetchItemBodySection{Specifier: imap.PartSpecifierText, Peek: true}
				got, err := cl.Fetch(imap.SeqSetNum(i+1), &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{text}}).Collect()
				if err != nil || len(got) != 1 || len(got[0].FindBodySection(text)) == 0 {
					refused++
				} else if sum := fmt.Sprintf("%x", sha256.Sum256(got[0].FindBodySection(text)))[:16]; !sums[sum] {
					t.Errorf("%s was served what nobody sent", who.Address)
				}
			}
			cl.Close()
		}
		r.stop(t)
		if refused > 1 {
			t.Errorf("%d messages were refused", refused)
		}
	})
}
