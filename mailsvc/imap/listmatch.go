package imap

import "strings"

// pattern is a LIST pattern, prepared.
type pattern string

// newPattern joins runs of wildcards, which mean the same and cost more.
func newPattern(s string) pattern {
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] != '*' && s[i] != '%' {
			b.WriteByte(s[i])
			i++
			continue
		}
		wild := byte('%')
		for i < len(s) && (s[i] == '*' || s[i] == '%') {
			if s[i] == '*' {
				wild = '*'
			}
			i++
		}
		b.WriteByte(wild)
	}
	return pattern(b.String())
}

// match reports whether the whole name fits. "*" stands for anything, "%" for
// anything without the delimiter. Time is at most len(pattern)*len(name): the
// set of places in the pattern that the name read so far leads to is followed.
func (p pattern) match(name string) bool {
	at := make([]bool, len(p)+1)
	next := make([]bool, len(p)+1)
	at[0] = true
	p.skipWild(at)
	for i := 0; i < len(name); i++ {
		clear(next)
		c := name[i]
		for j := 0; j < len(p); j++ {
			if !at[j] {
				continue
			}
			switch {
			case p[j] == '*', p[j] == '%' && c != delimiter[0]:
				next[j] = true
			case p[j] == c:
				next[j+1] = true
			}
		}
		p.skipWild(next)
		at, next = next, at
	}
	return at[len(p)]
}

// skipWild lets wildcards stand for nothing.
func (p pattern) skipWild(at []bool) {
	for j := 0; j < len(p); j++ {
		if at[j] && (p[j] == '*' || p[j] == '%') {
			at[j+1] = true
		}
	}
}
