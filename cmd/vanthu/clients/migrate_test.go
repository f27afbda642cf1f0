package clients

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// moving is an official's move from one site to another, both real processes.
type moving struct {
	old, here login
	from      server
	site      site // the new one, not serving yet
	ca        string
}

func newMoving(t *testing.T) moving {
	t.Helper()
	oldSite := setUp(t, anyPort, "")
	m := moving{old: oldSite.person(t, "lan", "Lan"), ca: oldSite.dir + "/ca.pem"}
	m.from, _ = oldSite.serve(t)
	m.site = setUp(t, anyPort, "")
	m.here = m.site.person(t, "lan", "Lan")
	return m
}

// command is the migration; extra are further words of it.
func (m moving) command(extra ...string) *exec.Cmd {
	_, port, _ := strings.Cut(m.from.IMAPS, ":")
	args := []string{"account", "migrate", m.here.Address, "--from", "imaps://localhost:" + port, "--ca", m.ca, "--json", "-c", m.site.config}
	c := exec.Command(vanthu, append(args, extra...)...)
	c.Stdin = strings.NewReader(m.old.Password + "\n")
	return c
}

// moved is what the command prints.
type moved []struct {
	Error   string
	Refused int
	Folders []struct {
		From, To                  string
		Messages, Copied, Present int
	}
}

func (r moved) copied() (n int) {
	for _, f := range r[0].Folders {
		n += f.Copied
	}
	return n
}

// run runs the migration to its end, which must have the exit code.
func (m moving) run(t *testing.T, code int, extra ...string) (r moved) {
	t.Helper()
	c := m.command(extra...)
	var out, errs strings.Builder
	c.Stdout, c.Stderr = &out, &errs
	_ = c.Run()
	if c.ProcessState.ExitCode() != code {
		t.Fatalf("exit code %d, want %d\n%s%s", c.ProcessState.ExitCode(), code, out.String(), errs.String())
	}
	if code == 0 || code == 3 {
		must(t, json.Unmarshal([]byte(out.String()), &r))
	}
	return r
}

// fill puts messages into a folder of the old site.
func fill(t *testing.T, c *imapclient.Client, folder string, n int) {
	t.Helper()
	for i := range n {
		put(t, c, folder, &imap.AppendOptions{Flags: []imap.Flag{imap.FlagSeen}, Time: time.Unix(1e9+int64(i), 0)}, letter(i+1, fmt.Sprintf("%s %d", folder, i), "nội dung"))
	}
}

// inventory is what a person sees: folder, flags, date and hash of the body.
func inventory(t *testing.T, c *imapclient.Client) (all []string) {
	t.Helper()
	for _, l := range value(c.List("", "*", nil).Collect())(t) {
		data := value(c.Select(l.Mailbox, &imap.SelectOptions{ReadOnly: true}).Wait())(t)
		if data.NumMessages == 0 {
			continue
		}
		body := &imap.FetchItemBodySection{Peek: true}
		for _, m := range value(c.Fetch(imap.SeqSet{{Start: 1, Stop: 0}}, &imap.FetchOptions{Flags: true, InternalDate: true, BodySection: []*imap.FetchItemBodySection{body}}).Collect())(t) {
			all = append(all, fmt.Sprint(l.Mailbox, " ", m.Flags, " ", m.InternalDate.Unix(), " ", string(m.FindBodySection(body))))
		}
	}
	slices.Sort(all)
	return all
}

// TestMigrate moves an official: stopped hard again and again, with the new site
// stopped and running, twice at once, with changes in between.
func TestMigrate(t *testing.T) {
	t.Parallel()
	m := newMoving(t)
	old := m.from.enter(t, m.old)
	fill(t, old, "INBOX", 130)
	must(t, old.Create("Công việc/Năm 2010", nil).Wait())
	fill(t, old, "Công việc/Năm 2010", 220)
	fill(t, old, "Thư đã gửi", 3)

	if r := m.run(t, 0, "--dry-run"); r.copied() != 0 {
		t.Errorf("a dry run copied: %+v", r)
	}
	for n := range 3 { // killed between store and journal, each time a batch further
		c := m.command()
		c.Env = append(c.Environ(), fmt.Sprint("VANTHU_CRASHPOINT=migrate.after-append:", n+1))
		if err := c.Run(); c.ProcessState.ExitCode() != 137 {
			t.Fatalf("did not crash: %v", err)
		}
	}
	c := m.command() // and once from outside
	must(t, c.Start())
	time.AfterFunc(150*time.Millisecond, func() { c.Process.Kill() })
	_ = c.Wait()
	m.run(t, 0)

	to, _ := m.site.serve(t)
	here := to.enter(t, m.here)
	if got, want := inventory(t, here), inventory(t, old); !slices.Equal(got, want) {
		t.Fatalf("%d messages here, %d there, or not the same", len(got), len(want))
	}
	if r := m.run(t, 0); r.copied() != 0 {
		t.Errorf("copied again: %+v", r)
	}

	fill(t, old, "Thư đã gửi", 60)
	var both sync.WaitGroup
	results := make([]moved, 2)
	codes := make([]int, 2)
	for i := range 2 {
		both.Go(func() {
			c := m.command()
			out, _ := c.Output()
			codes[i] = c.ProcessState.ExitCode()
			_ = json.Unmarshal(out, &results[i])
		})
	}
	both.Wait()
	if !slices.Contains(codes, 0) {
		t.Errorf("exit codes %v, %+v", codes, results)
	}
	if got, want := inventory(t, here), inventory(t, old); !slices.Equal(got, want) {
		t.Errorf("after two at once: %d messages here, %d there, or not the same", len(got), len(want))
	}
	m.run(t, 2, "--password-env", "KHONG_CO")
	wrong := m
	wrong.old.Password = "sai"
	wrong.run(t, 1)
}
