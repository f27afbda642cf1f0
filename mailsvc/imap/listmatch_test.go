package imap

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"quangtri.gov.vn/vanthu/internal/cputime"
)

// fitsSlowly says what a pattern means, without caring what that costs.
func fitsSlowly(p, name string) bool {
	switch {
	case p == "":
		return name == ""
	case p[0] == '*' || p[0] == '%':
		return fitsSlowly(p[1:], name) || name != "" && (p[0] == '*' || name[0] != '/') && fitsSlowly(p, name[1:])
	}
	return name != "" && p[0] == name[0] && fitsSlowly(p[1:], name[1:])
}

// TestPatternsMeanWhatTheySay compares with that, also beyond 64 places.
func TestPatternsMeanWhatTheySay(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 9051))
	text := func(alphabet string, n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = alphabet[r.IntN(len(alphabet))]
		}
		return string(b)
	}
	matched := 0
	for range 20_000 {
		p, name := text("ab/*%", r.IntN(7)), text("ab/", r.IntN(7))
		if r.IntN(4) == 0 {
			long := text("ab/", 60+r.IntN(10))
			p, name = long+p, long+name
		}
		got := newPattern(p).match(name)
		if got != fitsSlowly(p, name) {
			t.Fatalf("%q and %q: %v", p, name, got)
		}
		if got {
			matched++
		}
	}
	if matched < 1000 {
		t.Errorf("only %d matched", matched)
	}
}

// TestLongPatternsAreCheap: however long the patterns that a client writes.
func TestLongPatternsAreCheap(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	for i := range 100 {
		_, err := h.store.CreateFolder(context.Background(), alice, fmt.Sprintf("%s%d", strings.Repeat("a", 900), i), "")
		must(t, err)
	}
	w := h.login(alice)
	w.ok("ENABLE UTF8=ACCEPT")
	for name, patterns := range map[string]string{
		"one of 900 KB":   `"` + strings.Repeat("%a", 450_000) + `"`,
		"one of asterisk": `"` + strings.Repeat("*", 900_000) + `b"`,
		"a hundred":       `("` + strings.Repeat(strings.Repeat("%a", 445)+`b" "`, 99) + `x")`,
	} {
		start := cputime.Process()
		if got := w.ok(`LIST "" ` + patterns); len(got) != 0 {
			t.Errorf("%s: %d folders", name, len(got))
		}
		if d := cputime.Process() - start; d > 2*time.Second {
			t.Errorf("%s: took %v", name, d)
		}
	}
}

// TestPatternsThatAreNoNames find what they say, or nothing: a pattern is not a name
// that must be well-formed.
func TestPatternsThatAreNoNames(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	w := h.login(alice)
	w.ok("CREATE R&-D")
	for _, p := range []string{"R&D", "R&D*", "%&D", "R&-*"} {
		expect(t, w.ok(`LIST "" "`+p+`"`), `* LIST (\HasNoChildren) "/" "R&-D"`)
	}
	expect(t, w.ok(`LIST "" "&*x"`))
	expect(t, w.ok(`LIST "" "&!"`))
}
