// Package identity knows who someone is, by which addresses mail reaches them,
// and which agency mailboxes they may use.
//
// What always holds:
//
//   - A change is on disk before the method that makes it returns nil, and
//     visible to every query made after that.
//   - An address belongs to one account, be it as its name or as an alias.
//   - Queries answer from memory: a RCPT costs no disk read.
//   - Passwords are kept as argon2id hashes only, and are never logged or put
//     into an error. Checking takes the same time whether or not the account
//     exists, and at most Options.HashSlots checks use memory at once.
//   - Whoever guesses is slowed down, by client address and by account, whether
//     or not the account exists. Guessers cannot lock out a person whose program
//     has lately logged in with the right password.
//
// Nothing here knows a mailbox: package mailbox keeps those, and the caller
// makes both.
package identity

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"quangtri.gov.vn/vanthu/internal/groupcommit"
	"quangtri.gov.vn/vanthu/internal/viet"
	"quangtri.gov.vn/vanthu/mailsvc"
)

// Options for Open. Only Domains is required.
type Options struct {
	// Domains are the mail domains served. Every account and alias is in one of them.
	Domains []string
	// Hash is what new password hashes cost; zero fields take safe defaults.
	Hash HashCost
	// HashSlots is how many passwords are checked at once; each takes
	// Hash.Memory. 0 means 2.
	HashSlots int
	// HashMemory, if not nil, is told n before a hash waits for its slot, n being the
	// bytes that it takes, and -n when it has left them to the garbage collector or
	// has been given up, before the slot goes to the next. So the sum is 0 when no
	// hash is being made or waited for.
	HashMemory func(bytes int64)
	// CacheTTL is how long a password that was right is remembered, as a keyed
	// digest in memory only, so that a mail program's many connections cost one
	// hash; 0 means 5 minutes, negative never.
	CacheTTL time.Duration
	// Throttle bounds guessing; zero fields take defaults.
	Throttle Throttle
	// Fatal is told of an error after which the process must not go on; nil panics.
	Fatal  func(error)
	Now    func() time.Time // nil means time.Now
	Logger *slog.Logger     // nil means slog.Default()
}

// Store is the set of accounts. It implements [mailsvc.Identities]. Its methods
// may be called from many goroutines.
type Store struct {
	db  *groupcommit.DB
	o   Options
	log *slog.Logger

	hasher   *hasher
	cache    *cache
	throttle *throttle

	writing sync.Mutex // one change at a time, from check to commit to memory

	mu       sync.RWMutex
	accounts map[string]record // by address
	owners   map[string]string // address or alias -> account address
}

var _ mailsvc.Identities = (*Store)(nil)

// Open opens the accounts in the file at path, creating it if there is none. A
// damaged row is an error that names it. One process at a time can hold the file.
func Open(path string, o Options) (*Store, error) {
	o = o.withDefaults()
	for i, d := range o.Domains {
		if !validDomain(d) {
			return nil, fmt.Errorf("open accounts: %q is not a mail domain", d)
		}
		o.Domains[i] = strings.ToLower(d)
	}
	if len(o.Domains) == 0 {
		return nil, errors.New("open accounts: no mail domain is given")
	}
	h, err := newHasher(o.Hash, o.HashSlots, o.HashMemory)
	if err != nil {
		return nil, fmt.Errorf("open accounts: %w", err)
	}
	db, err := groupcommit.Open(path, groupcommit.Options{Fatal: o.Fatal})
	if err != nil {
		return nil, fmt.Errorf("open accounts: %w", err)
	}
	s := &Store{
		db:       db,
		o:        o,
		log:      o.Logger,
		hasher:   h,
		cache:    newCache(o.CacheTTL),
		throttle: newThrottle(o.Throttle),
		accounts: map[string]record{},
		owners:   map[string]string{},
	}
	if err := s.load(); err != nil {
		db.Close()
		return nil, fmt.Errorf("open accounts: %w", err)
	}
	return s, nil
}

func (o Options) withDefaults() Options {
	o.Domains = slices.Clone(o.Domains)
	if o.HashSlots <= 0 {
		o.HashSlots = 2
	}
	if o.CacheTTL == 0 {
		o.CacheTTL = 5 * time.Minute
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

// Close closes the file.
func (s *Store) Close() error { return s.db.Close() }

// Domains returns the mail domains served, lower case, in the configured order.
func (s *Store) Domains() []string { return slices.Clone(s.o.Domains) }

// load reads every row into memory and checks that they agree with each other.
func (s *Store) load() error {
	return s.db.View(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucket)
		if b == nil {
			return nil
		}
		return b.ForEach(func(k, v []byte) error {
			r, err := decode(v)
			if err != nil {
				return &mailsvc.Error{Op: "read account", Subject: string(k), Kind: mailsvc.ErrInvalid, Cause: err}
			}
			if r.Address != string(k) {
				return &mailsvc.Error{Op: "read account", Subject: string(k), Kind: mailsvc.ErrInvalid, Cause: errors.New("the row is another account's")}
			}
			for _, a := range r.reachedBy() {
				if other, taken := s.owners[a]; taken {
					return &mailsvc.Error{Op: "read account", Subject: string(k), Kind: mailsvc.ErrExists, Cause: fmt.Errorf("%s also belongs to %s", a, other)}
				}
			}
			s.remember(r)
			return nil
		})
	})
}

// remember puts a record into memory in place of what was there. The caller
// holds mu, or is the only one who knows s.
func (s *Store) remember(r record) {
	s.forget(r.Address)
	s.accounts[r.Address] = r
	for _, a := range r.reachedBy() {
		s.owners[a] = r.Address
	}
}

func (s *Store) forget(address string) {
	old, ok := s.accounts[address]
	if !ok {
		return
	}
	delete(s.accounts, address)
	for _, a := range old.reachedBy() {
		delete(s.owners, a)
	}
}

// record returns the account behind an address or alias.
func (s *Store) record(address string) (record, bool) {
	normal, ok := normalize(address)
	if !ok {
		return record{}, false
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	owner, ok := s.owners[normal]
	if !ok {
		return record{}, false
	}
	return s.accounts[owner], true
}

// Account returns the account behind an address or an alias. ErrNotFound. A
// disabled account is returned with Disabled set.
func (s *Store) Account(address string) (mailsvc.Account, error) {
	r, ok := s.record(address)
	if !ok {
		return mailsvc.Account{}, notFound("look up", address)
	}
	return r.clone(), nil
}

// Quota returns how many bytes the mailbox of an account may hold, 0 for any. The
// address is the account's own, in its normal form.
func (s *Store) Quota(address string) int64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.accounts[address].Quota
}

// List returns every account in ascending order of address.
func (s *Store) List() []mailsvc.Account {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := make([]mailsvc.Account, 0, len(s.accounts))
	for _, r := range s.accounts {
		all = append(all, r.clone())
	}
	slices.SortFunc(all, func(a, b mailsvc.Account) int { return strings.Compare(a.Address, b.Address) })
	return all
}

// MaySend reports whether the account may use the address as sender: its own,
// an alias of its own, or an address of an agency that it holds Send for. What
// counts is the account as it is now, not as a was when it logged in.
func (s *Store) MaySend(a mailsvc.Account, address string) bool {
	me, ok := s.record(a.Address)
	if !ok || me.Disabled {
		return false
	}
	owner, ok := s.record(address)
	if !ok || owner.Disabled {
		return false
	}
	return owner.Address == me.Address || me.rights(owner.Account)&mailsvc.Send != 0
}

// Rights returns what a person may do with an agency's mailbox now.
func (s *Store) Rights(a mailsvc.Account, agency string) mailsvc.Rights {
	me, ok := s.record(a.Address)
	if !ok || me.Disabled {
		return 0
	}
	owner, ok := s.record(agency)
	if !ok || owner.Disabled {
		return 0
	}
	return me.rights(owner.Account)
}

// Authenticate checks a password and returns the account. remote is the
// client's IP address, with or without a port. Every refusal is the same
// ErrNotAllowed, whatever the reason; only a full machine or an ended ctx is
// told apart.
func (s *Store) Authenticate(ctx context.Context, address, password, remote string) (mailsvc.Account, error) {
	name, valid := normalize(address)
	if !valid {
		name = "" // no account, and one shared throttle for all such names
	}
	password = viet.NFC(password)
	r, ok := s.record(name)
	ok = ok && !r.Disabled && r.Password != "" && len(password) <= maxPassword
	if ok && s.cache.holds(r, password, s.o.Now()) {
		return r.clone(), nil
	}
	refused := &mailsvc.Error{Op: "authenticate", Subject: name, Kind: mailsvc.ErrNotAllowed}
	attempt, allowed := s.throttle.begin(name, remote, s.o.Now())
	if !allowed {
		return mailsvc.Account{}, refused
	}
	right, err := s.hasher.verify(ctx, r.Password, ok, password)
	if err != nil {
		s.throttle.cancel(attempt)
		return mailsvc.Account{}, fmt.Errorf("authenticate: %w", err)
	}
	if !right {
		return mailsvc.Account{}, refused
	}
	s.throttle.succeed(attempt)
	s.cache.add(r, password, s.o.Now())
	s.rehash(ctx, r, password)
	return r.clone(), nil
}

// rehash brings the hash of a password that is just known to be right up to
// today's cost. Failing to is no reason to refuse the person.
func (s *Store) rehash(ctx context.Context, r record, password string) {
	if s.hasher.current(r.Password) {
		return
	}
	phc, err := s.hasher.hash(ctx, password)
	if err == nil {
		err = s.change(ctx, "rehash", r.Address, func(now *record) error {
			if now.Password == r.Password {
				now.Password = phc
			}
			return nil
		})
	}
	if err != nil {
		s.log.Warn("password hash not renewed", "account", r.Address, "err", err)
	}
}
