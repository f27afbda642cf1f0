package migrate

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"

	"quangtri.gov.vn/vanthu/mailsvc"
)

const (
	// maxMessages bounds what is looked at in one folder.
	maxMessages = 1 << 20
	// window is how many messages' flags and dates are asked for at once.
	window = 1000
	// maxKeywords bounds what is kept of one message's keywords.
	maxKeywords = 100
)

// item is a message of the old server.
type item struct {
	uid   uint32
	size  int64 // as the server says
	unix  int64 // INTERNALDATE
	zone  int32 // seconds east of UTC
	flags uint32
}

func (it item) date() time.Time { return time.Unix(it.unix, 0).In(time.FixedZone("", int(it.zone))) }

// copier copies one folder, over as many connections as it takes.
type copier struct {
	run    *run
	old    *oldFolder
	at, of int
	report Folder

	journal  *journal
	validity uint32
	todo     []item           // by UID
	odd      []item           // asked for and not brought, though nothing broke
	broke    map[uint32]int   // how often a message came when the connection broke
	careful  bool             // the next message goes alone: it may be the one that breaks
	folder   mailsvc.FolderID // here
}

// work copies the folder. A failure of this folder alone is only noted.
func (c *copier) work() error {
	r := c.run
	err := r.online(c.pass)
	if c.journal != nil {
		c.journal.settle()
		c.remember()
		c.journal.close()
	}
	if isEnd(err, folderOnly) && r.ctx.Err() == nil {
		c.report.Error = err.Error()
		err = nil
	}
	if err == nil {
		r.moved()
	}
	return err
}

// remember keeps the bodies of this folder for one that shows all.
func (c *copier) remember() {
	if c.run.elsewhere == nil {
		return
	}
	for i := range c.journal.entries {
		c.run.elsewhere[c.journal.entries[i].body] = true
	}
}

// pass is the copying over one connection.
func (c *copier) pass() error {
	r := c.run
	data, err := c.examine()
	if err != nil {
		return err
	}
	if c.journal == nil || c.validity != data.UIDValidity {
		if err := c.begin(data); err != nil {
			return err
		}
	}
	if r.o.DryRun {
		return nil
	}
	return c.copy()
}

func (c *copier) examine() (*imap.SelectData, error) {
	var data *imap.SelectData
	err := c.run.s.await(func() (err error) {
		data, err = c.run.s.Select(c.old.wire, &imap.SelectOptions{ReadOnly: true}).Wait()
		return err
	})
	if err != nil {
		return nil, c.run.s.said("máy chủ cũ không mở được thư mục này", err)
	}
	return data, nil
}

// begin finds out what there is to do.
func (c *copier) begin(data *imap.SelectData) error {
	r := c.run
	if c.journal != nil {
		c.journal.close()
		c.journal = nil
	}
	c.validity, c.broke, c.todo, c.odd = data.UIDValidity, make(map[uint32]int), nil, nil
	c.report = Folder{From: c.report.From, To: c.report.To}
	here, err := c.target()
	if err != nil {
		return err
	}
	c.folder = here.ID
	c.journal, err = openJournal(journalPath(r.o.Dir, r.job, c.old.shown), validity{data.UIDValidity, here.UIDValidity}, r.o.DryRun)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	found, err := c.survey(data.NumMessages)
	if err != nil {
		c.journal.close()
		c.journal = nil // the next connection begins anew
		return err
	}
	c.report.Messages = len(found)
	changed := c.plan(found)
	if r.o.DryRun {
		return nil
	}
	return c.carry(changed)
}

// target finds or makes the folder here. Of one that is made the subscription of
// the old server is kept. In a dry run a folder that is missing is the zero one.
func (c *copier) target() (mailsvc.Folder, error) {
	r, account := c.run, c.run.job.Account
	f, err := r.o.Store.Folder(r.ctx, account, account, c.old.to)
	if !errors.Is(err, mailsvc.ErrNotFound) {
		return f, err
	}
	if r.o.DryRun {
		return mailsvc.Folder{}, nil
	}
	f, err = r.o.Store.CreateFolder(r.ctx, account, c.old.to, c.old.role)
	if ofMessage(err) {
		return f, inFolder("không lập được thư mục "+c.old.to+" ở đây", err)
	}
	if err == nil && !c.old.subscribed {
		err = r.o.Store.Subscribe(r.ctx, account, c.old.to, false)
	}
	return f, err
}

// survey asks for UID, flags, date and size of every message.
func (c *copier) survey(exists uint32) ([]item, error) {
	if exists > maxMessages {
		return nil, inFolder(fmt.Sprintf("thư mục có %d thư, nhiều hơn mức xử lý được (%d)", exists, maxMessages), nil)
	}
	var found []item
	for from := uint32(1); from <= exists; from += window {
		set := imap.SeqSet{{Start: from, Stop: min(from+window-1, exists)}}
		err := c.run.s.await(func() error {
			cmd := c.run.s.Fetch(set, &imap.FetchOptions{UID: true, Flags: true, InternalDate: true, RFC822Size: true})
			for m := cmd.Next(); m != nil; m = cmd.Next() {
				if b, err := m.Collect(); err == nil && b.UID != 0 {
					found = append(found, c.item(uint32(b.UID), b.RFC822Size, b.InternalDate, b.Flags))
				}
			}
			return cmd.Close()
		})
		if err != nil {
			return nil, c.run.s.said("máy chủ cũ không liệt kê được thư", err)
		}
		c.tell(0, int(exists))
	}
	byUID := func(a, b item) int { return cmp.Compare(a.uid, b.uid) }
	slices.SortStableFunc(found, byUID)
	return slices.CompactFunc(found, func(a, b item) bool { return a.uid == b.uid }), nil
}

func (c *copier) item(uid uint32, size int64, when time.Time, flags []imap.Flag) item {
	_, zone := when.Zone()
	return item{uid, size, when.Unix(), int32(zone), c.journal.flags.number(flagSet(flags))}
}

// flagSet is a set of flags in one form: sorted, one blank between. \Recent is not
// a flag that can be kept.
func flagSet(flags []imap.Flag) string {
	var words []string
	for _, f := range flags {
		w := string(f)
		if strings.EqualFold(w, `\Recent`) || strings.HasPrefix(w, `\`) && !isSystem(w) || len(w) > 100 {
			continue
		}
		if len(words) < maxKeywords {
			words = append(words, w)
		}
	}
	slices.Sort(words)
	return strings.Join(slices.Compact(words), " ")
}

func isSystem(flag string) bool {
	switch imap.Flag(flag) {
	case imap.FlagSeen, imap.FlagAnswered, imap.FlagFlagged, imap.FlagDeleted, imap.FlagDraft:
		return true
	}
	return false
}

// plan sorts the messages: those that are here, and among them those whose flags
// changed since, and those to be copied.
func (c *copier) plan(found []item) (changed []item) {
	for _, it := range found {
		e := c.journal.find(it.uid)
		switch {
		case e == nil:
			c.todo = append(c.todo, it)
			c.report.New++
			if c.run.o.DryRun {
				c.report.Bytes += it.size
			}
		case e.flags != it.flags:
			changed = append(changed, it)
			c.report.Present++
		default:
			c.report.Present++
		}
	}
	return changed
}

func (c *copier) tell(done, total int) {
	c.run.tell(Progress{Account: c.run.job.Account, Folder: c.old.shown, At: c.at, Of: c.of, Done: done, Total: total})
}
