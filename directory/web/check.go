package web

import (
	"net/http"
	"strings"

	"quangtri.gov.vn/vanthu/directory"
)

// The answers to "is this address official?".
const (
	answerNone    = ""        // nothing was asked
	answerForm    = "form"    // it is no address
	answerYes     = "yes"     // it is official today
	answerForward = "forward" // it still passes mail on for a body that has ended
	answerWas     = "was"     // it was official
	answerNo      = "no"      // the register does not know it
)

type checkPage struct {
	Address  string
	Answer   string
	Agency   directory.Agency
	Official *directory.Official
	Holding  directory.Address
	Heir     directory.Agency
	NewAddr  string // where to write instead
}

func (s *site) check(w http.ResponseWriter, r *http.Request) {
	snap := s.snapshot()
	p := answer(snap, asked(r, "dia-chi"), s.today())
	w.Header().Set("Cache-Control", "no-store")
	s.render(w, http.StatusOK, snap, "check", "Kiểm tra địa chỉ thư", "", p)
}

// answer judges one address on a day.
func answer(snap *directory.Snapshot, text string, today directory.Date) checkPage {
	p := checkPage{Address: bare(text)}
	switch {
	case p.Address == "":
		return p
	case !directory.ValidAddress(p.Address):
		p.Answer = answerForm
		return p
	}
	if a, ok := snap.ByAddress(p.Address, today); ok {
		p.Answer, p.Agency = answerYes, a
		for _, h := range snap.AddressHistory(p.Address) {
			if h.Agency == a.ID && h.On(today) {
				p.Holding = h
			}
		}
		if p.Holding.Status == "forward" {
			p.Answer = answerForward
			p.instead(snap, today)
		}
		return p
	}
	if o, ok := snap.OfficialByAddress(p.Address, today); ok && o.Authorised {
		p.Answer, p.Official = answerYes, &o
		p.Agency, _ = snap.Agency(o.Agency)
		return p
	}
	for _, h := range snap.AddressHistory(p.Address) {
		if h.To >= p.Holding.To && h.To != "" && h.To < today {
			p.Answer, p.Holding = answerWas, h
		}
	}
	if p.Answer == answerWas {
		p.Agency, _ = snap.Agency(p.Holding.Agency)
		p.instead(snap, today)
		return p
	}
	p.Answer = answerNo
	return p
}

// bare takes the address out of "mailto:a@b" and "Tên <a@b>", as people paste it.
func bare(text string) string {
	text = strings.ToLower(text)
	if i, j := strings.LastIndexByte(text, '<'), strings.LastIndexByte(text, '>'); i >= 0 && j > i {
		text = text[i+1 : j]
	}
	return strings.Trim(strings.TrimPrefix(strings.TrimSpace(text), "mailto:"), " .,;")
}

// instead fills in who takes the agency's mail today.
func (p *checkPage) instead(snap *directory.Snapshot, today directory.Date) {
	if d := snap.Deliver(p.Agency.ID, today); !d.Ask {
		p.Heir, _ = snap.Agency(d.Agency)
		p.NewAddr = d.Address
	}
}
