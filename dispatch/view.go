package dispatch

import (
	"fmt"
	"sort"
	"strings"
)

// View is a document as people follow it: its lines in the order of the paper,
// each with what became of it. It is what reports, pages and --json show.
type View struct {
	Document Document
	Lines    []Line
	// Confirm is set while the whole document waits for the clerk to confirm the
	// reading (see Document.Asks); its label is ConfirmLabel.
	Confirm bool
}

// ConfirmLabel is the line number under which the clerk confirms the reading of
// the document as a whole.
const ConfirmLabel = "0"

// Line is one line of the block with the recipients that it named.
type Line struct {
	Raw   string
	Kind  Kind // of its first item
	Parts []Part
}

// Part is one item of a line and what became of it.
type Part struct {
	Label      string // what the clerk quotes when answering: "4", or "4b"
	Index      int    // of the item in Document.Items
	Item       Item
	Recipients []Recipient
}

// Waiting reports whether the clerk must answer this part.
func (p Part) Waiting() bool {
	for _, r := range p.Recipients {
		if r.State == Held && r.Agency == "" && r.Name == "" {
			return true
		}
	}
	return false
}

// NewView arranges a document and its recipients by line. It needs nothing else
// and changes nothing.
func NewView(d Document, recipients []Recipient) View {
	byItem := make(map[int][]Recipient)
	for _, r := range recipients {
		byItem[r.Item] = append(byItem[r.Item], r)
	}
	v := View{Document: d}
	for i := 0; i < len(d.Items); {
		j := i
		for j < len(d.Items) && d.Items[j].Line == d.Items[i].Line {
			j++
		}
		v.Lines = append(v.Lines, newLine(d.Items[i:j], i, len(v.Lines)+1, byItem))
		i = j
	}
	v.Confirm = len(d.Asks) > 0
	return v
}

func newLine(items []Item, first, number int, byItem map[int][]Recipient) Line {
	l := Line{Raw: items[0].Raw, Kind: items[0].Kind}
	for k, it := range items {
		label := fmt.Sprint(number)
		if len(items) > 1 {
			label += letterOf(k)
		}
		rs := byItem[first+k]
		sort.Slice(rs, func(a, b int) bool { return rs[a].ID < rs[b].ID })
		l.Parts = append(l.Parts, Part{Label: label, Index: first + k, Item: it, Recipients: rs})
	}
	return l
}

// letterOf numbers the parts of a line: a, b, ... z, aa, ab, ...
func letterOf(k int) string {
	s := string(rune('a' + k%26))
	if k >= 26 {
		return letterOf(k/26-1) + s
	}
	return s
}

// Part finds the part with a label, as the clerk wrote it ("4", "4b", "4B").
// "4" also finds the only waiting part of line 4.
func (v View) Part(label string) (Part, bool) {
	label = strings.ToLower(strings.TrimSpace(label))
	for n, l := range v.Lines {
		var waiting []Part
		for _, p := range l.Parts {
			if p.Label == label {
				return p, true
			}
			if p.Waiting() {
				waiting = append(waiting, p)
			}
		}
		if label == fmt.Sprint(n+1) && len(waiting) == 1 {
			return waiting[0], true
		}
	}
	return Part{}, false
}

// PartsOf lists the labels of the waiting parts of a line, for "4" perhaps 4a and 4c.
func (v View) PartsOf(line string) []string {
	var out []string
	for n, l := range v.Lines {
		if fmt.Sprint(n+1) != strings.TrimSpace(line) {
			continue
		}
		for _, p := range l.Parts {
			if p.Waiting() {
				out = append(out, p.Label)
			}
		}
	}
	return out
}

// Waiting returns the parts that the clerk must answer, in order.
func (v View) Waiting() []Part {
	var out []Part
	for _, l := range v.Lines {
		for _, p := range l.Parts {
			if p.Waiting() {
				out = append(out, p)
			}
		}
	}
	return out
}

// Counts adds the recipients up by state. Copies that share another's are
// counted with the copy that carries them.
func (v View) Counts() map[State]int {
	n := make(map[State]int)
	for _, l := range v.Lines {
		for _, p := range l.Parts {
			for _, r := range p.Recipients {
				if r.Shares == 0 {
					n[r.State]++
				}
			}
		}
	}
	return n
}
