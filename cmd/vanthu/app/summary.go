package app

import (
	"quangtri.gov.vn/vanthu/directory"
	"quangtri.gov.vn/vanthu/dispatch"
)

// Summary is a document as --json prints it.
type Summary struct {
	ID      dispatch.DocumentID `json:"id,omitempty"`
	Number  string              `json:"number"`
	Date    directory.Date      `json:"date,omitempty"`
	Subject string              `json:"subject,omitempty"`
	// Verdict is ok, ask (something waits for the clerk), secret or rejected.
	Verdict dispatch.Verdict `json:"verdict"`
	Lines   []SummaryLine    `json:"lines"`
}

// SummaryLine is one line of the block.
type SummaryLine struct {
	Label      string             `json:"label"`
	Raw        string             `json:"raw"`
	Kind       dispatch.Kind      `json:"kind"`
	Recipients []SummaryRecipient `json:"recipients"`
	Questions  []SummaryQuestion  `json:"questions,omitempty"`
}

// SummaryRecipient is one copy. State is one of the words of dispatch.State.
type SummaryRecipient struct {
	Agency  directory.ID   `json:"agency"`
	Name    string         `json:"name,omitempty"`
	Address string         `json:"address"`
	State   dispatch.State `json:"state"`
	Reason  string         `json:"reason,omitempty"`
}

// SummaryQuestion is what the clerk must still answer.
type SummaryQuestion struct {
	Label   string   `json:"label"`
	Text    string   `json:"text"`
	Reason  string   `json:"reason"`
	Choices []string `json:"choices"`
}

// Summarise turns a view into what machines read.
func Summarise(v dispatch.View) Summary {
	f := v.Document.Fields
	s := Summary{ID: v.Document.ID, Number: f.NumberSymbol, Date: f.Date, Subject: f.Subject, Verdict: dispatch.OK, Lines: []SummaryLine{}}
	if len(v.Waiting()) > 0 || v.Confirm {
		s.Verdict = dispatch.Ask
	}
	for _, l := range v.Lines {
		line := SummaryLine{Raw: l.Raw, Kind: l.Kind, Recipients: []SummaryRecipient{}}
		for i, p := range l.Parts {
			if i == 0 {
				line.Label = p.Label
			}
			for _, r := range p.Recipients {
				line.Recipients = append(line.Recipients, SummaryRecipient{r.Agency, r.Name, r.Address, r.State, r.Reason})
			}
			if p.Waiting() {
				q := SummaryQuestion{Label: p.Label, Text: p.Item.Text, Reason: p.Item.Reason, Choices: []string{}}
				for _, c := range p.Item.Candidates {
					q.Choices = append(q.Choices, c.Name)
				}
				line.Questions = append(line.Questions, q)
			}
		}
		s.Lines = append(s.Lines, line)
	}
	return s
}
