// Package clients proves vanthu with mail programs that others wrote, against
// the real binary over real sockets. It holds tests only.
//
//	session_test.go      go-imap's client, every command that it has; in the normal run
//	mbsync_test.go       Debian's mbsync (package isync); build tag mbsync
//	thunderbird_test.go  Debian's Thunderbird, headless; build tag thunderbird
//
// What always holds: a test starts a server of its own in a directory of its
// own, ends it, and fails if it did not end well; nothing leaves the loopback
// interface; and a mail program that was not told of an error saw none, which
// the recorded dialogue shows, not the program's own opinion.
//
// Thunderbird needs real ports and the names of a real domain. It gets both on
// a loopback address that belongs to the test process alone, so the tests need
// root or the right to use low ports, and the packages thunderbird,
// thunderbird-l10n-vi, xvfb, dbus-x11 and fonts-noto-core.
package clients
