package imap

import (
	"fmt"
	"strings"
	"testing"
	"time"

	imap "github.com/emersion/go-imap/v2"

	"quangtri.gov.vn/vanthu/internal/cputime"
	"quangtri.gov.vn/vanthu/mailsvc"
	"quangtri.gov.vn/vanthu/mailsvc/mime"
)

// shapes are conversations that cost careless threading dearly: the header of
// the i-th message of n.
var shapes = map[string]func(i, n int) string{
	"one long chain": func(i, n int) string { return fmt.Sprintf("Message-ID: <%d>\r\nReferences: <%d>\r\n", i, i-1) },
	"chains that know their past": func(i, n int) string {
		var b strings.Builder
		for k := max(0, i-50); k < i; k++ {
			fmt.Fprintf(&b, " <%d>", k)
		}
		return fmt.Sprintf("Message-ID: <%d>\r\nReferences:%s\r\n", i, b.String())
	},
	"a chain told backwards": func(i, n int) string { return fmt.Sprintf("Message-ID: <%d>\r\nReferences: <%d>\r\n", n-i, n-i-1) },
	"a star":                 func(i, n int) string { return fmt.Sprintf("Message-ID: <%d>\r\nIn-Reply-To: <0>\r\n", i) },
	"one subject":            func(i, n int) string { return "Subject: một\r\n" },
	"answers to one subject": func(i, n int) string {
		return fmt.Sprintf("Message-ID: <%d>\r\nSubject: Re: Re: [x] Fwd: một\r\n", i)
	},
	"pairs in a ring": func(i, n int) string { return fmt.Sprintf("Message-ID: <%d>\r\nReferences: <%d>\r\n", i, (i+1)%n) },
	"missing parents": func(i, n int) string {
		return fmt.Sprintf("References: <a%d> <b%d> <c%d>\r\nSubject: %d\r\n", i, i, i%7, i%100)
	},
	"one identifier": func(i, n int) string { return "Message-ID: <x>\r\nReferences: <x> <y> <x>\r\n" },
	"subjects of brackets": func(i, n int) string {
		return "Subject: " + strings.Repeat("[x] ", 100) + "Re: " + strings.Repeat("(fwd) ", 100) + "\r\n"
	},
}

// threaded answers THREAD for rows, REFERENCES if link is set, else ORDEREDSUBJECT.
func threaded(rows []mailsvc.Message, link bool) []byte {
	t := threader{byID: make(map[string]*node)}
	for i := range rows {
		t.add(&rows[i], uint32(i+1), link)
	}
	var roots []*node
	if link {
		roots = t.references()
	} else {
		roots = t.orderedSubject()
	}
	var b []byte
	for _, n := range roots {
		b = appendThread(b, n)
	}
	return b
}

// TestThreadingScales compares the processor time for a mailbox with that for one
// four times as large. Every message must stand in the answer once.
func TestThreadingScales(t *testing.T) {
	const small, large = 1_500, 6_000
	for name, shape := range shapes {
		rows := func(n int) []mailsvc.Message {
			out := make([]mailsvc.Message, n)
			for i := range out {
				h := shape(i, n) + "\r\n"
				out[i] = mailsvc.Message{Index: mime.Scan(strings.NewReader(h), int64(len(h))).AppendBinary(nil), Internal: time.Unix(int64(i), 0)}
			}
			return out
		}
		few, many := rows(small), rows(large)
		for _, link := range []bool{true, false} {
			best := func(rows []mailsvc.Message) (answer []byte, d time.Duration) {
				d = time.Hour
				for range 3 {
					d = min(d, cputime.Of(func() { answer = threaded(rows, link) }))
				}
				return answer, d
			}
			_, one := best(few)
			answer, four := best(many)
			if four > 12*one+40*time.Millisecond {
				t.Errorf("%s (%v): %d messages take %v, %d take %v", name, link, small, one, large, four)
			}
			count := 0
			for range strings.FieldsFuncSeq(string(answer), func(r rune) bool { return r < '0' || r > '9' }) {
				count++
			}
			if count != large {
				t.Errorf("%s (%v): %d numbers for %d messages", name, link, count, large)
			}
		}
	}
}

// TestSignOfLife is INPROGRESS, RFC 9585.
func TestSignOfLife(t *testing.T) {
	t.Parallel()
	c := &conn{s: New(Options{})}
	sink := new(sinkConn)
	c.use(sink)
	p := progress{r: &request{c: c, tag: `a"1`}, total: 1000, last: time.Now().Add(-2 * progressEvery)}
	for range 200 {
		if !p.tick() {
			t.Fatal("the client is thought to be gone")
		}
	}
	if got := sink.String(); got != "* OK [INPROGRESS (\"a\\\"1\" 64 1000)] still at work\r\n" {
		t.Errorf("%q", got)
	}
}

// TestQuotaAndRightsAnswers goes through the commands of RFC 9208 and RFC 4314.
func TestQuotaAndRightsAnswers(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	h.people.change(office, func(a *mailsvc.Account) { a.Quota = 1 << 20 })
	h.put(office, "INBOX", letter("một", strings.Repeat("x", 3000)), string(imap.FlagDeleted))
	w := h.login(alice)
	w.ok("ENABLE UTF8=ACCEPT")
	newScript(t).play(w, `
		C: GETQUOTAROOT INBOX
		S: * QUOTAROOT "INBOX"
		C: GETQUOTAROOT `+officeInbox+`
		S: * QUOTAROOT `+officeInbox+` "snv@x.test"
		S: * QUOTA "snv@x.test" (STORAGE 4 1024)
		C: GETQUOTA "snv@x.test"
		S: * QUOTA "snv@x.test" (STORAGE 4 1024)
		C: GETQUOTA ""
		A: NO [NONEXISTENT]
		C: GETQUOTA "mau.b@x.test"
		A: NO [NONEXISTENT]
		C: STATUS `+officeInbox+` (DELETED DELETED-STORAGE)
		S: * STATUS `+officeInbox+` (DELETED 1 DELETED-STORAGE 4)
		C: SETQUOTA "snv@x.test" (STORAGE 9999)
		A: NO [NOPERM]
		C: SETQUOTA "snv@x.test" STORAGE
		A: BAD
		C: MYRIGHTS INBOX
		S: * MYRIGHTS "INBOX" lrswikxtecd
		C: MYRIGHTS nowhere
		A: NO [NONEXISTENT]
		C: MYRIGHTS "Hộp thư cơ quan"
		S: * MYRIGHTS "Hộp thư cơ quan" lrs
		C: GETACL `+officeInbox+`
		S: * ACL `+officeInbox+` "mau.a@x.test" lrswikxtecd
		C: LISTRIGHTS `+officeInbox+` mau.b@x.test
		S: * LISTRIGHTS `+officeInbox+` "mau.b@x.test" "" lrs wikc xted
		C: SETACL `+officeInbox+` mau.b@x.test +w
		A: NO [NOPERM]
		C: DELETEACL `+officeInbox+` mau.b@x.test
		A: NO [NOPERM]
		C: SETACL `+officeInbox+`
		A: BAD
		C: DELETEACL `+officeInbox+` mau.b@x.test +w
		A: BAD
	`)
}
