// Package imap serves mailboxes to mail programs: IMAP4rev1 (RFC 3501) and
// IMAP4rev2 (RFC 9051) with the extensions that [Server] announces.
//
// The protocol engine is our own; names and shapes that IMAP defines (flags,
// capabilities, response codes, section specifiers, numbers) are go-imap/v2's
// types, so that server, tests and migration speak of the same things.
//
// # What always holds
//
// A command is executed only when all of it has been read and understood. What
// is refused (a literal too large, a syntax error) is skipped to its end or ends
// the connection; its text is never taken for commands.
//
// The bytes of a message come from the blob as they are, behind the prefix of
// the row. Nothing is parsed or formatted again to serve them.
//
// A message sequence number is an index into the UIDs that this session has
// told its client about. The list changes only by an EXPUNGE, VANISHED or
// EXISTS response, and never while a command that forbids it is answered.
//
// What one client can hold is bounded: [Limits]. No network input or output
// happens inside a call of the store.
//
// Rights are checked here, on every command, against [mailsvc.Identities]: the
// store knows none.
//
// Log lines carry account names and addresses, never passwords, subjects,
// search words or message text.
package imap
