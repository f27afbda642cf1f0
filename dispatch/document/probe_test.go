package document

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// probeMark begins a file that makes the test's worker try something from
// inside the walls, instead of reading: the mark, what to do, with what.
const probeMark = "\x00probe "

// workOrProbe is what the test's worker does: its work, unless the file asks
// for a probe. A probe answers with one line, "done" or the error.
func workOrProbe(ctx context.Context, t task, in io.Reader, out io.Writer) int {
	data := make([]byte, max(t.Size, 0))
	if _, err := io.ReadFull(in, data); err != nil {
		return 2
	}
	order, found := strings.CutPrefix(string(data), probeMark)
	if !found {
		return work(ctx, t, bytes.NewReader(data), out)
	}
	what, with, _ := strings.Cut(order, " ")
	answer, err := probes[what](with, out)
	if err != nil {
		answer = err.Error()
	}
	_, _ = io.WriteString(out, answer)
	return 0
}

var probes = map[string]func(with string, out io.Writer) (string, error){
	"limits": func(string, io.Writer) (string, error) { return limitsOfSelf() },
	"dial": func(with string, _ io.Writer) (string, error) {
		network, address, _ := strings.Cut(with, " ")
		c, err := net.DialTimeout(network, address, time.Second)
		if err == nil {
			err = c.Close()
		}
		return "done", err
	},
	"read":     func(name string, _ io.Writer) (string, error) { _, err := os.ReadFile(name); return "done", err },
	"list":     func(name string, _ io.Writer) (string, error) { _, err := os.ReadDir(name); return "done", err },
	"write":    func(name string, _ io.Writer) (string, error) { return "done", os.WriteFile(name, nil, 0o600) },
	"remove":   func(name string, _ io.Writer) (string, error) { return "done", os.Remove(name) },
	"readlink": func(name string, _ io.Writer) (string, error) { return os.Readlink(name) },
	"kill": func(pid string, _ io.Writer) (string, error) {
		n, err := strconv.Atoi(pid)
		if err != nil {
			return "", err
		}
		return "done", unix.Kill(n, unix.SIGKILL)
	},
	"leave":   func(string, io.Writer) (string, error) { return "done", unix.Setpgid(0, 0) },
	"session": func(string, io.Writer) (string, error) { _, err := unix.Setsid(); return "done", err },
	"unshare": func(string, io.Writer) (string, error) { return "done", unshareUser() },
	"run":     func(line string, _ io.Writer) (string, error) { return "done", exec.Command("/bin/sleep", line).Run() },
	"crash":   func(string, io.Writer) (string, error) { return "done", unix.Kill(os.Getpid(), unix.SIGKILL) },
	"panic":   func(string, io.Writer) (string, error) { panic("probe") },
	"memory": func(size string, _ io.Writer) (string, error) {
		n, err := strconv.Atoi(size)
		if err != nil {
			return "", err
		}
		b := bytes.Repeat([]byte{1}, n)
		return strconv.Itoa(len(b)), nil
	},
	"say": func(what string, _ io.Writer) (string, error) { return what, nil },
	"flood": func(_ string, out io.Writer) (string, error) {
		_, err := out.Write(bytes.Repeat([]byte{' '}, maxAnswer))
		return "{}", err
	},
}

// limitsOfSelf tells soft and hard limits of what a worker bounds.
func limitsOfSelf() (string, error) {
	got := map[string][2]uint64{}
	for name, what := range map[string]int{"cpu": unix.RLIMIT_CPU, "data": unix.RLIMIT_DATA, "space": unix.RLIMIT_AS,
		"core": unix.RLIMIT_CORE, "open": unix.RLIMIT_NOFILE, "file": unix.RLIMIT_FSIZE} {
		var l unix.Rlimit
		if err := unix.Getrlimit(what, &l); err != nil {
			return "", err
		}
		got[name] = [2]uint64{l.Cur, l.Max}
	}
	b, err := json.Marshal(got)
	return string(b), err
}
