package mime

// envelope is the content of ENVELOPE, raw (RFC 9051 section 7.5.2). A nil
// value is an absent field.
type envelope struct {
	date, subject, inReplyTo, messageID []byte
	from, sender, replyTo, to, cc, bcc  []Address
}

func (s *scanner) envelope(h *rawHeader) *envelope {
	e := &envelope{date: h.date, subject: h.subject, inReplyTo: h.inReplyTo, messageID: h.messageID}
	e.from = s.list(h.from)
	e.sender, e.replyTo = s.list(h.sender), s.list(h.replyTo)
	e.to, e.cc, e.bcc = s.list(h.to), s.list(h.cc), s.list(h.bcc)
	if len(e.sender) == 0 {
		e.sender = e.from
	}
	if len(e.replyTo) == 0 {
		e.replyTo = e.from
	}
	return e
}

// list parses an address list within what may still be kept of this message.
func (s *scanner) list(v []byte) []Address {
	room := MaxAddresses - s.addresses
	if len(v) == 0 || room <= 0 {
		return nil
	}
	l := ParseAddresses(v, room)
	s.addresses += len(l)
	s.limited = s.limited || len(l) >= room
	return l
}

func emptyEnvelope() []byte { return new(envelope).appendWire(nil) }

func (e *envelope) appendWire(b []byte) []byte {
	b = append(b, '(')
	b = appendNString(b, e.date)
	b = append(b, ' ')
	b = appendNString(b, e.subject)
	for _, l := range [...][]Address{e.from, e.sender, e.replyTo, e.to, e.cc, e.bcc} {
		b = append(b, ' ')
		b = appendAddresses(b, l)
	}
	b = append(b, ' ')
	b = appendNString(b, e.inReplyTo)
	b = append(b, ' ')
	b = appendNString(b, e.messageID)
	return append(b, ')')
}

func appendAddresses(b []byte, l []Address) []byte {
	if len(l) == 0 {
		return append(b, "NIL"...)
	}
	b = append(b, '(')
	for i := range l {
		a := &l[i]
		b = append(b, '(')
		b = appendNil(b, a.Name)
		b = append(b, ' ')
		b = appendNil(b, a.Route)
		b = append(b, ' ')
		b = appendNil(b, a.Mailbox)
		b = append(b, ' ')
		b = appendNil(b, a.Host)
		b = append(b, ')')
	}
	return append(b, ')')
}
