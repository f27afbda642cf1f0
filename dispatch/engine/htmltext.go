package engine

import (
	"regexp"
	"strings"

	"golang.org/x/net/html"
)

// htmlText is the plain text of an HTML mail: blocks become lines, and every
// line inside a quote begins with "> ".
func htmlText(s string) string {
	p := &htmlPrinter{}
	z := html.NewTokenizer(strings.NewReader(s))
	z.SetMaxBuf(maxMailText)
	for {
		switch z.Next() {
		case html.ErrorToken:
			return p.b.String()
		case html.TextToken:
			p.text(string(z.Text()))
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			p.open(t)
		case html.EndTagToken:
			name, _ := z.TagName()
			p.close(string(name))
		}
	}
}

type htmlPrinter struct {
	b    strings.Builder
	skip int // inside script or style
	pre  int
	// quotes holds, for each open element that can be a quote, whether it is one.
	quotes []bool
	quote  int
	rest   bool // a divider was passed: all that follows is the old mail
}

var (
	block = regexp.MustCompile(`^(p|div|br|hr|li|ul|ol|tr|td|th|table|pre|section|h[1-6]|blockquote)$`)
	// quoted marks the elements in which mail programs put the old mail.
	quoted = regexp.MustCompile(`(?i)gmail_quote|yahoo_quoted|moz-cite-prefix|moz-forward`)
	// divided marks what stands between the answer and an unmarked old mail.
	divided = regexp.MustCompile(`(?i)divRplyFwdMsg|appendonsend|border-top:\s*solid`)
)

func (p *htmlPrinter) text(s string) {
	if p.skip > 0 {
		return
	}
	if p.pre == 0 {
		s = strings.Map(func(r rune) rune {
			if r == '\n' || r == '\r' || r == '\t' {
				return ' '
			}
			return r
		}, s)
	}
	if p.inQuote() {
		s = strings.ReplaceAll(s, "\n", "\n> ")
	}
	p.b.WriteString(s)
}

func (p *htmlPrinter) inQuote() bool { return p.quote > 0 || p.rest }

func (p *htmlPrinter) open(t html.Token) {
	switch t.Data {
	case "script", "style":
		p.skip++
	case "pre":
		p.pre++
	}
	mark := ""
	for _, a := range t.Attr {
		if a.Key == "class" || a.Key == "id" || a.Key == "style" {
			mark += " " + a.Val
		}
	}
	if divided.MatchString(mark) {
		p.rest = true
	}
	if t.Data == "blockquote" || t.Data == "div" {
		is := t.Data == "blockquote" || quoted.MatchString(mark)
		p.quotes = append(p.quotes, is)
		if is {
			p.quote++
		}
	}
	p.newLine(t.Data)
}

func (p *htmlPrinter) close(tag string) {
	switch {
	case (tag == "script" || tag == "style") && p.skip > 0:
		p.skip--
	case tag == "pre" && p.pre > 0:
		p.pre--
	case tag == "blockquote" || tag == "div":
		if n := len(p.quotes); n > 0 {
			if p.quotes[n-1] {
				p.quote--
			}
			p.quotes = p.quotes[:n-1]
		}
	}
	p.newLine(tag)
}

func (p *htmlPrinter) newLine(tag string) {
	if !block.MatchString(tag) {
		return
	}
	p.b.WriteByte('\n')
	if p.inQuote() {
		p.b.WriteString("> ")
	}
}
