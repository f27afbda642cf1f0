package imap

// pattern is a LIST pattern, prepared.
type pattern struct {
	text     string // runs of wildcards joined, which mean the same and cost more
	literals int    // bytes that stand for themselves
	// Sets of places in text, a bit each:
	stars, wild bitSet          // of "*", of both wildcards
	bytes       map[byte]bitSet // of each byte
}

// bitSet is a set of small numbers.
type bitSet []uint64

func (s bitSet) add(i int) { s[i/64] |= 1 << (i % 64) }

func (s bitSet) has(i int) bool { return s[i/64]&(1<<(i%64)) != 0 }

// maxShown bounds what a name can be that LIST shows, bytes: agencies' names stand
// before those of their folders.
const maxShown = 4 * maxName

// newPattern prepares s. A pattern with more literal bytes than any name has
// matches nothing and is not kept.
func newPattern(s string) *pattern {
	text, literals := joinWildcards(s)
	p := &pattern{text: text, literals: literals}
	if literals > maxShown {
		p.text = ""
		return p
	}
	words := len(text)/64 + 1
	p.stars, p.wild, p.bytes = make(bitSet, words), make(bitSet, words), make(map[byte]bitSet)
	for i := range len(text) {
		switch c := text[i]; c {
		case '*':
			p.stars.add(i)
			p.wild.add(i)
		case '%':
			p.wild.add(i)
		default:
			if p.bytes[c] == nil {
				p.bytes[c] = make(bitSet, words)
			}
			p.bytes[c].add(i)
		}
	}
	return p
}

func joinWildcards(s string) (text string, literals int) {
	b := make([]byte, 0, len(s))
	for i := range len(s) {
		c, n := s[i], len(b)
		switch wild := n > 0 && (b[n-1] == '*' || b[n-1] == '%'); {
		case c != '*' && c != '%':
			literals++
			b = append(b, c)
		case !wild:
			b = append(b, c)
		case c == '*':
			b[n-1] = c
		}
	}
	return string(b), literals
}

// match reports whether the whole name fits. "*" stands for anything, "%" for
// anything without the delimiter. The set of places in the pattern that the name
// read so far leads to is followed, 64 at a step.
func (p *pattern) match(name string) bool {
	if len(name) < p.literals {
		return false
	}
	if p.text == "" {
		return name == ""
	}
	at, next := make(bitSet, len(p.wild)), make(bitSet, len(p.wild))
	at.add(0)
	p.skipWild(at)
	for i := range len(name) {
		stay := p.wild
		if name[i] == delimiter[0] {
			stay = p.stars
		}
		here := p.bytes[name[i]]
		carry := uint64(0)
		for w := range at {
			next[w] = at[w]&stay[w] | carry
			carry = 0
			if here != nil {
				moved := at[w] & here[w]
				next[w] |= moved << 1
				carry = moved >> 63
			}
		}
		p.skipWild(next)
		at, next = next, at
	}
	return at.has(len(p.text))
}

// skipWild lets wildcards stand for nothing. No two stand side by side.
func (p *pattern) skipWild(at bitSet) {
	carry := uint64(0)
	for w := range at {
		skipped := at[w] & p.wild[w]
		at[w] |= skipped<<1 | carry
		carry = skipped >> 63
	}
}
