package mime

import "encoding/binary"

// wordMemo remembers the codes of words as they stand in a text: most words of a
// text stood in it before, or in the text before it. It says nothing that the
// table of syllables does not say, only sooner.
type wordMemo [memoSlots]memoSlot

const (
	memoSlots = 1 << memoBits
	memoBits  = 10
	maxMemo   = 16 // bytes of a word
)

type memoSlot struct {
	spelling
	code uint16 // plus 1
}

// spelling is the bytes of a word of up to maxMemo bytes, the first one lowest.
// NUL at its end, which no word has, makes no difference.
type spelling struct{ hi, lo uint64 }

// spellingAt returns the spelling of the n bytes at text[at:].
func spellingAt(text []byte, at, n int) (w spelling) {
	if len(text)-at < maxMemo {
		var b [maxMemo]byte
		copy(b[:], text[at:at+n])
		return spelling{hi: binary.LittleEndian.Uint64(b[8:]), lo: binary.LittleEndian.Uint64(b[:])}
	}
	w.lo = binary.LittleEndian.Uint64(text[at:])
	if n < 8 {
		w.lo &= 1<<(8*n) - 1
	} else {
		w.hi = binary.LittleEndian.Uint64(text[at+8:]) & (1<<(8*(n-8)) - 1) // a shift by 64 leaves 0, less 1: all
	}
	return w
}

func (m *wordMemo) slot(w spelling) *memoSlot {
	return &m[(w.lo*0x9E3779B97F4A7C15^w.hi*0xC2B2AE3D27D4EB4F)>>(64-memoBits)]
}

// code returns the code of a word, ok is false if it is not known here.
func (m *wordMemo) code(w spelling) (code uint16, ok bool) {
	s := m.slot(w)
	return s.code - 1, s.code != 0 && s.spelling == w
}

func (m *wordMemo) put(w spelling, code uint16) { *m.slot(w) = memoSlot{w, code + 1} }
