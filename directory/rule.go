package directory

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The language of group rules:
//
//	rule  = "ask" | alt { "|" alt }
//	alt   = term { "&" term }
//	term  = field ( "=" | "!=" ) value | field ( "in" | "not in" ) "(" value { "," value } ")"
//	field = "type" | "level" | "parent" | "under" | "id"
//	value = word | "@scope" | "@issuer"
//
// "&" binds tighter than "|". "parent" is the body directly above, "under" any
// body above at any depth. "ask" means that only a person can say. Rules are
// written by people into CSV files, so parsing is bounded in length and terms.

// ErrAsk says that only a person can say who belongs to a group.
var ErrAsk = errors.New("only a person can say who belongs to this group")

const (
	maxRule   = 8000 // bytes
	maxTerms  = 200
	maxValues = 1000 // in one rule
)

var ruleFields = []string{"type", "level", "parent", "under", "id"}

// rule is a parsed rule: an "or" of "and"s.
type rule struct {
	ask  bool
	alts [][]term
}

type term struct {
	field  string
	negate bool
	values []string
}

// ruleError says what is wrong with a rule and at which byte.
type ruleError struct {
	at   int
	what string // Vietnamese
}

func (e *ruleError) Error() string { return fmt.Sprintf("%s (ký tự thứ %d)", e.what, e.at+1) }

// parseRule parses s. Its cost is linear in len(s).
func parseRule(s string) (rule, error) {
	if len(s) > maxRule {
		return rule{}, &ruleError{maxRule, "quy tắc quá dài"}
	}
	p := &ruleParser{in: s}
	p.next()
	if p.kind == wordToken && p.text == "ask" {
		p.next()
		if p.kind != endToken {
			return rule{}, p.fail(`sau "ask" không được có gì khác`)
		}
		return rule{ask: true}, nil
	}
	var r rule
	for {
		alt, err := p.alt()
		if err != nil {
			return rule{}, err
		}
		r.alts = append(r.alts, alt)
		if p.kind == endToken {
			return r, nil
		}
		if p.text != "|" {
			return rule{}, p.fail(`cần "&", "|" hoặc hết quy tắc`)
		}
		p.next()
	}
}

type tokenKind int

const (
	endToken tokenKind = iota
	wordToken
	signToken
	badToken
)

// ruleParser reads tokens: the current one is kind and text, starting at byte at.
type ruleParser struct {
	in            string
	at, pos       int
	kind          tokenKind
	text          string
	terms, values int
}

func (p *ruleParser) fail(what string) error { return &ruleError{p.at, what} }

func (p *ruleParser) next() {
	for p.pos < len(p.in) && p.in[p.pos] == ' ' {
		p.pos++
	}
	p.at = p.pos
	if p.pos == len(p.in) {
		p.kind, p.text = endToken, ""
		return
	}
	switch c := p.in[p.pos]; {
	case strings.IndexByte("=(),&|", c) >= 0:
		p.take(signToken, 1)
	case c == '!' && strings.HasPrefix(p.in[p.pos:], "!="):
		p.take(signToken, 2)
	case isWordByte(c):
		n := 1
		for p.pos+n < len(p.in) && isWordByte(p.in[p.pos+n]) {
			n++
		}
		p.take(wordToken, n)
	default:
		p.take(badToken, 1)
	}
}

func (p *ruleParser) take(k tokenKind, n int) {
	p.kind, p.text = k, p.in[p.pos:p.pos+n]
	p.pos += n
}

func isWordByte(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '.' || c == '-' || c == '@'
}

func (p *ruleParser) alt() ([]term, error) {
	var alt []term
	for {
		t, err := p.term()
		if err != nil {
			return nil, err
		}
		alt = append(alt, t)
		if p.kind != signToken || p.text != "&" {
			return alt, nil
		}
		p.next()
	}
}

func (p *ruleParser) term() (term, error) {
	if p.terms++; p.terms > maxTerms {
		return term{}, p.fail("quy tắc có quá nhiều điều kiện")
	}
	if p.kind != wordToken || !slices.Contains(ruleFields, p.text) {
		return term{}, p.fail("cần một trong các từ type, level, parent, under, id")
	}
	t := term{field: p.text}
	p.next()
	switch p.text {
	case "=", "!=":
		t.negate = p.text == "!="
		p.next()
		v, err := p.value(t.field)
		t.values = []string{v}
		return t, err
	case "not":
		t.negate = true
		p.next()
		if p.text != "in" {
			return term{}, p.fail(`sau "not" phải là "in"`)
		}
		fallthrough
	case "in":
		p.next()
		return p.list(t)
	}
	return term{}, p.fail(`cần "=", "!=", "in" hoặc "not in"`)
}

func (p *ruleParser) list(t term) (term, error) {
	if p.text != "(" {
		return term{}, p.fail(`cần dấu "("`)
	}
	for {
		p.next()
		v, err := p.value(t.field)
		if err != nil {
			return term{}, err
		}
		t.values = append(t.values, v)
		switch p.text {
		case ",":
		case ")":
			p.next()
			return t, nil
		default:
			return term{}, p.fail(`cần "," hoặc ")"`)
		}
	}
}

// value reads one value and checks it against the closed set of its field.
func (p *ruleParser) value(field string) (string, error) {
	v := p.text
	if p.values++; p.values > maxValues {
		return "", p.fail("quy tắc có quá nhiều giá trị")
	}
	if p.kind != wordToken {
		return "", p.fail("cần một giá trị")
	}
	ok := true
	switch field {
	case "type":
		ok = known(agencyTypes, v)
	case "level":
		ok = known(levels, v)
	default:
		ok = v == "@scope" || v == "@issuer" || ValidID(ID(v))
	}
	if !ok {
		return "", p.fail(fmt.Sprintf("giá trị %q không dùng được cho %q", v, field))
	}
	p.next()
	return v, nil
}

// ids lists the agencies that r names, for checking that they exist.
func (r rule) ids() []ID {
	var out []ID
	for _, alt := range r.alts {
		for _, t := range alt {
			if t.field == "type" || t.field == "level" {
				continue
			}
			for _, v := range t.values {
				if v[0] != '@' {
					out = append(out, ID(v))
				}
			}
		}
	}
	return out
}

// holds reports whether r takes in a body: attr gives the body's values of a
// field (several for "under").
func (r rule) holds(attr func(field, value string) bool) bool {
	return slices.ContainsFunc(r.alts, func(alt []term) bool {
		for _, t := range alt {
			if slices.ContainsFunc(t.values, func(v string) bool { return attr(t.field, v) }) == t.negate {
				return false
			}
		}
		return true
	})
}
