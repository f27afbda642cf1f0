package identity

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/argon2"
)

// HashCost is the price of one argon2id hash (RFC 9106). Zero fields mean 19
// MiB, 2 passes, 1 lane.
type HashCost struct {
	Memory  uint32 // KiB, at least 8 x Lanes, at most 1 GiB
	Passes  uint32 // 1 to 100
	Threads uint8  // lanes
}

const (
	saltLen = 16
	keyLen  = 32
	// Bounds for what a row may ask of this machine.
	maxMemory = 1 << 20 // KiB
	maxPasses = 100
)

func (c HashCost) withDefaults() HashCost {
	if c.Memory == 0 {
		c.Memory = 19 << 10
	}
	if c.Passes == 0 {
		c.Passes = 2
	}
	if c.Threads == 0 {
		c.Threads = 1
	}
	return c
}

func (c HashCost) valid() bool {
	return c.Threads >= 1 && c.Passes >= 1 && c.Passes <= maxPasses && c.Memory >= 8*uint32(c.Threads) && c.Memory <= maxMemory
}

// hasher makes and checks hashes, a bounded number at once.
type hasher struct {
	cost  HashCost
	slots chan struct{}
	tell  func(bytes int64) // see Options.HashMemory
	dummy string            // hash of a password that nobody knows
}

func newHasher(c HashCost, slots int, tell func(int64)) (*hasher, error) {
	c = c.withDefaults()
	if !c.valid() {
		return nil, fmt.Errorf("password hash cost %+v is out of bounds", c)
	}
	if tell == nil {
		tell = func(int64) {}
	}
	h := &hasher{cost: c, slots: make(chan struct{}, slots), tell: tell}
	h.dummy = phc(c, randomBytes(saltLen), randomBytes(keyLen))
	return h, nil
}

// hash returns the PHC string of a password under a new salt.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	if err := h.acquire(ctx, h.cost); err != nil {
		return "", err
	}
	defer h.release(h.cost)
	salt := randomBytes(saltLen)
	return phc(h.cost, salt, derive(h.cost, salt, password, keyLen)), nil
}

// verify reports whether the password belongs to the hash. If exists is false
// it does the same work against a dummy and reports false.
func (h *hasher) verify(ctx context.Context, stored string, exists bool, password string) (bool, error) {
	if !exists {
		stored = h.dummy
	}
	cost, salt, key, err := parsePHC(stored)
	if err != nil {
		return false, err
	}
	if len(password) > maxPassword {
		password = ""
	}
	if err := h.acquire(ctx, cost); err != nil {
		return false, err
	}
	defer h.release(cost)
	same := subtle.ConstantTimeCompare(derive(cost, salt, password, len(key)), key) == 1
	return same && exists, nil
}

// current reports whether a stored hash was made at today's cost.
func (h *hasher) current(stored string) bool {
	cost, _, key, err := parsePHC(stored)
	return err == nil && cost == h.cost && len(key) == keyLen
}

// acquire waits for a slot for one hash at that cost.
func (h *hasher) acquire(ctx context.Context, c HashCost) error {
	h.tell(c.bytes())
	select {
	case h.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		h.tell(-c.bytes())
		return ctx.Err()
	}
}

func (h *hasher) release(c HashCost) {
	h.tell(-c.bytes())
	<-h.slots
}

// bytes is how much memory a hash takes, and leaves as garbage.
func (c HashCost) bytes() int64 { return int64(c.Memory) << 10 }

// derive makes one hash; the caller has acquired a slot for it.
func derive(c HashCost, salt []byte, password string, n int) []byte {
	return argon2.IDKey([]byte(password), salt, c.Passes, c.Memory, c.Threads, uint32(n))
}

func phc(c HashCost, salt, key []byte) string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.Memory, c.Passes, c.Threads, b64(salt), b64(key))
}

var errPHC = errors.New("stored password hash is not an argon2id PHC string")

// parsePHC reads what phc wrote, and refuses costs that would harm the machine.
func parsePHC(s string) (c HashCost, salt, key []byte, err error) {
	f := strings.Split(s, "$")
	if len(f) != 6 || f[0] != "" || f[1] != "argon2id" || f[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return c, nil, nil, errPHC
	}
	if _, err := fmt.Sscanf(f[3], "m=%d,t=%d,p=%d", &c.Memory, &c.Passes, &c.Threads); err != nil || !c.valid() {
		return c, nil, nil, errPHC
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(f[4])
	key, err2 := base64.RawStdEncoding.DecodeString(f[5])
	if err1 != nil || err2 != nil || len(salt) < 8 || len(key) < 16 || len(key) > 128 {
		return c, nil, nil, errPHC
	}
	return c, salt, key, nil
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return b
}

// signs leaves out what people mistake for each other: i, l, o, 0, 1.
const signs = "23456789abcdefghjkmnpqrstuvwxyz"

// GeneratePassword returns a password of 99 random bits that can be read out
// over the telephone: five groups of four small letters and digits.
func GeneratePassword() string {
	const groups, size = 5, 4
	var b strings.Builder
	for i := 0; i < groups*size; {
		c := int(randomBytes(1)[0] & 31)
		if c >= len(signs) {
			continue // keeps the draw uniform
		}
		if i > 0 && i%size == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(signs[c])
		i++
	}
	return b.String()
}

// cache remembers which passwords were lately right, as digests under a key that
// lives and dies with the process.
type cache struct {
	ttl time.Duration
	key []byte

	mu      sync.Mutex
	entries map[string]cached // by account address
}

type cached struct {
	digest  [sha256.Size]byte
	expires time.Time
}

// maxCached bounds the cache. When it is full it is emptied: the cost is one
// hash for each person who is logged in.
const maxCached = 20_000

func newCache(ttl time.Duration) *cache {
	return &cache{ttl: ttl, key: randomBytes(32), entries: map[string]cached{}}
}

// digest binds the password to the account and to its stored hash, so that a
// new password makes the old entry worthless.
func (c *cache) digest(r record, password string) (d [sha256.Size]byte) {
	m := hmac.New(sha256.New, c.key)
	fmt.Fprintf(m, "%d:%s%d:%s%s", len(r.Address), r.Address, len(r.Password), r.Password, password)
	m.Sum(d[:0])
	return d
}

func (c *cache) holds(r record, password string, now time.Time) bool {
	d := c.digest(r, password)
	c.mu.Lock()
	e, ok := c.entries[r.Address]
	c.mu.Unlock()
	return ok && now.Before(e.expires) && subtle.ConstantTimeCompare(d[:], e.digest[:]) == 1
}

func (c *cache) add(r record, password string, now time.Time) {
	if c.ttl < 0 {
		return
	}
	d := c.digest(r, password)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.entries) >= maxCached {
		clear(c.entries)
	}
	c.entries[r.Address] = cached{d, now.Add(c.ttl)}
}
