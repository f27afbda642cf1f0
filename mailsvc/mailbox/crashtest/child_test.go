package crashtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"quangtri.gov.vn/vanthu/internal/blob"
	"quangtri.gov.vn/vanthu/mailsvc"
	"quangtri.gov.vn/vanthu/mailsvc/mailbox"
	"quangtri.gov.vn/vanthu/mailsvc/mailbox/bolt"
)

// Environment of a child.
const (
	envDir        = "VANTHU_CRASH_DIR"        // makes the test binary a child
	envGeneration = "VANTHU_CRASH_GENERATION" // which run on the directory, from 0
	envControl    = "VANTHU_CRASH_CONTROL"    // what to do wrong
	envFileLimit  = "VANTHU_CRASH_FILE_LIMIT" // bytes
)

// Things to do wrong.
const (
	controlEarly  = "early"  // answer before the commit
	controlNoSync = "nosync" // never flush
	controlDeaf   = "deaf"   // go on after a failed flush
)

var accounts = []string{"a0@example.vn", "a1@example.vn", "a2@example.vn", "a3@example.vn"}

func TestMain(m *testing.M) {
	if dir := os.Getenv(envDir); dir != "" {
		os.Exit(child(dir))
	}
	os.Exit(m.Run())
}

// stores are the two stores that a mail server stands on.
type stores struct {
	bodies *blob.Store
	mail   *bolt.Store
}

func openStores(dir string, noSync bool, fatal func(error)) (*stores, error) {
	b, err := blob.Open(filepath.Join(dir, "bodies"), blob.Options{Fatal: fatal, NoSync: noSync, PackBelow: 8 << 10, Reserve: -1})
	if err != nil {
		return nil, err
	}
	m, err := bolt.Open(filepath.Join(dir, "mail"), bolt.Options{Shards: 2, Fatal: fatal, NoSync: noSync, MmapSize: 256 << 20})
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return &stores{b, m}, nil
}

func (s *stores) close() error { return errors.Join(s.mail.Close(), s.bodies.Close()) }

// worker is one client of the child.
type worker struct {
	*stores
	r          *rand.Rand
	generation int
	early      bool
	stop       *stopper
}

// stopper ends all workers after the first full disk.
type stopper struct {
	once sync.Once
	c    chan struct{}
}

func (s *stopper) stop() { s.once.Do(func() { close(s.c) }) }

// say writes one line to the parent, with the time: one write, so that it arrives
// whole. What the parent cannot hear must not happen.
func say(format string, args ...any) {
	line := fmt.Sprintf("%d ", monotonic()) + strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", "; ") + "\n"
	if _, err := os.Stdout.WriteString(line); err != nil {
		os.Exit(4)
	}
}

// child works until it is killed, or the disk is full.
func child(dir string) int {
	signal.Ignore(syscall.SIGXFSZ)
	control := os.Getenv(envControl)
	generation, _ := strconv.Atoi(os.Getenv(envGeneration))
	plan, err := faultFromEnvironment(dir)
	if err != nil {
		say("error fault: %v", err)
		return 1
	}
	s, err := openStores(dir, control == controlNoSync, func(err error) {
		if control == controlDeaf {
			return
		}
		say("fatal %v", err)
		os.Exit(3)
	})
	if err != nil {
		say("error open: %v", err)
		return 1
	}
	for _, a := range accounts {
		if err := s.mail.CreateAccount(context.Background(), a, []mailsvc.FolderSpec{{Name: "Lưu"}}); err != nil {
			say("error create: %v", err)
			return 1
		}
	}
	limitFiles(0)
	say("ready")
	if plan != nil {
		return script(s, generation, plan)
	}
	stop := &stopper{c: make(chan struct{})}
	var wait sync.WaitGroup
	for i := range accounts {
		w := &worker{s, rand.New(rand.NewPCG(uint64(generation), uint64(i))), generation, control == controlEarly, stop}
		wait.Go(func() { w.run(accounts[i], i) })
	}
	wait.Wait()
	limitFiles(math.MaxUint64)
	return afterFull(s, generation)
}

func faultFromEnvironment(dir string) (*fault, error) {
	v := os.Getenv(envFault)
	if v == "" {
		return nil, nil
	}
	plan, err := parseFault(v, dir)
	if err != nil {
		return nil, err
	}
	return plan, plan.arm()
}

// script is a run without chance, in which every kind of change occurs: what fails
// in it at the n-th call of a kind fails there every time, or nearly: how many
// bodies of a burst share a flush is not decided here.
func script(s *stores, generation int, plan *fault) int {
	w := &worker{
		stores: s, r: rand.New(rand.NewPCG(1, 1)), generation: generation, stop: &stopper{c: make(chan struct{})},
		early: os.Getenv(envControl) == controlEarly,
	}
	var mine []own
	for i, account := range accounts[:2] {
		for n := range 3 {
			if id, ok := w.append(account, i*10+n*3); ok {
				mine = append(mine, own{id, "INBOX"})
			}
			w.deliver(fmt.Sprintf("s-%d-%d%d", generation, i, n*3))
		}
		w.burst(account, i)
		for k := range mine {
			w.flag(account, mine[k])
			w.move(account, &mine[k])
			w.replace(account, &mine[k], 100+i*10+k)
		}
		if len(mine) > 1 {
			w.expunge(account, mine[0])
		}
		mine = nil
	}
	if generation > 0 { // the senders of the last run try again
		for i := range 6 {
			w.deliver(fmt.Sprintf("s-%d-%d%d", generation-1, i/3, i%3*3))
		}
	}
	worked := plan.count.Load()
	if err := s.close(); err != nil {
		say("error close: %v", err)
		return 1
	}
	say("calls %d %d", plan.count.Load(), worked)
	return 0
}

// limitFiles sets the soft limit of the size of files: to the one of the
// environment, or to the given one if that is not 0.
func limitFiles(to uint64) {
	limit, err := strconv.ParseUint(os.Getenv(envFileLimit), 10, 64)
	if err != nil {
		return
	}
	if to != 0 {
		limit = to
	}
	var r syscall.Rlimit
	_ = syscall.Getrlimit(syscall.RLIMIT_FSIZE, &r)
	r.Cur = min(limit, r.Max)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &r); err != nil {
		say("error limit: %v", err)
	}
}

// afterFullNumber is one that no worker comes to.
const afterFullNumber = -1

// afterFull proves that the stores go on once there is room again: when the
// parent has closed the child's standard input.
func afterFull(s *stores, generation int) int {
	_, _ = io.Copy(io.Discard, os.Stdin)
	w := &worker{stores: s, r: rand.New(rand.NewPCG(uint64(generation), 99)), generation: generation, stop: &stopper{c: make(chan struct{})}}
	if _, ok := w.append(accounts[0], afterFullNumber); !ok {
		say("error no recovery")
		return 1
	}
	if err := s.close(); err != nil {
		say("error close: %v", err)
		return 1
	}
	say("recovered")
	return 0
}

// own is a message that the worker has appended and not expunged.
type own struct {
	id     mailsvc.BlobID
	folder string
}

// run makes random changes of an account that no other worker changes, and
// deliveries that several workers make.
func (w *worker) run(account string, me int) {
	var mine []own
	for n := 0; ; n++ {
		select {
		case <-w.stop.c:
			return
		default:
		}
		switch k := w.r.IntN(11); {
		case n%16 == 15:
			w.burst(account, me*1_000_000+n)
		case k < 4 || len(mine) == 0:
			if id, ok := w.append(account, me*1_000_000+n); ok {
				mine = append(mine, own{id, "INBOX"})
			}
		case k < 7:
			w.deliver(fmt.Sprintf("d-%d-%d", w.generation, n))
			if w.generation > 0 { // the sender of the last run tries again
				w.deliver(fmt.Sprintf("d-%d-%d", w.generation-1, n))
			}
		case k == 7:
			w.flag(account, mine[w.r.IntN(len(mine))])
		case k == 8:
			w.move(account, &mine[w.r.IntN(len(mine))])
		case k == 9:
			w.replace(account, &mine[w.r.IntN(len(mine))], n)
		default:
			i := w.r.IntN(len(mine))
			w.expunge(account, mine[i])
			mine = append(mine[:i], mine[i+1:]...)
		}
	}
}

// failed reports an error; a full disk ends the run.
func (w *worker) failed(err error) bool {
	switch {
	case err == nil:
		return false
	case errors.Is(err, mailsvc.ErrFull):
		say("full")
		w.stop.stop()
	default:
		say("error %v", err)
	}
	return true
}

// text is a body that is made of its tag, so that it can be made again.
func text(tag string, size int) []byte {
	line := "Subject: " + tag + "\r\n"
	return bytes.Repeat([]byte(line), (size+len(line)-1)/len(line))
}

// body stores a body line by line.
func (w *worker) body(tag string, size int) (mailsvc.BlobID, int64, error) {
	out, err := mailbox.Bodies{Store: w.bodies}.Create()
	if err != nil {
		return "", 0, err
	}
	for line := range bytes.Lines(text(tag, size)) {
		if _, err := out.Write(line); err != nil {
			out.Abort()
			return "", 0, err
		}
	}
	return out.Commit()
}

func (w *worker) message(tag string) (mailsvc.NewMessage, error) {
	size := 500 + len(tag)*int(tag[len(tag)-1])*(1+len(tag)%3*10)
	id, n, err := w.body(tag, size)
	return mailsvc.NewMessage{Blob: id, BlobSize: n, Index: []byte(tag), Internal: time.Unix(1_800_000_000, 0)}, err
}

func (w *worker) append(account string, n int) (mailsvc.BlobID, bool) {
	m, err := w.message(fmt.Sprintf("append-%d-%d", w.generation, n))
	if w.failed(err) {
		return "", false
	}
	if w.early {
		say("append %s %s 0 0", account, m.Blob)
	}
	f, err := w.mail.Folder(context.Background(), account, account, "INBOX")
	if w.failed(err) {
		return "", false
	}
	uids, err := w.mail.Append(context.Background(), account, f.ID, []mailsvc.NewMessage{m})
	if w.failed(err) {
		w.aborted(account, m.Blob, err)
		return "", false
	}
	if !w.early {
		say("append %s %s %d %d", account, m.Blob, f.UIDValidity, uids[0])
	}
	return m.Blob, true
}

// burst appends many messages at once, whose bodies are more than one write.
func (w *worker) burst(account string, n int) {
	const messages, size = 40, 6000
	var waits [messages]func() (mailsvc.BlobID, int64, error)
	for i := range waits {
		waits[i] = mailbox.Bodies{Store: w.bodies}.Begin(text(fmt.Sprintf("burst-%d-%d-%d", w.generation, n, i), size))
	}
	msgs := make([]mailsvc.NewMessage, messages)
	var failure error
	for i, wait := range waits {
		id, size, err := wait()
		msgs[i] = mailsvc.NewMessage{Blob: id, BlobSize: size, Index: []byte("burst"), Internal: time.Unix(1_800_000_000, 0)}
		failure = errors.Join(failure, err)
	}
	if w.failed(failure) {
		return
	}
	for i := range msgs {
		if w.early {
			say("append %s %s 0 0", account, msgs[i].Blob)
		}
	}
	f, err := w.mail.Folder(context.Background(), account, account, "INBOX")
	if w.failed(err) {
		return
	}
	uids, err := w.mail.Append(context.Background(), account, f.ID, msgs)
	failed := w.failed(err)
	for i := range msgs {
		switch {
		case failed:
			w.aborted(account, msgs[i].Blob, err)
		case !w.early:
			say("append %s %s %d %d", account, msgs[i].Blob, f.UIDValidity, uids[i])
		}
	}
}

func (w *worker) deliver(id string) {
	m, err := w.message(id)
	if w.failed(err) {
		return
	}
	d := mailsvc.Delivery{ID: id, Message: m}
	for _, a := range accounts {
		d.Targets = append(d.Targets, mailsvc.Target{Account: a, Prefix: []byte("Delivered-To: " + a + "\r\n")})
	}
	for i, err := range w.mail.Deliver(context.Background(), d) {
		if !w.failed(err) {
			say("deliver %s %s", accounts[i], m.Blob)
		} else {
			w.aborted(accounts[i], m.Blob, err)
		}
	}
}

// aborted tells the parent that a message must not be there. Of a change with an
// unknown outcome nothing can be said, nor of one that another may be making.
func (w *worker) aborted(account string, id mailsvc.BlobID, err error) {
	if !errors.Is(err, mailsvc.ErrUnknown) {
		say("aborted %s %s", account, id)
	}
}

// find returns the UID of a message in a folder.
func (w *worker) find(account string, o own) (mailsvc.FolderID, []mailsvc.Range, bool) {
	f, err := w.mail.Folder(context.Background(), account, account, o.folder)
	if w.failed(err) {
		return 0, nil, false
	}
	var at mailsvc.UID
	err = w.mail.Messages(context.Background(), account, account, f.ID, []mailsvc.Range{{From: 1}}, false, func(m *mailsvc.Message) bool {
		if m.Blob == o.id {
			at = m.UID
		}
		return at == 0
	})
	if w.failed(err) {
		return 0, nil, false
	}
	if at == 0 {
		say("error %s is not in %s %q", o.id, account, o.folder)
		return 0, nil, false
	}
	return f.ID, []mailsvc.Range{{From: at, To: at}}, true
}

// replace puts another message in the place of one that the worker has.
func (w *worker) replace(account string, o *own, n int) {
	folder, at, ok := w.find(account, *o)
	if !ok {
		return
	}
	m, err := w.message(fmt.Sprintf("replace-%d-%d", w.generation, n))
	if w.failed(err) {
		return
	}
	what := fmt.Sprintf("%s %s %s", account, o.id, m.Blob)
	say("begin-replace %s", what)
	f, err := w.mail.Folder(context.Background(), account, account, "INBOX")
	if w.failed(err) {
		return
	}
	uid, err := w.mail.Replace(context.Background(), account, folder, at[0].From, f.ID, m)
	switch {
	case err == nil:
		say("replaced %s %d %d", what, f.UIDValidity, uid)
		*o = own{m.Blob, "INBOX"}
	case w.failed(err) && !errors.Is(err, mailsvc.ErrUnknown):
		say("not-replaced %s", what)
	}
}

func (w *worker) flag(account string, o own) {
	folder, at, ok := w.find(account, o)
	if !ok {
		return
	}
	_, _, err := w.mail.SetFlags(context.Background(), account, account, folder, at, mailsvc.FlagChange{Flags: []string{`\Flagged`}})
	if !w.failed(err) {
		say("flag %s %s", account, o.id)
	}
}

func (w *worker) move(account string, o *own) {
	folder, at, ok := w.find(account, *o)
	if !ok {
		return
	}
	to := "Lưu"
	if o.folder == to {
		to = "INBOX"
	}
	target, err := w.mail.Folder(context.Background(), account, account, to)
	if w.failed(err) {
		return
	}
	_, _, err = w.mail.Move(context.Background(), account, account, folder, at, account, target.ID)
	if !w.failed(err) {
		o.folder = to
	}
}

func (w *worker) expunge(account string, o own) {
	folder, at, ok := w.find(account, o)
	if !ok {
		return
	}
	say("begin-expunge %s %s", account, o.id)
	_, _, err := w.mail.SetFlags(context.Background(), account, account, folder, at, mailsvc.FlagChange{Flags: []string{`\Deleted`}})
	if w.failed(err) {
		return
	}
	_, err = w.mail.Expunge(context.Background(), account, folder, at)
	if !w.failed(err) {
		say("expunged %s %s", account, o.id)
	}
}
