package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"quangtri.gov.vn/vanthu/cmd/vanthu/app"
	"quangtri.gov.vn/vanthu/mailsvc/migrate"
)

// meter shows how far a migration is: one line that changes on a terminal, else a
// line for each folder and mailbox that is done.
type meter struct {
	w        io.Writer
	terminal bool
	quiet    bool
	all      int // mailboxes
	done     int
	width    int // of the line on the terminal
	drawn    time.Time
	told     map[string]string // account -> folder that was told last
}

const redraw = 100 * time.Millisecond

func newMeter(w *os.File, all int, quiet bool) *meter {
	terminal := isTerminal(w)
	return &meter{w: w, terminal: terminal, quiet: quiet && !terminal, all: all, told: make(map[string]string)}
}

func (m *meter) event(e app.MigrationEvent) {
	switch {
	case e.Report != nil:
		if m.done++; m.all == 1 {
			return // what is printed at the end says it
		}
		m.say(fmt.Sprintf("[%d/%d] %s: %s", m.done, m.all, e.Report.Account, outcome(e.Report)))
	case e.Progress != nil && e.Progress.Note != "":
		m.say(e.Progress.Account + ": " + e.Progress.Note)
	case e.Progress != nil:
		m.progress(e.Progress)
	}
}

func (m *meter) progress(p *migrate.Progress) {
	if m.terminal {
		if time.Since(m.drawn) >= redraw || p.Done == p.Total {
			m.draw(bar(p, m.done, m.all))
		}
		return
	}
	if p.Total > 0 && p.Done == p.Total && m.told[p.Account] != p.Folder {
		m.told[p.Account] = p.Folder
		m.say(fmt.Sprintf("%s: thư mục %d/%d %q, %d thư", p.Account, p.At, p.Of, p.Folder, p.Total))
	}
}

// bar is the line of one mailbox; done of all mailboxes are finished.
func bar(p *migrate.Progress, done, all int) string {
	const cells = 20
	full := 0
	if p.Total > 0 {
		full = cells * min(p.Done, p.Total) / p.Total
	}
	s := fmt.Sprintf("[%s%s] %d/%d thư, thư mục %d/%d %s · đã chép %d thư, %.1f MiB", strings.Repeat("#", full), strings.Repeat(".", cells-full),
		p.Done, p.Total, p.At, p.Of, p.Folder, p.Copied, float64(p.Bytes)/(1<<20))
	if all > 1 {
		s = fmt.Sprintf("%d/%d hộp thư · %s %s", done, all, p.Account, s)
	}
	return s
}

// draw puts a line in the place of the last one.
func (m *meter) draw(s string) {
	const most = 120
	for utf8.RuneCountInString(s) > most {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	n := utf8.RuneCountInString(s)
	fmt.Fprintf(m.w, "\r%s%s", s, strings.Repeat(" ", max(m.width-n, 0)))
	m.width, m.drawn = n, time.Now()
}

// say prints a line that stays.
func (m *meter) say(s string) {
	if m.quiet {
		return
	}
	m.end()
	fmt.Fprintln(m.w, s)
}

// end clears the line that changes.
func (m *meter) end() {
	if m.width > 0 {
		fmt.Fprintf(m.w, "\r%s\r", strings.Repeat(" ", m.width))
		m.width = 0
	}
}

// outcome is a report in one line.
func outcome(r *migrate.Report) string {
	n, bytes := r.Copied()
	present, fresh := 0, 0
	for _, f := range r.Folders {
		present += f.Present
		fresh += f.New
	}
	s := fmt.Sprintf("đã chép %d thư (%.1f MiB), %d thư đã có từ trước", n, float64(bytes)/(1<<20), present)
	if r.Dry {
		s = fmt.Sprintf("sẽ chép %d thư (%.1f MiB), %d thư đã có từ trước", fresh, float64(bytes)/(1<<20), present)
	}
	if r.Refused > 0 {
		s += fmt.Sprintf(", %d thư không chép được", r.Refused)
	}
	if r.Error != "" {
		s += "; CHƯA XONG: " + r.Error
	}
	return s
}

// showReport prints what became of a mailbox, and what could not be copied; folder
// by folder, or only those where something is wrong.
func showReport(w io.Writer, r *migrate.Report, folders bool) {
	fmt.Fprintf(w, "%s <- %s: %s\n", r.Account, r.User, outcome(r))
	for _, f := range r.Folders {
		if !folders && f.Error == "" {
			continue
		}
		n := f.Copied
		if r.Dry {
			n = f.New
		}
		fmt.Fprintf(w, "  %s -> %s: %d thư, %d mới, %d đã có", f.From, f.To, f.Messages, n, f.Present)
		if f.Reflag > 0 {
			fmt.Fprintf(w, ", %d đổi cờ", f.Reflag)
		}
		if f.Error != "" {
			fmt.Fprintf(w, "; CHƯA CHÉP: %s", f.Error)
		}
		fmt.Fprintln(w)
	}
	for _, x := range r.Refusals {
		fmt.Fprintf(w, "  KHÔNG CHÉP: thư số %d trong %s: %s\n", x.UID, x.Folder, x.Text)
	}
	if more := r.Refused - len(r.Refusals); more > 0 {
		fmt.Fprintf(w, "  và %d thư khác\n", more)
	}
	for _, s := range r.Skipped {
		fmt.Fprintf(w, "  bỏ qua %s: không phải thư mục riêng của người này\n", s)
	}
}
