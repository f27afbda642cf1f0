package imap

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// script plays a dialogue. Each line of text begins with
//
//	C: a command, without its tag
//	S: an untagged response, all of them, in order
//	A: how the tagged answer begins
//
// In every line «text» is a literal with its announcement and ⏎ a line ending;
// in responses … is anything, and <name> a word that is remembered, to be
// repeated in later lines as it was. Other lines are remarks.
type script struct {
	t     testing.TB
	words map[string]string
}

func newScript(t testing.TB) *script { return &script{t: t, words: make(map[string]string)} }

// play runs the dialogue over w.
func (s *script) play(w *wire, text string) {
	s.t.Helper()
	var command, answer string
	var want []string
	check := func() {
		if command == "" {
			return
		}
		got, a := w.do(s.fill(command))
		if answer == "" {
			answer = "OK"
		}
		ok := len(got) == len(want) && s.matches(answer+"…", a)
		for i := 0; ok && i < len(got); i++ {
			ok = s.matches(want[i], got[i])
		}
		if !ok {
			s.t.Errorf("%s\n got\n  %s\n  %s\n want\n  %s\n  %s", command, strings.Join(got, "\n  "), a, strings.Join(want, "\n  "), answer)
		}
		command, answer, want = "", "", nil
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		rest, is := strings.CutPrefix(line, "C: ")
		switch {
		case is:
			check()
			command = rest
		case strings.HasPrefix(line, "S: "):
			want = append(want, line[3:])
		case strings.HasPrefix(line, "A: "):
			answer = line[3:]
		}
	}
	check()
}

var wordOf = regexp.MustCompile(`<[a-z]+>`)

// fill makes the bytes of a command.
func (s *script) fill(line string) string {
	line = wordOf.ReplaceAllStringFunc(line, func(w string) string {
		if v, ok := s.words[w]; ok {
			return v
		}
		return w
	})
	return literalsIn(line, "+")
}

// literalsIn expands «text» and ⏎.
func literalsIn(line, plus string) string {
	line = strings.ReplaceAll(line, "⏎", "\r\n")
	for {
		before, rest, ok := strings.Cut(line, "«")
		if !ok {
			return line
		}
		text, after, _ := strings.Cut(rest, "»")
		line = fmt.Sprintf("%s{%d%s}\r\n%s%s", before, len(text), plus, text, after)
	}
}

// matches compares a response and remembers its words.
func (s *script) matches(want, got string) bool {
	p := regexp.QuoteMeta(perByte(literalsIn(want, "")))
	p = strings.ReplaceAll(p, perByte("…"), "(?s:.*)")
	var names []string
	p = wordOf.ReplaceAllStringFunc(p, func(w string) string {
		if v, ok := s.words[w]; ok {
			return regexp.QuoteMeta(v)
		}
		names = append(names, w)
		return `([^ ()\[\]"]+)`
	})
	m := regexp.MustCompile("^" + p + "$").FindStringSubmatch(perByte(got))
	if m == nil {
		return false
	}
	for i, n := range names {
		s.words[n] = m[i+1]
	}
	return true
}

// perByte makes a character of every byte: responses need not be UTF-8.
func perByte(s string) string {
	r := make([]rune, len(s))
	for i := range len(s) {
		r[i] = rune(s[i])
	}
	return string(r)
}
