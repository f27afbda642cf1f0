package identity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.etcd.io/bbolt"

	"quangtri.gov.vn/vanthu/internal/groupcommit"
	"quangtri.gov.vn/vanthu/internal/viet"
	"quangtri.gov.vn/vanthu/mailsvc"
)

const (
	minPassword = 10   // characters, for new passwords
	maxPassword = 1024 // bytes; longer ones are wrong without being hashed
	maxName     = 200  // bytes
	maxAliases  = 100
)

// allRights is every right there is.
const allRights = mailsvc.Read | mailsvc.Write | mailsvc.Delete | mailsvc.Send | mailsvc.Issue

// Add makes an account. a.Created is set if zero; a.Kind is Person if empty. A
// person needs a password, an agency must have none. Errors: ErrExists if the
// address or an alias is taken, ErrInvalid.
func (s *Store) Add(ctx context.Context, a mailsvc.Account, password string) error {
	return s.AddAll(ctx, []mailsvc.Account{a}, password)
}

// AddAll makes several accounts in one transaction, all or none. The persons
// among them share the password and its one hash.
func (s *Store) AddAll(ctx context.Context, accounts []mailsvc.Account, password string) error {
	records := make([]record, len(accounts))
	persons := false
	for i, a := range accounts {
		r, err := s.check(a)
		if err != nil {
			return err
		}
		records[i] = r
		persons = persons || r.Kind == mailsvc.Person
	}
	if persons {
		phc, err := s.newHash(ctx, password)
		if err != nil {
			return err
		}
		for i := range records {
			if records[i].Kind == mailsvc.Person {
				records[i].Password = phc
			}
		}
	} else if password != "" {
		return invalid("add account", accounts[0].Address, "an agency has no password: people use it through grants")
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.free(records); err != nil {
		return err
	}
	return s.commit(ctx, "add account", records, nil)
}

// check returns the account as it is to be kept.
func (s *Store) check(a mailsvc.Account) (record, error) {
	const op = "add account"
	address, err := s.own(op, a.Address)
	if err != nil {
		return record{}, err
	}
	a.Address = address
	if a.Kind == "" {
		a.Kind = mailsvc.Person
	}
	if a.Kind != mailsvc.Person && a.Kind != mailsvc.Agency {
		return record{}, invalid(op, address, fmt.Sprintf("unknown kind %q", a.Kind))
	}
	if a.Admin && a.Kind != mailsvc.Person {
		return record{}, invalid(op, address, "only a person can be an administrator")
	}
	a.Name = viet.Clean(a.Name)
	if len(a.Name) > maxName {
		return record{}, invalid(op, address, "name is too long")
	}
	if a.Quota < 0 {
		return record{}, invalid(op, address, "quota is negative")
	}
	if len(a.Grants) > 0 {
		return record{}, invalid(op, address, "grants are given after the account is made")
	}
	aliases := make([]string, 0, len(a.Aliases))
	for _, alias := range a.Aliases {
		alias, err := s.own(op, alias)
		if err != nil {
			return record{}, err
		}
		if alias != address && !slices.Contains(aliases, alias) {
			aliases = append(aliases, alias)
		}
	}
	if len(aliases) > maxAliases {
		return record{}, invalid(op, address, "too many aliases")
	}
	a.Aliases = aliases
	if a.Created.IsZero() {
		a.Created = s.o.Now().UTC()
	}
	return record{Account: a}, nil
}

// own returns the normal form of an address in a domain that is served here.
func (s *Store) own(op, address string) (string, error) {
	normal, err := Normalize(address)
	if err != nil {
		return "", err
	}
	if _, domain, _ := strings.Cut(normal, "@"); !slices.Contains(s.o.Domains, domain) {
		return "", invalid(op, address, "the domain is not served here")
	}
	return normal, nil
}

// free reports the first address among the new records' that is taken. The
// caller holds writing.
func (s *Store) free(records []record) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	fresh := map[string]bool{}
	for _, r := range records {
		for _, a := range r.reachedBy() {
			if _, taken := s.owners[a]; taken || fresh[a] {
				return &mailsvc.Error{Op: "add account", Subject: a, Kind: mailsvc.ErrExists}
			}
			fresh[a] = true
		}
	}
	return nil
}

func (s *Store) newHash(ctx context.Context, password string) (string, error) {
	password = viet.NFC(password)
	switch {
	case len([]rune(password)) < minPassword:
		return "", invalid("set password", "", fmt.Sprintf("a password has at least %d characters", minPassword))
	case len(password) > maxPassword:
		return "", invalid("set password", "", fmt.Sprintf("a password has at most %d bytes", maxPassword))
	case strings.ContainsRune(password, 0):
		return "", invalid("set password", "", "a password cannot hold a NUL")
	}
	return s.hasher.hash(ctx, password)
}

// SetPassword gives a person a new password. Connections that are logged in stay.
func (s *Store) SetPassword(ctx context.Context, address, password string) error {
	phc, err := s.newHash(ctx, password)
	if err != nil {
		return err
	}
	return s.change(ctx, "set password", address, func(r *record) error {
		if r.Kind != mailsvc.Person {
			return invalid("set password", r.Address, "an agency has no password: people use it through grants")
		}
		r.Password = phc
		return nil
	})
}

// Grant sets what a person may do with an agency's mailbox, in place of what was
// set before. Rights must not be empty: see Revoke.
func (s *Store) Grant(ctx context.Context, person, agency string, rights mailsvc.Rights) error {
	const op = "grant"
	if rights == 0 || rights&^allRights != 0 {
		return invalid(op, agency, "no such rights")
	}
	// The agency is looked up inside the change, so that it cannot be removed in between.
	return s.change(ctx, op, person, func(r *record) error {
		a, ok := s.record(agency)
		if !ok {
			return notFound(op, agency)
		}
		if r.Kind != mailsvc.Person || a.Kind != mailsvc.Agency {
			return invalid(op, agency, "a grant lets a person use an agency's mailbox")
		}
		r.Grants = withoutGrant(r.Grants, a.Address)
		r.Grants = append(r.Grants, mailsvc.Grant{Agency: a.Address, Rights: rights})
		return nil
	})
}

// Revoke takes a grant back. It is not an error if there was none.
func (s *Store) Revoke(ctx context.Context, person, agency string) error {
	return s.change(ctx, "revoke", person, func(r *record) error {
		a, ok := s.record(agency)
		if !ok {
			return notFound("revoke", agency)
		}
		r.Grants = withoutGrant(r.Grants, a.Address)
		return nil
	})
}

func withoutGrant(grants []mailsvc.Grant, agency string) []mailsvc.Grant {
	return slices.DeleteFunc(slices.Clone(grants), func(g mailsvc.Grant) bool { return g.Agency == agency })
}

// SetAlias makes an address reach the account (on) or no longer (off). Errors:
// ErrExists if it reaches another one.
func (s *Store) SetAlias(ctx context.Context, address, alias string, on bool) error {
	const op = "set alias"
	alias, err := s.own(op, alias)
	if err != nil {
		return err
	}
	return s.change(ctx, op, address, func(r *record) error {
		if !on {
			r.Aliases = slices.DeleteFunc(slices.Clone(r.Aliases), func(a string) bool { return a == alias })
			return nil
		}
		owner, taken := s.record(alias)
		switch {
		case taken && owner.Address == r.Address:
			return nil
		case taken:
			return &mailsvc.Error{Op: op, Subject: alias, Kind: mailsvc.ErrExists}
		case len(r.Aliases) >= maxAliases:
			return invalid(op, r.Address, "too many aliases")
		}
		r.Aliases = append(slices.Clone(r.Aliases), alias)
		return nil
	})
}

// Disable stops an account (on) or lets it go on (off): no login, no sending,
// no new mail. Its mail stays.
func (s *Store) Disable(ctx context.Context, address string, on bool) error {
	return s.change(ctx, "disable", address, func(r *record) error {
		r.Disabled = on
		return nil
	})
}

// SetQuota bounds the bytes that an account's mailbox may hold, 0 for no limit.
// ErrInvalid if negative.
func (s *Store) SetQuota(ctx context.Context, address string, bytes int64) error {
	const op = "set quota"
	if bytes < 0 {
		return invalid(op, address, "quota is negative")
	}
	return s.change(ctx, op, address, func(r *record) error {
		r.Quota = bytes
		return nil
	})
}

// Remove forgets an account, its aliases and every grant on it. Its mailbox is
// the caller's to delete. Idempotent.
func (s *Store) Remove(ctx context.Context, address string) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	r, ok := s.record(address)
	if !ok || !isName(r, address) {
		return nil
	}
	var touched []record
	s.mu.RLock()
	for _, other := range s.accounts {
		if other.rights(r.Account) != 0 {
			other.Grants = withoutGrant(other.Grants, r.Address)
			touched = append(touched, other)
		}
	}
	s.mu.RUnlock()
	return s.commit(ctx, "remove account", touched, []string{r.Address})
}

// isName reports whether address is the account's own and not an alias, so that
// nobody removes an account by an alias they forgot.
func isName(r record, address string) bool {
	normal, _ := normalize(address)
	return normal == r.Address
}

// change applies fn to a copy of the account's record and commits it.
func (s *Store) change(ctx context.Context, op, address string, fn func(*record) error) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	r, ok := s.record(address)
	if !ok {
		return notFound(op, address)
	}
	if err := fn(&r); err != nil {
		return err
	}
	return s.commit(ctx, op, []record{r}, nil)
}

// commit makes the rows durable and then puts them into memory. The caller
// holds writing.
func (s *Store) commit(ctx context.Context, op string, put []record, drop []string) error {
	rows := make([][]byte, len(put))
	for i, r := range put {
		row, err := encode(r)
		if err != nil {
			return &mailsvc.Error{Op: op, Subject: r.Address, Kind: mailsvc.ErrInvalid, Cause: err}
		}
		rows[i] = row
	}
	err := s.db.Update(ctx, func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(bucket)
		if err != nil {
			return err
		}
		for i, r := range put {
			if err := b.Put([]byte(r.Address), rows[i]); err != nil {
				return err
			}
		}
		for _, address := range drop {
			if err := b.Delete([]byte(address)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return storeError(op, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, address := range drop {
		s.forget(address)
	}
	for _, r := range put {
		s.remember(r)
	}
	return nil
}

// storeError gives an error of the database its kind.
func storeError(op string, err error) error {
	for _, k := range []struct{ from, to error }{
		{groupcommit.ErrUnknown, mailsvc.ErrUnknown},
		{groupcommit.ErrFull, mailsvc.ErrFull},
		{groupcommit.ErrClosed, mailsvc.ErrClosed},
	} {
		if errors.Is(err, k.from) {
			return &mailsvc.Error{Op: op, Kind: k.to, Cause: err}
		}
	}
	return fmt.Errorf("%s: %w", op, err)
}

func notFound(op, subject string) error {
	return &mailsvc.Error{Op: op, Subject: subject, Kind: mailsvc.ErrNotFound}
}

func invalid(op, subject, why string) error {
	return &mailsvc.Error{Op: op, Subject: subject, Kind: mailsvc.ErrInvalid, Cause: errors.New(why)}
}
