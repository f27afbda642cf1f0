package mime

import (
	"math/bits"
	"slices"
)

// The words of a short text, exactly, would take more than wordsShare of it. They
// are stored as a sketch then: a set of numbers again, which lose as many low bits as
// they must. That makes one of syllables that differ in their marks first, then of
// any (see sketchNumbers). The other words stand as their trigrams, ends included,
// each with the number of some syllable. A sketch finds more words in a text than
// there are, never fewer. What it lets through is little to read.
//
// Layout, after the section of the header: a byte shift<<4|k, then the numbers as
// gaps, Rice-coded with k, to the end; the bits left over are set.
const (
	wordsShare = 15 // per cent of the text that its words may take

	maxShift = 12
	// thinWhole is how many times as many numbers there must be as are set, for a
	// sketch of all words and for one of the syllables alone: a denser one would let
	// nearly everything through.
	thinWhole     = 4
	thinSyllables = 3
)

// room is how many bytes the words may take after the section of the header.
func (s *wordSet) room() int { return max(s.text*wordsShare/100-2, 1) }

// appendSketch appends the best sketch that fits into room, or else an empty set
// with the flags that say that it knows nothing.
func (s *wordSet) appendSketch(b []byte, room int) Words {
	b[0] |= wordsSketch
	codes := s.numbers(true)
	if len(s.others) > 0 {
		kinds := s.kindsOfOthers()
		if all, ok := appendNumbers(b, codes, room, thinWhole); ok {
			all[0] |= kinds &^ (wordsCutASCII | wordsCutMarked)
			return all
		}
		b[0] |= kinds & (wordsCutASCII | wordsCutMarked)
		codes = s.numbers(false)
	}
	if b[0]&wordsCutMarked == 0 {
		if some, ok := appendNumbers(b, codes, room, thinSyllables); ok {
			return some
		}
	}
	b[0] = b[0]&^wordsSketch | wordsCutASCII | wordsCutMarked
	return append(b, 0)
}

// kindsOfOthers returns the flags of the kinds of word that others holds.
func (s *wordSet) kindsOfOthers() (flags byte) {
	for _, marked := range s.others {
		if marked {
			flags |= wordsOtherMarked | wordsCutMarked
		} else {
			flags |= wordsOtherASCII | wordsCutASCII
		}
	}
	return flags
}

// numbers returns those of the syllables, ascending; with all, those that stand for
// the other words too. They are good until the next call.
func (s *wordSet) numbers(all bool) []uint16 {
	codes := s.codes[:0]
	for i, word := range s.seen {
		for ; word != 0; word &= word - 1 {
			codes = append(codes, s.table.sketched[i*64+bits.TrailingZeros64(word)])
		}
	}
	if all {
		for w := range s.others {
			codes = appendGrams(codes, w, true, true)
		}
	}
	slices.Sort(codes)
	s.codes = codes
	return codes
}

// appendGrams appends the numbers of the trigrams of a word; first and last say that
// it begins and ends where the word of the text does.
func appendGrams(codes []uint16, word string, first, last bool) []uint16 {
	var buf [maxOtherWord + 2]byte
	w := buf[:0]
	if first {
		w = append(w, wordEdge)
	}
	w = append(w, word...)
	if last {
		w = append(w, wordEdge)
	}
	size := uint32(syllables().size())
	trigrams(w, func(g uint32) { codes = append(codes, uint16(hashGram(g)%size)) })
	return codes
}

// wordEdge stands before and behind a word; none has it.
const wordEdge = 0

// appendNumbers appends the codes, ascending, with as many of their bits as there is
// room for; ok is false if they would be too few.
func appendNumbers(b []byte, codes []uint16, room, thin int) (_ []byte, ok bool) {
	size := syllables().size()
	for shift := 0; shift <= maxShift; shift++ {
		n, last := 0, -1
		for _, c := range codes {
			if c := int(c) >> shift; c != last {
				n, last = n+1, c
			}
		}
		if size>>shift < thin*n {
			return b, false
		}
		k := max(bits.Len(uint((size>>shift)/max(n, 1)))-1, 0)
		length := n * (k + 1)
		last = -1
		for _, c := range codes {
			if c := int(c) >> shift; c != last {
				length += (c - last - 1) >> k
				last = c
			}
		}
		if 1+(length+7)/8 <= room {
			return appendGaps(append(b, byte(shift<<4|k)), codes, shift, k), true
		}
	}
	return b, false
}

func appendGaps(b []byte, codes []uint16, shift, k int) []byte {
	w := bitWriter{out: b}
	last := -1
	for _, c := range codes {
		if c := int(c) >> shift; c != last {
			w.rice(uint32(c-last-1), k)
			last = c
		}
	}
	if w.n > 0 {
		w.put(1<<(8-w.n)-1, 8-w.n) // no number ends in there
	}
	return w.out
}

// sketchQuery is a query as sketches with one shift are asked.
type sketchQuery struct {
	table []byte     // by number: the words that it can stand for
	seen  []uint64   // bit set of the numbers of the sketch at hand
	grams [][]uint16 // of each word
}

// sketch returns the query for a shift.
func (q *Query) sketch(shift int) *sketchQuery {
	if s := q.sketches[shift]; s != nil {
		return s
	}
	n := (len(q.table)-1)>>shift + 1
	s := &sketchQuery{table: make([]byte, n), seen: make([]uint64, (n+63)/64)}
	for code, number := range syllables().sketched {
		s.table[number>>shift] |= q.table[code]
	}
	for i := range q.words {
		w := &q.words[i]
		var grams []uint16
		if len(w.fold) <= maxOtherWord { // a longer one is in no sketch
			grams = appendGrams(nil, w.fold, w.left, w.right)
		}
		for j := range grams {
			grams[j] >>= shift
		}
		s.grams = append(s.grams, grams)
	}
	q.sketches[shift] = s
	return s
}

// inSketch returns which words of the query a sketch may contain, whose flags and
// numbers are given.
func (q *Query) inSketch(flags byte, b []byte) (found byte) {
	if len(b) == 0 || b[0]>>4 > maxShift {
		return q.all()
	}
	s := q.sketch(int(b[0] >> 4))
	k := int(b[0] & 15)
	clear(s.seen)
	r := bitReader{b: b[1:]}
	for code := -1; ; {
		gap, ok := r.rice(k)
		if !ok {
			break
		}
		code += int(gap) + 1
		if code >= len(s.table) {
			return q.all()
		}
		found |= s.table[code]
		s.seen[code/64] |= 1 << (code % 64)
	}
	for i := range q.words {
		if q.amongOthers(i, flags) && s.holds(s.grams[i]) {
			found |= 1 << i
		}
	}
	return found
}

// amongOthers reports whether a word of the query can be in one of the other words
// that a sketch with these flags holds.
func (q *Query) amongOthers(i int, flags byte) bool {
	if q.needsMark(i) {
		return flags&wordsOtherMarked != 0
	}
	return flags&(wordsOtherASCII|wordsOtherMarked) != 0
}

func (s *sketchQuery) holds(grams []uint16) bool {
	for _, g := range grams {
		if s.seen[g/64]&(1<<(g%64)) == 0 {
			return false
		}
	}
	return true
}
