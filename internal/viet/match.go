package viet

import "strings"

// Matcher finds one query in many texts; making it once saves work.
type Matcher struct {
	lower, key, fold string
	marked           bool
}

// NewMatcher prepares query for [Matcher.Match].
func NewMatcher(query string) Matcher {
	l := lower(Clean(query))
	k := placeTones(l)
	f := foldKey(k)
	return Matcher{lower: l, key: k, fold: f, marked: f != k}
}

// Match reports whether text contains the query. A query without marks finds
// text with any marks ("hai lang" finds "Hải Lăng", "dong" finds "Đông"); one
// with a mark finds only text with the same marks, whichever way the tone is
// placed. The empty query is found everywhere.
func (m Matcher) Match(text string) bool {
	if m.fold == "" && m.key == "" {
		return true
	}
	l := lower(Clean(text))
	k := placeTones(l)
	if !m.marked {
		return strings.Contains(foldKey(k), m.fold)
	}
	// The second look finds the start of a longer word: "hoà" in "hoàn".
	return strings.Contains(k, m.key) || strings.Contains(l, m.lower)
}

// Matches is NewMatcher(query).Match(text).
func Matches(text, query string) bool { return NewMatcher(query).Match(text) }
