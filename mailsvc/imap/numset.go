package imap

import (
	"cmp"
	"slices"
	"strconv"

	imap "github.com/emersion/go-imap/v2"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// numSet is a set of sequence numbers or UIDs as a client wrote it: ranges in
// any order, 0 for "*", or "$" for the saved search result. It is never
// expanded, only intersected with the numbers that exist.
type numSet struct {
	ranges []imap.SeqRange
	saved  bool
}

// numSet reads a sequence-set.
func (p *parser) numSet() numSet {
	if p.accept('$') {
		return numSet{saved: true}
	}
	var s numSet
	for {
		r := imap.SeqRange{Start: p.setNumber()}
		r.Stop = r.Start
		if p.accept(':') {
			r.Stop = p.setNumber()
		}
		s.ranges = append(s.ranges, r)
		if !p.accept(',') {
			return s
		}
	}
}

func (p *parser) setNumber() uint32 {
	if p.accept('*') {
		return 0
	}
	n := p.number()
	if n == 0 {
		p.fail("0 is no message number")
	}
	return n
}

// resolve returns the set as ascending, disjoint ranges with "*" standing for
// last. Time is that of sorting the ranges.
func (s numSet) resolve(last uint32) []imap.SeqRange {
	out := make([]imap.SeqRange, 0, len(s.ranges))
	for _, r := range s.ranges {
		if r.Start == 0 {
			r.Start = last
		}
		if r.Stop == 0 {
			r.Stop = last
		}
		if r.Start > r.Stop {
			r.Start, r.Stop = r.Stop, r.Start
		}
		if r.Stop > 0 {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b imap.SeqRange) int { return cmp.Compare(a.Start, b.Start) })
	n := 0
	for _, r := range out {
		if n > 0 && uint64(r.Start) <= uint64(out[n-1].Stop)+1 {
			out[n-1].Stop = max(out[n-1].Stop, r.Stop)
			continue
		}
		out[n] = r
		n++
	}
	return out[:n]
}

// span is a run of messages in a session's list: indexes [from, to).
type span struct{ from, to int }

// pick returns the messages of the set as ascending spans of v.uids. A
// sequence number beyond the last message is the client's error.
func (v *view) pick(s numSet, uid bool) ([]span, error) {
	if s.saved {
		return v.spansOf(v.saved), nil
	}
	if uid {
		return v.pickUIDs(s), nil
	}
	n := uint32(len(v.uids))
	if n == 0 && slices.ContainsFunc(s.ranges, func(r imap.SeqRange) bool { return r.Start == 0 || r.Stop == 0 }) {
		return nil, nil // "1:*" of an empty mailbox
	}
	var out []span
	for _, r := range s.resolve(n) {
		if r.Stop > n {
			return nil, bad("no message with that number")
		}
		out = append(out, span{int(r.Start) - 1, int(r.Stop)})
	}
	return out, nil
}

func (v *view) pickUIDs(s numSet) []span {
	if len(v.uids) == 0 {
		return nil
	}
	var out []span
	for _, r := range s.resolve(uint32(v.uids[len(v.uids)-1])) {
		from, _ := slices.BinarySearch(v.uids, mailsvc.UID(r.Start))
		to, found := slices.BinarySearch(v.uids, mailsvc.UID(r.Stop))
		if found {
			to++
		}
		if from < to {
			out = append(out, span{from, to})
		}
	}
	return out
}

// spansOf returns where the ascending uids stand; unknown ones are passed over.
func (v *view) spansOf(uids []mailsvc.UID) []span {
	var out []span
	for _, u := range uids {
		i, ok := slices.BinarySearch(v.uids, u)
		if !ok {
			continue
		}
		if n := len(out); n > 0 && out[n-1].to == i {
			out[n-1].to++
			continue
		}
		out = append(out, span{i, i + 1})
	}
	return out
}

// ranges returns the UIDs of spans for the store.
func (v *view) ranges(spans []span) []mailsvc.Range {
	out := make([]mailsvc.Range, len(spans))
	for i, s := range spans {
		out[i] = mailsvc.Range{From: v.uids[s.from], To: v.uids[s.to-1]}
	}
	return out
}

// after returns what of ranges lies beyond uid.
func after(ranges []mailsvc.Range, uid mailsvc.UID) []mailsvc.Range {
	for len(ranges) > 0 && ranges[0].To <= uid && ranges[0].To != 0 {
		ranges = ranges[1:]
	}
	if len(ranges) > 0 && ranges[0].From <= uid {
		ranges = slices.Clone(ranges)
		ranges[0].From = uid + 1
	}
	return ranges
}

// appendSet appends ascending numbers as a sequence-set.
func appendSet[N ~uint32](b []byte, nums []N) []byte {
	for i := 0; i < len(nums); {
		j := i
		for j+1 < len(nums) && nums[j+1] == nums[j]+1 {
			j++
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, uint64(nums[i]), 10)
		if j > i {
			b = append(b, ':')
			b = strconv.AppendUint(b, uint64(nums[j]), 10)
		}
		i = j + 1
	}
	return b
}
