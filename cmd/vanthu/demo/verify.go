package demo

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"quangtri.gov.vn/vanthu/cmd/vanthu/app"
	"quangtri.gov.vn/vanthu/configs"
	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/internal/viet"
	"quangtri.gov.vn/vanthu/mailsvc"
)

// verify checks that every state is as it must be, that each mailbox and each
// outside address has exactly the copies that the states claim, and that nothing
// of the secret document is anywhere. It returns what is wrong.
func (s *stage) verify(ctx context.Context, r *Result) []error {
	var wrong []error
	for i, x := range r.expected {
		wrong = append(wrong, s.compare(x, r.first[i])...)
	}
	wrong = append(wrong, s.copies(ctx, r)...)
	if !r.ReadBack.Same {
		wrong = append(wrong, fmt.Errorf("the copy read over IMAP is not the file that was sent"))
	}
	if r.Answer == "" && !s.resumed {
		wrong = append(wrong, fmt.Errorf("no line waited for the clerk, so no answer was tried"))
	}
	wrong = append(wrong, s.app.Engine.Check()...)
	wrong = append(wrong, s.app.Mailboxes.Check(ctx)...)
	return append(wrong, s.canaries(r.expected)...)
}

// compare holds a document against what expected.json says of it.
func (s *stage) compare(x configs.Document, got app.Summary) []error {
	if x.Verdict == string(dispatch.Secret) {
		if got.Verdict != dispatch.Secret || got.Number != "" || len(got.Lines) > 0 {
			return []error{fmt.Errorf("%s: not refused as secret", x.File)}
		}
		return nil
	}
	if got.Number != x.Number || len(got.Lines) != len(x.Lines) {
		return []error{fmt.Errorf("%s: number %q with %d lines, want %q with %d", x.File, got.Number, len(got.Lines), x.Number, len(x.Lines))}
	}
	var wrong []error
	for i, want := range x.Lines {
		if err := s.compareLine(want, got.Lines[i]); err != nil {
			wrong = append(wrong, fmt.Errorf("%s line %d: %w", x.File, i+1, err))
		}
	}
	return wrong
}

// compareLine holds one line against what must become of it. In a directory that
// was used before, the clerk may have answered already, and a copy whose transfer
// was cut after the final dot is rightly in doubt.
func (s *stage) compareLine(want configs.Line, got app.SummaryLine) error {
	if viet.Key(got.Raw) != viet.Key(want.Raw) {
		return fmt.Errorf("is %q, want %q", got.Raw, want.Raw)
	}
	only := func(state dispatch.State) bool {
		return len(got.Recipients) > 0 && !slices.ContainsFunc(got.Recipients, func(r app.SummaryRecipient) bool { return r.State != state })
	}
	switch {
	case want.Held && !only(dispatch.Held) && !s.resumed:
		return fmt.Errorf("%q is not held for the clerk", got.Raw)
	case want.Archive && !only(dispatch.NotSent):
		return fmt.Errorf("%q was not left unsent", got.Raw)
	case want.Held || want.Archive:
		return nil
	case len(got.Recipients) != len(want.Recipients):
		return fmt.Errorf("%q has %d recipients, want %d", got.Raw, len(got.Recipients), len(want.Recipients))
	}
	for _, w := range want.Recipients {
		if !slices.ContainsFunc(got.Recipients, func(r app.SummaryRecipient) bool {
			cut := s.resumed && w.State == string(dispatch.Sent) && r.State == dispatch.InDoubt
			return string(r.Agency) == w.Agency && (string(r.State) == w.State || cut)
		}) {
			return fmt.Errorf("%q: %s is not %s", got.Raw, w.Agency, w.State)
		}
	}
	return nil
}

// span is how many copies there may be.
type span struct{ least, most int }

// copies counts what really is in each mailbox here and at each address outside.
func (s *stage) copies(ctx context.Context, r *Result) []error {
	here, away := make(map[string]span), make(map[string]span)
	for _, d := range r.Documents {
		count(d, here, away)
	}
	var wrong []error
	for address, want := range here {
		if got, err := s.inbox(ctx, address); err != nil || got < want.least || got > want.most {
			wrong = append(wrong, fmt.Errorf("%s holds %d messages, want %d: %w", address, got, want.least, err))
		}
	}
	for address, want := range away {
		if got := s.outside.Copies(address); got < want.least || got > want.most {
			wrong = append(wrong, fmt.Errorf("%s outside got %d copies, want %d", address, got, want.least))
		}
	}
	return wrong
}

// count adds up the copies that a document's states claim. Two lines may share one.
func count(d app.Summary, here, away map[string]span) {
	seen := make(map[string]bool)
	for _, l := range d.Lines {
		for _, r := range l.Recipients {
			if r.Address == "" || seen[r.Address] {
				continue
			}
			seen[r.Address] = true
			switch h, a := here[r.Address], away[r.Address]; r.State {
			case dispatch.Arrived:
				here[r.Address] = span{h.least + 1, h.most + 1}
			case dispatch.Sent:
				away[r.Address] = span{a.least + 1, a.most + 1}
			case dispatch.InDoubt:
				away[r.Address] = span{a.least, a.most + 1}
			}
		}
	}
}

func (s *stage) inbox(ctx context.Context, address string) (int, error) {
	a, err := s.app.Accounts.Account(address)
	if err != nil {
		return 0, err
	}
	f, err := s.app.Mailboxes.Folder(ctx, a.Address, a.Address, "INBOX")
	if err != nil {
		return 0, err
	}
	var n int
	err = s.app.Mailboxes.Messages(ctx, a.Address, a.Address, f.ID, []mailsvc.Range{{From: 1}}, false, func(*mailsvc.Message) bool { n++; return true })
	return n, err
}

// disguises are the forms in which a word may stand in a file: plain, and inside
// base64 at each of the three alignments.
func disguises(w string) []string {
	out := []string{w}
	for shift := range 3 {
		e := base64.RawStdEncoding.EncodeToString([]byte("___"[:shift] + w))
		out = append(out, e[(shift*8+5)/6:len(e)-1])
	}
	return out
}

// canaries searches every file of the data directory, the log among them, for
// words that stand only in the secret document.
func (s *stage) canaries(expected []configs.Document) []error {
	var words []string
	for _, x := range expected {
		for _, w := range x.Canaries {
			words = append(words, disguises(w)...)
		}
	}
	var wrong []error
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		for _, w := range words {
			if bytes.Contains(b, []byte(w)) {
				wrong = append(wrong, fmt.Errorf("%s holds a word of the secret document", filepath.Base(path)))
			}
		}
		return err
	})
	if err != nil {
		wrong = append(wrong, err)
	}
	return wrong
}
