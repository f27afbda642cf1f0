// Package clients proves vanthu with mail programs that others wrote, against
// the real binary over real sockets. It holds tests only.
//
//	session_test.go and its parts (folders, messages, search, together)
//	                     go-imap's client, every command that it has; in the normal run
//	store_test.go        an operator: "vanthu store" against files damaged in every way; in the normal run
//	web_test.go          net/http, as a browser asks; in the normal run
//	migrate_test.go      a move from one vanthu to another, killed on the way; in the normal run
//	dovecot_test.go      a move from Debian's Dovecot (package dovecot-imapd); build tag dovecot, root
//	mbsync_test.go       Debian's mbsync (package isync); build tag mbsync
//	thunderbird_test.go  Debian's Thunderbird, headless; build tag thunderbird
//	server_test.go, serve_test.go, killable_test.go, wire_test.go, marionette_test.go, world_test.go
//	                     the server, a site as an operator sets it up, a tap on the wire,
//	                     Thunderbird's remote control, and everybody else in its story
//
// What always holds: a test starts a server of its own in a directory of its
// own, ends it, and fails if it did not end well; nothing leaves the loopback
// interface; and a mail program that was not told of an error saw none, which
// the recorded dialogue shows, not the program's own opinion.
//
// Thunderbird needs real ports and the names of a real domain. It gets both on
// loopback addresses that belong to the test process alone, so that test needs
// root or the right to use low ports, and the packages thunderbird,
// thunderbird-l10n-vi, xvfb, dbus-x11 and fonts-noto-core. It was written for
// Thunderbird 153 ESR; testdata/thunderbird.js is all that knows its insides.
// With "go test -artifacts -outputdir DIR" it leaves pictures in DIR.
package clients
