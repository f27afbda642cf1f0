package imap

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// believer is a client that believes what it is told, by the rules of RFC 9051
// and RFC 7162, and nothing else.
type believer struct {
	w        *wire
	r        *rand.Rand
	who      string
	mailbox  string
	trash    string
	level    int            // 0: no CONDSTORE, 1: CONDSTORE, 2: QRESYNC
	notified bool           // uses NOTIFY: it is told of changes at any time
	uids     []int          // by sequence number; 0 is one it has not asked about yet
	flags    map[int]string // by UID, sorted
	validity string
	mod      int // HIGHESTMODSEQ by RFC 7162 section 6
	fresh    map[int]bool
}

func (b *believer) fatal(format string, args ...any) {
	b.w.t.Helper()
	b.w.t.Fatalf("%d believes %v: %s", b.level, b.uids, fmt.Sprintf(format, args...))
}

func sortedFlags(s string) string {
	f := strings.Fields(s)
	slices.Sort(f)
	return strings.Join(f, " ")
}

var (
	numbered   = regexp.MustCompile(`^\* (\d+) (EXISTS|EXPUNGE|FETCH)`)
	uidItem    = regexp.MustCompile(`UID (\d+)`)
	flagsItem  = regexp.MustCompile(`FLAGS \(([^)]*)\)`)
	modSeqItem = regexp.MustCompile(`MODSEQ \((\d+)\)`)
	vanished   = regexp.MustCompile(`^\* VANISHED (\(EARLIER\) )?(\S+)`)
	highest    = regexp.MustCompile(`\[HIGHESTMODSEQ (\d+)\]`)
	modified   = regexp.MustCompile(`\[MODIFIED (\S+)\]`)
)

// members expands a set.
func members(set string) (out []int) {
	for part := range strings.SplitSeq(set, ",") {
		from, to, ranged := strings.Cut(part, ":")
		a, _ := strconv.Atoi(from)
		z := a
		if ranged {
			z, _ = strconv.Atoi(to)
		}
		for ; a <= z; a++ {
			out = append(out, a)
		}
	}
	return out
}

// hear takes the answer to a command. It returns the tagged answer.
func (b *believer) hear(cmd string, lines []string, answer string) string {
	b.w.t.Helper()
	mayExpunge := !regexp.MustCompile(`^(FETCH|STORE|SEARCH)`).MatchString(cmd)
	top, told := 0, 0
	b.fresh = make(map[int]bool)
	for _, l := range append(lines, answer) {
		if m := highest.FindStringSubmatch(l); m != nil {
			told, _ = strconv.Atoi(m[1])
			continue
		}
		if m := vanished.FindStringSubmatch(l); m != nil {
			b.vanish(members(m[2]), m[1] != "", mayExpunge, l)
			continue
		}
		m := numbered.FindStringSubmatch(l)
		if m == nil {
			continue
		}
		n, _ := strconv.Atoi(m[1])
		switch {
		case m[2] == "EXISTS" && n < len(b.uids), m[2] != "EXISTS" && (n < 1 || n > len(b.uids)), m[2] == "EXPUNGE" && (!mayExpunge || b.level == 2):
			b.fatal("%s: told %q", cmd, l)
		case m[2] == "EXISTS":
			b.uids = append(b.uids, make([]int, n-len(b.uids))...)
		case m[2] == "EXPUNGE":
			delete(b.flags, b.uids[n-1])
			b.uids = slices.Delete(b.uids, n-1, n)
		default:
			top = max(top, b.fetched(n, l))
		}
	}
	if told > 0 {
		b.mod = told
	} else {
		b.mod = max(b.mod, top)
	}
	return answer
}

func (b *believer) vanish(uids []int, earlier, mayExpunge bool, l string) {
	b.w.t.Helper()
	if b.level < 2 || !earlier && !mayExpunge {
		b.fatal("told %q", l)
	}
	for _, u := range uids {
		delete(b.flags, u)
		if earlier {
			continue
		}
		i := b.place(u)
		if i < 0 {
			b.fatal("told %q", l)
		}
		b.uids = slices.Delete(b.uids, i, i+1)
	}
}

// place returns where a message stands: one that it did not ask about yet stands
// among those between its neighbours.
func (b *believer) place(uid int) int {
	at := -1
	for i, u := range b.uids {
		switch {
		case u == uid:
			return i
		case u == 0 && at < 0:
			at = i
		case u > uid:
			return at
		case u != 0:
			at = -1
		}
	}
	return at
}

// fetched takes a FETCH response and returns its MODSEQ.
func (b *believer) fetched(n int, l string) (mod int) {
	b.w.t.Helper()
	if m := uidItem.FindStringSubmatch(l); m != nil {
		u, _ := strconv.Atoi(m[1])
		if b.uids[n-1] != 0 && b.uids[n-1] != u {
			b.fatal("told %q", l)
		}
		b.uids[n-1] = u
	}
	if m := flagsItem.FindStringSubmatch(l); m != nil && b.uids[n-1] != 0 {
		b.flags[b.uids[n-1]] = sortedFlags(m[1])
		b.fresh[b.uids[n-1]] = true
	}
	if m := modSeqItem.FindStringSubmatch(l); m != nil {
		mod, _ = strconv.Atoi(m[1])
	}
	return mod
}

func (b *believer) do(format string, args ...any) string {
	b.w.t.Helper()
	cmd := fmt.Sprintf(format, args...)
	lines, answer := b.w.do(cmd)
	if strings.HasPrefix(answer, "BAD") {
		b.fatal("%s: %s", cmd, answer)
	}
	return b.hear(cmd, lines, answer)
}

// begin logs in and selects the mailbox; a client of QRESYNC takes along what it knows.
func (b *believer) begin(h *house) {
	b.w.t.Helper()
	b.w = h.login(b.who)
	known := slices.Sorted(maps.Keys(b.flags))
	b.uids = nil
	how := ""
	switch {
	case b.level == 1:
		how = " (CONDSTORE)"
	case b.level == 2 && b.validity == "":
		b.w.ok("ENABLE QRESYNC")
	case b.level == 2:
		b.w.ok("ENABLE QRESYNC")
		how = fmt.Sprintf(" (QRESYNC (%s %d))", b.validity, b.mod)
	}
	if b.level < 2 {
		b.flags = make(map[int]string)
	}
	lines := b.w.ok("SELECT " + b.mailbox + how)
	m := regexp.MustCompile(`UIDVALIDITY (\d+)`).FindStringSubmatch(strings.Join(lines, "\n"))
	if b.validity != "" && b.validity != m[1] {
		b.fatal("UIDVALIDITY %s", m[1])
	}
	b.validity = m[1]
	b.hear("SELECT", lines, "")
	if b.notified {
		b.do("NOTIFY SET (SELECTED-DELAYED (MessageNew (UID FLAGS) MessageExpunge FlagChange))")
	}
	if b.level < 2 {
		return
	}
	b.hear("UID FETCH", b.w.ok("UID FETCH 1:* UID"), "")
	for _, u := range known {
		if _, still := b.flags[u]; still && !slices.Contains(b.uids, u) {
			b.fatal("was not told that %d vanished", u)
		}
	}
}

// learn asks about messages that it knows nothing of.
func (b *believer) learn() {
	b.w.t.Helper()
	unknown := slices.IndexFunc(b.uids, func(u int) bool {
		_, known := b.flags[u]
		return !known
	})
	if unknown >= 0 {
		b.do("FETCH %d:%d (UID FLAGS)", unknown+1, len(b.uids))
	}
}

var storeOps = []string{"+FLAGS", "-FLAGS", "FLAGS", "+FLAGS.SILENT", "-FLAGS.SILENT", "FLAGS.SILENT"}

// store changes flags of some messages and, with .SILENT, works out what they are.
func (b *believer) store() {
	b.w.t.Helper()
	ops := storeOps
	if b.notified { // it could not tell whether it was told before or after a silent change
		ops = ops[:3]
	}
	op, flag := ops[b.r.IntN(len(ops))], []string{`\Seen`, `\Flagged`, `\Deleted`, "x"}[b.r.IntN(4)]
	from := b.r.IntN(len(b.uids))
	to := min(len(b.uids)-1, from+b.r.IntN(3))
	picked := slices.Clone(b.uids[from : to+1])
	set, uid := fmt.Sprintf("%d:%d", from+1, to+1), ""
	if b.r.IntN(2) == 0 && !slices.Contains(picked, 0) {
		set, uid = fmt.Sprintf("%d:%d", picked[0], picked[len(picked)-1]), "UID "
	}
	cond := ""
	if b.level > 0 && b.r.IntN(3) == 0 {
		cond = fmt.Sprintf(" (UNCHANGEDSINCE %d)", b.mod)
	}
	before := maps.Clone(b.flags)
	answer := b.do("%sSTORE %s%s %s (%s)", uid, set, cond, op, flag)
	var left []int
	if m := modified.FindStringSubmatch(answer); m != nil {
		for _, n := range members(m[1]) {
			if uid == "" {
				n = picked[n-from-1]
			}
			left = append(left, n)
		}
	}
	if !strings.HasSuffix(op, "SILENT") || !strings.HasPrefix(answer, "OK") {
		return
	}
	for _, u := range picked {
		had, known := before[u]
		if _, still := b.flags[u]; known && still && !b.fresh[u] && !slices.Contains(left, u) {
			b.flags[u] = changedFlags(had, op, flag)
		}
	}
}

func changedFlags(had, op, flag string) string {
	out := slices.DeleteFunc(strings.Fields(had), func(f string) bool { return f == flag })
	switch op[0] {
	case 'F':
		out = []string{flag}
	case '+':
		out = append(out, flag)
	}
	return sortedFlags(strings.Join(out, " "))
}

// act does something.
func (b *believer) act(h *house) {
	b.w.t.Helper()
	some := 1 + b.r.IntN(max(len(b.uids), 1))
	switch n := b.r.IntN(24); {
	case len(b.uids) < 3 || n == 0:
		m := letter("một", "x")
		b.do("APPEND %s {%d+}\r\n%s", b.mailbox, len(m), m)
	case n < 8:
		b.store()
	case n < 10:
		b.do("EXPUNGE")
	case n == 10:
		b.do("UID EXPUNGE %d", b.uids[some-1]+1)
	case n == 11:
		b.do("COPY %d %s", some, b.mailbox)
	case n == 12:
		b.do("MOVE %d %s", some, b.trash)
	case n == 13:
		b.do("UID MOVE %d:* %s", max(b.uids[some-1], 1), b.mailbox)
	case n == 14:
		b.do("FETCH %d BODY[TEXT]", some)
	case n == 15:
		b.do("UID FETCH %d:* (FLAGS)", max(b.uids[some-1], 1))
	case n == 16:
		b.do("SEARCH SEEN")
	case n == 17:
		b.do("UID SEARCH FLAGGED")
	case n == 18:
		b.do("NOOP")
	case n == 19:
		b.w.c.Close()
		b.begin(h)
	case n == 20:
		b.w.send("i IDLE\r\n")
		b.w.send("DONE\r\n")
		lines, answer := b.w.until("i")
		b.hear("IDLE", lines, answer)
	default:
		b.learn()
	}
}

// believers makes two clients of each kind that have one mailbox open.
func believers(t *testing.T, shared bool) (*house, []*believer) {
	h := newHouse(t, Plain, func(o *Options) { o.Limits.ConnsPerIP, o.Limits.ConnsPerUser = -1, -1 })
	h.people.change(bob, grant(mailsvc.Read|mailsvc.Write|mailsvc.Delete))
	var all []*believer
	for level := range 3 {
		for _, who := range []string{alice, bob} {
			b := &believer{w: &wire{t: t}, level: level, notified: who == bob && level > 0, flags: make(map[int]string), who: alice, mailbox: "INBOX", trash: `"Thùng rác"`}
			if shared {
				b.who, b.mailbox, b.trash = who, officeInbox, officeTrash
			}
			b.begin(h)
			all = append(all, b)
		}
	}
	return h, all
}

// TestBelieversAtOnce lets them work at the same time.
func TestBelieversAtOnce(t *testing.T) {
	t.Parallel()
	for _, shared := range []bool{false, true} {
		h, all := believers(t, shared)
		var wg sync.WaitGroup
		for i, b := range all {
			b.r = rand.New(rand.NewPCG(9051, uint64(i)))
			wg.Go(func() {
				for range 80 {
					b.act(h)
				}
			})
		}
		wg.Wait()
		for _, b := range all {
			b.check(h)
		}
	}
}

// TestBelieversAreRight lets clients of each kind work in one mailbox, by turns,
// their own or an agency's, where \Seen is each person's own. Whatever they do,
// what each was told adds up to what is there.
func TestBelieversAreRight(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 3501))
			h, all := believers(t, seed%2 == 1)
			for _, b := range all {
				b.r = r
			}
			for range 300 {
				b := all[r.IntN(len(all))]
				b.act(h)
				if r.IntN(10) == 0 {
					b.check(h)
				}
			}
			for _, b := range all {
				b.check(h)
			}
		})
	}
}

// check compares what it believes with what a stranger is told.
func (b *believer) check(h *house) {
	b.w.t.Helper()
	b.do("NOOP")
	b.learn()
	b.do("NOOP") // what FETCH kept back
	b.learn()
	truth := &believer{w: &wire{t: b.w.t}, flags: make(map[int]string), who: b.who, mailbox: b.mailbox}
	truth.begin(h)
	truth.do("UID FETCH 1:* FLAGS")
	truth.w.c.Close()
	if !slices.Equal(b.uids, truth.uids) {
		b.fatal("there are %v", truth.uids)
	}
	for u, f := range truth.flags {
		if b.flags[u] != f {
			b.fatal("believes that %d has %q, it has %q", u, b.flags[u], f)
		}
	}
}
