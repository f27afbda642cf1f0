package recipients

import "strings"

// nouns are the class words that may stand in a list without a name behind
// each ("các Sở, Ban, ngành"; "các huyện, thị xã"): such a list is one name.
// The value is the canonical wording inside a group.
var nouns = map[string]string{
	"sở": "sở", "ban": "ban", "ngành": "ngành", "ban ngành": "ban, ngành", "đoàn thể": "đoàn thể", "các đoàn thể": "đoàn thể", "hội": "hội", "hội đoàn thể": "hội, đoàn thể",
	"bộ": "bộ", "cơ quan ngang bộ": "cơ quan ngang bộ", "cq ngang bộ": "cơ quan ngang bộ", "cơ quan thuộc chính phủ": "cơ quan thuộc Chính phủ", "cơ quan thuộc cp": "cơ quan thuộc Chính phủ",
	"cq thuộc cp": "cơ quan thuộc Chính phủ", "cq thuộc chính phủ": "cơ quan thuộc Chính phủ", "cơ quan trung ương": "cơ quan trung ương",
	"cơ quan": "cơ quan", "đơn vị": "đơn vị", "địa phương": "địa phương", "tổ chức": "tổ chức", "cá nhân": "cá nhân", "doanh nghiệp": "doanh nghiệp",
	"phòng": "phòng", "khoa": "khoa", "vụ": "vụ", "cục": "cục", "viện": "viện", "chi cục": "chi cục", "trung tâm": "trung tâm", "bộ môn": "bộ môn", "tổng cục": "tổng cục",
	"huyện": "huyện", "thị xã": "thị xã", "tx": "thị xã", "thị": "thị xã", "thành phố": "thành phố", "thành": "thành phố", "tp": "thành phố", "quận": "quận",
	"xã": "xã", "phường": "phường", "thị trấn": "thị trấn", "đặc khu": "đặc khu", "tỉnh": "tỉnh", "thôn": "thôn", "bản": "bản", "khu phố": "khu phố", "khóm": "khóm",
	"tổ chức chính trị xã hội": "tổ chức chính trị - xã hội", "tổ chức ct xh": "tổ chức chính trị - xã hội", "ban đảng": "ban đảng", "cơ quan chuyên môn": "cơ quan chuyên môn",
	"huyện ủy": "Huyện ủy", "thị ủy": "Thị ủy", "thành ủy": "Thành ủy", "đảng ủy": "Đảng ủy", "quận ủy": "Quận ủy", "đảng ủy trực thuộc": "Đảng ủy trực thuộc",
	"tập đoàn": "tập đoàn", "tổng công ty": "tổng công ty", "công ty": "công ty", "trường": "trường", "bệnh viện": "bệnh viện", "hạt": "hạt", "trạm": "trạm", "học viện": "học viện", "ngân hàng": "ngân hàng", "đảng bộ": "đảng bộ", "chi bộ": "chi bộ",
}

// partyNouns count in a list only after "các": "TT Huyện ủy, HĐND" is no list.
var partyNouns = wordSetOf("huyện ủy", "thị ủy", "thành ủy", "đảng ủy", "quận ủy", "đảng ủy trực thuộc")

func wordSetOf(list ...string) map[string]bool {
	set := make(map[string]bool, len(list))
	for _, w := range list {
		set[w] = true
	}
	return set
}

// chain is a list of class words.
type chain struct {
	items []string // keys of nouns
	end   int      // index after the last of its tokens
}

// chainAt reads the list that begins at i. It needs two class words, each but
// the last followed by a separator. plural tells that "các" stands before it.
func chainAt(toks []token, i int, plural bool) chain {
	var c chain
	c.end = i
	for i < len(toks) {
		j := i
		if toks[j].key == "các" && toks[j].word() && len(c.items) > 0 {
			j++
		}
		key, n := nounAt(toks[j:])
		if n == 0 || partyNouns[key] && !plural {
			break
		}
		next := j + n
		if len([]rune(toks[j].text)) <= 2 && next < len(toks) && toks[next].mark == '.' {
			next++
		}
		if len(c.items) > 0 && (levelWord(key) != levelWord(c.items[0]) || massNoun(key) && c.has("sở")) {
			break // territories and bodies make no common list; mass organisations are a group of their own
		}
		if n, ok := townsAt(toks, next); ok { // "UBND các xã, TT"
			c.items = append(c.items, key, "thị trấn")
			c.end = n
			break
		}
		sep := separator(toks, next)
		if sep == 0 && next < len(toks) && namedBy(toks[next:], key) {
			break // "các huyện, thành phố Đông Hà": the last is named
		}
		c.items = append(c.items, key)
		c.end = next
		if sep == 0 {
			if k, m := nounAt(toks[next:]); m > 0 && next < len(toks) && !partyNouns[k] && loose(key, k) {
				i = next // "Ban ngành", "xã phường": the comma is missing
				continue
			}
			break
		}
		i = next + sep
	}
	if len(c.items) < 2 {
		return chain{}
	}
	return c
}

// townsAt reports whether a list of communes ends at i with "TT" for its towns,
// and returns the index behind it.
func townsAt(toks []token, i int) (int, bool) {
	sep := separator(toks, i)
	last := i + sep
	if sep == 0 || last >= len(toks) || toks[last].text != "TT" || toks[i-1].key != "xã" && toks[i-1].key != "phường" {
		return 0, false
	}
	after := toks[last+1:]
	return last + 1, len(after) == 0 || !after[0].word() && after[0].mark != '.' || after[0].word() && !after[0].capital()
}

// loose reports whether two class words stand side by side as a list.
func loose(a, b string) bool {
	pairs := map[string]bool{"ban ngành": true, "sở ban": true, "xã phường": true, "phường thị trấn": true, "huyện thị": true, "ngành đoàn thể": true, "ngành các đoàn thể": true, "phòng ban": true, "thị xã thành phố": true, "huyện thị xã": true, "sở ban ngành": true, "sở ngành": true, "tổ chức cá nhân": true, "cơ quan đơn vị": true}
	return pairs[a+" "+b]
}

func levelWord(key string) bool {
	_, ok := levels[key]
	return ok || key == "thị" || key == "thành"
}

// separator returns how many tokens separate two list items at i: "," "/" "và"
// ", và" "-".
func separator(toks []token, i int) int {
	n := 0
	if i < len(toks) && (toks[i].mark == ',' || toks[i].mark == '/' || toks[i].mark == '-') {
		n++
	}
	if i+n < len(toks) && toks[i+n].word() && (toks[i+n].key == "và" || toks[i+n].key == "&") {
		n++
	}
	return n
}

// massNoun reports whether a class word is of the mass organisations.
func massNoun(key string) bool {
	return key == "đoàn thể" || key == "các đoàn thể" || key == "hội đoàn thể"
}

// namedBy reports whether what follows a class word makes it one body's name
// ("Sở Tài chính", "thành phố Đông Hà") rather than says whose the list is.
func namedBy(toks []token, noun string) bool {
	if !toks[0].word() || !toks[0].capital() || partyNouns[noun] {
		return false
	}
	if levelWord(noun) {
		return true
	}
	if _, n := levelAt(toks); n > 0 {
		return false
	}
	return !listOwners[toks[0].key]
}

// listOwners are words that may follow a list of class words to say whose they
// are: "các phòng, ban Sở", "các sở, ban, ngành TW".
var listOwners = wordSet("sở ubnd hđnd cục bộ trung tw tư nhà đảng chuyên trực thuộc mttq văn")

// nounAt returns the longest class word that toks begins with.
func nounAt(toks []token) (string, int) {
	_, n := longest(nouns, toks)
	if n == 0 {
		return "", 0
	}
	for i := 0; i < n; i++ { // a comma inside would join two items
		if toks[i].mark == ',' || toks[i].mark == '-' && !toks[i].tight && !strings.HasPrefix(words(toks[:n]), "tổ chức c") {
			return shorterNoun(toks[:i])
		}
	}
	if k := toks[0].key; (k == "tp" || k == "tx") && !toks[0].upper() {
		return "", 0
	}
	return words(toks[:n]), n
}

func shorterNoun(toks []token) (string, int) {
	_, n := longest(nouns, toks)
	if n == 0 {
		return "", 0
	}
	return words(toks[:n]), n
}

// territorial reports whether all items of a list are territories.
func (c chain) territorial() bool {
	for _, it := range c.items {
		if !levelWord(it) {
			return false
		}
	}
	return len(c.items) > 0
}

func (c chain) has(item string) bool {
	for _, it := range c.items {
		if it == item {
			return true
		}
	}
	return false
}

// texts returns the canonical wordings of the items.
func (c chain) texts() []string {
	out := make([]string, 0, len(c.items))
	for _, it := range c.items {
		out = append(out, nouns[it])
	}
	return out
}
