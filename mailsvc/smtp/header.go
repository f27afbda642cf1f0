package smtp

import (
	"bytes"
	"fmt"
	"io"
	"net/mail"
	"strings"
	"time"
)

// field is one header field as it stands in the message: name, colon, folded
// value, CRLF.
type field struct {
	name string // lower case; "" for a line that is no field
	raw  []byte
}

// value is what stands after the colon, unfolded.
func (f field) value() string {
	_, v, _ := bytes.Cut(f.raw, []byte(":"))
	return strings.TrimSpace(strings.NewReplacer("\r\n", "").Replace(string(v)))
}

// readHeader reads the header of a message and whatever of the body came with
// it. head ends with the CRLF of its last field; rest begins with the empty line.
func readHeader(b *body, limit int) (head, rest []byte, err error) {
	var all []byte
	for {
		p, err := b.chunk()
		if err == io.EOF {
			if len(all) > limit {
				return nil, nil, errHeaderSize
			}
			return all, nil, nil
		}
		if err != nil {
			return nil, nil, err
		}
		from := max(0, len(all)-3)
		all = append(all, p...)
		if bytes.HasPrefix(all, []byte("\r\n")) {
			return nil, all, nil
		}
		if i := bytes.Index(all[from:], []byte("\r\n\r\n")); i >= 0 {
			end := from + i + 2
			if end > limit {
				return nil, nil, errHeaderSize
			}
			return all[:end:end], all[end:], nil
		}
		if len(all) > limit+readBuffer {
			return nil, nil, errHeaderSize
		}
	}
}

var errHeaderSize = fmt.Errorf("header is too big")

// parseFields cuts a header into its fields.
func parseFields(head []byte) []field {
	var fields []field
	for len(head) > 0 {
		end := fieldEnd(head)
		fields = append(fields, field{fieldName(head[:end]), head[:end]})
		head = head[end:]
	}
	return fields
}

// fieldEnd is where the first field ends: at a CRLF that no blank follows.
func fieldEnd(b []byte) int {
	end := 0
	for {
		i := bytes.Index(b[end:], []byte("\r\n"))
		if i < 0 {
			return len(b)
		}
		end += i + 2
		if end == len(b) || b[end] != ' ' && b[end] != '\t' {
			return end
		}
	}
}

// fieldName returns the name, lower case, or "" if the line is no field: RFC
// 5322 section 2.2. Blanks before the colon (section 4.5) are let through.
func fieldName(raw []byte) string {
	name, _, ok := bytes.Cut(raw, []byte(":"))
	name = bytes.TrimRight(name, " \t")
	if !ok || len(name) == 0 {
		return ""
	}
	for _, c := range name {
		if c <= ' ' || c >= 0x7f {
			return ""
		}
	}
	return strings.ToLower(string(name))
}

// header is what must be known of the header before the body is taken.
type header struct {
	fields    []field
	messageID string // with angle brackets, "" if there is none
}

// maxMessageID bounds what is taken for a Message-ID: a line, RFC 5322 section 2.1.1.
const maxMessageID = 998

// checkHeader applies the rules for all mail.
func (s *session) checkHeader(head []byte) (header, error) {
	h := header{fields: parseFields(head)}
	if len(h.fields) > s.s.o.Limits.HeaderFields {
		return h, s.answer(bigHeader)
	}
	hops := 0
	for _, f := range h.fields {
		switch f.name {
		case "received":
			hops++
		case "message-id":
			if v := f.value(); len(v) <= maxMessageID {
				h.messageID = v
			}
		case "":
			if s.account != nil {
				return h, s.answer(badHeader)
			}
		}
	}
	if hops > s.s.o.Limits.Hops {
		return h, s.answer(loop)
	}
	return h, nil
}

// checkAuthor makes sure that an account holder writes in a name of theirs: one
// From, and where there are Sender and Resent fields, those too.
func (s *session) checkAuthor(h header) error {
	froms := 0
	for _, f := range h.fields {
		switch f.name {
		case "from":
			froms++
		case "sender", "resent-from", "resent-sender":
		default:
			continue
		}
		address, err := soleAddress(f.value())
		if err != nil {
			return s.answer(oneFrom)
		}
		if !s.s.o.Identities.MaySend(*s.account, address) {
			return s.answer(fromNot)
		}
	}
	if froms != 1 {
		return s.answer(oneFrom)
	}
	return nil
}

// maxAuthor bounds a field of addresses that is parsed, octets.
const maxAuthor = 2000

// soleAddress returns the one address of a field such as From.
func soleAddress(value string) (string, error) {
	if len(value) > maxAuthor {
		return "", errPath
	}
	list, err := mail.ParseAddressList(value)
	if err != nil {
		return "", err
	}
	// A group of one looks to us like an address and to others like none.
	if len(list) != 1 || strings.HasSuffix(value, ";") {
		return "", errPath
	}
	return list[0].Address, nil
}

// complete returns the header that an account holder's message gets: without
// blind copies' names, with Date and Message-ID (RFC 6409 section 8).
func (s *session) complete(h *header) []byte {
	var b bytes.Buffer
	date := false
	for _, f := range h.fields {
		switch f.name {
		case "bcc", "resent-bcc", "return-path":
			continue
		case "date":
			date = true
		}
		b.Write(f.raw)
	}
	if n := b.Len(); n > 0 && !bytes.HasSuffix(b.Bytes(), []byte("\r\n")) {
		b.WriteString("\r\n") // the message ended inside its header
	}
	if !date {
		fmt.Fprintf(&b, "Date: %s\r\n", s.s.o.Now().Format(dateFormat))
	}
	if h.messageID == "" {
		h.messageID = "<" + strings.ToLower(s.tx.id) + "@" + s.s.o.Hostname + ">"
		fmt.Fprintf(&b, "Message-ID: %s\r\n", h.messageID)
	}
	return b.Bytes()
}

// withoutForgeries takes out of a foreign message what claims to be ours: results
// of authentication under our name (RFC 8601 section 5).
func (s *session) withoutForgeries(head []byte, h header) []byte {
	forged := func(f field) bool {
		if f.name != "authentication-results" {
			return false
		}
		id, _, _ := strings.Cut(f.value(), ";")
		id, _, _ = strings.Cut(strings.TrimSpace(id), " ")
		return lower(id) == lower(s.s.o.Hostname)
	}
	found := false
	for _, f := range h.fields {
		found = found || forged(f)
	}
	if !found {
		return head
	}
	var b bytes.Buffer
	for _, f := range h.fields {
		if !forged(f) {
			b.Write(f.raw)
		}
	}
	return b.Bytes()
}

// dateFormat is RFC 5322 section 3.3.
const dateFormat = "Mon, 02 Jan 2006 15:04:05 -0700"

// trace is the Received field of this message, RFC 5321 section 4.4. It names a
// recipient only if there is no other, so that blind copies stay blind, and of
// account holders not the address that they wrote from.
func (s *session) trace(at time.Time) string {
	var b strings.Builder
	b.WriteString("Received: ")
	if s.account == nil {
		fmt.Fprintf(&b, "from %s (%s)\r\n\t", safeHelo(s.helo), addressLiteral(s.w.c.ip))
	}
	fmt.Fprintf(&b, "by %s with %s id %s", s.s.o.Hostname, s.protocol(), s.tx.id)
	if s.tx.rcpts == 1 {
		fmt.Fprintf(&b, "\r\n\tfor <%s>", s.tx.single)
	}
	fmt.Fprintf(&b, ";\r\n\t%s\r\n", at.Format(dateFormat))
	return b.String()
}

// protocol is the transmission type, RFC 3848 and RFC 6531 section 4.3.
func (s *session) protocol() string {
	if !s.w.extended {
		return "SMTP"
	}
	p := "ESMTP"
	if s.tx.utf8 {
		p = "UTF8SMTP"
	}
	if s.w.secure {
		p += "S"
	}
	if s.account != nil {
		p += "A"
	}
	return p
}

// safeHelo keeps of a client's name only what cannot be mistaken for anything else.
func safeHelo(s string) string {
	if len(s) > maxDomain {
		s = s[:maxDomain]
	}
	s = strings.Map(func(c rune) rune {
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune(".-_:[]", c) {
			return c
		}
		return '?'
	}, s)
	if s == "" {
		return "unknown"
	}
	return s
}

func addressLiteral(ip string) string {
	if strings.Contains(ip, ":") {
		return "[IPv6:" + ip + "]"
	}
	return "[" + ip + "]"
}
