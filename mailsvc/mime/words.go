package mime

import (
	"encoding/binary"
	"io"
	"math/bits"
	"slices"
	"sync"
	"unicode"
	"unicode/utf8"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// Words is the set of the words of a message, made at delivery: SEARCH need not
// read a message that lacks a word of the query. Vietnamese syllables stand as
// gaps between their numbers (about seven bits each), other words spelled out,
// the header fields that [Fields] does not hold as a filter of their trigrams.
// Being a set, it never says that a text contains something, only that it cannot.
// It takes at most 15 % of the texts that it covers (or three bytes), beside the
// filter; where that is too little to say all, it says less.
type Words []byte

// Bounds of what is spelled out.
const (
	maxOtherWord  = 48      // bytes of one word
	maxOtherBytes = 4 << 10 // of all of them
	maxWordsText  = 4 << 20 // bytes of the message that are read
	maxHeadFilter = 1 << 10 // bytes
)

// Flags in the first byte.
const (
	wordsCutASCII    = 1 << iota // a word of plain ASCII is missing
	wordsCutMarked               // another word is missing
	wordsHeader                  // the filter of the header is there
	wordsSketch                  // a sketch follows
	wordsOtherASCII              // the sketch has a word of plain ASCII that is no syllable
	wordsOtherMarked             // it has another word that is no syllable
)

// wordSet gathers words.
type wordSet struct {
	table  *syllableTable
	seen   []uint64        // bit set of codes
	others map[string]bool // folded; true if a mark was dropped
	bytes  int
	text   int // bytes of the texts added
	flags  byte
	word   []byte
	raw    bool // the word has a character that only viet.Key knows how to fold
	memo   wordMemo
	plain  []byte   // of texts.plain
	bits   []byte   // where the gaps are written
	head   []byte   // where the header is folded
	codes  []uint16 // of numbers
}

func newWordSet() *wordSet {
	t := syllables()
	return &wordSet{table: t, seen: make([]uint64, (t.size()+63)/64), others: make(map[string]bool)}
}

// wordSets are empty sets. What they remember of texts is their words' codes.
var wordSets = sync.Pool{New: func() any { return newWordSet() }}

// Sizes up to which a set is used again.
const (
	maxSpareOthers = 1 << 10
	maxSparePlain  = 64 << 10
)

// release gives the set away.
func (s *wordSet) release() {
	if len(s.others) <= maxSpareOthers && cap(s.plain)+cap(s.word)+cap(s.head)+2*cap(s.codes) <= maxSparePlain {
		s.reset()
		wordSets.Put(s)
	}
}

// reset empties the set.
func (s *wordSet) reset() {
	clear(s.seen)
	clear(s.others)
	s.bytes, s.text, s.flags, s.word, s.raw = 0, 0, 0, s.word[:0], false
}

// Kinds of character: what a word is made of, what vanishes, what separates.
const (
	inWord = iota
	vanishes
	separates
)

func kindOf(r rune) int {
	switch {
	case r < utf8.RuneSelf:
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return inWord
		case r < ' ' && (r < '\t' || r > '\r'), r == 0x7F:
			return vanishes
		}
		return separates
	case unicode.IsLetter(r), unicode.IsDigit(r), unicode.Is(unicode.M, r), unicode.IsNumber(r):
		return inWord
	case unicode.Is(unicode.C, r) && r != 0x85:
		return vanishes
	}
	return separates
}

// lowerASCII maps ASCII letters and digits to what a word holds of them, all else to 0.
var lowerASCII = func() (t [utf8.RuneSelf]byte) {
	for c := range byte(utf8.RuneSelf) {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			t[c] = c
		case c >= 'A' && c <= 'Z':
			t[c] = c | 0x20
		}
	}
	return t
}()

// endsWord tells the ASCII characters that separate words.
var endsWord = func() (t [256]bool) {
	for c := range rune(utf8.RuneSelf) {
		t[c] = kindOf(c) == separates
	}
	return t
}()

// add takes the words of a text in NFC.
func (s *wordSet) add(text string) { s.take([]byte(text), true) }

// addPlain takes the words of a text that is UTF-8 in NFC at a glance. When it turns out
// that this one is not, it returns false, and the rest is not taken.
func (s *wordSet) addPlain(text []byte) bool { return s.take(text, false) }

func (s *wordSet) take(text []byte, normal bool) bool {
	for i := 0; i < len(text); i++ {
		from := i
		for i < len(text) && !endsWord[text[i]] {
			i++
		}
		if i == from {
			continue
		}
		token := text[from:i]
		if len(token) > maxMemo {
			if !normal && !plainVietnamese(token) {
				return false
			}
			s.addToken(token)
			continue
		}
		w := spellingAt(text, from, len(token))
		if code, ok := s.memo.code(w); ok {
			s.seen[code/64] |= 1 << (code % 64)
			continue
		}
		if !normal && !plainVietnamese(token) {
			return false
		}
		if code, ok := s.addToken(token); ok {
			s.memo.put(w, code)
		}
	}
	s.text += len(text)
	return true
}

// addToken takes what stands between two ASCII separators. It returns the code if
// that is one syllable and nothing else.
func (s *wordSet) addToken(text []byte) (code uint16, ok bool) {
	odd := false
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf && lowerASCII[c] != 0 {
			i++
			s.word = append(s.word, lowerASCII[c])
			continue
		}
		r, n := utf8.DecodeRune(text[i:])
		i += n
		if isVietnamese(r) {
			s.word = utf8.AppendRune(s.word, lowerVietnamese(r))
		} else {
			odd = true
			s.addOdd(r)
		}
	}
	code, ok = s.end()
	return code, ok && !odd
}

// addOdd takes a character that Vietnamese does not use.
func (s *wordSet) addOdd(r rune) {
	switch kindOf(r) {
	case inWord:
		s.raw = true
		s.word = utf8.AppendRune(s.word, unicode.ToLower(r))
	case separates:
		s.end()
	}
}

// isVietnamese reports whether r is one of the precomposed letters of Vietnamese
// or a letter of Latin-1, whose small letters stand in NFC too.
func isVietnamese(r rune) bool {
	switch {
	case r >= 0x1EA0 && r <= 0x1EF9:
		return true
	case r < 0xC0 || r > 0x1B0:
		return false
	case r <= 0xFF:
		return r != 'Ð' && r != 'ð' && r != '×' && r != '÷'
	}
	return r == 'Ă' || r == 'ă' || r == 'Đ' || r == 'đ' || r == 'Ĩ' || r == 'ĩ' || r == 'Ũ' || r == 'ũ' || r == 'Ơ' || r == 'ơ' || r == 'Ư' || r == 'ư'
}

// lowerVietnamese is unicode.ToLower for those letters.
func lowerVietnamese(r rune) rune {
	switch {
	case r == 'Ơ' || r == 'Ư':
		return r + 1
	case r == 'ơ' || r == 'ư':
		return r
	case r > 0xFF:
		return r | 1
	case r < 0xDF:
		return r + 0x20
	}
	return r
}

// end takes the word that has been gathered. It returns the code if the table
// has the word as it is written.
func (s *wordSet) end() (code uint16, ok bool) {
	if len(s.word) == 0 {
		return 0, false
	}
	if code, ok = lookup(s.table, s.word); ok {
		s.seen[code/64] |= 1 << (code % 64)
	} else {
		s.other(string(s.word))
	}
	s.word, s.raw = s.word[:0], false
	return code, ok
}

// other takes a word that is no syllable of the table as it is written.
func (s *wordSet) other(word string) {
	marked := s.raw || !ascii(word)
	if marked {
		key := viet.Key(word)
		if code, ok := lookup(s.table, key); ok {
			s.seen[code/64] |= 1 << (code % 64)
			return
		}
		word = viet.Fold(key)
	}
	if word == "" {
		return
	}
	if had, ok := s.others[word]; ok {
		s.others[word] = had || marked
		return
	}
	if len(word) <= maxOtherWord && s.bytes+len(word) <= maxOtherBytes {
		s.bytes += len(word)
		s.others[word] = marked
		return
	}
	if marked {
		s.flags |= wordsCutMarked
	} else {
		s.flags |= wordsCutASCII
	}
}

func ascii(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// encode writes the set; header is the filter of the header.
func (s *wordSet) encode(header []byte) Words {
	if header != nil {
		s.flags |= wordsHeader
	}
	b := append(make([]byte, 0, 256+len(header)+s.bytes+2*len(s.others)), s.flags)
	b = appendSection(b, header)
	start := len(b)
	b = s.appendCodes(b)
	words := make([]string, 0, len(s.others))
	for w := range s.others {
		words = append(words, w)
	}
	slices.Sort(words)
	last := ""
	for _, w := range words {
		n := 0
		for n < len(w) && n < len(last) && w[n] == last[n] {
			n++
		}
		head := byte(n) << 1 // at most maxOtherWord
		if s.others[w] {
			head |= 1
		}
		b = append(b, head)
		b = appendSection(b, []byte(w[n:]))
		last = w
	}
	if room := s.room(); len(b)-start > room {
		return s.appendSketch(b[:start], room)
	}
	return b
}

// appendCodes writes the numbers of the syllables as Rice-coded gaps.
func (s *wordSet) appendCodes(b []byte) []byte {
	n := 0
	for _, w := range s.seen {
		n += bits.OnesCount64(w)
	}
	b = binary.AppendUvarint(b, uint64(n))
	if n == 0 {
		return b
	}
	k := max(bits.Len(uint(s.table.size()/n))-1, 0)
	b = append(b, byte(k))
	w := bitWriter{out: s.bits[:0]}
	last := -1
	for i, word := range s.seen {
		for ; word != 0; word &= word - 1 {
			code := i*64 + bits.TrailingZeros64(word)
			w.rice(uint32(code-last-1), k)
			last = code
		}
	}
	s.bits = w.bytes()
	return appendSection(b, s.bits)
}

// textsWithin reports whether the first n bytes of the message hold all its texts.
func (x *Index) textsWithin(n int64) bool { return x.Size <= n || textEnd(x.Root) <= n }

// addWords makes x.Words from the message r, of which head is the beginning.
func addWords(x *Index, head []byte, r io.ReaderAt) {
	s := wordSets.Get().(*wordSet)
	t := texts{r: r, head: head, left: maxWordsText, plain: s.plain, takes: s.takes, yield: func(text string) bool {
		s.add(text)
		return true
	}}
	t.part(x.Root, true)
	s.plain = t.plain
	if textBytes(x.Root) > maxWordsText {
		s.flags |= wordsCutASCII | wordsCutMarked
	}
	var filter []byte
	if root := x.Root; root.BodyStart <= int64(len(head)) && !x.Fields.Cut {
		filter, s.head = headFilter(head[:root.BodyStart], s.head)
	}
	x.Words = s.encode(filter)
	s.release()
}

// takes takes the words of a text part, if they can be had from its bytes as they
// stand. If not, it may have taken some, which does no harm: see [Words].
func (s *wordSet) takes(p *Part, body []byte) bool {
	return !isHTML(p) && standsForUTF8(p.Param("charset")) && s.addPlain(body)
}

// sliceReader reads a slice at any offset.
type sliceReader []byte

// ReadAt implements [io.ReaderAt].
func (s sliceReader) ReadAt(p []byte, off int64) (int, error) {
	if off >= int64(len(s)) {
		return 0, io.EOF
	}
	n := copy(p, s[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// textEnd returns where the last text that [Texts] reads ends.
func textEnd(p *Part) int64 {
	end := p.BodyStart
	if p.Type == "text" {
		end = p.BodyEnd
	}
	for _, c := range p.Children {
		end = max(end, textEnd(c))
	}
	return end
}

// textBytes returns how much Texts would read without a limit.
func textBytes(p *Part) int64 {
	n := int64(0)
	if p.Type == "text" {
		n = p.BodyEnd - p.BodyStart
	}
	if p.Envelope != nil {
		n += p.BodyStart - p.HeaderStart
	}
	for _, c := range p.Children {
		n += textBytes(c)
	}
	return n
}
