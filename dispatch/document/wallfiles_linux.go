package document

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Rights on files, see landlock(7).
const (
	rightRead  = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	rightRun   = rightRead | unix.LANDLOCK_ACCESS_FS_EXECUTE
	rightNull  = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE
	rightCache = rightRead | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE |
		unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE
	// rightsOfFile are the ones that a rule on a file, not a directory, may name.
	rightsOfFile = rightNull | unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_TRUNCATE
)

// systemPrograms hold the libraries and programs that a worker and the OCR
// command are made of.
var systemPrograms = []string{"/usr", "/lib", "/lib32", "/lib64", "/bin", "/nix/store", "/etc/ld.so.cache"}

// wallFiles shuts the calling thread out of all files but the programs it runs
// and the directory of compiled code: none of the service's mail, settings and
// keys. It also keeps it from signalling processes outside, where the kernel
// can. A kernel without Landlock builds no wall.
func wallFiles(t task) error {
	version := landlockVersion()
	if version == 0 {
		return nil
	}
	attr := landlockWalls(version)
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr), 0)
	if errno != 0 {
		return errno
	}
	defer unix.Close(int(fd))
	if t.CacheDir != "" {
		if err := os.MkdirAll(t.CacheDir, 0o700); err != nil {
			return err
		}
	}
	for path, rights := range allowedFiles(t) {
		if err := allow(int(fd), path, rights&attr.Handled_access_fs); err != nil {
			return fmt.Errorf("allow %s: %w", path, err)
		}
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// landlockVersion is the version of the kernel's interface, 0 if there is none.
func landlockVersion() int {
	version, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0
	}
	return int(version)
}

// landlockWalls is all that a version of the kernel's interface can refuse.
func landlockWalls(version int) unix.LandlockRulesetAttr {
	a := unix.LandlockRulesetAttr{Handled_access_fs: unix.LANDLOCK_ACCESS_FS_MAKE_SYM<<1 - 1}
	if version >= 2 {
		a.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if version >= 3 {
		a.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	if version >= 4 {
		a.Handled_access_net = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
	}
	if version >= 5 {
		a.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	}
	if version >= 6 {
		a.Scoped = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | unix.LANDLOCK_SCOPE_SIGNAL
	}
	return a
}

// allowedFiles are the paths that a worker may use, with the rights on them.
func allowedFiles(t task) map[string]uint64 {
	files := map[string]uint64{ownExecutable: rightRun, "/dev/null": rightNull}
	for _, dir := range systemPrograms {
		files[dir] = rightRun
	}
	if p, err := filepath.EvalSymlinks(t.Tesseract); err == nil && filepath.IsAbs(p) {
		files[p] = rightRun
		if dir := filepath.Dir(p); filepath.Base(dir) == "bin" && filepath.Dir(dir) != "/" {
			files[filepath.Dir(dir)] = rightRun // its libraries and languages
		}
	}
	switch {
	case t.CacheDir == "":
	case t.Warmed:
		files[t.CacheDir] = rightRead
	default:
		files[t.CacheDir] = rightCache
	}
	return files
}

// allow adds one path, with everything below it, to a rule set. A path that
// does not exist is no error.
func allow(ruleset int, path string, rights uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EACCES) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		rights &= rightsOfFile
	}
	rule := unix.LandlockPathBeneathAttr{Allowed_access: rights, Parent_fd: int32(fd)}
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(ruleset), unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&rule)), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}
