// Package mailsvc is the mail ground that vanthu stands on: accounts, mailboxes,
// SMTP in and out, IMAP.
//
// Read this file first. It holds the types and the contracts. The way of a
// message is one-directional:
//
//	smtp      a socket            -> a strict, bounded reader of one message
//	mime      the message's bytes -> Index (structure, envelope, offsets), computed once
//	mailbox   blob + Index        -> every local mailbox, one group commit a shard
//	queue     blob + envelope     -> other servers, with retries
//	imap      mailboxes           -> the official's mail program
//	identity  who someone is, and which agency mailboxes the person may use
//
// # What always holds
//
// Acknowledged means on disk: blob bytes, fsync, rename, directory fsync, then
// the row's commit, and only then 250 or OK. An fsync error stops the process.
//
// A message is stored once, however many mailboxes hold it, and its bytes never
// change; what differs per recipient (Return-Path, Delivered-To, Received) is a
// prefix in the row.
//
// UIDs rise and are never reused. A MODSEQ is allocated inside the transaction
// that it numbers. No delivery id is visible twice in one mailbox.
//
// Every outcome of a change is one of three: committed (nil error), aborted
// (an error), unknown (an error that errors.Is [ErrUnknown]).
//
// Nothing here knows a document or the directory.
package mailsvc

import (
	"context"
	"errors"
	"io"
	"time"
)

// Kinds of failure, for errors.Is. Errors of this package wrap exactly one.
var (
	ErrNotFound   = errors.New("not found")
	ErrExists     = errors.New("already exists")
	ErrNotAllowed = errors.New("not allowed")
	ErrOverQuota  = errors.New("over quota")
	ErrTooLarge   = errors.New("too large")
	ErrTooMany    = errors.New("too many") // folders, keywords, messages at a time
	ErrInvalid    = errors.New("invalid")
	ErrFull       = errors.New("no space left") // disk or inodes: answer 452 / NO [LIMIT]
	ErrUnknown    = errors.New("outcome unknown")
	ErrClosed     = errors.New("closed")
	ErrDamaged    = errors.New("damaged") // stored data fails its checksum: never served
)

// Error says which operation failed on what, of which kind, and why. It never
// carries a password, a body or a subject.
type Error struct {
	Op      string // "append", "create folder"
	Subject string // account, folder or address
	Kind    error  // one of the Err values above
	Cause   error  // may be nil
}

func (e *Error) Error() string {
	s := e.Op
	if e.Subject != "" {
		s += " " + e.Subject
	}
	s += ": " + e.Kind.Error()
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Unwrap makes errors.Is work on both the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Cause == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Cause}
}

// BlobID is the SHA-256 of a message's bytes, in lower-case hexadecimal.
type BlobID string

// Blobs holds message bodies: immutable, content-addressed, durable before Commit
// returns. Implemented by internal/blob.
type Blobs interface {
	// Create starts a body. Exactly one of Commit or Abort must follow.
	Create() (BlobWriter, error)
	// Begin starts to make a small body that lies in memory durable and does not
	// wait: wait returns what Commit does, once. The body must not change before.
	// What is begun before the first is waited for shares its flushes.
	Begin(body []byte) (wait func() (BlobID, int64, error))
	// Open returns the body for reading at any offset; the caller closes it.
	Open(BlobID) (Blob, error)
}

// BlobWriter takes a body's bytes as they come.
type BlobWriter interface {
	io.Writer
	// Commit makes the body durable (file and directory) and names it.
	// Committing bytes that are already held is cheap and not an error. Commits
	// from several goroutines at once share their flushes: whoever stores many
	// messages commits them side by side.
	Commit() (BlobID, int64, error)
	Abort()
}

// Blob is an open body.
type Blob interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// FolderID names a folder for ever within its account; RFC 8474 MAILBOXID.
type FolderID uint64

// UID is the unique identifier of a message in a folder, RFC 9051 section 2.3.1.1.
type UID uint32

// ModSeq is a modification sequence, RFC 7162: allocated per account, rising.
type ModSeq uint64

// Folder is one mailbox in the sense of IMAP.
type Folder struct {
	Account     string // whose it is: an account address
	ID          FolderID
	Name        string // NFC, "/" between levels; "INBOX" for the inbox
	UIDValidity uint32
	UIDNext     UID
	HighestMod  ModSeq
	Messages    uint32
	Unseen      uint32 // for the person who asks
	Deleted     uint32
	Size        int64  // bytes, prefixes included
	SpecialUse  string // "\\Sent" and so on, or ""
	Subscribed  bool
}

// Message is the row of one message in one folder.
type Message struct {
	UID      UID
	EmailID  uint64 // RFC 8474 EMAILID: equal for copies within the account
	ThreadID uint64
	ModSeq   ModSeq
	Flags    []string // system flags and keywords, \Seen as the asking person sees it, \Recent never
	Internal time.Time
	Saved    time.Time // RFC 8514
	Blob     BlobID
	Prefix   []byte // trace headers that precede the blob for this recipient
	Size     int64  // len(Prefix) + blob
	Index    []byte // encoded mime.Index of the blob, as computed at delivery
}

// NewMessage is a message to be stored.
type NewMessage struct {
	Blob     BlobID
	BlobSize int64
	Prefix   []byte
	Flags    []string
	Internal time.Time
	Index    []byte
	// Refs are the Message-IDs that join it to a thread: its own first, then those
	// that it answers. Only the first 20 count. Optional.
	Refs []string
	// ID makes repeating an Append a no-op, as Delivery.ID does with a delivery: a
	// message whose ID the account has seen is left out, for ever, and gets UID 0.
	// Both kinds share one space of names. Optional.
	ID string
}

// FolderSpec describes a folder to be created with an account.
type FolderSpec struct {
	Name       string
	SpecialUse string
}

// Delivery puts one message into the inboxes of several local accounts.
type Delivery struct {
	// ID makes re-delivery a no-op: a target account that has seen the ID keeps
	// its one copy. Empty for ordinary mail, which is never repeated.
	ID      string
	Targets []Target
	Message NewMessage // Prefix is ignored: it stands in Target
	// Always has it come also into an account whose quota is reached: for the few
	// small messages in which this server tells somebody what they must know.
	Always bool
}

// Target is one account that a Delivery goes to.
type Target struct {
	Account string
	Folder  string // "" means INBOX; created if missing
	Prefix  []byte
	Flags   []string
}

// Range is a closed range of UIDs. To == 0 means "up to the last".
type Range struct{ From, To UID }

// FlagChange adds, removes or replaces flags.
type FlagChange struct {
	Op    FlagOp
	Flags []string
	// UnchangedSince, if not 0, leaves messages with a later ModSeq alone (RFC 7162).
	UnchangedSince ModSeq
}

// FlagOp says how a FlagChange is meant.
type FlagOp int

const (
	FlagsAdd FlagOp = iota
	FlagsRemove
	FlagsReplace
)

// Changes is what happened in a folder after some ModSeq.
type Changes struct {
	Folder   Folder
	Changed  []Message // new or changed, by UID; Index, Prefix and Blob may be left empty
	Vanished []UID     // expunged, ascending
}

// Store holds accounts' folders and messages. Each method is one transaction.
// "person" is the account on whose behalf the call is made: \Seen is kept per
// person, everything else is shared by all who use the folder. Rights are
// checked by the caller (package identity), not here. Names are NFC-normalised
// and compared byte for byte after that, INBOX without case.
//
// An account's quota bounds its Usage, counted within the transaction, so that
// callers who come at once cannot exceed it together. What would is refused whole
// with ErrOverQuota (of a Delivery, in that account alone). What takes away, or
// moves within the account, is never refused, also when a quota was lowered below
// what is held.
type Store interface {
	// CreateAccount makes an account with an INBOX and the given folders, all
	// subscribed. It is idempotent.
	CreateAccount(ctx context.Context, account string, folders []FolderSpec) error
	// DeleteAccount removes an account and its messages. Idempotent.
	DeleteAccount(ctx context.Context, account string) error

	Folders(ctx context.Context, person, account string) ([]Folder, error)
	Folder(ctx context.Context, person, account, name string) (Folder, error)
	// CreateFolder also creates missing parents. ErrExists, ErrInvalid.
	CreateFolder(ctx context.Context, account, name, specialUse string) (Folder, error)
	// DeleteFolder: a later folder of the same name has a greater UIDVALIDITY. The
	// name of a subscribed folder stays subscribed, RFC 9051 section 6.3.7.
	DeleteFolder(ctx context.Context, account, name string) error
	// RenameFolder moves the folder, its subscription and its children. Renaming
	// INBOX moves its messages into a new folder, RFC 9051 section 6.3.6.
	RenameFolder(ctx context.Context, account, from, to string) error
	// Subscribe returns ErrNotFound for a name that is neither a folder's nor
	// subscribed.
	Subscribe(ctx context.Context, account, name string, on bool) error
	// Subscriptions returns the subscribed names of which there is no folder, ascending.
	Subscriptions(ctx context.Context, account string) ([]string, error)

	// Deliver stores the message in every target or in none of one shard; the
	// result says for each target whether it is now there (nil), also when the
	// delivery id had put it there before. A target that cannot take it for a
	// reason of its own (no such account) fails alone.
	Deliver(ctx context.Context, d Delivery) []error
	// Append stores messages in one folder, all or none, and returns their UIDs in
	// order, 0 for those that an ID kept out.
	Append(ctx context.Context, account string, folder FolderID, msgs []NewMessage) ([]UID, error)
	// Replace stores a message in the folder to and expunges the message old of
	// folder, both or neither, RFC 8508. Only what the account then holds more
	// counts against its quota. ErrNotFound also if old is gone: then nothing is
	// stored. m.ID must be empty.
	Replace(ctx context.Context, account string, folder FolderID, old UID, to FolderID, m NewMessage) (UID, error)

	// Messages returns rows of the ranges in ascending UID order. With index
	// false, Index is left nil. yield returning false ends it.
	// Flags and dates are those of one instant. The Message is reused for the next
	// call of yield, its slices are not; they are shared and must not be changed.
	// yield is called outside of any transaction and lock: it may take its time.
	Messages(ctx context.Context, person, account string, folder FolderID, ranges []Range, index bool, yield func(*Message) bool) error
	// Find is Messages with index, of those messages only that want says yes to.
	// want is shown a message where it lies, complete but for Blob: it must be
	// quick (well below a millisecond), wait for nothing, write nothing, call no
	// method of the store, and keep nothing of what it is shown. It may be called
	// twice for a message.
	Find(ctx context.Context, person, account string, folder FolderID, ranges []Range, want, yield func(*Message) bool) error
	// Flags is the quick form of Messages: only UID, ModSeq, Flags, EmailID, Size and Saved are set.
	Flags(ctx context.Context, person, account string, folder FolderID, ranges []Range, yield func(*Message) bool) error
	// UIDs returns all UIDs of a folder, ascending, and the folder as of the same instant.
	UIDs(ctx context.Context, person, account string, folder FolderID) (Folder, []UID, error)
	// SetFlags returns the rows that changed, and the UIDs that UnchangedSince kept.
	SetFlags(ctx context.Context, person, account string, folder FolderID, ranges []Range, c FlagChange) (changed []Message, kept []UID, err error)
	// Copy copies in UID order; Move also expunges the source in the same
	// transaction when both accounts are the same, else copies, then expunges.
	// To another account at least ten thousand ordinary messages go at a time;
	// ErrTooMany if some do not, and then none does.
	Copy(ctx context.Context, person, account string, folder FolderID, ranges []Range, toAccount string, to FolderID) (src, dst []UID, err error)
	Move(ctx context.Context, person, account string, folder FolderID, ranges []Range, toAccount string, to FolderID) (src, dst []UID, err error)
	// Expunge removes messages with \Deleted within ranges (nil = all).
	Expunge(ctx context.Context, account string, folder FolderID, ranges []Range) ([]UID, error)
	// ChangesSince answers for any past ModSeq, for ever.
	ChangesSince(ctx context.Context, person, account string, folder FolderID, since ModSeq) (Changes, error)

	// Watch returns a channel that gets a token soon after any change in the
	// account commits; tokens merge. Call stop to end it.
	Watch(account string) (c <-chan struct{}, stop func())
	// Usage is the sum of message sizes in the account, bytes.
	Usage(ctx context.Context, account string) (int64, error)
	// Check verifies every invariant of the store and returns what it found broken.
	Check(ctx context.Context) []error
	Close() error
}

// AccountKind says whether an account is a person's or an agency's.
type AccountKind string

const (
	Person AccountKind = "person"
	Agency AccountKind = "agency" // no password; used through grants
)

// Account is a mailbox owner. Its address is its name.
type Account struct {
	Address  string      `json:"address"` // lower case
	Name     string      `json:"name"`    // display name, NFC
	Kind     AccountKind `json:"kind"`
	Admin    bool        `json:"admin,omitempty"`
	Aliases  []string    `json:"aliases,omitempty"` // further addresses that reach it
	Disabled bool        `json:"disabled,omitempty"`
	Quota    int64       `json:"quota,omitempty"` // bytes; 0 = no limit
	Grants   []Grant     `json:"grants,omitempty"`
	Created  time.Time   `json:"created"`
}

// Grant lets a person use an agency account.
type Grant struct {
	Agency string `json:"agency"` // the agency account's address
	Rights Rights `json:"rights"`
}

// Rights is a set of what a person may do with an agency mailbox.
type Rights uint8

const (
	Read   Rights = 1 << iota // see its mail
	Write                     // change flags, file, append
	Delete                    // expunge
	Send                      // send mail in its name
	Issue                     // issue documents in its name (văn thư)
)

// Identities knows who someone is. Implemented by package identity.
type Identities interface {
	// Authenticate checks a password. It takes the same time for unknown names.
	// remote is the client's IP address, for throttling. ErrNotAllowed.
	Authenticate(ctx context.Context, address, password, remote string) (Account, error)
	// Account returns the account behind an address or an alias. ErrNotFound.
	Account(address string) (Account, error)
	// MaySend reports whether the account may use the address as sender.
	MaySend(a Account, address string) bool
	// Rights returns what a person may do with an agency's mailbox.
	Rights(a Account, agency string) Rights
}

// Incoming is one message as SMTP received it, complete and well-formed.
type Incoming struct {
	From       string  // envelope sender, "" for the null path
	To         string  // the intake address
	Account    Account // who authenticated
	Data       []byte  // the whole message, in memory only
	MessageID  string  // of the mail, for threading the reply
	Others     int     // recipients of the same mail besides To; they get it if Take returns nil
	RemoteAddr string
}

// Intake takes mail that is addressed to a service and not to a mailbox, such
// as phathanh@DOMAIN. smtp keeps such a message in memory until the intake has
// judged it; nothing is on disk before.
type Intake interface {
	// Permit is asked at RCPT, after MAIL was accepted. A nil account means that
	// nobody authenticated. An error's text, ASCII or UTF-8, goes to the client.
	Permit(ctx context.Context, account *Account, from string) error
	// Take returns nil only when everything that must survive is on disk. A
	// *Rejection is answered with its code; any other error with 451.
	Take(ctx context.Context, in Incoming) error
}

// Rejection is a refusal for good, to be shown to the person who sent.
type Rejection struct {
	Code     int    // SMTP code, 5xx
	Enhanced [3]int // RFC 3463
	Text     string // one line; Vietnamese first
}

func (r *Rejection) Error() string { return r.Text }

// Outgoing is one message for one recipient at another server.
type Outgoing struct {
	Key      string // idempotency key: enqueuing the same key again is a no-op
	From     string // envelope sender
	To       string
	Blob     BlobID
	Size     int64
	Prefix   []byte // headers before the blob
	Priority int    // higher goes first: urgency
	// Tracked outcomes are kept until Forget; untracked failures become a DSN to From.
	Tracked bool
	// What the sender of an untracked message wants to be told, RFC 3461. Notify is
	// "NEVER" or any of SUCCESS, FAILURE, DELAY joined by commas; "" means FAILURE.
	Notify   string
	Envelope string // ENVID, decoded
	Original string // ORCPT: type, ";", address, decoded
}

// Outcome is what became of an Outgoing.
type Outcome struct {
	Key      string
	Phase    Phase
	Attempts int
	Next     time.Time // next attempt, when Waiting
	Reply    string    // last answer of the other server, one line, made safe
	Changed  time.Time
}

// Phase of an Outgoing. Waiting is not final; the others are.
type Phase string

const (
	Waiting   Phase = "waiting"
	Delivered Phase = "delivered" // 250 after the final dot
	Bounced   Phase = "bounced"   // refused for good, or out of time
	Unsure    Phase = "unsure"    // connection or process lost after the final dot
)

// Queue carries messages to other servers. Implemented by package queue.
type Queue interface {
	Enqueue(ctx context.Context, msgs []Outgoing) error
	// Outcomes returns what is known of the keys; unknown keys are left out.
	Outcomes(ctx context.Context, keys []string) ([]Outcome, error)
	// Forget drops final, tracked outcomes.
	Forget(ctx context.Context, keys []string) error
	// Settled returns a channel that gets a token after a tracked outcome became final.
	Settled() <-chan struct{}
}
