package migrate

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"quangtri.gov.vn/vanthu/internal/crashpoint"
	"quangtri.gov.vn/vanthu/mailsvc"
	"quangtri.gov.vn/vanthu/mailsvc/mime"
)

const (
	// batchMessages and batchBytes bound what is asked for in one command; a
	// message that is larger goes alone.
	batchMessages = 100
	batchBytes    = 8 << 20
	// flights is how many commands are on the way at once, so that the line is not
	// idle while a batch is put on disk.
	flights = 2
	// patienceWithOne is how often a message may be there when the connection breaks.
	patienceWithOne = 3
)

// AfterAppend is the crash point between the store and the journal.
const AfterAppend = "migrate.after-append"

var wholeBody = &imap.FetchItemBodySection{Peek: true}

// arrival is a message that came, or why it did not.
type arrival struct {
	item
	came    bool // the server answered for it
	message mailsvc.NewMessage
	why     string // a Why value, "" if the message is good
	text    string
	err     error // a failure of our own store
}

// flight is one command and its answer.
type flight struct {
	arrivals []*arrival // by UID
	err      error      // of the command
	done     chan struct{}
}

// copy brings what is to be copied over one connection.
func (c *copier) copy() error {
	c.tooLarge()
	for len(c.todo) > 0 {
		most := batchMessages
		if c.careful {
			most = 1
		}
		if err := c.stretch(most); err != nil {
			return err
		}
	}
	for len(c.odd) > 0 {
		err := c.alone(c.odd[0])
		if isPassing(err) && c.giveUp(c.odd[0], err) || err == nil {
			c.odd = c.odd[1:]
		}
		if err != nil {
			return err
		}
	}
	c.tell(c.report.Messages, c.report.Messages)
	return nil
}

// tooLarge refuses what the server says is larger than we take.
func (c *copier) tooLarge() {
	limit := c.run.o.MaxMessage
	c.todo = slices.DeleteFunc(c.todo, func(it item) bool {
		if it.size > limit {
			c.run.report.refuse(&c.report, it, WhyTooLarge, tooLargeText(it.size, limit))
		}
		return it.size > limit
	})
}

func tooLargeText(is, limit int64) string {
	return fmt.Sprintf("thư lớn %s, hơn mức máy chủ này nhận (%s)", size(is), size(limit))
}

// stretch brings messages in batches until all are here, or, if most is 1, one.
func (c *copier) stretch(most int) error {
	var flying []*flight
	var back []item // what did not come
	var failed error
	next := 0
	for {
		for failed == nil && len(flying) < flights && next < len(c.todo) && (most > 1 || next == 0) {
			n := batch(c.todo[next:], most)
			flying = append(flying, c.send(c.todo[next:next+n]))
			next += n
		}
		if len(flying) == 0 {
			break
		}
		f := flying[0]
		flying = flying[1:]
		<-f.done
		left, err := c.land(f)
		switch {
		case err != nil && failed == nil:
			failed = err
			c.run.s.Close() // the other commands end
			fallthrough
		case failed != nil:
			back = append(back, left...)
		default:
			c.odd = append(c.odd, left...)
		}
	}
	c.todo = append(back, c.todo[next:]...)
	c.careful = false
	if isPassing(failed) {
		c.suspect(failed)
	}
	return failed
}

// batch returns how many of the messages to ask for at once.
func batch(items []item, most int) int {
	n, sum := 0, int64(0)
	for n < len(items) && n < most && (n == 0 || sum+items[n].size <= batchBytes) {
		sum += items[n].size
		n++
	}
	return n
}

// suspect notes that the connection broke when the first message left was on its
// way.
func (c *copier) suspect(err error) {
	if len(c.todo) == 0 {
		return
	}
	c.careful = true
	if c.giveUp(c.todo[0], err) {
		c.todo = c.todo[1:]
	}
}

// giveUp reports whether a message that came when the connection broke is given
// up: when it has done so again and again.
func (c *copier) giveUp(it item, err error) bool {
	r := c.run
	c.broke[it.uid]++
	switch {
	case errors.Is(err, errLiteral) && c.broke[it.uid] > 1: // it was alone: no other can be meant
		r.report.refuse(&c.report, it, WhyTooLarge, "máy chủ cũ đưa thư lớn hơn nhiều so với mức máy chủ này nhận ("+size(r.o.MaxMessage)+")")
	case c.broke[it.uid] >= patienceWithOne:
		r.report.refuse(&c.report, it, WhyBroken, fmt.Sprintf("máy chủ cũ ngắt kết nối %d lần khi đọc thư này", c.broke[it.uid]))
	default:
		return false
	}
	if r.given++; r.given < maxGivenUp { // else the server, not the message, is at fault
		r.tries = 0
	}
	return true
}

// send asks for bodies; the answer is read at once, whatever becomes of others.
func (c *copier) send(items []item) *flight {
	f := &flight{done: make(chan struct{})}
	var set imap.UIDSet
	for _, it := range items {
		set.AddNum(imap.UID(it.uid))
		f.arrivals = append(f.arrivals, &arrival{item: it})
	}
	s := c.run.s
	s.w.begin()
	cmd := s.Fetch(set, &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{wholeBody}})
	go func() {
		defer close(f.done)
		defer s.w.done()
		var commits sync.WaitGroup
		defer commits.Wait()
		for m := cmd.Next(); m != nil; m = cmd.Next() {
			c.take(m, f, &commits)
		}
		f.err = cmd.Close()
	}()
	return f
}

// take reads one answer.
func (c *copier) take(m *imapclient.FetchMessageData, f *flight, commits *sync.WaitGroup) {
	var uid uint32
	for part := m.Next(); part != nil; part = m.Next() {
		switch part := part.(type) {
		case imapclient.FetchItemDataUID:
			uid = uint32(part.UID)
		case imapclient.FetchItemDataBodySection:
			if a := f.find(uid); a != nil && !a.came {
				c.receive(a, part.Literal, commits)
			}
		}
	}
}

func (f *flight) find(uid uint32) *arrival {
	if uid == 0 && len(f.arrivals) == 1 { // asked for by its number
		return f.arrivals[0]
	}
	i := slices.IndexFunc(f.arrivals, func(a *arrival) bool { return a.uid == uid })
	if i < 0 {
		return nil
	}
	return f.arrivals[i]
}

// receive takes a body. One that breaks off has not come.
func (c *copier) receive(a *arrival, body imap.LiteralReader, commits *sync.WaitGroup) {
	limit := c.run.o.MaxMessage
	switch {
	case body == nil || body.Size() == 0:
		a.came, a.why, a.text = true, WhyNoBody, "máy chủ cũ không đưa nội dung của thư này"
		return
	case body.Size() > limit:
		a.came, a.why, a.text = true, WhyTooLarge, tooLargeText(body.Size(), limit)
		return
	}
	whole := &exactly{r: body, left: body.Size()}
	pending, err := mime.Receive(c.run.o.Blobs, whole, -1)
	if whole.err != nil {
		return
	}
	a.came, a.err = true, err
	if err == nil {
		commits.Go(func() { a.message, a.err = commit(pending) })
	}
}

// exactly reads a literal. go-imap ends it in the same way whether it is complete
// or the connection broke, so the bytes are counted.
type exactly struct {
	r    io.Reader
	left int64
	err  error
}

func (e *exactly) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	e.left -= int64(n)
	switch {
	case errors.Is(err, io.EOF) && e.left > 0:
		err, e.err = io.ErrUnexpectedEOF, io.ErrUnexpectedEOF
	case err != nil && !errors.Is(err, io.EOF):
		e.err = err
	}
	return n, err
}

// commit turns a panic into an error: the process serves others.
func commit(p *mime.Pending) (m mailsvc.NewMessage, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("commit message: panic: %v", v)
		}
	}()
	return p.Commit()
}

// land stores what came and returns what did not. An error that is passing is the
// connection's.
func (c *copier) land(f *flight) (left []item, err error) {
	var good []*arrival
	for _, a := range f.arrivals {
		switch {
		case a.err != nil:
			err = a.err
			left = append(left, a.item)
		case !a.came:
			left = append(left, a.item)
		case a.why != "":
			c.run.report.refuse(&c.report, a.item, a.why, a.text)
		default:
			good = append(good, a)
		}
	}
	if serr := c.store(good); serr != nil {
		return left, serr
	}
	if len(left) < len(f.arrivals) {
		c.run.moved()
		c.tell(c.report.Present+c.report.Copied+c.report.Refused, c.report.Messages)
	}
	var refused *imap.Error
	if err == nil && f.err != nil && !errors.As(f.err, &refused) {
		err = passing("máy chủ cũ ngắt kết nối", errors.Join(c.run.s.w.failure(), f.err))
	}
	return left, err
}

// store puts messages into the folder and the journal, in order.
func (c *copier) store(good []*arrival) error {
	if len(good) == 0 {
		return nil
	}
	fresh := make(map[hash]uint16)
	msgs := make([]mailsvc.NewMessage, 0, len(good))
	var those []*arrival
	var lines []string
	for _, a := range good {
		body := bodyHash(a.message.Blob)
		if c.old.all && c.run.elsewhere[body] {
			lines = append(lines, c.note(a, body))
			c.report.Present++
			continue
		}
		a.message.ID = c.id(body, c.journal.next(body)+fresh[body])
		fresh[body]++
		a.message.Flags = strings.Fields(c.flags(a))
		a.message.Internal = c.internal(a)
		msgs = append(msgs, a.message)
		those = append(those, a)
	}
	kept, err := c.append(msgs, those)
	crashpoint.Here(AfterAppend)
	for _, a := range kept {
		lines = append(lines, c.note(a, bodyHash(a.message.Blob)))
	}
	return errors.Join(err, c.journal.add(lines...))
}

// note remembers a message and returns its line for the journal.
func (c *copier) note(a *arrival, body hash) string {
	c.journal.note(a.uid, body, c.flags(a))
	return line("message", a.uid, hex.EncodeToString(body[:])+" "+c.flags(a))
}

func line(kind string, uid uint32, rest string) string {
	return strings.TrimRight(kind+" "+strconv.FormatUint(uint64(uid), 10)+" "+rest, " ")
}

func (c *copier) flags(a *arrival) string { return c.journal.flags.sets[a.item.flags] }

// id names a message for ever: see the package's promises.
func (c *copier) id(body hash, nth uint16) string {
	return fmt.Sprintf("migrate %s %x %d", c.old.shown, body, nth)
}

// internal is the date of the old server, or that of the message if the server
// has none that can be.
func (c *copier) internal(a *arrival) time.Time {
	if t := a.date(); !t.Equal(noDate) {
		return t
	}
	t := mime.Stored(a.message.Index).Date().Time()
	if t.Year() < 1970 || t.After(time.Now().Add(24*time.Hour)) {
		return time.Time{} // the store takes the present
	}
	return t
}

// append stores messages and returns those that are here now.
func (c *copier) append(msgs []mailsvc.NewMessage, of []*arrival) (kept []*arrival, err error) {
	if len(msgs) == 0 {
		return nil, nil
	}
	r := c.run
	fits, err := c.fits(msgs)
	if err != nil {
		return nil, err
	}
	if fits {
		uids, err := r.o.Store.Append(r.ctx, r.job.Account, c.folder, msgs)
		if err == nil {
			c.count(msgs, uids)
			return of, nil
		}
		if !ofMessage(err) {
			return nil, err
		}
	}
	for i := range msgs {
		if fits, err := c.fits(msgs[i : i+1]); err != nil {
			return kept, err
		} else if !fits {
			return kept, c.full()
		}
		uids, err := c.appendOne(&msgs[i])
		switch {
		case err == nil:
			c.count(msgs[i:i+1], uids)
			kept = append(kept, of[i])
		case errors.Is(err, mailsvc.ErrOverQuota): // others brought mail meanwhile
			return kept, c.full()
		case ofMessage(err):
			r.report.refuse(&c.report, of[i].item, WhyStore, fmt.Sprintf("máy chủ này không cất được thư: %v", err))
		default:
			return kept, err
		}
	}
	return kept, nil
}

// appendOne stores a message, without keywords if it is those that do not go.
func (c *copier) appendOne(m *mailsvc.NewMessage) ([]mailsvc.UID, error) {
	r := c.run
	uids, err := r.o.Store.Append(r.ctx, r.job.Account, c.folder, []mailsvc.NewMessage{*m})
	if err == nil || !ofMessage(err) {
		return uids, err
	}
	plain := *m
	plain.Flags = slices.DeleteFunc(slices.Clone(m.Flags), func(f string) bool { return !isSystem(f) })
	return r.o.Store.Append(r.ctx, r.job.Account, c.folder, []mailsvc.NewMessage{plain})
}

// ofMessage reports whether an error speaks of the messages and not of the store.
func ofMessage(err error) bool {
	return errors.Is(err, mailsvc.ErrTooLarge) || errors.Is(err, mailsvc.ErrTooMany) || errors.Is(err, mailsvc.ErrInvalid) || errors.Is(err, mailsvc.ErrOverQuota)
}

func (c *copier) count(msgs []mailsvc.NewMessage, uids []mailsvc.UID) {
	for i, uid := range uids {
		if uid == 0 {
			c.report.Present++
			continue
		}
		c.report.Copied++
		c.report.Bytes += msgs[i].BlobSize
	}
}

// fits reports whether the account may hold the messages too.
func (c *copier) fits(msgs []mailsvc.NewMessage) (bool, error) {
	r := c.run
	if r.limit <= 0 {
		return true, nil
	}
	used, err := r.o.Store.Usage(r.ctx, r.job.Account)
	for i := range msgs {
		used += msgs[i].BlobSize
	}
	return used <= r.limit, err
}

func (c *copier) full() error {
	left := c.report.Messages - c.report.Present - c.report.Copied - c.report.Refused
	return lasting(fmt.Sprintf("hộp thư đã đầy (hạn mức %s), còn %d thư của thư mục này và các thư mục sau chưa chép; hãy nâng hạn mức rồi chạy lại", size(c.run.limit), left), nil)
}

// alone asks once more for a message that did not come though the command went
// well: by UID, then, for servers that send a body before its UID, by number. One
// that is no longer there has been deleted meanwhile.
func (c *copier) alone(it item) error {
	if done, err := c.ask(it, imap.UIDSetNum(imap.UID(it.uid))); done || err != nil {
		return err
	}
	s := c.run.s
	var seq uint32
	err := s.await(func() error {
		cmd := s.Fetch(imap.UIDSetNum(imap.UID(it.uid)), &imap.FetchOptions{UID: true})
		for m := cmd.Next(); m != nil; m = cmd.Next() {
			seq = m.SeqNum
		}
		return cmd.Close()
	})
	var refused *imap.Error
	switch {
	case errors.As(err, &refused):
	case err != nil:
		return s.said("đọc thư", err)
	case seq == 0:
		c.report.Messages--
		return nil
	default:
		if done, err := c.ask(it, imap.SeqSetNum(seq)); done || err != nil {
			return err
		}
	}
	c.run.report.refuse(&c.report, it, WhyNoBody, "máy chủ cũ không đưa được thư này")
	return nil
}

// ask brings one message; done is false if it did not come.
func (c *copier) ask(it item, set imap.NumSet) (done bool, err error) {
	f := &flight{arrivals: []*arrival{{item: it}}}
	s := c.run.s
	_ = s.await(func() error {
		var commits sync.WaitGroup
		defer commits.Wait()
		cmd := s.Fetch(set, &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{wholeBody}})
		for m := cmd.Next(); m != nil; m = cmd.Next() {
			c.take(m, f, &commits)
		}
		f.err = cmd.Close()
		return nil
	})
	left, err := c.land(f)
	return len(left) == 0, err
}
