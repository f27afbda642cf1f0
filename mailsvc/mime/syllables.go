package mime

import (
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

// syllableTable is the fixed vocabulary.
type syllableTable struct {
	forms [][]string        // of each code: the Key, then other ways to place the tone
	folds []string          // of each code: without marks
	code  map[string]uint16 // of every form
}

var syllables = sync.OnceValue(func() *syllableTable {
	t := &syllableTable{code: make(map[string]uint16, 40_000)}
	for _, initial := range strings.Fields(initials) {
		initial = strings.TrimPrefix(initial, "-")
		for i, list := range [...]string{rimes, stopped} {
			for _, rime := range strings.Fields(list) {
				if !joins(initial, rime) {
					continue
				}
				for _, tone := range tones[i*4:] {
					t.add(initial, rime, tone)
				}
			}
		}
	}
	return t
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

func (t *syllableTable) add(initial, rime, tone string) {
	forms := placements(initial, rime, tone)
	if _, known := t.code[forms[0]]; known {
		return
	}
	code := uint16(len(t.forms))
	for _, f := range forms {
		if _, known := t.code[f]; !known {
			t.code[f] = code
		}
	}
	t.forms = append(t.forms, forms)
	t.folds = append(t.folds, viet.Fold(forms[0]))
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
