package imap

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"strings"

	"quangtri.gov.vn/vanthu/internal/viet"
	"quangtri.gov.vn/vanthu/mailsvc"
	"quangtri.gov.vn/vanthu/mailsvc/mime"
)

// sortKey is one criterion of SORT (RFC 5256 section 3, RFC 5957).
type sortKey struct {
	name    string
	reverse bool
}

const maxSortKeys = 10

func (p *parser) sortKeys() []sortKey {
	var keys []sortKey
	reverse := false
	p.list(func() {
		switch w := p.word(); w {
		case "REVERSE":
			if reverse {
				p.fail("REVERSE twice")
			}
			reverse = true
			return
		case "ARRIVAL", "CC", "DATE", "FROM", "SIZE", "SUBJECT", "TO", "DISPLAYFROM", "DISPLAYTO", "RELEVANCY":
			keys = append(keys, sortKey{w, reverse})
		default:
			p.fail("unknown sort key")
		}
		reverse = false
		if len(keys) > maxSortKeys {
			p.fail("too many sort keys")
		}
	})
	if reverse || len(keys) == 0 {
		p.fail("expected a sort key")
	}
	return keys
}

// sorted is a message with what it is sorted by: a number or bytes per key.
type sorted struct {
	match
	nums  []int64
	texts [][]byte
}

// sortArgs reads the arguments of SORT (RFC 5256 section 3, RFC 5267 section 3).
func (p *parser) sortArgs(uid bool) (*searchArgs, []sortKey) {
	a := &searchArgs{uid: uid}
	if p.takeWord("RETURN") {
		p.sp()
		a.esearch = true
		p.list(func() { p.searchReturn(a) })
		p.sp()
	}
	keys := p.sortKeys()
	a.relevancy.sorts = slices.ContainsFunc(keys, func(k sortKey) bool { return k.name == "RELEVANCY" })
	p.sp()
	p.knownCharset(a)
	p.sp()
	a.root = p.searchKeys(a)
	p.checkRelevancy(a)
	a.defaultReturn()
	return a, keys
}

func (r *request) sort() error {
	p, c := r.p, r.c
	a, keys := p.sortArgs(r.uid)
	if err := p.end(); err != nil {
		return c.notSaved(a, err)
	}
	r.bySeq = a.bySeq
	if err := c.may(mailsvc.Read); err != nil {
		return c.notSaved(a, err)
	}
	var rows []sorted
	err := c.each(r, a, true, func(m *mailsvc.Message, seq uint32) {
		rows = append(rows, sortRow(keys, a.match(m, seq), m))
	})
	if err != nil {
		return c.notSaved(a, err)
	}
	slices.SortFunc(rows, func(x, y sorted) int { return compareSorted(keys, &x, &y) })
	found := make([]match, len(rows))
	for i := range rows {
		found[i] = rows[i].match
	}
	if a.ReturnSave {
		c.view.saved = savedOf(a, found)
		slices.Sort(c.view.saved)
	}
	r.writeSorted(a, found)
	return nil
}

// writeSorted answers SORT; RETURN gives the extended form (RFC 5267).
func (r *request) writeSorted(a *searchArgs, found []match) {
	if a.esearch {
		r.writeFound(a, found)
		return
	}
	w := &r.c.w
	b := append(w.bytes(), "* SORT"...)
	var mod mailsvc.ModSeq
	for _, m := range found {
		n := uint64(m.seq)
		if r.uid {
			n = uint64(m.uid)
		}
		b = strconv.AppendUint(append(b, ' '), n, 10)
		mod = max(mod, m.mod)
	}
	if a.modSeq && len(found) > 0 {
		b = strconv.AppendUint(append(b, " (MODSEQ "...), uint64(mod), 10)
		b = append(b, ')')
	}
	w.set(append(b, "\r\n"...))
}

func sortRow(keys []sortKey, found match, m *mailsvc.Message) sorted {
	s := sorted{match: found, nums: make([]int64, len(keys)), texts: make([][]byte, len(keys))}
	f, _ := mime.Stored(m.Index).Fields()
	for i, k := range keys {
		switch k.name {
		case "ARRIVAL":
			s.nums[i] = m.Internal.Unix()
		case "SIZE":
			s.nums[i] = m.Size
		case "RELEVANCY": // the highest first: RFC 6203 section 6
			s.nums[i] = -int64(found.score)
		case "DATE":
			s.nums[i] = sentUnix(&f, m)
		case "SUBJECT":
			base, _ := baseSubject(f.Subject)
			s.texts[i] = viet.SortKey(base)
		case "FROM":
			s.texts[i] = addressKey(f.From, false)
		case "TO":
			s.texts[i] = addressKey(f.To, false)
		case "CC":
			s.texts[i] = addressKey(f.Cc, false)
		case "DISPLAYFROM":
			s.texts[i] = addressKey(f.From, true)
		case "DISPLAYTO":
			s.texts[i] = addressKey(f.To, true)
		}
	}
	return s
}

// sentUnix is the sent date, or when the message came (RFC 5256 section 2.2).
func sentUnix(f *mime.Fields, m *mailsvc.Message) int64 {
	if f.Date.Valid {
		return f.Date.Unix
	}
	return m.Internal.Unix()
}

// addressKey is the key of the first address: its local part, or with display
// its name if it has one.
func addressKey(list string, display bool) []byte {
	l := mime.ParseAddresses([]byte(list), 2)
	if len(l) == 0 {
		return nil
	}
	a := l[0]
	if a.Host == "" && len(l) > 1 && l[1].Mailbox != "" { // a group: its first member
		a = l[1]
	}
	if !display {
		return []byte(strings.ToLower(a.Mailbox))
	}
	if a.Name == "" {
		return viet.SortKey(a.Mailbox + "@" + a.Host)
	}
	return viet.SortKey(a.Name)
}

func compareSorted(keys []sortKey, x, y *sorted) int {
	for i := range keys {
		n := cmp.Or(cmp.Compare(x.nums[i], y.nums[i]), bytes.Compare(x.texts[i], y.texts[i]))
		if n != 0 {
			if keys[i].reverse {
				return -n
			}
			return n
		}
	}
	return cmp.Compare(x.seq, y.seq)
}

// baseSubject strips what replying and forwarding add (RFC 5256 section 2.1) and
// reports whether there was anything of that.
func baseSubject(s string) (base string, reply bool) {
	s = viet.Clean(s)
	for range 50 { // more prefixes than that are somebody's joke
		before := s
		for {
			t := strings.TrimSpace(s)
			if len(t) >= 5 && strings.EqualFold(t[len(t)-5:], "(fwd)") {
				s, reply = t[:len(t)-5], true
				continue
			}
			s = t
			break
		}
		if rest, ok := cutReply(s); ok {
			s, reply = rest, true
		} else if rest, ok := cutBlob(s); ok && rest != "" {
			s = rest
		}
		if len(s) > 5 && strings.EqualFold(s[:5], "[fwd:") && strings.HasSuffix(s, "]") {
			s, reply = s[5:len(s)-1], true
		}
		if s == before {
			break
		}
	}
	return s, reply
}

// cutReply removes "Re:", "Fw:", "Fwd:" and their Vietnamese forms, with blobs
// between word and colon.
func cutReply(s string) (string, bool) {
	for _, w := range [...]string{"re", "fwd", "fw", "trả lời", "chuyển tiếp", "tl", "ct"} {
		if len(s) <= len(w) || !strings.EqualFold(s[:len(w)], w) {
			continue
		}
		rest := strings.TrimLeft(s[len(w):], " ")
		if after, ok := cutBlob(rest); ok {
			rest = after
		}
		if after, ok := strings.CutPrefix(rest, ":"); ok {
			return strings.TrimSpace(after), true
		}
	}
	return s, false
}

// cutBlob removes one "[...]" in front.
func cutBlob(s string) (string, bool) {
	if !strings.HasPrefix(s, "[") {
		return s, false
	}
	end := strings.IndexAny(s[1:], "[]")
	if end < 0 || s[1+end] != ']' {
		return s, false
	}
	return strings.TrimSpace(s[end+2:]), true
}
