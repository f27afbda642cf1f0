package bolt

import (
	"math"
	"slices"
	"sort"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// span is a closed range of UIDs, from <= to.
type span struct{ from, to uint32 }

var everything = []span{{1, math.MaxUint32}}

// spans puts ranges in ascending order and merges those that touch.
func spans(ranges []mailsvc.Range) []span {
	out := make([]span, 0, len(ranges))
	for _, r := range ranges {
		s := span{max(uint32(r.From), 1), uint32(r.To)}
		if r.To == 0 {
			s.to = math.MaxUint32
		}
		if s.from <= s.to {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b span) int {
		switch {
		case a.from < b.from:
			return -1
		case a.from > b.from:
			return 1
		}
		return 0
	})
	merged := out[:0]
	for _, s := range out {
		if n := len(merged); n > 0 && uint64(s.from) <= uint64(merged[n-1].to)+1 {
			merged[n-1].to = max(merged[n-1].to, s.to)
			continue
		}
		merged = append(merged, s)
	}
	return merged
}

// from drops the spans that end before uid: mask walks its spans from the first.
func from(ranges []span, uid uint32) []span {
	i := sort.Search(len(ranges), func(i int) bool { return ranges[i].to >= uid })
	return ranges[i:]
}

// collect turns ascending UIDs into spans.
func collect(uids []uint32) []span {
	var out []span
	for _, u := range uids {
		if n := len(out); n > 0 && out[n-1].to+1 == u {
			out[n-1].to = u
			continue
		}
		out = append(out, span{u, u})
	}
	return out
}
