package imap

import (
	"bytes"
	"strconv"

	"quangtri.gov.vn/vanthu/mailsvc"
	"quangtri.gov.vn/vanthu/mailsvc/mime"
)

// relevancy is what FUZZY adds to a search (RFC 6203). All searches here forgive
// missing marks, so that a FUZZY key finds what any other does.
type relevancy struct {
	depth int  // of FUZZY keys around what is being parsed
	given bool // a FUZZY key was
	texts []*needle
	told  bool // RETURN asks for it
	sorts bool // SORT does
}

// wanted reports whether messages need a score.
func (v *relevancy) wanted() bool { return v.told || v.sorts }

// checkRelevancy refuses to tell the relevancy of a search that is not fuzzy
// (section 4).
func (p *parser) checkRelevancy(a *searchArgs) {
	if a.relevancy.wanted() && !a.relevancy.given {
		p.fail("RELEVANCY needs FUZZY")
	}
}

// Scores, by where a text was found.
const (
	scoreSubject = 100
	scorePeople  = 75
	scoreText    = 50
	scoreNoText  = 1 // nothing fuzzy about it
)

// score says how relevant a message is that was found, 1 to 100.
func (v *relevancy) score(m *mailsvc.Message) uint8 {
	best := uint8(scoreNoText)
	for _, n := range v.texts {
		best = max(best, n.score(mime.Stored(m.Index)))
	}
	return best
}

func (n *needle) score(x mime.Stored) uint8 {
	for field := mime.FieldSubject; field <= mime.FieldBcc; field++ {
		folded, _, ok := x.Folded(field)
		switch {
		case !ok || !bytes.Contains(folded, []byte(n.folded)):
		case field == mime.FieldSubject:
			return scoreSubject
		default:
			return scorePeople
		}
	}
	return scoreText
}

func appendScores(b []byte, found []match) []byte {
	b = append(b, " RELEVANCY ("...)
	for i, m := range found {
		if i > 0 {
			b = append(b, ' ')
		}
		b = strconv.AppendUint(b, uint64(m.score), 10)
	}
	return append(b, ')')
}
