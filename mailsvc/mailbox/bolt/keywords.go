package bolt

import (
	"fmt"
	"slices"
	"strings"

	"quangtri.gov.vn/vanthu/mailsvc"
)

const (
	maxKeywords      = 1000 // an account
	maxKeywordLength = 128  // bytes
)

// keywords is the table of an account's keywords. An id is a place in it;
// names are compared without case, and the first spelling stays.
type keywords struct {
	names []string
	dirty bool
}

func (k *keywords) encode(key []byte) []byte {
	e := newEncoder(64)
	e.uint(uint64(len(k.names)))
	for _, n := range k.names {
		e.string(n)
	}
	return seal(key, e.b)
}

func decodeKeywords(key, row []byte) (*keywords, error) {
	p, err := unseal(bKeywords, key, row)
	if err != nil {
		return nil, err
	}
	d := decoder{b: p}
	n := d.uint()
	if n > maxKeywords {
		return nil, damaged(bKeywords, key, "too many")
	}
	k := &keywords{names: make([]string, n)}
	for i := range k.names {
		k.names[i] = d.string()
	}
	if d.err() != nil {
		return nil, damaged(bKeywords, key, "does not parse")
	}
	return k, nil
}

// keywordTable loads the account's table.
func (a *account) keywordTable() (*keywords, error) {
	if a.keywords != nil {
		return a.keywords, nil
	}
	key := key4(a.row.id)
	raw := a.get(bKeywords, key)
	if raw == nil {
		a.keywords = &keywords{}
		return a.keywords, nil
	}
	k, err := decodeKeywords(key, raw)
	a.keywords = k
	return k, err
}

func (k *keywords) find(name string) (uint16, bool) {
	for i, n := range k.names {
		if strings.EqualFold(n, name) {
			return uint16(i), true
		}
	}
	return 0, false
}

// flagSet is a set of flags as an account stores them.
type flagSet struct {
	bits     byte // fSeen and systemBits
	keywords []uint16
}

// flags parses flag names. With make false, keywords that the account does not
// know are left out; else they are added to its table.
func (a *account) flags(names []string, make bool) (flagSet, error) {
	var set flagSet
	for _, name := range names {
		if bit, ok := systemFlag(name); ok {
			set.bits |= bit
			continue
		}
		if err := checkKeyword(name); err != nil {
			return set, err
		}
		table, err := a.keywordTable()
		if err != nil {
			return set, err
		}
		id, known := table.find(name)
		if !known {
			if !make {
				continue
			}
			if len(table.names) >= maxKeywords {
				return set, fmt.Errorf("%w: more than %d keywords", mailsvc.ErrTooMany, maxKeywords)
			}
			id = uint16(len(table.names))
			table.names = append(table.names, name)
			table.dirty = true
		}
		set.keywords = append(set.keywords, id)
	}
	slices.Sort(set.keywords)
	set.keywords = slices.Compact(set.keywords)
	return set, nil
}

// systemFlag knows the flags of RFC 9051 section 2.3.2. \Recent is accepted and
// means nothing.
func systemFlag(name string) (bit byte, ok bool) {
	if name == "" || name[0] != '\\' {
		return 0, false
	}
	switch strings.ToLower(name) {
	case `\seen`:
		return fSeen, true
	case `\answered`:
		return fAnswered, true
	case `\flagged`:
		return fFlagged, true
	case `\deleted`:
		return fDeleted, true
	case `\draft`:
		return fDraft, true
	case `\recent`:
		return 0, true
	}
	return 0, false
}

// checkKeyword allows what RFC 9051 calls an atom.
func checkKeyword(name string) error {
	if name == "" || len(name) > maxKeywordLength {
		return fmt.Errorf("%w: flag of %d bytes", mailsvc.ErrInvalid, len(name))
	}
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`(){%*"\]`, c) >= 0 {
			return fmt.Errorf("%w: flag name", mailsvc.ErrInvalid)
		}
	}
	return nil
}

// flagNames turns stored flags into names. Equal sets share one slice.
type flagNames struct {
	table *keywords
	plain [fKeywords << 1][]string
	mixed map[string][]string
}

// of returns the names for the bits (fSeen and systemBits) and keyword ids.
func (n *flagNames) of(bits byte, ids []uint16) []string {
	bits &= fSeen | systemBits
	if len(ids) == 0 {
		if n.plain[bits] == nil {
			n.plain[bits] = systemNames(bits)
		}
		return n.plain[bits]
	}
	key := make([]byte, 0, 32)
	key = append(key, bits)
	for _, id := range ids {
		key = append(key, byte(id>>8), byte(id))
	}
	if names, ok := n.mixed[string(key)]; ok {
		return names
	}
	names := systemNames(bits)
	for _, id := range ids {
		if int(id) < len(n.table.names) {
			names = append(names, n.table.names[id])
		}
	}
	if n.mixed == nil {
		n.mixed = make(map[string][]string)
	}
	names = slices.Clip(names)
	n.mixed[string(key)] = names
	return names
}

func systemNames(bits byte) []string {
	names := make([]string, 0, 5)
	for _, f := range [...]struct {
		bit  byte
		name string
	}{{fSeen, `\Seen`}, {fAnswered, `\Answered`}, {fFlagged, `\Flagged`}, {fDeleted, `\Deleted`}, {fDraft, `\Draft`}} {
		if bits&f.bit != 0 {
			names = append(names, f.name)
		}
	}
	return slices.Clip(names)
}
