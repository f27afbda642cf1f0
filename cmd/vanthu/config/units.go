package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Duration is a span of time, written as in Go: "90s", "10m", "36h".
type Duration struct{ time.Duration }

// UnmarshalText reads the form that people write.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is not a span of time; write a number and a unit, such as \"90s\", \"10m\" or \"36h\"", clip(string(text)))
	}
	d.Duration = v
	return nil
}

// Size is a number of bytes, written as "512 KiB", "10 MiB", "1 GiB" or "4096 B".
type Size int64

var sizeUnits = []struct {
	name  string
	bytes int64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}

// UnmarshalText reads the form that people write.
func (s *Size) UnmarshalText(text []byte) error {
	bad := fmt.Errorf("%q is not a size; write a whole number and B, KiB, MiB or GiB, such as \"10 MiB\"", clip(string(text)))
	for _, u := range sizeUnits {
		digits, ok := strings.CutSuffix(string(text), u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64)
		if err != nil || n < 0 || n > math.MaxInt64/u.bytes {
			return bad
		}
		*s = Size(n * u.bytes)
		return nil
	}
	return bad
}

// String writes s in the largest unit that divides it.
func (s Size) String() string {
	for _, u := range sizeUnits {
		if int64(s)%u.bytes == 0 && (s != 0 || u.bytes == 1) {
			return strconv.FormatInt(int64(s)/u.bytes, 10) + " " + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10) + " B"
}

// clip keeps a wrong value short enough to be shown.
func clip(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
