package smtp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// receive takes the message in and delivers it. When it returns nil, every
// recipient's copy is on disk.
func (s *session) receive(b *body) error {
	head, rest, err := readHeader(b, s.s.o.Limits.HeaderSize)
	if errors.Is(err, errHeaderSize) {
		return s.answer(bigHeader)
	}
	if err != nil {
		return err
	}
	h, err := s.checkHeader(head)
	if err != nil {
		return err
	}
	if s.account != nil {
		if err := s.checkAuthor(h); err != nil {
			return err
		}
		head = s.complete(&h)
		if len(rest) == 0 {
			rest = []byte("\r\n")
		}
	} else {
		head = s.withoutForgeries(head, h)
	}
	message := io.MultiReader(bytes.NewReader(head), bytes.NewReader(rest), b)
	if s.tx.intake != nil {
		return s.receiveIntake(message, h)
	}
	m, err := s.s.o.Ingest(message)
	if err != nil {
		return s.readError(b, err)
	}
	return s.deliver(m, false)
}

// readError prefers the reason why the message could not be read to what
// whoever read it made of that.
func (s *session) readError(b *body, err error) error {
	if b.err != nil && b.err != io.EOF {
		return b.err
	}
	s.s.log.Error("smtp message not stored", "id", s.tx.id, "err", err)
	return err
}

// receiveIntake keeps the message in memory until the intake has judged it. Only
// then do the other recipients get it.
func (s *session) receiveIntake(message io.Reader, h header) error {
	data, release, err := s.readAll(message)
	defer release()
	if err != nil {
		return err
	}
	in := mailsvc.Incoming{
		From: s.tx.from, To: s.tx.intakes, Data: data, MessageID: h.messageID, RemoteAddr: s.w.c.ip,
		Others: len(s.tx.local) + len(s.tx.remote),
	}
	if s.account != nil {
		in.Account = *s.account
	}
	if err := s.tx.intake.Take(s.s.ctx, in); err != nil {
		var r *mailsvc.Rejection
		if !errors.As(err, &r) {
			s.s.log.Error("smtp intake failed", "id", s.tx.id, "to", s.tx.intakes)
		}
		return s.judged(err, intakeGone)
	}
	if len(s.tx.local)+len(s.tx.remote) == 0 {
		return nil
	}
	m, err := s.s.o.Ingest(bytes.NewReader(data))
	if err != nil {
		s.s.log.Error("smtp message not stored", "id", s.tx.id, "err", err)
		return err
	}
	return s.deliver(m, true)
}

// readAll reads a message into memory that all intakes share. release gives the
// memory back and must be called in any case.
func (s *session) readAll(r io.Reader) (data []byte, release func(), err error) {
	held := int64(0)
	release = func() { s.s.memory.give(held) }
	buf := []byte(nil)
	for {
		if len(buf) == cap(buf) {
			next := min(max(64<<10, 2*int64(cap(buf))), s.s.o.Limits.IntakeSize+1)
			if !s.s.memory.take(next) {
				return nil, release, s.answer(noSpace)
			}
			held += next
			grown := make([]byte, len(buf), next)
			copy(grown, buf)
			s.s.memory.give(held - next)
			held = next
			buf = grown
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			return buf, release, nil
		}
		if err != nil {
			return nil, release, err
		}
	}
}

// deliver brings the message to all recipients but the intake.
//
// What cannot be delivered here at once is not sent back to the client, who
// would then send it to everybody again, but is kept in the queue, which tries
// until it gives up and tells the sender. Only when nobody has the message yet
// is the whole transaction refused for now. kept says that somebody has it: an
// intake.
//
// Mail for other servers is put into the queue first, so that a full disk is
// noticed while the answer can still be "nobody got it".
func (s *session) deliver(m mailsvc.NewMessage, kept bool) error {
	at := s.s.o.Now()
	trace := s.trace(at)
	m.Internal = at
	if len(s.tx.remote) > 0 {
		if err := s.enqueue(m, trace, s.tx.remote, "r"); err != nil {
			return err
		}
		kept = true
	}
	if len(s.tx.local) == 0 {
		return nil
	}
	left, err := s.deliverLocal(m, trace)
	if len(left) == 0 {
		return nil
	}
	if !kept && len(left) == len(s.tx.local) {
		if errors.Is(err, mailsvc.ErrOverQuota) {
			return s.answer(mailboxFull)
		}
		if errors.Is(err, mailsvc.ErrNotFound) {
			return s.answer(noSuchRcpt)
		}
		return err
	}
	for i := range left {
		left[i].address = left[i].account
	}
	return s.enqueue(m, trace, left, "l")
}

const (
	deliveryTries = 3
	deliveryPause = 100 * time.Millisecond
)

// deliverLocal returns the recipients whose mailbox has not got the message, and
// one reason.
func (s *session) deliverLocal(m mailsvc.NewMessage, trace string) (left []recipient, reason error) {
	left = s.tx.local
	for try := 1; ; try++ {
		d := mailsvc.Delivery{Message: m, Targets: make([]mailsvc.Target, len(left))}
		for i, r := range left {
			d.Targets[i] = mailsvc.Target{Account: r.account, Prefix: s.prefix(trace, r)}
		}
		left, reason = failures(left, s.s.o.Deliver(s.s.ctx, d))
		if reason == nil {
			return nil, nil
		}
		s.s.log.Error("smtp delivery failed", "id", s.tx.id, "mailboxes", len(left), "try", try, "err", reason)
		if try == deliveryTries || !worthRetrying(reason) {
			return left, reason
		}
		select {
		case <-time.After(deliveryPause):
		case <-s.s.ctx.Done():
			return left, reason
		}
	}
}

func failures(rcpts []recipient, errs []error) (left []recipient, reason error) {
	for i, err := range errs {
		if err != nil {
			left = append(left, rcpts[i])
			if reason == nil || worthRetrying(err) {
				reason = err
			}
		}
	}
	return left, reason
}

// worthRetrying tells trouble from a verdict, and from an unknown outcome, after
// which a second delivery could be one too many.
func worthRetrying(err error) bool {
	for _, verdict := range []error{
		mailsvc.ErrNotFound, mailsvc.ErrOverQuota, mailsvc.ErrNotAllowed, mailsvc.ErrTooLarge, mailsvc.ErrTooMany,
		mailsvc.ErrInvalid, mailsvc.ErrUnknown, mailsvc.ErrFull, mailsvc.ErrClosed, context.Canceled,
	} {
		if errors.Is(err, verdict) {
			return false
		}
	}
	return true
}

// prefix is what stands before the message in one mailbox.
func (s *session) prefix(trace string, r recipient) []byte {
	return fmt.Appendf(nil, "Return-Path: <%s>\r\nDelivered-To: %s\r\n%s", s.tx.from, r.address, trace)
}

func (s *session) enqueue(m mailsvc.NewMessage, trace string, rcpts []recipient, kind string) error {
	out := make([]mailsvc.Outgoing, len(rcpts))
	for i, r := range rcpts {
		prefix := []byte(trace)
		if r.account != "" {
			prefix = s.prefix(trace, r)
		}
		out[i] = mailsvc.Outgoing{
			Key:    fmt.Sprintf("smtp/%s/%s%d", s.tx.id, kind, i),
			From:   s.tx.from,
			To:     r.address,
			Blob:   m.Blob,
			Size:   m.BlobSize,
			Prefix: prefix,
			Notify: r.notify, Envelope: s.tx.env, Original: r.orcpt,
		}
	}
	err := s.s.o.Enqueue(s.s.ctx, out)
	if err != nil {
		s.s.log.Error("smtp message not queued", "id", s.tx.id, "recipients", len(out), "err", err)
	}
	return err
}
