package queue

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"quangtri.gov.vn/vanthu/internal/crashpoint"
	"quangtri.gov.vn/vanthu/internal/groupcommit"
	"quangtri.gov.vn/vanthu/mailsvc"
)

// childDir in the environment makes the test binary be the process that is
// killed: it holds "directory peer's-address".
const childDir = "VANTHU_QUEUE_CHILD"

func TestMain(m *testing.M) {
	if args := os.Getenv(childDir); args != "" {
		dir, address, _ := strings.Cut(args, " ")
		if err := child(dir, address); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// crashItems is how many items of each sort a child has: tracked and untracked.
// The last untracked one is refused by the peer.
const crashItems = 3

// inFlight is how many transfers a crash can catch.
const inFlight = 2

// child enqueues the same items as every child before it, sends until nothing
// is left to do, and ends.
func child(dir, address string) error {
	b := newBodies()
	o := b.options(nil, nil)
	o.Dial, o.Fatal = nil, nil
	o.Routes = map[string]string{there: address}
	o.PerDomain = inFlight
	o.RetryFirst, o.RetryMax = 5*time.Millisecond, 20*time.Millisecond
	o.Local = func(_ context.Context, id, _ string, m mailsvc.NewMessage) error {
		return inFile(dir, id, b.all[m.Blob])
	}
	q, err := Open(filepath.Join(dir, "queue.db"), o)
	if err != nil {
		return err
	}
	var all []mailsvc.Outgoing
	for i := range 2 * crashItems {
		all = append(all, b.mail(keyed(i), func(m *mailsvc.Outgoing) {
			m.To, m.Tracked = keyed(i)+"@"+there, i < crashItems
		})...)
	}
	if err := q.Enqueue(context.Background(), all); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	go func() {
		defer cancel()
		for ctx.Err() == nil {
			left := 0
			if err := q.each(func(r row) bool {
				if !r.settled() || r.owesNotice() {
					left++
				}
				return true
			}); err != nil || left == 0 {
				return
			}
			<-time.After(5 * time.Millisecond)
		}
	}()
	return errors.Join(q.Run(ctx), q.Close())
}

// inFile is a mailbox of files, one a delivery id.
func inFile(dir, id string, data []byte) error {
	name := filepath.Join(dir, fmt.Sprintf("notice-%x", sha256.Sum256([]byte(id))))
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// crashRun starts a child, lets it crash as told, and starts another one that
// ends what was left.
func crashRun(t *testing.T, crash func(*exec.Cmd) error) {
	t.Helper()
	dir := t.TempDir()
	p := &peer{answer: func(step, line string, _ int) string {
		if step == "RCPT" && strings.Contains(line, keyed(2*crashItems-1)) {
			return "550 5.1.1 nobody"
		}
		return ""
	}}
	address := p.listen(t)
	command := func() *exec.Cmd {
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), childDir+"="+dir+" "+address, "GORACE=atexit_sleep_ms=0")
		c.Stderr = os.Stderr
		return c
	}
	must(t, crash(command()))
	must(t, command().Run())

	b := newBodies()
	q, err := Open(filepath.Join(dir, "queue.db"), b.options(t, nil))
	must(t, err)
	defer q.Close()
	copies := map[string]int{}
	for _, m := range p.got() {
		copies[m.to]++
	}
	notices, err := filepath.Glob(filepath.Join(dir, "notice-*"))
	must(t, err)
	unsent := 0
	for i := range 2 * crashItems {
		n := copies[keyed(i)+"@"+there]
		if n > 1 {
			t.Errorf("%s got %d copies", keyed(i), n)
		}
		o := outcome(t, q, keyed(i))
		switch {
		case i >= crashItems:
			if o.Key != "" {
				t.Errorf("untracked %s is still there: %+v", keyed(i), o)
			}
			if n == 0 {
				unsent++
			}
		case o.Phase == mailsvc.Delivered && n == 1, o.Phase == mailsvc.Unsure:
		default:
			t.Errorf("%s: %d copies, outcome %+v", keyed(i), n, o)
		}
	}
	if len(notices) < unsent || len(notices) > 1+inFlight {
		t.Errorf("%d untracked items did not arrive, %d notices", unsent, len(notices))
	}
	s, err := q.Stats()
	must(t, err)
	if s.Delivered+s.Unsure != crashItems || s.Waiting+s.Bounced != 0 || s.Unsure > inFlight {
		t.Errorf("stats %+v", s)
	}
}

func TestCrashPoints(t *testing.T) {
	t.Parallel()
	for _, point := range []string{BeforeMark, AfterMark, AfterAnswer, AfterSettle, AfterNotice, groupcommit.BeforeCommit, groupcommit.AfterCommit} {
		for n := 1; n <= 3; n++ {
			if point == AfterNotice && n > 1 {
				break // there is one
			}
			t.Run(fmt.Sprintf("%s %d", point, n), func(t *testing.T) {
				t.Parallel()
				crashRun(t, func(c *exec.Cmd) error {
					c.Env = append(c.Env, fmt.Sprintf("%s=%s:%d", crashpoint.Variable, point, n))
					err := c.Run()
					if c.ProcessState.ExitCode() != crashpoint.ExitCode {
						return fmt.Errorf("the child was not stopped at the point: %v", err)
					}
					return nil
				})
			})
		}
	}
}

func TestKills(t *testing.T) {
	t.Parallel()
	for i := range 8 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			crashRun(t, func(c *exec.Cmd) error {
				if err := c.Start(); err != nil {
					return err
				}
				<-time.After(time.Duration(5+7*i) * time.Millisecond)
				_ = c.Process.Kill()
				_ = c.Wait()
				return nil
			})
		})
	}
}
