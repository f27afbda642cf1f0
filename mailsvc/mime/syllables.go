package mime

import (
	"iter"
	"slices"
	"strings"
	"sync"

	"golang.org/x/text/unicode/norm"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// The syllables of Vietnamese, from which the stored sets of words are made. A
// syllable is an initial, a rime and one of six tones; not all that the rules
// allow exist, which costs a bit or so each. The lists and their order are part
// of the stored format: another order needs another formatVersion.
const (
	initials = "- b c ch d đ g gh gi h k kh l m n ng ngh nh p ph qu r s t th tr v x"
	rimes    = "a ai am an ang anh ao au ay ăm ăn ăng âm ân âng âu ây e em en eng eo ê êm ên ênh êu " +
		"i ia iêm iên iêng iêu im in inh iu o oa oai oam oan oang oanh oao oay oăm oăn oăng oe oen oeo oi om on ong oong " +
		"ô ôi ôm ôn ông ơ ơi ơm ơn u ua uân uâng uây uê uênh ui um un ung uôi uôm uôn uông uơ uy uya uyên uynh uyn uyu " +
		"ư ưa ưi ưm ưn ưng ươi ươm ươn ương ươu ưu y yêm yên yêng yêu"
	stopped = "ac ach ap at ăc ăp ăt âc âp ât ec ep et êch êp êt ich iêc iêp iêt ip it oac oach oap oat oăc oăt oc oet ooc op ot " +
		"ôc ôp ôt ơp ơt uât uc uêch uôc uôp uôt up ut uych uyêt uyp uyt ưc ươc ươp ươt ưt ưp yêt"
)

// tones are the combining marks of the six tones; the stopped rimes take the
// last two only.
var tones = [...]string{"", "\u0300", "\u0309", "\u0303", "\u0301", "\u0323"}

// syllableTable is the fixed vocabulary. It is all in a few slices, so
// that the garbage collector need not walk 60,000 strings again and again.
type syllableTable struct {
	forms packed   // of all codes: the Key, then other ways to place the tone
	first []uint32 // by code: its first form; one more at the end
	folds packed   // by code: without marks
	codes []uint16 // by form
	slots []uint32 // hash table of forms: their number plus 1, or 0

	sketched []uint16 // by code: its number in sketches
}

// packed is many strings in one.
type packed struct {
	text string
	ends []uint32
}

func (s *packed) at(i int) string {
	from := uint32(0)
	if i > 0 {
		from = s.ends[i-1]
	}
	return s.text[from:s.ends[i]]
}

const syllableSlots = 1 << 17

// slotOf is FNV-1a, folded.
func slotOf[S string | []byte](word S) uint32 {
	h := uint32(2166136261)
	for i := range len(word) {
		h = (h ^ uint32(word[i])) * 16777619
	}
	return (h ^ h>>15) % syllableSlots
}

// lookup returns the code of a syllable in one of its forms.
func lookup[S string | []byte](t *syllableTable, word S) (code uint16, ok bool) {
	for at := slotOf(word); t.slots[at] != 0; at = (at + 1) % syllableSlots {
		if form := int(t.slots[at] - 1); t.forms.at(form) == string(word) {
			return t.codes[form], true
		}
	}
	return 0, false
}

// size is the number of codes.
func (t *syllableTable) size() int { return len(t.first) - 1 }

// formsOf calls yield with each form of a code.
func (t *syllableTable) formsOf(code int) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := t.first[code]; i < t.first[code+1]; i++ {
			if !yield(t.forms.at(int(i))) {
				return
			}
		}
	}
}

var syllables = sync.OnceValue(func() *syllableTable {
	m := maker{known: make(map[string]bool, 40_000)}
	for _, initial := range strings.Fields(initials) {
		initial = strings.TrimPrefix(initial, "-")
		for i, list := range [...]string{rimes, stopped} {
			for _, rime := range strings.Fields(list) {
				if !joins(initial, rime) {
					continue
				}
				for _, tone := range tones[i*4:] {
					m.add(initial, rime, tone)
				}
			}
		}
	}
	return m.table()
})

// joins reports whether spelling allows the pair.
func joins(initial, rime string) bool {
	front := strings.HasPrefix(rime, "i") || strings.HasPrefix(rime, "e") || strings.HasPrefix(rime, "ê") || strings.HasPrefix(rime, "y")
	switch initial {
	case "c", "g", "ng":
		return !front
	case "k", "gh", "ngh":
		return front
	case "qu":
		return !strings.HasPrefix(rime, "u") && !strings.HasPrefix(rime, "ư") && !strings.HasPrefix(rime, "o")
	case "gi":
		return !strings.HasPrefix(rime, "i") && !strings.HasPrefix(rime, "y")
	}
	return true
}

// maker gathers the table.
type maker struct {
	t            syllableTable
	known        map[string]bool // forms that have a code
	forms, folds strings.Builder
}

func (m *maker) add(initial, rime, tone string) {
	forms := placements(initial, rime, tone)
	if m.known[forms[0]] {
		return
	}
	t := &m.t
	code := uint16(len(t.first))
	t.first = append(t.first, uint32(len(t.codes)))
	for _, f := range forms {
		form := len(t.codes)
		t.codes = append(t.codes, code)
		m.forms.WriteString(f)
		t.forms.ends = append(t.forms.ends, uint32(m.forms.Len()))
		if m.known[f] {
			continue // it is found as the earlier code's
		}
		m.known[f] = true
		m.place(f, form)
	}
	m.folds.WriteString(viet.Fold(forms[0]))
	t.folds.ends = append(t.folds.ends, uint32(m.folds.Len()))
}

func (m *maker) place(word string, form int) {
	if m.t.slots == nil {
		m.t.slots = make([]uint32, syllableSlots)
	}
	at := slotOf(word)
	for m.t.slots[at] != 0 {
		at = (at + 1) % syllableSlots
	}
	m.t.slots[at] = uint32(form) + 1
}

func (m *maker) table() *syllableTable {
	m.t.first = append(m.t.first, uint32(len(m.t.codes)))
	m.t.forms.text, m.t.folds.text = m.forms.String(), m.folds.String()
	m.t.sketched = sketchNumbers(&m.t)
	return &m.t
}

// sketchNumbers numbers the codes again: those alike without marks in one run, the
// runs in an order without any sense, so that the words of a text lie evenly. The
// order, and so slotOf, is part of the stored format.
func sketchNumbers(t *syllableTable) []uint16 {
	const codeBits = 15
	order := make([]uint32, t.size())
	for code := range order {
		order[code] = slotOf(t.folds.at(code))<<codeBits | uint32(code)
	}
	slices.Sort(order)
	numbers := make([]uint16, len(order))
	for number, at := range order {
		numbers[at&(1<<codeBits-1)] = uint16(number)
	}
	return numbers
}

// placements returns the syllable with the tone on each of its vowels, as people
// and programs write it; the Key comes first.
func placements(initial, rime, tone string) []string {
	plain := initial + rime
	if tone == "" {
		return []string{plain}
	}
	var forms []string
	for i, r := range rime {
		if !strings.ContainsRune("aăâeêioôơuưy", r) {
			break
		}
		end := i + len(string(r))
		forms = append(forms, norm.NFC.String(initial+rime[:end]+tone+rime[end:]))
	}
	key := viet.Key(forms[len(forms)-1])
	out := []string{key}
	for _, f := range forms {
		if f != key && viet.Key(f) == key {
			out = append(out, f)
		}
	}
	return out
}
