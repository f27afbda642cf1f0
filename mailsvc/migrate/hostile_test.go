package migrate

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// bodies returns what is in INBOX here, sorted.
func (h *house) inbox(t *testing.T) (out []string) {
	for _, m := range h.folder(t, "INBOX") {
		out = append(out, m.body)
	}
	slices.Sort(out)
	return out
}

func letters(n int) (out []string) {
	for i := range n {
		out = append(out, letter(i+1))
	}
	slices.Sort(out)
	return out
}

// want checks that the first n letters are here, each once.
func (h *house) want(t *testing.T, n int) {
	t.Helper()
	if got := h.inbox(t); !slices.Equal(got, letters(n)) {
		t.Errorf("%d messages here, not the %d expected", len(got), n)
	}
}

// TestBrokenLines: the connection breaks in the middle of bodies, again and again.
// Nothing is kept of what broke off, and nothing is missing in the end.
func TestBrokenLines(t *testing.T) {
	t.Parallel()
	h, f := newHouse(t), newFake(t, plainLetters(250)...)
	for _, n := range []int{0, 57, 58, 131, 249} {
		f.letters[n].answer = func(c *fakeConn, seq int) {
			l := c.letters[seq-1]
			c.mu.Lock()
			first := c.letters[seq-1].head == ""
			c.letters[seq-1].head = fmt.Sprintf(`FLAGS () INTERNALDATE "04-Jan-2010 08:00:00 +0700" RFC822.SIZE %d`, len(l.body))
			c.mu.Unlock()
			if first { // cut once, whole the next time
				fmt.Fprintf(c, "* %d FETCH (UID %d BODY[] {%d}\r\n%s", seq, l.uid, len(l.body), l.body[:20])
				c.Conn.Close()
				return
			}
			c.line("* %d FETCH (UID %d BODY[] {%d}\r\n%s)", seq, l.uid, len(l.body), l.body)
		}
	}
	r := f.run(h, f.serve())
	if !r.Complete() {
		t.Errorf("%+v", r)
	}
	h.want(t, 250)
}

// TestOneBadMessage: a message that breaks the connection every time is given up
// and listed; the others come.
func TestOneBadMessage(t *testing.T) {
	t.Parallel()
	h, f := newHouse(t), newFake(t, plainLetters(9)...)
	f.letters[4].answer = func(c *fakeConn, _ int) { c.Conn.Close() }
	r := f.run(h, f.serve())
	if r.Error != "" || r.Refused != 1 || r.Refusals[0].UID != 5 || r.Refusals[0].Why != WhyBroken || len(h.inbox(t)) != 8 {
		t.Errorf("%+v", r)
	}
}

// TestStrangeAnswers is one folder with one of each.
func TestStrangeAnswers(t *testing.T) {
	t.Parallel()
	answers := map[string]struct {
		answer func(c *fakeConn, seq int)
		head   string
		why    string // "" if the message must come
	}{
		"nil body":   {answer: func(c *fakeConn, seq int) { c.line("* %d FETCH (UID %d BODY[] NIL)", seq, seq) }, why: WhyNoBody},
		"empty body": {answer: func(c *fakeConn, seq int) { c.line("* %d FETCH (UID %d BODY[] \"\")", seq, seq) }, why: WhyNoBody},
		"no body":    {answer: func(c *fakeConn, seq int) { c.line("* %d FETCH (UID %d)", seq, seq) }, why: WhyNoBody},
		"body before UID": {answer: func(c *fakeConn, seq int) {
			c.line("* %d FETCH (BODY[] {%d}\r\n%s UID %d)", seq, len(letter(seq)), letter(seq), seq)
		}},
		"quoted body": {answer: func(c *fakeConn, seq int) {
			c.line(`* %d FETCH (UID %d BODY[] "FLAGS (\"x\" ]) INTERNALDATE \"y\"")`, seq, seq)
		}},
		"size too small":   {head: `FLAGS () INTERNALDATE "04-Jan-2010 08:00:00 +0700" RFC822.SIZE 1`},
		"size much larger": {head: `FLAGS () INTERNALDATE "04-Jan-2010 08:00:00 +0700" RFC822.SIZE 1000000`},
		"too large":        {head: `FLAGS () INTERNALDATE "04-Jan-2010 08:00:00 +0700" RFC822.SIZE 5000000`, why: WhyTooLarge},
		"larger than said": {answer: func(c *fakeConn, seq int) {
			c.line("* %d FETCH (UID %d BODY[] {2000000}\r\n%s)", seq, seq, strings.Repeat("x", 2000000))
		}, why: WhyTooLarge},
		"endless literal": {answer: func(c *fakeConn, seq int) { c.line("* %d FETCH (UID %d BODY[] {99999999999}", seq, seq) }, why: WhyTooLarge},
		"bad date":        {head: `FLAGS () INTERNALDATE "hôm qua" RFC822.SIZE 10`},
		"no date":         {head: `FLAGS () RFC822.SIZE 10 INTERNALDATE NIL`},
		"date of year 0":  {head: `FLAGS () INTERNALDATE "01-Jan-0000 00:00:00 +0000" RFC822.SIZE 10`},
		"bad flags":       {head: `FLAGS (\Seen a]b "c" \ \X {1} é) INTERNALDATE "04-Jan-2010 08:00:00 +0700" RFC822.SIZE 10`},
		"flag lists": {answer: func(c *fakeConn, seq int) {
			c.line("* %d FETCH (UID %d BODY[] {%d}\r\n%s FLAGS (\\Seen))", seq, seq, len(letter(seq)), letter(seq))
		}},
		"refused": {answer: func(c *fakeConn, seq int) { c.line("* %d FETCH (UID 4294967295)", seq) }, why: WhyNoBody},
	}
	h, f := newHouse(t), newFake(t)
	var names []string
	for name := range answers {
		names = append(names, name)
	}
	slices.Sort(names)
	expected := map[uint32]string{}
	good := 0
	for i, name := range names {
		a := answers[name]
		f.letters = append(f.letters, fakeLetter{uid: i + 1, body: letter(i + 1), head: a.head, answer: a.answer})
		if a.why != "" {
			expected[uint32(i+1)] = a.why
		} else {
			good++
		}
	}
	r := f.run(h, f.serve())
	for _, x := range r.Refusals {
		if expected[x.UID] != x.Why {
			t.Errorf("%s: %s, want %q", names[x.UID-1], x.Why, expected[x.UID])
		}
		delete(expected, x.UID)
	}
	for uid := range expected {
		t.Errorf("%s: not refused", names[uid-1])
	}
	found := h.folder(t, "INBOX")
	if len(found) != good || r.Error != "" {
		t.Errorf("%d here, want %d; %s", len(found), good, r.Error)
	}
	for _, m := range found {
		if !strings.HasPrefix(m.when, "2010-01-04T08:00:00+07:00") && !strings.Contains(m.body, "INTERNALDATE") {
			t.Errorf("date %s of %q", m.when, m.body)
		}
		if strings.Contains(m.body, "FLAGS") && m.body != `FLAGS ("x" ]) INTERNALDATE "y"` {
			t.Errorf("a body was changed: %q", m.body)
		}
		if m.flags != "" && m.flags != `\Seen` {
			t.Errorf("flags %q", m.flags)
		}
	}
}

// TestSilence: a server that stops in the middle is left alone after a while.
func TestSilence(t *testing.T) {
	t.Parallel()
	for name, say := range map[string]func(c *fakeConn, tag, command string) bool{
		"no answer":      func(_ *fakeConn, _, command string) bool { return strings.HasPrefix(command, "EXAMINE") },
		"half a literal": func(c *fakeConn, _, command string) bool { return half(c, command) },
		"endless line":   func(c *fakeConn, _, command string) bool { return endless(c, command, "* x ", "x") },
		"endless list":   func(c *fakeConn, _, command string) bool { return endless(c, command, "", "* LIST () \"/\" a\r\n") },
		"endless talk": func(c *fakeConn, _, command string) bool {
			return endless(c, command, "", "* OK "+strings.Repeat("x", 4000)+"\r\n")
		},
		"bye": func(c *fakeConn, _, command string) bool { return bye(c, command) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, f := newHouse(t), newFake(t, plainLetters(3)...)
			f.say = say
			o := h.options()
			o.Patience = 200 * time.Millisecond
			r := Run(t.Context(), Job{Server: f.serve(), User: "lan", Password: "x", Account: lan}, o)
			if r.Complete() {
				t.Errorf("complete: %+v", r)
			}
			if len(h.folder(t, "INBOX")) != 0 {
				t.Error("half a message was kept")
			}
		})
	}
}

func half(c *fakeConn, command string) bool {
	if !strings.Contains(command, "BODY.PEEK[]") {
		return false
	}
	c.line("* 1 FETCH (UID 1 BODY[] {1000}\r\nhalf")
	return true
}

func endless(c *fakeConn, command, head, again string) bool {
	if !strings.HasPrefix(command, "LIST") {
		return false
	}
	_, err := io.WriteString(c, head)
	for err == nil {
		_, err = io.WriteString(c, strings.Repeat(again, 100))
	}
	return true
}

func bye(c *fakeConn, command string) bool {
	if !strings.HasPrefix(command, "EXAMINE") {
		return false
	}
	c.line("* BYE quá tải")
	c.Conn.Close()
	return true
}

// TestMemory: however large bodies are, and however many come, memory stays small.
// It does not run beside others, whose memory it would count.
func TestMemory(t *testing.T) {
	const body, bound = 12 << 20, 40 << 20
	h, f := newHouse(t), newFake(t)
	block := strings.Repeat("x", 1<<20-2) + "\r\n"
	for i := range 6 {
		f.letters = append(f.letters, fakeLetter{uid: i + 1, head: fmt.Sprintf(`FLAGS () INTERNALDATE "04-Jan-2010 08:00:00 +0700" RFC822.SIZE %d`, 100),
			answer: func(c *fakeConn, seq int) {
				fmt.Fprintf(c, "* %d FETCH (UID %d BODY[] {%d}\r\n%08d", seq, seq, body, seq)
				io.WriteString(c, block[8:])
				for range body>>20 - 1 {
					io.WriteString(c, block)
				}
				c.line(")")
			}})
	}
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before, most := m.HeapAlloc, uint64(0)
	o := h.options()
	o.MaxMessage = 2 * body
	ended := make(chan struct{})
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ended:
				return
			case <-tick.C:
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapAlloc)
			}
		}
	}()
	r := Run(t.Context(), Job{Server: f.serve(), User: "lan", Password: "x", Account: lan}, o)
	close(ended)
	<-watched
	if n, bytes := r.Copied(); n != 6 || bytes != 6*body {
		t.Errorf("%+v", r)
	}
	if most > before+bound {
		t.Errorf("heap grew by %d MiB", (most-before)>>20)
	}
	t.Logf("heap grew by %d MiB", (max(most, before)-before)>>20)
}

// TestValidityChanges: the old server counts anew, between runs and within one.
func TestValidityChanges(t *testing.T) {
	t.Parallel()
	h, f := newHouse(t), newFake(t, plainLetters(120)...)
	f.letters[110].answer = func(c *fakeConn, _ int) {
		c.mu.Lock()
		c.validity, c.letters[110].answer = 8, nil
		for i := range c.letters {
			c.letters[i].uid += 1000
		}
		c.mu.Unlock()
		c.Conn.Close()
	}
	s := f.serve()
	if r := f.run(h, s); !r.Complete() {
		t.Errorf("%+v", r)
	}
	h.want(t, 120)
	f.mu.Lock()
	f.validity = 9
	f.letters = append(f.letters, fakeLetter{uid: 5000, body: letter(121)})
	f.mu.Unlock()
	r := f.run(h, s)
	if n, _ := r.Copied(); n != 1 || !r.Complete() {
		t.Errorf("%+v", r)
	}
	h.want(t, 121)
}

// TestExpungedMeanwhile: a message that is gone when it is asked for is no failure.
func TestExpungedMeanwhile(t *testing.T) {
	t.Parallel()
	h, f := newHouse(t), newFake(t, plainLetters(4)...)
	f.letters[3].answer = func(c *fakeConn, _ int) {
		c.mu.Lock()
		c.letters = c.letters[:3]
		c.mu.Unlock()
	}
	if r := f.run(h, f.serve()); !r.Complete() || r.Folders[0].Messages != 3 {
		t.Errorf("%+v", r)
	}
	h.want(t, 3)
}

// TestServerDown: nothing but refused connections ends soon, with a word.
func TestServerDown(t *testing.T) {
	t.Parallel()
	h, f := newHouse(t), newFake(t)
	f.greeting = "* BYE không phục vụ"
	r := f.run(h, f.serve())
	if r.Error == "" || f.conns != maxTries {
		t.Errorf("%d connections, %+v", f.conns, r)
	}
}

// TestLoginRefusedLater: a password that stops working is not tried again for
// every folder.
func TestLoginRefusedLater(t *testing.T) {
	t.Parallel()
	h, f := newHouse(t), newFake(t, plainLetters(1)...)
	f.list = append(f.list, `* LIST () "/" a`, `* LIST () "/" b`)
	f.say = func(c *fakeConn, tag, command string) bool {
		switch {
		case strings.HasPrefix(command, "EXAMINE"):
			c.Conn.Close()
		case strings.HasPrefix(command, "LOGIN") && c.number > 1:
			c.line("%s NO [AUTHENTICATIONFAILED] sai", tag)
		default:
			return false
		}
		return true
	}
	if r := f.run(h, f.serve()); r.Error == "" || f.conns != 2 {
		t.Errorf("%d connections, %+v", f.conns, r)
	}
}
