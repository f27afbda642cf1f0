// Package bolt is the mailsvc.Store that keeps folders and messages in bbolt
// files, one a shard, with a group commit of its own.
//
// What always holds:
//
//   - A method that changes something returns nil only when the change is on
//     disk. Each is one transaction; between accounts of different shards, Copy
//     and Move are two, the copy first.
//   - UIDs and UIDVALIDITY of an account only rise, also over the deletion and
//     new creation of folders and of the account itself.
//   - One transaction takes one MODSEQ an account, inside the transaction.
//   - Every row carries a checksum over its key and its value, verified on each
//     read. A damaged row is reported as mailsvc.ErrDamaged and never served.
//   - Counters equal what they count; [Store.Check] proves all of this.
//
// # On disk
//
// Below the store's directory:
//
//	format         "vanthu mailbox 1 shards=N\n", written last on creation
//	shard-000.db   bbolt files; account A lives in the shard numbered
//	...            big-endian(SHA-256(A)[0:4]) mod N
//	shard-000.db.log0, .log1   the shard's journal: what was changed last stands
//	               only here until it is brought into the shard's file. Whoever
//	               copies a store needs them. See internal/groupcommit.
//	running        while the store is open; see RunningName
//	shard-000.db.hist   the shard's history: its rows as of some time and all
//	               changes since. With the journal it leads to what the shard holds,
//	               so that a lost shard is made anew exactly. It may be missing.
//
// Numbers in keys are big-endian: account and folder ids 4 bytes, chunk and UID
// 4 bytes, message numbers and MODSEQs 8 bytes. Values begin with 4 bytes,
// little-endian: CRC-32C over the key and the rest of the value. "u" is an
// unsigned, "i" a signed (zigzag) varint as in encoding/binary; a string is its
// length (u) and its bytes; a time is seconds since 1970 (i) and the zone's
// offset in seconds (i).
//
//	accounts   address -> deleted(1 byte) id:u folders:u validity:u mod:u messages:u people:u usage:i
//	           the last id of each kind that was given out. The row of a deleted
//	           account stays, so that a later one of the same name goes on from it.
//	names      account, name -> folder id:u, 0 for a name that is subscribed
//	           although its folder was deleted
//	folders    account, folder -> name validity:u uidnext:u highest:u messages:u
//	           seen:u born:u deleted:u size:i specialuse subscribed(1 byte)
//	chunks     account, folder, UID/64 -> the 64 UIDs' changing state:
//	           present(8 bytes, little-endian, bit = UID mod 64) maxmod:u, then for
//	           each present UID, ascending:
//	           bits(1 byte) maxmod-mod:u message-previous:i size:u saved-previous:i
//	           and, if bit 6, count:u and that many keyword ids:u
//	messages   account, message -> length:u of a first part with a checksum of its
//	           own: where(1 byte: 0 the index follows, 1 in indexes, 2 in shared)
//	           internal(time) thread:u, then, if 2, id:u head:u tail:u middle(string),
//	           else blob(32 bytes) size:u prefix(string); then, if 0, the index
//	           with its checksum
//	indexes    account, message -> an index of more than 1,200 bytes
//	shared     id (8 bytes) -> what the rows of a message that was delivered to
//	           several accounts of the shard at once have in common: users:u
//	           blob(32 bytes) size:u prefix(string) index. A user's own prefix is
//	           the first head bytes of this one, middle, and its last tail bytes.
//	refs       account, message -> how many copies beyond the first:u
//	keywords   account -> count:u and that many names; a keyword's id is its place
//	people     account, address -> id:u of a person who has seen something here
//	seen       account, folder, person, UID/64 -> 8 bytes, little-endian: bits where
//	           the person's \Seen differs from what it was when the message came
//	seencount  account, folder, person -> seen messages of that person minus born:i
//	vanished   account, folder, mod -> pairs gap:u length:u of expunged UIDs
//	delivered  account, first 16 bytes of SHA-256(delivery id) -> folder:u uid:u
//	threads    account, first 12 bytes of SHA-256(Message-ID) -> thread:u
//	shard      "self" -> number:u of:u accounts:u (the last account id given)
//
// bits: 0 \Seen for the account's owner, 1 \Answered, 2 \Flagged, 3 \Deleted,
// 4 \Draft, 5 born seen, 6 keywords follow.
//
// # Why so
//
// A mailbox is read far more often than it grows, and mostly its flags are read.
// The changing state of 64 messages fits a fifth of a page, so that 10,000
// messages are 157 small values: SELECT, FETCH FLAGS and STORE touch nothing
// else, and COPY and MOVE only pass message numbers on. What is large and never
// changes stands apart, once an account, and is reached by its number. What all
// recipients of a message have in common stands once a shard (rows) or once
// altogether (the body).
package bolt

import "encoding/binary"

// bucket names one of the top-level buckets.
type bucket uint8

const (
	bAccounts bucket = iota
	bNames
	bFolders
	bChunks
	bMessages
	bIndexes
	bRefs
	bKeywords
	bPeople
	bSeen
	bSeenCount
	bVanished
	bDelivered
	bThreads
	bShared
	bShard
	buckets // their number
)

func (b bucket) String() string {
	return [...]string{
		"accounts", "names", "folders", "chunks", "messages", "indexes", "refs",
		"keywords", "people", "seen", "seencount", "vanished", "delivered", "threads", "shared", "shard",
	}[b]
}

// selfKey is the only key of bucket shard.
const selfKey = "self"

func key4(a uint32) []byte {
	return binary.BigEndian.AppendUint32(make([]byte, 0, 4), a)
}

func key44(a, b uint32) []byte {
	k := make([]byte, 0, 8)
	k = binary.BigEndian.AppendUint32(k, a)
	return binary.BigEndian.AppendUint32(k, b)
}

func key444(a, b, c uint32) []byte {
	return binary.BigEndian.AppendUint32(append(make([]byte, 0, 12), key44(a, b)...), c)
}

func key4444(a, b, c, d uint32) []byte {
	return binary.BigEndian.AppendUint32(append(make([]byte, 0, 16), key444(a, b, c)...), d)
}

func key48(a uint32, b uint64) []byte {
	return binary.BigEndian.AppendUint64(append(make([]byte, 0, 12), key4(a)...), b)
}

func key448(a, b uint32, c uint64) []byte {
	return binary.BigEndian.AppendUint64(append(make([]byte, 0, 16), key44(a, b)...), c)
}

func key4s(a uint32, s string) []byte {
	return append(append(make([]byte, 0, 4+len(s)), key4(a)...), s...)
}

// last4 and last8 read the number at the end of a key.
func last4(k []byte) uint32 { return binary.BigEndian.Uint32(k[len(k)-4:]) }
func last8(k []byte) uint64 { return binary.BigEndian.Uint64(k[len(k)-8:]) }
