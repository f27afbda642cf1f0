package identity

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	"golang.org/x/text/unicode/norm"

	"quangtri.gov.vn/vanthu/internal/subnet"
	"quangtri.gov.vn/vanthu/mailsvc"
)

const (
	domain = "quangtri.example"
	right  = "đúng mật khẩu 2009"
	clerk  = "mau.an@quangtri.example"
	office = "vpubnd@quangtri.example"
)

// cheap is a cost for tests only.
var cheap = HashCost{Memory: 8, Passes: 1, Threads: 1}

// clock is a clock that stands until it is moved.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) forward(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

func open(t *testing.T, path string, c *clock, set ...func(*Options)) *Store {
	t.Helper()
	o := Options{Domains: []string{domain, "Xa.Example"}, Hash: cheap, Now: c.now, Fatal: func(err error) { t.Error(err) }}
	for _, f := range set {
		f(&o)
	}
	s, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// sample is a store with a clerk, who may send for an office, and a stranger.
func sample(t *testing.T, set ...func(*Options)) (*Store, *clock) {
	t.Helper()
	c := &clock{t: time.Date(2026, 7, 1, 8, 0, 0, 0, time.UTC)}
	s := open(t, filepath.Join(t.TempDir(), "accounts.db"), c, set...)
	must(t, s.Add(t.Context(), mailsvc.Account{Address: "Mau.An@Quangtri.Example", Name: "Nguyễn Mẫu An", Aliases: []string{"an@" + domain}}, right))
	must(t, s.Add(t.Context(), mailsvc.Account{Address: office, Kind: mailsvc.Agency, Aliases: []string{"vp@xa.example"}}, ""))
	must(t, s.Add(t.Context(), mailsvc.Account{Address: "la@" + domain}, right))
	must(t, s.Grant(t.Context(), clerk, office, mailsvc.Read|mailsvc.Send))
	return s, c
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantKind(t *testing.T, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("error is %v, want %v", err, kind)
	}
}

func TestAccountsSurviveReopening(t *testing.T) {
	t.Parallel()
	s, c := sample(t)
	before := s.List()
	path := s.dbPath()
	must(t, s.Close())
	again := open(t, path, c)
	if got := again.List(); fmt.Sprint(got) != fmt.Sprint(before) {
		t.Fatalf("after reopening\n got %v\nwant %v", got, before)
	}
	if _, err := again.Authenticate(t.Context(), clerk, right, "192.0.2.1"); err != nil {
		t.Fatal(err)
	}
}

func (s *Store) dbPath() (path string) {
	_ = s.db.View(func(tx *bbolt.Tx) error { path = tx.DB().Path(); return nil })
	return path
}

func TestDamagedRowIsReportedByName(t *testing.T) {
	t.Parallel()
	s, _ := sample(t)
	path := s.dbPath()
	must(t, s.Close())
	db, err := bbolt.Open(path, 0o600, nil)
	must(t, err)
	must(t, db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucket)
		row := slices.Clone(b.Get([]byte(office)))
		row[len(row)/2] ^= 1
		return b.Put([]byte(office), row)
	}))
	must(t, db.Close())
	_, err = Open(path, Options{Domains: []string{domain}, Hash: cheap})
	wantKind(t, err, mailsvc.ErrInvalid)
	if !strings.Contains(err.Error(), office) {
		t.Fatalf("%v does not name the row", err)
	}
}

func TestAddressesAreStrict(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 65) + "@" + domain
	for _, bad := range []string{
		"", "@", "a", "@" + domain, "a@", "a b@" + domain, `"a"@` + domain, "a@b@" + domain, ".a@" + domain, "a.@" + domain,
		"a..b@" + domain, "vănthư@" + domain, "а@" + domain, "a\x00@" + domain, "a\n@" + domain, "a@-" + domain, "a@[127.0.0.1]",
		"a%b@" + domain, "a!b@" + domain, "<a@" + domain + ">", "a@" + domain + ".", long, "a@" + strings.Repeat("b.", 130) + "vn",
	} {
		if n, err := Normalize(bad); err == nil {
			t.Errorf("Normalize(%q) = %q, want an error", bad, n)
		}
	}
	if n, err := Normalize("A.b-C_d+1@QT.Example"); err != nil || n != "a.b-c_d+1@qt.example" {
		t.Errorf("got %q, %v", n, err)
	}
}

func TestAnAddressHasOneOwner(t *testing.T) {
	t.Parallel()
	s, _ := sample(t)
	for _, a := range []mailsvc.Account{
		{Address: clerk},
		{Address: "AN@" + domain},
		{Address: "moi@" + domain, Aliases: []string{"vp@xa.example"}},
	} {
		wantKind(t, s.Add(t.Context(), a, right), mailsvc.ErrExists)
	}
	wantKind(t, s.SetAlias(t.Context(), "la@"+domain, "an@"+domain, true), mailsvc.ErrExists)
	wantKind(t, s.SetAlias(t.Context(), "la@"+domain, "x@elsewhere.example", true), mailsvc.ErrInvalid)
	wantKind(t, s.Add(t.Context(), mailsvc.Account{Address: "x@elsewhere.example"}, right), mailsvc.ErrInvalid)
	must(t, s.SetAlias(t.Context(), clerk, "an@"+domain, false))
	must(t, s.SetAlias(t.Context(), "la@"+domain, "an@"+domain, true))
	a, err := s.Account("An@" + domain)
	must(t, err)
	if a.Address != "la@"+domain {
		t.Fatalf("the alias reaches %s", a.Address)
	}
}

func TestAddAllIsAllOrNone(t *testing.T) {
	t.Parallel()
	s, _ := sample(t)
	n := len(s.List())
	err := s.AddAll(t.Context(), []mailsvc.Account{{Address: "u1@" + domain}, {Address: "u2@" + domain}, {Address: "U1@" + domain}}, right)
	wantKind(t, err, mailsvc.ErrExists)
	if len(s.List()) != n {
		t.Fatal("part of the accounts was made")
	}
	var many []mailsvc.Account
	for i := range 500 {
		many = append(many, mailsvc.Account{Address: fmt.Sprintf("u%04d@%s", i, domain)})
	}
	must(t, s.AddAll(t.Context(), many, right))
	if _, err := s.Authenticate(t.Context(), "u0499@"+domain, right, "192.0.2.1"); err != nil {
		t.Fatal(err)
	}
}

func TestSenders(t *testing.T) {
	t.Parallel()
	s, _ := sample(t)
	me, err := s.Account(clerk)
	must(t, err)
	may := func(address string, want bool) {
		t.Helper()
		if got := s.MaySend(me, address); got != want {
			t.Errorf("MaySend(%q) = %v, want %v", address, got, want)
		}
	}
	for _, a := range []string{clerk, "MAU.an@" + domain, "an@" + domain, office, "vp@xa.example"} {
		may(a, true)
	}
	for _, a := range []string{"", "la@" + domain, "x@elsewhere.example", `"mau.an"@` + domain, clerk + "\n"} {
		may(a, false)
	}
	must(t, s.Grant(t.Context(), clerk, office, mailsvc.Read))
	may(office, false) // although me was read before
	if got := s.Rights(me, "vp@xa.example"); got != mailsvc.Read {
		t.Errorf("rights through the agency's alias are %v", got)
	}
	must(t, s.Disable(t.Context(), clerk, true))
	may(clerk, false)
	if s.Rights(me, office) != 0 {
		t.Error("a disabled person keeps rights")
	}
}

func TestRemoveTakesGrantsAlong(t *testing.T) {
	t.Parallel()
	s, _ := sample(t)
	must(t, s.Remove(t.Context(), "vp@xa.example")) // an alias: nothing happens
	must(t, s.Remove(t.Context(), office))
	must(t, s.Remove(t.Context(), office))
	must(t, s.Add(t.Context(), mailsvc.Account{Address: office, Kind: mailsvc.Agency}, ""))
	me, err := s.Account(clerk)
	must(t, err)
	if s.Rights(me, office) != 0 {
		t.Fatal("a new agency under the old address inherits the grant")
	}
	if _, err := s.Account("vp@xa.example"); !errors.Is(err, mailsvc.ErrNotFound) {
		t.Fatalf("the alias of a removed account: %v", err)
	}
}

func TestAuthenticateRefusals(t *testing.T) {
	t.Parallel()
	s, _ := sample(t)
	must(t, s.Add(t.Context(), mailsvc.Account{Address: "off@" + domain}, right))
	must(t, s.Disable(t.Context(), "off@"+domain, true))
	texts := map[string]bool{}
	for i, c := range []struct{ address, password string }{
		{clerk, "wrong password"}, {clerk, ""}, {office, ""}, {office, right}, {"nobody@" + domain, right},
		{"off@" + domain, right}, {clerk, right + "\x00"}, {clerk, strings.Repeat("x", 1<<20)},
	} {
		_, err := s.Authenticate(t.Context(), c.address, c.password, fmt.Sprintf("192.0.2.%d", i))
		wantKind(t, err, mailsvc.ErrNotAllowed)
		if strings.Contains(err.Error(), right) {
			t.Error("an error holds a password")
		}
		texts[strings.ReplaceAll(err.Error(), c.address, "ADDRESS")] = true
	}
	if len(texts) != 1 {
		t.Errorf("refusals can be told apart: %v", texts)
	}
	// Typed on another system: the same password in another Unicode form.
	if _, err := s.Authenticate(t.Context(), clerk, norm.NFD.String(right), "192.0.2.99"); err != nil {
		t.Error(err)
	}
}

func TestNewPasswordEndsTheOld(t *testing.T) {
	t.Parallel()
	s, _ := sample(t)
	_, err := s.Authenticate(t.Context(), clerk, right, "192.0.2.1")
	must(t, err) // now in the cache
	must(t, s.SetPassword(t.Context(), clerk, "another password"))
	_, err = s.Authenticate(t.Context(), clerk, right, "192.0.2.1")
	wantKind(t, err, mailsvc.ErrNotAllowed)
	wantKind(t, s.SetPassword(t.Context(), clerk, "short"), mailsvc.ErrInvalid)
	wantKind(t, s.SetPassword(t.Context(), office, "another password"), mailsvc.ErrInvalid)
	wantKind(t, s.SetPassword(t.Context(), "nobody@"+domain, "another password"), mailsvc.ErrNotFound)
}

func TestGuessingIsSlowedDown(t *testing.T) {
	t.Parallel()
	for _, account := range []string{clerk, "nobody@" + domain} {
		s, c := sample(t, func(o *Options) { o.CacheTTL = -1 })
		tried := 0
		s.hasher.dummy = phc(cheap, randomBytes(saltLen), randomBytes(keyLen))
		for range 10_000 { // one guess a second
			if _, ok := s.throttle.begin(account, "192.0.2.1:4711", c.now()); ok {
				tried++
			}
			c.forward(time.Second)
		}
		// 5 free, then 2, 4, 8 ... 900 seconds apart.
		if tried < 10 || tried > 30 {
			t.Errorf("%s: %d guesses in 10,000 seconds", account, tried)
		}
	}
}

func TestManyGuessesAtOnceAreNoBetter(t *testing.T) {
	t.Parallel()
	s, c := sample(t)
	tried := 0
	for range 1000 { // all started before the first is decided
		if _, ok := s.throttle.begin(clerk, "192.0.2.1", c.now()); ok {
			tried++
		}
	}
	if tried != 5 {
		t.Fatalf("%d guesses in parallel", tried)
	}
}

func TestAPersonIsNotLockedOutByGuessers(t *testing.T) {
	t.Parallel()
	s, c := sample(t)
	_, err := s.Authenticate(t.Context(), clerk, right, "192.0.2.1")
	must(t, err)
	for i := range 100 {
		_, _ = s.Authenticate(t.Context(), clerk, "guess guess guess", fmt.Sprintf("198.51.100.%d", i))
	}
	if _, err := s.Authenticate(t.Context(), clerk, right, "192.0.2.1"); err != nil {
		t.Fatalf("the person's own program is refused: %v", err)
	}
	_, err = s.Authenticate(t.Context(), "la@"+domain, right, "198.51.100.7")
	must(t, err) // one failure from that network does not close it
	c.forward(2 * time.Hour)
	if _, err := s.Authenticate(t.Context(), clerk, right, "203.0.113.1"); err != nil {
		t.Fatalf("long after, from elsewhere: %v", err)
	}
}

func TestCountersAreBounded(t *testing.T) {
	t.Parallel()
	th := newThrottle(Throttle{})
	now := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	for i := range maxCounters / 2 {
		th.begin(fmt.Sprint(i), fmt.Sprintf("2001:db8:%x:%x::1", i>>16, i&0xffff), now)
	}
	if len(th.counters) > maxCounters+3 {
		t.Fatalf("%d counters", len(th.counters))
	}
	if subnet.Of("2001:db8::1") != subnet.Of("2001:db8::ffff") || subnet.Of("::ffff:192.0.2.1") != subnet.Of("192.0.2.1:25") {
		t.Error("one network has two counters")
	}
}

func TestHashesAreRenewed(t *testing.T) {
	t.Parallel()
	s, c := sample(t)
	path := s.dbPath()
	must(t, s.Close())
	dearer := HashCost{Memory: 16, Passes: 2, Threads: 1}
	s = open(t, path, c, func(o *Options) { o.Hash = dearer })
	_, err := s.Authenticate(t.Context(), clerk, right, "192.0.2.1")
	must(t, err)
	r, _ := s.record(clerk)
	if !s.hasher.current(r.Password) {
		t.Fatal("the old hash is still there")
	}
	if _, err := s.Authenticate(t.Context(), clerk, right, "192.0.2.1"); err != nil {
		t.Fatal(err)
	}
}

func TestWaitingForASlotEndsWithTheContext(t *testing.T) {
	t.Parallel()
	s, _ := sample(t)
	sum := int64(0)
	s.hasher.tell = func(n int64) { sum += n }
	for range cap(s.hasher.slots) {
		s.hasher.slots <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Authenticate(ctx, "la@"+domain, right, "192.0.2.1")
	if !errors.Is(err, context.Canceled) || errors.Is(err, mailsvc.ErrNotAllowed) {
		t.Fatalf("error is %v", err)
	}
	if sum != 0 {
		t.Errorf("%d bytes are told to be in use", sum)
	}
	if len(s.throttle.counters) != 0 {
		t.Error("an undecided attempt counts as failed")
	}
}

// TestHashMemoryIsTold: whatever the outcome, before a slot is taken and before it
// is free again; a remembered password costs nothing.
func TestHashMemoryIsTold(t *testing.T) {
	t.Parallel()
	s, c := sample(t)
	path := s.dbPath()
	must(t, s.Close())
	var told []int64
	var held []int
	s = open(t, path, c, func(o *Options) {
		o.HashMemory = func(n int64) { told, held = append(told, n), append(held, len(s.hasher.slots)) }
	})
	const n = int64(8) << 10
	for _, try := range []struct {
		address, password string
		told              []int64
	}{{clerk, right, []int64{n, -n}}, {clerk, right, nil}, {clerk, "sai", []int64{n, -n}}, {"khongco@" + domain, right, []int64{n, -n}}} {
		told, held = nil, nil
		s.Authenticate(t.Context(), try.address, try.password, "192.0.2.1")
		if !slices.Equal(told, try.told) || len(held) > 0 && !slices.Equal(held, []int{0, 1}) {
			t.Errorf("%s: told of %d bytes with %d slots held", try.address, told, held)
		}
	}
}

func TestStoredCostsAreBounded(t *testing.T) {
	t.Parallel()
	good := phc(cheap, randomBytes(saltLen), randomBytes(keyLen))
	if _, _, _, err := parsePHC(good); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{
		"", "$", "$argon2id$v=19$m=8,t=1,p=1$$", strings.Replace(good, "argon2id", "argon2i", 1),
		strings.Replace(good, "m=8", "m=4194304", 1), strings.Replace(good, "t=1", "t=4000000", 1),
		strings.Replace(good, "t=1", "t=0", 1), strings.Replace(good, "p=1", "p=0", 1), good + "$x",
	} {
		if _, _, _, err := parsePHC(bad); err == nil {
			t.Errorf("parsePHC(%q) is accepted", bad)
		}
	}
}

func TestGeneratedPasswords(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		p := GeneratePassword()
		if len(p) != 24 || strings.Trim(p, signs+"-") != "" || seen[p] {
			t.Fatalf("password %q", p)
		}
		seen[p] = true
	}
}

func FuzzNormalize(f *testing.F) {
	for _, s := range []string{clerk, "a@b", "A@B.C", `"x y"@z`, "a@b@c", "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		n, err := Normalize(in)
		if err != nil {
			return
		}
		if again, err := Normalize(n); err != nil || again != n {
			t.Fatalf("%q -> %q -> %q, %v", in, n, again, err)
		}
		if strings.Count(n, "@") != 1 || n != strings.ToLower(n) || len(n) > maxAddress {
			t.Fatalf("%q -> %q", in, n)
		}
	})
}

func FuzzRecord(f *testing.F) {
	row, _ := encode(record{Account: mailsvc.Account{Address: clerk}})
	f.Add(row)
	f.Add([]byte("00000000 {}"))
	f.Fuzz(func(t *testing.T, in []byte) {
		if r, err := decode(in); err == nil {
			if _, err := encode(r); err != nil {
				t.Fatal(err)
			}
		}
	})
}
