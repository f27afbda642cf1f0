package clients

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// subjects of the messages that are searched, by sequence number. The third is
// in NFD, as a Mac writes it.
var subjects = []string{"Đấu thầu công trình", "đầu thau", "Đa\u0302\u0301u tha\u0302\u0300u lần hai", "Họp giao ban", "bidding"}

func fillForSearch(t *testing.T, c *imapclient.Client) {
	t.Helper()
	for i, s := range subjects {
		options := &imap.AppendOptions{Time: time.Date(2010, 5, 1+i, 12, 0, 0, 0, time.UTC)}
		if i%2 == 0 {
			options.Flags = []imap.Flag{imap.FlagSeen, "DaXuLy"}
		}
		put(t, c, "INBOX", options, letter(i+1, s, "Nội dung "+s))
	}
	value(c.Select("INBOX", nil).Wait())(t)
}

func search(t *testing.T, s server, who login) {
	c := s.enter(t, who)
	fillForSearch(t, c)
	subject := func(v string) imap.SearchCriteria {
		return imap.SearchCriteria{Header: []imap.SearchCriteriaHeaderField{{Key: "Subject", Value: v}}}
	}
	day := func(d int) time.Time { return time.Date(2010, 5, d, 0, 0, 0, 0, time.UTC) }
	for _, q := range []struct {
		name     string
		criteria imap.SearchCriteria
		want     []uint32
	}{
		{"all", imap.SearchCriteria{}, []uint32{1, 2, 3, 4, 5}},
		{"with marks", subject("đấu thầu"), []uint32{1, 3}},
		{"without marks", subject("dau thau"), []uint32{1, 2, 3}},
		{"in NFD", subject("đa\u0302\u0301u tha\u0302\u0300u"), []uint32{1, 3}},
		{"other marks", subject("đậu thầu"), nil},
		{"in the text", imap.SearchCriteria{Body: []string{"đấu thầu"}}, []uint32{1, 3}},
		{"anywhere", imap.SearchCriteria{Text: []string{"GIAO BAN"}}, []uint32{4}},
		{"sender", imap.SearchCriteria{Header: []imap.SearchCriteriaHeaderField{{Key: "From", Value: "mau an"}}}, []uint32{1, 2, 3, 4, 5}},
		{"any header", imap.SearchCriteria{Header: []imap.SearchCriteriaHeaderField{{Key: "In-Reply-To", Value: ""}}}, []uint32{2, 3, 4, 5}},
		{"numbers", imap.SearchCriteria{SeqNum: []imap.SeqSet{imap.SeqSetNum(2, 4)}, UID: []imap.UIDSet{{{Start: 3, Stop: 0}}}}, []uint32{4}},
		{"days", imap.SearchCriteria{Since: day(2), Before: day(4)}, []uint32{2, 3}},
		{"sent", imap.SearchCriteria{SentSince: day(20), SentBefore: day(21)}, []uint32{1, 2, 3, 4, 5}},
		{"flags", imap.SearchCriteria{Flag: []imap.Flag{imap.FlagSeen, "DaXuLy"}, NotFlag: []imap.Flag{imap.FlagDeleted}}, []uint32{1, 3, 5}},
		{"size", imap.SearchCriteria{Larger: 100, Smaller: 100_000}, []uint32{1, 2, 3, 4, 5}},
		{"not", imap.SearchCriteria{Not: []imap.SearchCriteria{subject("dau")}}, []uint32{4, 5}},
		{"or", imap.SearchCriteria{Or: [][2]imap.SearchCriteria{{subject("họp"), subject("bidding")}}}, []uint32{4, 5}},
		{"changed", imap.SearchCriteria{ModSeq: &imap.SearchCriteriaModSeq{ModSeq: 1}}, []uint32{1, 2, 3, 4, 5}},
	} {
		found := value(c.Search(&q.criteria, nil).Wait())(t)
		if have := found.AllSeqNums(); !slices.Equal(have, q.want) {
			t.Errorf("%s: %v, want %v", q.name, have, q.want)
		}
		everything := &imap.SearchOptions{ReturnMin: true, ReturnMax: true, ReturnAll: true, ReturnCount: true}
		extended := value(c.UIDSearch(&q.criteria, everything).Wait())(t)
		if have := extended.AllUIDs(); len(have) != len(q.want) || int(extended.Count) != len(q.want) ||
			len(have) > 0 && (extended.Min != uint32(have[0]) || extended.Max != uint32(have[len(have)-1])) {
			t.Errorf("%s by UID: %+v", q.name, extended)
		}
	}
}

func sortThread(t *testing.T, s server, who login) {
	c := s.enter(t, who)
	fillForSearch(t, c)
	for _, q := range []struct {
		keys []imapclient.SortCriterion
		want []uint32
	}{
		{[]imapclient.SortCriterion{{Key: imapclient.SortKeyDate, Reverse: true}}, []uint32{5, 4, 3, 2, 1}},
		{[]imapclient.SortCriterion{{Key: imapclient.SortKeyArrival}}, []uint32{1, 2, 3, 4, 5}},
		{[]imapclient.SortCriterion{{Key: imapclient.SortKeyFrom}, {Key: imapclient.SortKeyTo}, {Key: imapclient.SortKeyCc}, {Key: imapclient.SortKeyDate}},
			[]uint32{1, 2, 3, 4, 5}},
	} {
		options := &imapclient.SortOptions{SearchCriteria: &imap.SearchCriteria{}, SortCriteria: q.keys}
		if have := value(c.Sort(options).Wait())(t); !slices.Equal(have, q.want) {
			t.Errorf("SORT by %v: %v", q.keys, have)
		}
		if have := value(c.UIDSort(options).Wait())(t); !slices.Equal(have, q.want) {
			t.Errorf("UID SORT by %v: %v", q.keys, have)
		}
	}
	for _, key := range []imapclient.SortKey{imapclient.SortKeySubject, imapclient.SortKeySize} {
		options := &imapclient.SortOptions{SearchCriteria: &imap.SearchCriteria{Flag: []imap.Flag{imap.FlagSeen}}, SortCriteria: []imapclient.SortCriterion{{Key: key}}}
		if have := value(c.Sort(options).Wait())(t); len(have) != 3 {
			t.Errorf("SORT by %s: %v", key, have)
		}
	}
	all := &imap.SearchCriteria{}
	threads := value(c.Thread(&imapclient.ThreadOptions{Algorithm: imap.ThreadReferences, SearchCriteria: all}).Wait())(t)
	one := []imapclient.ThreadData{{Chain: []uint32{1}, SubThreads: []imapclient.ThreadData{{Chain: []uint32{2}}, {Chain: []uint32{3}}, {Chain: []uint32{4}}, {Chain: []uint32{5}}}}}
	if !reflect.DeepEqual(threads, one) {
		t.Errorf("THREAD REFERENCES: %+v", threads)
	}
	if by := value(c.UIDThread(&imapclient.ThreadOptions{Algorithm: imap.ThreadOrderedSubject, SearchCriteria: all}).Wait())(t); len(by) == 0 {
		t.Error("THREAD ORDEREDSUBJECT found nothing")
	}
}
