package directory

import (
	"slices"
	"strings"
	"unicode/utf8"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// Bounds of a people's search.
const (
	maxQuery  = 120 // runes that are looked at
	maxWords  = 12
	maxHits   = 500
	typoRunes = 40 // longest form in which a typo is looked for
)

// The tiers of a hit, best first. Within a tier short and current forms of high
// bodies come first.
const (
	scoreExact   = 900
	scoreMarked  = 800 // the form begins with the query, marks alike
	scorePrefix  = 700 // the same without marks
	scoreWords   = 600 // every word of the query begins a word of the form
	scoreInitial = 500 // the query is the initials of the form
	scoreMarks   = 400 // a query with marks that fits only without them
	scoreTypo    = 300
)

// searchForm is one thing that people may look for.
type searchForm struct {
	agency  int // into Snapshot.agencies
	text    string
	key     string
	fold    string
	words   []string // of fold
	initial string   // first letters of words
	span    Validity
	current bool // only shown while it holds
	weight  int
}

type searchIndex struct {
	forms      []searchForm
	vocabulary []string // the distinct words of the forms
}

// newSearchIndex lists the names that mean something to anybody, addresses,
// and officials who may be published and are in office.
func newSearchIndex(s *Snapshot) searchIndex {
	var x searchIndex
	for _, n := range s.names {
		scope, scoped := s.Agency(n.Scope)
		if scoped && scope.Type != typeTerritory && n.Kind != "official" {
			continue // "UBND xã": says nothing outside its place
		}
		x.add(s, n.Agency, n.Text, n.Validity, kindWeight(n.Kind))
	}
	for _, a := range s.agencies {
		x.add(s, a.ID, a.Name, a.Validity, kindWeight("official"))
	}
	for _, a := range s.facts.addresses.all() {
		x.add(s, a.Agency, a.Address, a.Validity, 0)
	}
	for _, o := range s.facts.officials.all() {
		if o.Authorised {
			x.add(s, o.Agency, o.Name+", "+o.Title, o.Validity, 0)
			x.forms[len(x.forms)-1].current = true
		}
	}
	seen := make(map[string]bool)
	for _, f := range x.forms {
		for _, w := range f.words {
			if !seen[w] {
				seen[w] = true
				x.vocabulary = append(x.vocabulary, w)
			}
		}
	}
	return x
}

func kindWeight(kind string) int {
	switch kind {
	case "official":
		return 12
	case "short":
		return 8
	case "alias", "abbreviation":
		return 4
	}
	return 0
}

func (x *searchIndex) add(s *Snapshot, id ID, text string, span Validity, weight int) {
	i, ok := s.byID[id]
	if !ok {
		return
	}
	a := s.agencies[i]
	weight += 6 * (len(levels) - slices.Index(levels, a.Level))
	switch a.Type {
	case typeTerritory:
		weight -= 10
	case "ubnd", "huyen", "thi-xa", "thanh-pho", "xa", "phuong", "thi-tran", "dac-khu", "so":
		weight += 10 // who asks for a place mostly means its committee
	case typeUnit:
		weight -= 6
	}
	f := searchForm{agency: i, text: text, key: nameKey(text), span: span, weight: weight}
	f.fold = viet.Fold(f.key)
	f.words = searchWords(f.fold)
	f.initial = initials(f.words)
	x.forms = append(x.forms, f)
}

func searchWords(fold string) []string {
	return strings.FieldsFunc(fold, func(r rune) bool { return strings.ContainsRune(" ,.-&/()@;:\"'", r) })
}

// initials joins the first letters of words; "và" is not spoken in short forms.
func initials(words []string) string {
	var b strings.Builder
	for _, w := range words {
		if r, _ := utf8.DecodeRuneInString(w); w != "va" {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// query is what somebody typed, prepared once.
type query struct {
	key, fold string
	marked    bool
	words     []string
	compact   string            // fold without separators
	near      []map[string]bool // for each word, what it may be a slip of
}

func newQuery(text string) query {
	if len(text) > 4*maxQuery {
		text = text[:4*maxQuery]
	}
	rs := []rune(viet.Clean(text))
	q := query{key: nameKey(string(rs[:min(len(rs), maxQuery)]))}
	q.fold = viet.Fold(q.key)
	q.marked = q.fold != q.key
	q.words = searchWords(q.fold)
	q.words = q.words[:min(len(q.words), maxWords)]
	q.compact = strings.Join(q.words, "")
	return q
}

// Find searches as people do: with or without marks, by short form, initials,
// former name, address or an official in office, forgiving a small slip of the
// finger. Each agency appears once, with the form that fits best; Former says
// that the form or the body belongs to the past on that day. What is only to
// come is found too, after what holds. At most limit hits
// (never more than 500) come back, best first; of the query the first 120 runes
// count.
func (s *Snapshot) Find(text string, on Date, limit int) []Hit {
	q := newQuery(text)
	if len(q.words) == 0 || limit <= 0 {
		return nil
	}
	best := make(map[int]Hit)
	s.collect(q, on, best, searchForm.score)
	if len(best) == 0 && len(q.fold) >= 4 {
		q.near = s.search.nearWords(q)
		s.collect(q, on, best, searchForm.typo)
	}
	hits := make([]Hit, 0, len(best))
	for _, h := range best {
		hits = append(hits, h)
	}
	slices.SortFunc(hits, func(a, b Hit) int {
		if a.Score != b.Score {
			return b.Score - a.Score
		}
		return s.byID[a.Agency.ID] - s.byID[b.Agency.ID]
	})
	return hits[:min(len(hits), limit, maxHits)]
}

func (s *Snapshot) collect(q query, on Date, best map[int]Hit, score func(searchForm, query) int) {
	for _, f := range s.search.forms {
		tier := score(f, q)
		if tier == 0 {
			continue
		}
		a := s.agencies[f.agency]
		holds, former := f.span.On(on) && a.On(on), f.span.ended(on) || a.ended(on)
		if !holds && f.current {
			continue
		}
		points := tier + f.weight - min(utf8.RuneCountInString(f.key)/4, 20)
		if !holds {
			points -= 15
		}
		if !a.On(on) {
			points -= 25
		}
		if old, ok := best[f.agency]; !ok || points > old.Score {
			best[f.agency] = Hit{Agency: a, Matched: f.text, Former: former, Score: points}
		}
	}
}

// score is the tier in which f answers q, 0 for none.
func (f searchForm) score(q query) int {
	switch {
	case f.key == q.key, !q.marked && f.fold == q.fold:
		return scoreExact
	case q.marked && strings.HasPrefix(f.key, q.key):
		return scoreMarked
	case !q.marked && strings.HasPrefix(f.fold, q.fold):
		return scorePrefix
	case f.hasWords(q.words):
		if q.marked && !containsAll(f.key, q.key) {
			return scoreMarks
		}
		return scoreWords
	case !q.marked && len(q.compact) >= 3 && q.compact == f.initial:
		return scoreInitial
	}
	return 0
}

// hasWords reports whether every word begins a word of f, each word of f used once.
func (f searchForm) hasWords(words []string) bool {
	if len(words) > len(f.words) {
		return false
	}
	var used uint64
	for _, w := range words {
		ok := false
		for i, have := range f.words {
			if i < 64 && used&(1<<i) == 0 && strings.HasPrefix(have, w) {
				used |= 1 << i
				ok = true
				break
			}
		}
		if !ok {
			return false
		}
	}
	return true
}

// containsAll reports whether every word of the marked query stands in key.
func containsAll(key, query string) bool {
	for w := range strings.FieldsSeq(query) {
		if !strings.Contains(key, w) {
			return false
		}
	}
	return true
}

// typo is a tier when the start of f is a slip or two from q, or each word of q
// is near a word of f; 0 for none.
func (f searchForm) typo(q query) int {
	if d := slips(q.fold, f.fold); d >= 0 {
		return scoreTypo - 20*d
	}
	for _, near := range q.near {
		if !slices.ContainsFunc(f.words, func(w string) bool { return near[w] }) {
			return 0
		}
	}
	return scoreTypo - 50
}

// nearWords finds, for each word of q, the words of the register that it may be
// a slip of.
func (x searchIndex) nearWords(q query) []map[string]bool {
	out := make([]map[string]bool, len(q.words))
	for i, w := range q.words {
		out[i] = make(map[string]bool)
		for _, v := range x.vocabulary {
			if strings.HasPrefix(v, w) || len(w) >= 4 && slips(w, v) >= 0 {
				out[i][v] = true
			}
		}
	}
	return out
}

// slips counts the slips of the finger that make a a prefix of b, -1 when they
// are too many: one in a short text, two in one of eight bytes or more.
func slips(a, b string) int {
	most := 1
	if len(a) >= 8 {
		most = 2
	}
	if len(a) > typoRunes || len(b) < len(a)-most {
		return -1
	}
	if d := prefixDistance(a, b[:min(len(b), len(a)+most)], most); d <= most {
		return d
	}
	return -1
}

// prefixDistance is the least number of inserted, dropped, changed or swapped
// bytes that makes a a prefix of b, or most+1 when it is more. Both are folded,
// so almost always ASCII; a is at most typoRunes bytes long, b at most most
// bytes longer. Only the band of the table that most slips can reach is filled.
func prefixDistance(a, b string, most int) int {
	var table [3][typoRunes + 4]int
	before, prev, cur := &table[0], &table[1], &table[2]
	for j := range min(len(b), most) + 1 {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		low, high := max(1, i-most), min(len(b), i+most)
		cur[low-1] = most + 1
		if low == 1 {
			cur[0] = i
		}
		if i+most <= len(b) {
			prev[i+most] = most + 1
		}
		least := cur[low-1]
		for j := low; j <= high; j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d := min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, before[j-2]+1)
			}
			cur[j] = d
			least = min(least, d)
		}
		if least > most {
			return most + 1
		}
		before, prev, cur = prev, cur, before
	}
	d := most + 1
	for j := max(0, len(a)-most); j <= len(b); j++ {
		d = min(d, prev[j])
	}
	return d
}
