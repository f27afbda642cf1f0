package imap

import (
	"bytes"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"quangtri.gov.vn/vanthu/mailsvc"
	"quangtri.gov.vn/vanthu/mailsvc/mime"
)

// searcher goes through a mailbox.
type searcher struct {
	c   *conn
	v   *view
	now time.Time
}

// matches judges one message, reading its bytes only if nothing else decides.
func (s *searcher) matches(k *searchKey, m *mailsvc.Message, seq uint32) bool {
	switch s.eval(k, m, seq, nil) {
	case hit:
		return true
	case miss:
		return false
	}
	o := &opened{c: s.c, m: m}
	defer o.close()
	return s.eval(k, m, seq, o) == hit
}

// scope returns the messages that need to be looked at: those of a set that
// every match must be in.
func (s *searcher) scope(k *searchKey) []span {
	if k.kind == keySet {
		return k.set
	}
	if k.kind == keyAnd {
		for i := range k.kids {
			if k.kids[i].kind == keySet {
				return k.kids[i].set
			}
		}
	}
	return []span{{0, len(s.v.uids)}}
}

// quick reports whether the store's quick form has all that a key looks at.
func (k *searchKey) quick() bool {
	switch k.kind {
	case keyAll, keyNone, keyAnd, keyOr, keyNot, keySet, keyFlag, keyLarger, keySmaller, keyModSeq, keyEmailID,
		keySavedBefore, keySavedOn, keySavedSince:
	default:
		return false
	}
	return !slices.ContainsFunc(k.kids, func(kid searchKey) bool { return !kid.quick() })
}

// needsIndex reports whether a key looks at the row's index.
func (k *searchKey) needsIndex() bool {
	switch k.kind {
	case keySentBefore, keySentOn, keySentSince, keyField, keyHeader, keyBody, keyText:
		return true
	}
	return slices.ContainsFunc(k.kids, func(kid searchKey) bool { return kid.needsIndex() })
}

// size is the number of keys in a key, itself included.
func (k *searchKey) size() int {
	n := 1
	for i := range k.kids {
		n += k.kids[i].size()
	}
	return n
}

// eval judges a message. Without o, which gives its bytes, it may be unsure.
func (s *searcher) eval(k *searchKey, m *mailsvc.Message, seq uint32, o *opened) verdict {
	switch k.kind {
	case keyAnd:
		return s.evalKids(k, m, seq, o, miss, hit)
	case keyOr:
		return s.evalKids(k, m, seq, o, hit, miss)
	case keyNot:
		switch s.eval(&k.kids[0], m, seq, o) {
		case hit:
			return miss
		case miss:
			return hit
		}
		return unsure
	case keyField:
		return s.evalField(k, m, o)
	case keyHeader:
		return s.evalHeader(k, m, o)
	case keyBody:
		return s.evalBody(k, m, o)
	case keyText:
		return s.evalText(k, m, o)
	}
	return decided(s.evalRow(k, m, seq))
}

// evalKids judges by a list of keys: one that says decisive settles it; otherwise,
// if every key is sure, so is the opposite.
func (s *searcher) evalKids(k *searchKey, m *mailsvc.Message, seq uint32, o *opened, decisive, opposite verdict) verdict {
	result := opposite
	for i := range k.kids {
		switch s.eval(&k.kids[i], m, seq, o) {
		case decisive:
			return decisive
		case unsure:
			result = unsure
		}
	}
	return result
}

// evalRow judges by what stands in the row, and the date in the index.
func (s *searcher) evalRow(k *searchKey, m *mailsvc.Message, seq uint32) bool {
	switch k.kind {
	case keyAll:
		return true
	case keySet:
		i := int(seq) - 1
		j, _ := slices.BinarySearchFunc(k.set, i, func(s span, i int) int { return s.to - 1 - i })
		return j < len(k.set) && k.set[j].from <= i && i < k.set[j].to
	case keyFlag:
		return slices.ContainsFunc(m.Flags, func(f string) bool { return strings.EqualFold(f, k.text) })
	case keyLarger:
		return m.Size > k.num
	case keySmaller:
		return m.Size < k.num
	case keyOlder:
		return m.Internal.Unix() <= s.now.Unix()-k.num
	case keyYounger:
		return m.Internal.Unix() >= s.now.Unix()-k.num
	case keyModSeq:
		return uint64(m.ModSeq) >= uint64(k.num)
	case keyEmailID:
		id, ok := s.v.objectID(s.c, 'M', k.text)
		return ok && id == strconv.FormatUint(m.EmailID, 10)
	case keyThreadID:
		id, ok := s.v.objectID(s.c, 'T', k.text)
		return ok && id == strconv.FormatUint(m.ThreadID, 10)
	case keyBefore, keyOn, keySince:
		return compareDays(day(m.Internal), k.num, k.kind-keyBefore)
	case keySavedBefore, keySavedOn, keySavedSince:
		return !m.Saved.IsZero() && compareDays(day(m.Saved), k.num, k.kind-keySavedBefore)
	case keySentBefore, keySentOn, keySentSince:
		d := mime.Stored(m.Index).Date()
		return d.Valid && compareDays(d.Day(), k.num, k.kind-keySentBefore)
	}
	return false
}

// compareDays is BEFORE, ON and SINCE, in that order.
func compareDays(have, asked int64, op keyKind) bool {
	switch op {
	case 0:
		return have < asked
	case 1:
		return have == asked
	}
	return have >= asked
}

// day is the day on the calendar of the time's own zone.
func day(t time.Time) int64 {
	_, off := t.Zone()
	n := t.Unix() + int64(off)
	if n < 0 {
		n -= 86399
	}
	return n / 86400
}

// evalField judges a field that the index holds.
func (s *searcher) evalField(k *searchKey, m *mailsvc.Message, o *opened) verdict {
	folded, cut, ok := mime.Stored(m.Index).Folded(k.field)
	if !ok || cut {
		return s.evalHeader(k, m, o)
	}
	if !bytes.Contains(folded, []byte(k.match.folded)) {
		return miss
	}
	if !k.match.marked {
		return hit // to be found without marks is all that such a query asks
	}
	text, ok := mime.Stored(m.Index).Text(k.field)
	if !ok {
		return s.evalHeader(k, m, o)
	}
	return decided(k.match.Match(text))
}

// evalHeader judges any header field of the message, prefix included.
func (s *searcher) evalHeader(k *searchKey, m *mailsvc.Message, o *opened) verdict {
	if o == nil {
		return unsure
	}
	found := false
	o.header(func(name string, value []byte) bool {
		if strings.EqualFold(name, k.text) && (k.match.empty || k.match.Match(mime.DecodeText(value))) {
			found = true
		}
		return !found
	})
	return decided(found)
}

// header yields the fields of the message's header.
func (o *opened) header(yield func(name string, value []byte) bool) {
	b, err := o.blob()
	if err != nil {
		return
	}
	root := o.index().Root
	raw := make([]byte, len(o.m.Prefix)+int(min(root.BodyStart, 4*mime.MaxHeader)))
	n := copy(raw, o.m.Prefix)
	if _, err := b.ReadAt(raw[n:], 0); err != nil && err != io.EOF {
		return
	}
	for _, f := range mime.HeaderFields(raw) {
		if !yield(f.Name, f.Value) {
			return
		}
	}
}

// evalBody judges the text of a message.
func (s *searcher) evalBody(k *searchKey, m *mailsvc.Message, o *opened) verdict {
	if k.match.empty {
		return hit
	}
	if o == nil {
		if mime.Stored(m.Index).Words().Lacks(k.match.words) {
			return miss
		}
		return unsure
	}
	return decided(o.textContains(k.match))
}

// evalText judges header and text.
func (s *searcher) evalText(k *searchKey, m *mailsvc.Message, o *opened) verdict {
	if k.match.empty {
		return hit
	}
	if o == nil {
		return s.guessText(k, m)
	}
	found := false
	if !headerLacks(k.match, m) {
		o.header(func(name string, value []byte) bool {
			found = k.match.Match(name + ": " + mime.DecodeText(value))
			return !found
		})
	}
	return decided(found || o.textContains(k.match))
}

// headerLacks reports that by the index no field of the header contains the query,
// names included.
func headerLacks(n *needle, m *mailsvc.Message) bool {
	all, ok := mime.Stored(m.Index).AllFolded()
	return ok && !bytes.Contains(all, []byte(n.folded)) && otherFieldsLack(n, m)
}

// otherFieldsLack reports that no field but those that the index holds contains the
// query, names included. A query with a colon may reach from a field's name into
// its value, which the index does not know.
func otherFieldsLack(n *needle, m *mailsvc.Message) bool {
	return !strings.Contains(n.folded, ":") && mime.Stored(m.Index).Words().HeaderLacks(n.words) && !n.inPrefix(m.Prefix)
}

// guessText judges TEXT by the index.
func (s *searcher) guessText(k *searchKey, m *mailsvc.Message) verdict {
	all, ok := mime.Stored(m.Index).AllFolded()
	if !ok {
		return unsure
	}
	if bytes.Contains(all, []byte(k.match.folded)) {
		for _, field := range [...]mime.SearchField{mime.FieldSubject, mime.FieldFrom, mime.FieldTo, mime.FieldCc, mime.FieldBcc} {
			f := searchKey{kind: keyField, field: field, match: k.match}
			if s.evalField(&f, m, nil) == hit {
				return hit
			}
		}
	}
	if mime.Stored(m.Index).Words().Lacks(k.match.words) && otherFieldsLack(k.match, m) {
		return miss
	}
	return unsure
}

// inPrefix reports whether the query may be found in the trace headers, which
// our own SMTP server wrote.
func (n *needle) inPrefix(prefix []byte) bool {
	folded := make([]byte, 0, 512)
	for _, c := range prefix {
		switch {
		case c >= 0x80:
			return true
		case c > ' ':
			if c >= 'A' && c <= 'Z' {
				c |= 0x20
			}
			folded = append(folded, c)
		case len(folded) > 0 && folded[len(folded)-1] != ' ':
			folded = append(folded, ' ')
		}
	}
	return bytes.Contains(folded, []byte(n.folded))
}

// textContains looks into the texts of a message.
func (o *opened) textContains(n *needle) bool {
	b, err := o.blob()
	if err != nil {
		return false
	}
	if o.texts == nil {
		next, stop := iter.Pull(mime.Texts(b, o.index(), searchTextLimit))
		o.texts = &readTexts{next: next, stop: stop}
	}
	var buf []byte
	found := false
	for i := 0; !found && o.texts.has(i); i++ {
		found, buf = n.in(o.texts.list[i], buf)
	}
	return found
}

// readTexts are the texts of a message as far as they have been read: a search
// for many words decodes them once.
type readTexts struct {
	list []string
	next func() (string, bool)
	stop func()
}

// has reports whether there is a text i, reading it if need be.
func (t *readTexts) has(i int) bool {
	if i == len(t.list) {
		text, ok := t.next()
		if !ok {
			return false
		}
		t.list = append(t.list, text)
	}
	return true
}
