package crashtest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// envFault makes some system calls of a child fail that concern its directory:
// "kind:n:errno" the n-th (from 1) of a kind, "kind:n:errno:on" that and all
// after it. n = 0 counts only; either way the child tells the count at its end.
const envFault = "VANTHU_CRASH_FAULT"

// callKinds are the calls that change or flush files, or open them.
var callKinds = map[string][]uint32{
	"write":    {unix.SYS_WRITE, unix.SYS_PWRITE64},
	"flush":    {unix.SYS_FSYNC, unix.SYS_FDATASYNC},
	"rename":   {unix.SYS_RENAMEAT, unix.SYS_RENAMEAT2},
	"open":     {unix.SYS_OPENAT},
	"truncate": {unix.SYS_FTRUNCATE},
	"make":     {unix.SYS_MKDIRAT},
	"remove":   {unix.SYS_UNLINKAT},
}

// fault is a plan of which call fails.
type fault struct {
	kind  string
	n     int
	errno syscall.Errno
	on    bool // all further calls fail too
	dir   string
	count atomic.Int64
}

func parseFault(s, dir string) (*fault, error) {
	f := strings.Split(s, ":")
	if len(f) < 3 || callKinds[f[0]] == nil {
		return nil, fmt.Errorf("fault %q", s)
	}
	n, err := strconv.Atoi(f[1])
	errno, err2 := strconv.Atoi(f[2])
	if err != nil || err2 != nil {
		return nil, fmt.Errorf("fault %q", s)
	}
	return &fault{kind: f[0], n: n, errno: syscall.Errno(errno), on: len(f) > 3, dir: dir}, nil
}

// The kernel's structures, see seccomp(2) and seccomp_unotify(2).
type (
	notification struct {
		id         uint64
		pid, flags uint32
		nr         int32
		arch       uint32
		ip         uint64
		args       [6]uint64
	}
	reply struct {
		id    uint64
		value int64
		err   int32
		flags uint32
	}
)

// arm asks the kernel to hold every call of the plan's kind, in all threads of
// this process, until the plan has been asked. It needs no privilege.
//
// A write that wakes the runtime's poller is never held: the runtime makes it
// without giving up its processor, so a collection that begins meanwhile waits for
// it, and the goroutine that would answer waits for the collection.
func (f *fault) arm() error {
	wake, err := pollerWake()
	if err != nil {
		return err
	}
	filter := []unix.SockFilter{ // of struct seccomp_data, the call's number and the low half of its first argument
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_WRITE, Jf: 4},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 16},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: wake, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0},
	}
	for _, nr := range callKinds[f.kind] {
		filter = append(filter,
			unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: nr, Jf: 1},
			unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_USER_NOTIF})
	}
	filter = append(filter, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW})
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	memory, err := os.Open("/proc/self/mem")
	if err != nil {
		return err
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	const flags = unix.SECCOMP_FILTER_FLAG_NEW_LISTENER | unix.SECCOMP_FILTER_FLAG_TSYNC | unix.SECCOMP_FILTER_FLAG_TSYNC_ESRCH
	fd, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return fmt.Errorf("seccomp: %w", errno)
	}
	go f.answer(fd, memory)
	return nil
}

// pollerWake returns the descriptor that the runtime writes to in order to wake
// its poller, which a first pipe has set up.
func pollerWake() (uint32, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	_, _ = r.Close(), w.Close()
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0, err
	}
	for _, e := range open {
		if to, _ := os.Readlink("/proc/self/fd/" + e.Name()); to == "anon_inode:[eventfd]" {
			fd, err := strconv.ParseUint(e.Name(), 10, 32)
			return uint32(fd), err
		}
	}
	return 0, errors.New("the runtime's poller has no eventfd")
}

// answer makes no call that is held.
func (f *fault) answer(fd uintptr, memory *os.File) {
	for {
		var n notification
		if _, _, errno := unix.Syscall(unix.SYS_IOCTL, fd, unix.SECCOMP_IOCTL_NOTIF_RECV, uintptr(unsafe.Pointer(&n))); errno != 0 {
			if errno == unix.EINTR || errno == unix.ENOENT {
				continue
			}
			os.Exit(5)
		}
		r := reply{id: n.id, flags: unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE}
		if f.mine(&n, memory) {
			count := int(f.count.Add(1))
			if f.n > 0 && (count == f.n || f.on && count > f.n) {
				r.flags, r.err = 0, -int32(f.errno)
			}
		}
		_, _, _ = unix.Syscall(unix.SYS_IOCTL, fd, unix.SECCOMP_IOCTL_NOTIF_SEND, uintptr(unsafe.Pointer(&r))) // ENOENT: the thread was interrupted and asks again
	}
}

// mine reports whether a call concerns the directory.
func (f *fault) mine(n *notification, memory *os.File) bool {
	switch f.kind {
	case "write", "flush", "truncate":
		path, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", int32(n.args[0])))
		return err == nil && strings.HasPrefix(path, f.dir+"/")
	}
	var b [4096]byte
	got, _ := memory.ReadAt(b[:], int64(n.args[1]))
	path, _, found := bytes.Cut(b[:got], []byte{0})
	return found && strings.HasPrefix(filepath.Clean(string(path)), f.dir)
}
