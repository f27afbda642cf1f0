// Package migrate copies mailboxes from another IMAP server into accounts here.
//
//	source.go   where from: address, encryption, who logs in
//	session.go  one connection: greeting, TLS, login, with go-imap's client
//	wire.go     what lies under the client: bounds, patience, and
//	mend.go     repair of what old servers say and the client would choke on
//	names.go    the old server's folders and what they become here
//	roles.go    which old folder is the one for sent mail, for drafts and so on
//	account.go  one account: folder after folder, over as many connections as it takes
//	survey.go   what a folder holds, what of it is here, what has changed
//	copy.go     bodies, batch after batch
//	flags.go    flags that changed on the old server since the last run
//	journal.go  what earlier runs did
//	list.go     a list of accounts, CSV
//	report.go   what became of it all
//
// # What always holds
//
// A message's bytes are those that the old server sent, or it is not stored: a
// body that broke off is never kept. Flags, keywords and INTERNALDATE come along.
//
// No run doubles a message, wherever an earlier one was killed. Each message is
// stored under an id ([mailsvc.NewMessage].ID) made of its folder on the old
// server, its SHA-256, and how many equal ones the folder had before it; the id is
// on disk with the message or not at all. Neither the server's name nor UIDVALIDITY
// and UIDs are part of it: the same mailbox read under another host name, or after
// the old server counted anew, brings nothing twice. Equal copies within a folder
// stay as many as they were. A message that was deleted here does not come back.
//
// The journal only saves time: it tells which UIDs need no second look. If it is
// lost, bodies are read again and found to be here.
//
// New mail on the old server is added by the next run. Flags that changed there
// since the last run are carried over as changes: what became read there becomes
// read here, and what a person changed here meanwhile stays, unless it is the same
// flag. Messages deleted or moved there stay here where they are.
//
// Nothing is changed on the old server: folders are opened with EXAMINE and bodies
// read with PEEK.
//
// The old server is not trusted. Lines, literals, folders and messages are
// bounded, silence and crawling end a connection, a broken connection is opened
// again a few times, and a message that breaks it three times is given up and
// listed. Memory does not depend on the size of bodies, and is about 100 bytes for
// each message of the folder at hand.
package migrate
