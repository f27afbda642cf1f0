package migrate

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// Options say where to and how.
type Options struct {
	Store      mailsvc.Store
	Blobs      mailsvc.Blobs
	Identities mailsvc.Identities
	// Dir holds the journals; it is made when needed.
	Dir string
	// MaxMessage bounds a message, bytes.
	MaxMessage int64
	// Reserved is a name that the account may not use for a top folder of its own;
	// an old folder of this name gets another one. Optional.
	Reserved string
	// DryRun looks and counts, and changes nothing.
	DryRun bool
	// Progress is told now and then how far the copying is. Optional.
	Progress func(Progress)
	// Patience is how long the old server may be silent; 0 means a minute.
	Patience time.Duration
	// Retry is the wait before a broken connection is opened again, doubled each
	// time; 0 means two seconds.
	Retry time.Duration
	// Dial opens connections; nil means a net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// maxTries bounds the connections that bring nothing, one after the other.
const maxTries = 6

// maxGivenUp bounds the messages given up one after the other for breaking the
// connection.
const maxGivenUp = 20

func (o *Options) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if o.Dial != nil {
		return o.Dial(ctx, network, address)
	}
	d := net.Dialer{Timeout: o.Patience}
	return d.DialContext(ctx, network, address)
}

// Run copies one mailbox and says what became of it. It may be called for several
// mailboxes at once, but not for the same account: then messages that two runs
// find at the same time are still stored once, but one of the runs may count them.
func Run(ctx context.Context, j Job, o Options) Report {
	if o.Patience == 0 {
		o.Patience = time.Minute
	}
	if o.Retry == 0 {
		o.Retry = 2 * time.Second
	}
	r := &run{ctx: ctx, job: j, o: &o, report: Report{User: j.User, Account: j.Account, Dry: o.DryRun, Folders: []Folder{}, Refusals: []Refusal{}}}
	err := r.all()
	if r.s != nil {
		r.s.close()
	}
	r.report.Error = r.explain(err)
	return r.report
}

// run is the copying of one mailbox.
type run struct {
	ctx    context.Context
	job    Job
	o      *Options
	s      *session // nil when there is no connection
	tries  int      // connections in a row that brought nothing
	given  int      // messages in a row that were given up for breaking the connection
	limit  int64    // bytes that the account may hold, 0 for no limit
	report Report
	// elsewhere are the bodies of all folders, kept only if a folder of the old
	// server shows them all once more.
	elsewhere map[hash]bool
}

// explain is what an error means to the operator.
func (r *run) explain(err error) string {
	var f *Failure
	switch {
	case err == nil:
		return ""
	case r.ctx.Err() != nil:
		return "đã dừng giữa chừng; chạy lại lệnh này để chép tiếp"
	case errors.As(err, &f):
		return f.Error()
	case errors.Is(err, mailsvc.ErrFull):
		return "ổ đĩa của máy chủ này đã đầy; hãy giải phóng chỗ trống rồi chạy lại"
	}
	return fmt.Sprintf("lỗi ở máy chủ này: %v", err)
}

func (r *run) all() error {
	account, err := r.o.Identities.Account(r.job.Account)
	if err != nil {
		return lasting("không có tài khoản "+r.job.Account+" ở đây; hãy lập trước bằng: vanthu account add "+r.job.Account, nil)
	}
	r.job.Account, r.report.Account, r.limit = account.Address, account.Address, account.Quota
	here, err := r.o.Store.Folders(r.ctx, account.Address, account.Address)
	if err != nil {
		return err
	}
	var old []*oldFolder
	err = r.online(func() (err error) {
		old, r.report.Skipped, err = r.s.folders()
		return err
	})
	if err != nil {
		return err
	}
	assign(old, here, r.o.Reserved)
	return r.folders(old)
}

func (r *run) folders(old []*oldFolder) error {
	var real []*oldFolder
	for _, f := range old {
		if f.selectable {
			real = append(real, f)
		}
		if f.all {
			r.elsewhere = make(map[hash]bool)
		}
	}
	for i, f := range real {
		c := &copier{run: r, old: f, at: i + 1, of: len(real), report: Folder{From: f.shown, To: f.to}}
		err := c.work()
		r.report.Folders = append(r.report.Folders, c.report)
		if err != nil {
			return err
		}
	}
	return nil
}

// online calls f with a connection, and again with a new one as long as that
// helps: a broken connection is a matter of course on the way of a large mailbox.
func (r *run) online(f func() error) error {
	for {
		err := r.connect()
		if err == nil {
			err = f()
		}
		if err == nil || !isPassing(err) || r.ctx.Err() != nil {
			return err
		}
		r.disconnect()
		if r.tries++; r.tries >= maxTries {
			return err
		}
		if err := r.pause(err); err != nil {
			return err
		}
	}
}

func (r *run) connect() (err error) {
	if r.s == nil {
		r.s, err = dial(r.ctx, r.job, r.o)
	}
	return err
}

func (r *run) disconnect() {
	if r.s != nil {
		r.s.close()
		r.s = nil
	}
}

// pause waits before the next connection.
func (r *run) pause(why error) error {
	wait := r.o.Retry << (r.tries - 1)
	r.tell(Progress{Account: r.job.Account, Note: fmt.Sprintf("%v; thử lại sau %v", why, wait)})
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-r.ctx.Done():
		return r.ctx.Err()
	case <-t.C:
		return nil
	}
}

// moved notes that the connection brought something.
func (r *run) moved() { r.tries, r.given = 0, 0 }

func (r *run) tell(p Progress) {
	if r.o.Progress != nil {
		p.Copied, p.Bytes = r.report.Copied()
		r.o.Progress(p)
	}
}
