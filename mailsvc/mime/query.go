package mime

import (
	"encoding/binary"
	"strings"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// maxQueryWords is how many words of a query are looked for; the others are left
// to reading the text.
const maxQueryWords = 8

// Query is a text that is searched for, prepared for [Words].
type Query struct {
	words  []queryWord
	marked bool
	folded string
	table  []byte // of each syllable: the bits of the words that it can stand for

	sketches [maxShift + 1]*sketchQuery
}

// queryWord is a word of the query. Text within a query word must be whole on
// the sides where the query goes on.
type queryWord struct {
	key, lower, fold string
	left, right      bool // the text's word begins, ends where this one does
}

// NewQuery prepares a query.
func NewQuery(s string) *Query {
	lower := strings.ToLower(viet.Clean(s))
	q := &Query{folded: viet.Fold(s), marked: viet.Marked(s)}
	start := -1
	for i, r := range lower {
		switch kindOf(r) {
		case inWord:
			if start < 0 {
				start = i
			}
		case separates:
			q.word(lower, start, i)
			start = -1
		}
	}
	q.word(lower, start, len(lower))
	return q
}

func (q *Query) word(s string, start, end int) {
	if start < 0 || len(q.words) == maxQueryWords {
		return
	}
	w := s[start:end]
	q.words = append(q.words, queryWord{key: viet.Key(w), lower: w, fold: viet.Fold(w), left: start > 0, right: end < len(s)})
}

// fits reports whether a word of a text can be where w is found.
func (w *queryWord) fits(word, form string) bool {
	switch {
	case w.left && w.right:
		return word == form
	case w.left:
		return strings.HasPrefix(word, form)
	case w.right:
		return strings.HasSuffix(word, form)
	}
	return strings.Contains(word, form)
}

// prepare fills the table of syllables.
func (q *Query) prepare() {
	t := syllables()
	q.table = make([]byte, t.size())
	for i := range q.words {
		w := &q.words[i]
		for code := range t.size() {
			if !w.fits(t.folds.at(code), w.fold) {
				continue
			}
			if !q.marked {
				q.table[code] |= 1 << i
				continue
			}
			for form := range t.formsOf(code) {
				if w.fits(form, w.key) || w.fits(form, w.lower) {
					q.table[code] |= 1 << i
				}
			}
		}
	}
}

// Lacks reports that the texts which [Texts] yields cannot contain the query in
// the sense of viet.Matches. A set that is empty or damaged lacks nothing.
func (b Words) Lacks(q *Query) bool {
	if len(b) == 0 || len(q.words) == 0 {
		return false
	}
	if q.table == nil {
		q.prepare()
	}
	d := decoder{b: b[1:]}
	d.bytes() // header
	found := q.beyond(b[0])
	if b[0]&wordsSketch != 0 {
		found |= q.inSketch(b[0], d.b)
		return found != q.all() && !d.bad
	}
	found |= q.codes(&d)
	if found != q.all() && !d.bad {
		found |= q.others(&d, found)
	}
	return found != q.all() && !d.bad
}

// all is the set of all words of the query.
func (q *Query) all() byte { return byte(1<<len(q.words) - 1) }

// beyond returns the words of the query that may be among those that a set with
// these flags leaves out.
func (q *Query) beyond(flags byte) (words byte) {
	for i := range q.words {
		if flags&wordsCutMarked != 0 || flags&wordsCutASCII != 0 && !q.needsMark(i) {
			words |= 1 << i
		}
	}
	return words
}

// needsMark reports whether a word of the query cannot be found in plain ASCII.
func (q *Query) needsMark(i int) bool { return q.marked && !ascii(q.words[i].key) }

// allMarked reports whether no word of the query can be found in plain ASCII.
func (q *Query) allMarked() bool {
	for i := range q.words {
		if !q.needsMark(i) {
			return false
		}
	}
	return true
}

// codes returns which words of the query stand among the syllables.
func (q *Query) codes(d *decoder) (found byte) {
	n := d.uint()
	if n == 0 {
		return 0
	}
	k := int(d.byte())
	size := d.count()
	if k > 16 || d.bad || n > uint64(len(q.table)) {
		d.fail()
		return 0
	}
	r := bitReader{b: d.b[:size]}
	d.b = d.b[size:]
	code := -1
	for ; n > 0; n-- {
		gap, ok := r.rice(k)
		code += int(gap) + 1
		if !ok || code >= len(q.table) {
			d.fail()
			return 0
		}
		found |= q.table[code]
	}
	return found
}

// others returns which words of the query stand among the words spelled out.
// They are compared without marks, which is the weaker condition.
func (q *Query) others(d *decoder, found byte) byte {
	var buf [maxOtherWord]byte
	have := 0
	onlyMarked := q.allMarked()
	for len(d.b) > 0 && !d.bad {
		head := d.byte()
		size := d.count()
		n := int(head >> 1)
		if n > have || n+size > maxOtherWord {
			d.fail()
			return found
		}
		have = n + copy(buf[n:], d.b[:size])
		d.b = d.b[size:]
		if onlyMarked && head&1 == 0 {
			continue
		}
		for i := range q.words {
			if found&(1<<i) == 0 && q.words[i].fits(string(buf[:have]), q.words[i].fold) {
				found |= 1 << i
			}
		}
	}
	return found
}

// HeaderLacks reports that the fields of the message's header other than those
// in [Fields] cannot contain the query, names of fields included.
func (b Words) HeaderLacks(q *Query) bool {
	if len(b) == 0 || b[0]&wordsHeader == 0 {
		return false
	}
	n, w := binary.Uvarint(b[1:])
	if w <= 0 || n == 0 || n > uint64(len(b)-1-w) {
		return false
	}
	filter := b[1+w : 1+w+int(n)]
	if q.marked {
		return true // the fields are plain ASCII
	}
	lacks := false
	trigrams([]byte(q.folded), func(g uint32) {
		h := hashGram(g) % uint32(8*len(filter))
		lacks = lacks || filter[h/8]&(1<<(h%8)) == 0
	})
	return lacks
}
