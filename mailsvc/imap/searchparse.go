package imap

import (
	"math"
	"strings"

	imap "github.com/emersion/go-imap/v2"

	"quangtri.gov.vn/vanthu/mailsvc/mime"
)

// keyKind is what a search key looks at. go-imap's SearchCriteria has no place
// for several of them, and knows no order of cheap and dear keys, so the tree
// is our own.
type keyKind uint8

const (
	keyAll keyKind = iota
	keyNone
	keyAnd
	keyOr
	keyNot
	keySet
	keyFlag
	keyLarger
	keySmaller
	keyBefore // internal date, days
	keyOn
	keySince
	keySentBefore
	keySentOn
	keySentSince
	keySavedBefore
	keySavedOn
	keySavedSince
	keyOlder // seconds
	keyYounger
	keyModSeq
	keyEmailID
	keyThreadID
	keyField  // a header field that the index holds
	keyHeader // any other
	keyBody
	keyText
)

// searchKey is a node of the search tree.
type searchKey struct {
	kind  keyKind
	kids  []searchKey
	set   []span // keySet
	num   int64
	text  string // flag, field name or id
	field mime.SearchField
	match *needle
}

// Bounds of one SEARCH.
const (
	maxSearchKeys = 1000
	maxTextKeys   = 50
	maxNeedle     = 1024
)

// searchArgs is a parsed SEARCH.
type searchArgs struct {
	imap.SearchOptions
	esearch bool // RETURN was given
	root    searchKey
	modSeq  bool // a MODSEQ key: the answer carries the highest MODSEQ
	uid     bool
	bySeq   bool // a key names messages by sequence number
	charset string

	relevancy relevancy

	keys, texts int
}

// searchArgs reads the arguments of SEARCH (RFC 9051 section 6.4.4).
func (p *parser) searchArgs(uid bool) *searchArgs {
	a := &searchArgs{uid: uid}
	if p.takeWord("RETURN") {
		p.sp()
		a.esearch = true
		p.list(func() { p.searchReturn(a) })
		p.sp()
	}
	p.charset(a)
	a.root = p.searchKeys(a)
	p.checkRelevancy(a)
	a.defaultReturn()
	return a
}

// defaultReturn is ALL if nothing is asked for.
func (a *searchArgs) defaultReturn() {
	if !a.ReturnMin && !a.ReturnMax && !a.ReturnAll && !a.ReturnCount && !a.ReturnSave && !a.relevancy.told {
		a.ReturnAll = true
	}
}

// takeWord takes w if it comes next.
func (p *parser) takeWord(w string) bool {
	if rest := p.line[min(p.pos, len(p.line)):]; p.err != nil || len(rest) < len(w) || !strings.EqualFold(string(rest[:len(w)]), w) ||
		len(rest) > len(w) && isAtomChar(rest[len(w)]) {
		return false
	}
	p.pos += len(w)
	return true
}

func (p *parser) searchReturn(a *searchArgs) {
	switch p.word() {
	case "MIN":
		a.ReturnMin = true
	case "MAX":
		a.ReturnMax = true
	case "ALL":
		a.ReturnAll = true
	case "COUNT":
		a.ReturnCount = true
	case "SAVE":
		a.ReturnSave = true
	case "RELEVANCY":
		a.relevancy.told = true
	default:
		p.fail("unknown search return option")
	}
}

// charset reads "CHARSET x ".
func (p *parser) charset(a *searchArgs) {
	if !p.takeWord("CHARSET") {
		return
	}
	p.sp()
	p.knownCharset(a)
	p.sp()
}

// knownCharset reads the charset that the texts are in, and refuses one that
// nobody knows.
func (p *parser) knownCharset(a *searchArgs) {
	a.charset = p.astring()
	if _, ok := mime.FromCharset(a.charset, nil); !ok && p.err == nil {
		p.err = no("BADCHARSET (UTF-8 US-ASCII ISO-8859-1 WINDOWS-1258 TCVN-5712 VISCII)", "use UTF-8")
	}
}

// searchKeys reads keys to the end of the command or the parenthesis.
func (p *parser) searchKeys(a *searchArgs) searchKey {
	and := searchKey{kind: keyAnd}
	for {
		and.kids = append(and.kids, p.searchKey(a, 0))
		if !p.more() || p.err != nil {
			break
		}
	}
	if len(and.kids) == 1 {
		return and.kids[0]
	}
	return and
}

func (p *parser) searchKey(a *searchArgs, depth int) searchKey {
	if a.keys++; a.keys > maxSearchKeys || depth > maxNesting {
		p.err = orErr(p.err, no(imap.ResponseCodeLimit, "search too complex"))
		return searchKey{}
	}
	switch c := p.peek(); {
	case c == '(':
		and := searchKey{kind: keyAnd}
		p.filledList(func() { and.kids = append(and.kids, p.searchKey(a, depth+1)) })
		return and
	case c == '*' || c == '$' || c >= '0' && c <= '9':
		k := p.setKey(false)
		a.bySeq = a.bySeq || c != '$'
		return k
	}
	word := p.word()
	if k, ok := flagKeys[word]; ok {
		return k
	}
	if k, ok := p.valueKey(a, word); ok {
		return k
	}
	switch word {
	case "NOT":
		p.sp()
		return searchKey{kind: keyNot, kids: []searchKey{p.searchKey(a, depth+1)}}
	case "OR":
		return p.orKey(a, depth)
	case "FUZZY":
		p.sp()
		a.relevancy.given = true
		a.relevancy.depth++
		k := p.searchKey(a, depth+1)
		a.relevancy.depth--
		return k
	}
	p.fail("unknown search key")
	return searchKey{}
}

// orKey reads what follows OR. "OR a OR b OR c d", as programs write a list of
// many, is one key and no deep nesting.
func (p *parser) orKey(a *searchArgs, depth int) searchKey {
	or := searchKey{kind: keyOr}
	for {
		p.sp()
		or.kids = append(or.kids, p.searchKey(a, depth+1))
		p.sp()
		if !p.takeWord("OR") {
			break
		}
	}
	or.kids = append(or.kids, p.searchKey(a, depth+1))
	return or
}

func orErr(have error, otherwise error) error {
	if have != nil {
		return have
	}
	return otherwise
}

func flagKey(f imap.Flag) searchKey { return searchKey{kind: keyFlag, text: string(f)} }
func notKey(k searchKey) searchKey  { return searchKey{kind: keyNot, kids: []searchKey{k}} }

// flagKeys are the keys without an argument. No message is ever \Recent here.
var flagKeys = map[string]searchKey{
	"ALL": {kind: keyAll}, "RECENT": {kind: keyNone}, "NEW": {kind: keyNone}, "OLD": {kind: keyAll},
	"ANSWERED": flagKey(imap.FlagAnswered), "UNANSWERED": notKey(flagKey(imap.FlagAnswered)),
	"DELETED": flagKey(imap.FlagDeleted), "UNDELETED": notKey(flagKey(imap.FlagDeleted)),
	"DRAFT": flagKey(imap.FlagDraft), "UNDRAFT": notKey(flagKey(imap.FlagDraft)),
	"FLAGGED": flagKey(imap.FlagFlagged), "UNFLAGGED": notKey(flagKey(imap.FlagFlagged)),
	"SEEN": flagKey(imap.FlagSeen), "UNSEEN": notKey(flagKey(imap.FlagSeen)),
	"SAVEDATESUPPORTED": {kind: keyAll},
}

var dateKeys = map[string]keyKind{
	"BEFORE": keyBefore, "ON": keyOn, "SINCE": keySince,
	"SENTBEFORE": keySentBefore, "SENTON": keySentOn, "SENTSINCE": keySentSince,
	"SAVEDBEFORE": keySavedBefore, "SAVEDON": keySavedOn, "SAVEDSINCE": keySavedSince,
}

var fieldKeys = map[string]mime.SearchField{
	"SUBJECT": mime.FieldSubject, "FROM": mime.FieldFrom, "TO": mime.FieldTo, "CC": mime.FieldCc, "BCC": mime.FieldBcc,
}

var numberKeys = map[string]keyKind{"LARGER": keyLarger, "SMALLER": keySmaller, "OLDER": keyOlder, "YOUNGER": keyYounger}

// numberKey reads a size in bytes, or an interval in seconds (RFC 5032).
func (p *parser) numberKey(kind keyKind) searchKey {
	if kind == keyLarger || kind == keySmaller {
		return searchKey{kind: kind, num: int64(p.bigNumber(math.MaxInt64))}
	}
	n := int64(p.number())
	if n == 0 {
		p.fail("interval must not be 0")
	}
	return searchKey{kind: kind, num: n}
}

// valueKey reads the argument of a key that has one.
func (p *parser) valueKey(a *searchArgs, word string) (searchKey, bool) {
	if kind, ok := dateKeys[word]; ok {
		p.sp()
		return searchKey{kind: kind, num: p.date()}, true
	}
	if field, ok := fieldKeys[word]; ok {
		p.sp()
		return headerKey(word, p.needle(a), field), true
	}
	if kind, ok := numberKeys[word]; ok {
		p.sp()
		return p.numberKey(kind), true
	}
	switch word {
	case "KEYWORD", "UNKEYWORD":
		p.sp()
		if p.peek() == '\\' {
			p.fail("system flags have keys of their own")
		}
		k := searchKey{kind: keyFlag, text: p.flag()}
		if word == "UNKEYWORD" {
			return notKey(k), true
		}
		return k, true
	case "UID":
		p.sp()
		return p.setKey(true), true
	case "MODSEQ":
		p.sp()
		return p.modSeqKey(a), true
	case "EMAILID", "THREADID":
		p.sp()
		kind := keyEmailID
		if word == "THREADID" {
			kind = keyThreadID
		}
		return searchKey{kind: kind, text: p.astring()}, true
	case "BODY":
		p.sp()
		return searchKey{kind: keyBody, match: p.needle(a)}, true
	case "TEXT":
		p.sp()
		return searchKey{kind: keyText, match: p.needle(a)}, true
	case "HEADER":
		p.sp()
		return p.headerKey(a), true
	}
	return searchKey{}, false
}

func (p *parser) headerKey(a *searchArgs) searchKey {
	name := p.astring()
	p.sp()
	if field, ok := fieldKeys[upper(name)]; ok {
		return headerKey(name, p.needle(a), field)
	}
	return searchKey{kind: keyHeader, text: name, match: p.needle(a)}
}

// headerKey looks for a text in a field that the index holds. It does not hold
// whether a field is there at all, which is what an empty text asks.
func headerKey(name string, match *needle, field mime.SearchField) searchKey {
	if match.empty {
		return searchKey{kind: keyHeader, text: name, match: match}
	}
	return searchKey{kind: keyField, field: field, text: name, match: match}
}

// needle reads the string of a text key.
func (p *parser) needle(a *searchArgs) *needle {
	s := p.astring()
	if a.texts++; a.texts > maxTextKeys {
		p.err = orErr(p.err, no(imap.ResponseCodeLimit, "search too complex"))
	}
	if len(s) > maxNeedle {
		p.err = orErr(p.err, no(imap.ResponseCodeLimit, "search text too long"))
	}
	if p.err != nil {
		return new(needle)
	}
	if a.charset != "" {
		s, _ = mime.FromCharset(a.charset, []byte(s)) // known
	}
	n := newNeedle(s)
	if a.relevancy.depth > 0 {
		a.relevancy.texts = append(a.relevancy.texts, n)
	}
	return n
}

// modSeqKey reads MODSEQ [entry type] number (RFC 7162 section 3.1.5). All flags
// of a message share one MODSEQ, so the entry does not matter.
func (p *parser) modSeqKey(a *searchArgs) searchKey {
	if p.peek() == '"' {
		p.quotedString()
		p.sp()
		switch p.word() {
		case "PRIV", "SHARED", "ALL":
		default:
			p.fail("bad MODSEQ entry type")
		}
		p.sp()
	}
	a.modSeq = true
	p.c.enableCondstore()
	return searchKey{kind: keyModSeq, num: int64(p.bigNumber(1<<63 - 1))}
}

// setKey reads a set; it is resolved against the mailbox as the client knows it.
func (p *parser) setKey(uid bool) searchKey {
	s := p.numSet()
	if p.err != nil {
		return searchKey{}
	}
	spans, err := p.c.view.pick(s, uid)
	if err != nil {
		p.err = err
	}
	return searchKey{kind: keySet, set: spans}
}

// objectID reads the number of an EMAILID or THREADID of this account; ok is
// false if it can be no id of the selected mailbox.
func (v *view) objectID(c *conn, kind byte, id string) (n string, ok bool) {
	id, ok = strings.CutPrefix(id, string(kind))
	if !ok {
		return "", false
	}
	if v.shared(c) {
		return strings.CutSuffix(id, "-"+accountMark(v.account))
	}
	return id, true
}
