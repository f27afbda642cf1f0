package crashtest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"quangtri.gov.vn/vanthu/internal/blob"
	"quangtri.gov.vn/vanthu/internal/crashpoint"
	"quangtri.gov.vn/vanthu/internal/groupcommit"
	"quangtri.gov.vn/vanthu/mailsvc/mailbox/bolt"
)

// cyclesPerStore bounds how large a store grows: verifying it takes longer each time.
const cyclesPerStore = 20

func cycles(short int) int {
	if n, err := strconv.Atoi(os.Getenv("VANTHU_CRASH_CYCLES")); err == nil {
		return n
	}
	return short
}

// process is a running child.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines chan string // closed at its end
	died  atomic.Int64
}

// dies notes that from now on the child's answers are worth nothing: the power is
// about to be cut, which it may survive for a moment. That matters, because ext4
// tells some who wait for a flush at that moment that it is done.
func (p *process) dies() { p.died.Store(monotonic()) }

// heard returns a line without its time, and whether it counts: what the child
// began to do always does.
func (p *process) heard(line string) (string, bool) {
	at, line, _ := strings.Cut(line, " ")
	ns, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return at + " " + line, true // not by say: wrong, and seen to be
	}
	died := p.died.Load()
	return line, died == 0 || ns <= died || strings.HasPrefix(line, "begin-")
}

// monotonic is a clock that parent and child share, in nanoseconds.
func monotonic() int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		panic(err)
	}
	return ts.Nano()
}

func spawn(t *testing.T, dir string, generation int, env ...string) *process {
	t.Helper()
	p := prepare(t, exec.Command(os.Args[0]), dir, generation, env...)
	p.start()
	return p
}

// prepare makes a child of a command that runs this binary.
func prepare(t *testing.T, cmd *exec.Cmd, dir string, generation int, env ...string) *process {
	p := &process{t: t, cmd: cmd, lines: make(chan string, 1024)}
	p.cmd.Env = append(os.Environ(), envDir+"="+dir, envGeneration+"="+strconv.Itoa(generation))
	p.cmd.Env = append(p.cmd.Env, env...)
	p.cmd.Stderr = os.Stderr
	return p
}

func (p *process) start() {
	p.t.Helper()
	out, err := p.cmd.StdoutPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		p.t.Fatal(err)
	}
	go func() {
		defer close(p.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			if line, ok := p.heard(s.Text()); ok {
				p.lines <- line
			}
		}
	}()
}

// takeUntil notes the child's answers until the moment that kill says, calls
// it once, and goes on to the child's end.
func (p *process) takeUntil(l *ledger, moment <-chan time.Time, kill func()) {
	p.t.Helper()
	for moment != nil || p.lines != nil {
		select {
		case line, ok := <-p.lines:
			if !ok {
				_ = p.cmd.Wait()
				return
			}
			if err := l.note(line); err != nil {
				p.t.Error(err)
			}
		case <-moment:
			kill()
			moment = nil
		}
	}
}

func (p *process) kill() { _ = p.cmd.Process.Kill() }

// awaitReady notes nothing and returns when the child has begun to work.
func (p *process) awaitReady() {
	p.t.Helper()
	if line, ok := <-p.lines; !ok || line != "ready" {
		p.kill()
		p.t.Fatalf("child did not start: %q", line)
	}
}

// check opens the stores as a restarted server would and compares.
func check(t *testing.T, dir string, l *ledger) []error {
	t.Helper()
	s, err := openStores(dir, false, func(err error) { t.Errorf("fatal: %v", err) })
	if err != nil {
		return []error{err}
	}
	errs := l.verify(s)
	if err := s.close(); err != nil {
		errs = append(errs, err)
	}
	return errs
}

// lose takes the shards away that a crash has left, if the store was ready, and puts
// in their place what their history and journal lead to.
func lose(t *testing.T, dir string) []error {
	t.Helper()
	mail := filepath.Join(dir, "mail")
	n, err := bolt.Shards(mail)
	if err != nil {
		return []error{err}
	}
	for i := range n {
		path := filepath.Join(mail, fmt.Sprintf("shard-%03d.db", i))
		tmp := path + ".again"
		err := groupcommit.Rebuild(context.Background(), path, tmp)
		if err == nil {
			err = errors.Join(os.Rename(tmp, path), groupcommit.RemoveJournal(path), os.Remove(groupcommit.HistoryPath(path)))
		}
		if err != nil {
			return []error{fmt.Errorf("history: %w", err)}
		}
	}
	if err := os.Remove(filepath.Join(mail, bolt.RunningName)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return []error{err} // as after a repair, the files stand for themselves
	}
	d, err := os.Open(mail) // the next cut must not bring the old files back
	if err != nil {
		return []error{err}
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return []error{err}
	}
	return nil
}

func report(t *testing.T, errs []error) {
	t.Helper()
	for i, err := range errs {
		if i == 20 {
			t.Errorf("and %d more", len(errs)-i)
			return
		}
		t.Error(err)
	}
}

// killCycles kills children at random moments, and loses the shards too after every
// other, until something is wrong.
func killCycles(t *testing.T, seed uint64, n int, env ...string) (errs []error, acks int) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	var l *ledger
	var dir string
	for i := range n {
		if i%cyclesPerStore == 0 {
			if l != nil {
				acks += l.acks
			}
			l, dir = newLedger(), t.TempDir()
		}
		p := spawn(t, dir, i%cyclesPerStore, env...)
		p.awaitReady()
		p.takeUntil(l, time.After(time.Duration(r.IntN(60))*time.Millisecond), p.kill)
		if i%2 == 1 {
			if errs := lose(t, dir); len(errs) > 0 {
				return errs, acks + l.acks
			}
		}
		if errs := check(t, dir, l); len(errs) > 0 {
			return errs, acks + l.acks
		}
	}
	return nil, acks + l.acks
}

func TestKill(t *testing.T) {
	t.Parallel()
	errs, acks := killCycles(t, 1, cycles(8))
	report(t, errs)
	if acks == 0 {
		t.Error("no child did anything")
	}
	t.Logf("%d acknowledgements", acks)
}

// TestKillControl: a server that answers before the commit must be caught. It is
// killed just before one: what a kill loses is what was not written yet, and on a
// busy machine nearly all of a commit's time goes by after the writing.
func TestKillControl(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(2, 1))
	dir, l := t.TempDir(), newLedger()
	for i := range 10 {
		arm := fmt.Sprintf("%s=%s:%d", crashpoint.Variable, groupcommit.BeforeCommit, 20+r.IntN(30))
		p := spawn(t, dir, i, envControl+"="+controlEarly, arm)
		p.takeUntil(l, time.After(20*time.Second), p.kill)
		if errs := check(t, dir, l); len(errs) > 0 {
			return
		}
	}
	t.Errorf("answers before the commit were not noticed, %d acknowledgements", l.acks)
}

// TestCrashPoints ends children at each named point, at a random hit.
func TestCrashPoints(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 1))
	for range max(1, cycles(0)/20) {
		dir, l := t.TempDir(), newLedger()
		for i, point := range []string{
			groupcommit.BeforeCommit, groupcommit.AfterCommit,
			blob.BeforeSync, blob.PackSynced, blob.BeforeRename, blob.AfterRename,
			bolt.ShardDelivered,
		} {
			arm := fmt.Sprintf("%s=%s:%d", crashpoint.Variable, point, 20+r.IntN(30))
			p := spawn(t, dir, i, arm)
			p.takeUntil(l, time.After(20*time.Second), func() {
				t.Errorf("%s was not hit", point)
				p.kill()
			})
			if code := p.cmd.ProcessState.ExitCode(); code != crashpoint.ExitCode {
				t.Errorf("%s: child ended with %d", point, code)
			}
			report(t, check(t, dir, l))
		}
	}
}

// TestFull fills the disk, as a limit of the file size makes it look, at some
// point of a run: nothing acknowledged is lost, and work goes on when there is
// room again.
func TestFull(t *testing.T) {
	t.Parallel()
	for i := range max(3, cycles(0)/10) {
		dir, l := t.TempDir(), newLedger()
		limit := fmt.Sprintf("%s=%d", envFileLimit, 200_000+i*97_001)
		p := spawn(t, dir, 0, limit)
		recovered := false
		for line := range p.lines {
			recovered = recovered || line == "recovered"
			if err := l.note(line); err != nil && !strings.Contains(line, "no space left") {
				t.Error(err)
			}
		}
		if err := p.cmd.Wait(); err != nil || !l.full || !recovered {
			t.Errorf("limit %s: full %v, recovered %v: %v", limit, l.full, recovered, err)
		}
		report(t, check(t, dir, l))
	}
}
