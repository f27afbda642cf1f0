package imap

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// The dialogues of this file are about SEARCH, its results and what can be
// found in Vietnamese.

// searched is a client that has selected an INBOX of n messages, "a", "b" and so on.
func searched(t *testing.T, n int) *wire {
	t.Helper()
	now := time.Date(2009, 11, 16, 1, 0, 30, 0, time.UTC)
	h := newHouse(t, Plain, func(o *Options) { o.Now = func() time.Time { return now } })
	for i := range n {
		h.put(alice, "INBOX", letter(string(rune('a'+i)), "x"))
	}
	w := h.login(alice)
	w.ok("SELECT INBOX")
	return w
}

// TestSearchReturn is RFC 4731: every combination answers in one line.
func TestSearchReturn(t *testing.T) {
	t.Parallel()
	newScript(t).play(searched(t, 6), `
		C: UID SEARCH RETURN (MIN MAX ALL COUNT) 2:4
		S: * ESEARCH (TAG …) UID MIN 2 MAX 4 ALL 2:4 COUNT 3
		C: SEARCH RETURN () 1,3:5
		S: * ESEARCH (TAG …) ALL 1,3:5
		C: SEARCH RETURN (ALL) NOT ALL
		S: * ESEARCH (TAG …)
		C: SEARCH RETURN (COUNT MIN) NOT ALL
		S: * ESEARCH (TAG …) COUNT 0
		C: SEARCH RETURN (NONSENSE) ALL
		A: BAD
		C: SEARCH RETURN ALL
		A: BAD
		C: SEARCH RETURN (MIN)
		A: BAD
	`)
}

// TestSearchSaves is RFC 5182: what SAVE keeps depends on what else is asked.
func TestSearchSaves(t *testing.T) {
	t.Parallel()
	newScript(t).play(searched(t, 6), `
		C: SEARCH RETURN (SAVE) 2:5
		C: SEARCH RETURN (SAVE MIN) $
		S: * ESEARCH (TAG …) MIN 2
		C: UID SEARCH $
		S: * SEARCH 2
		C: SEARCH RETURN (SAVE MIN MAX) 2:5
		S: * ESEARCH (TAG …) MIN 2 MAX 5
		C: FETCH $ UID
		S: * 2 FETCH (UID 2)
		S: * 5 FETCH (UID 5)
		C: SEARCH RETURN (SAVE MAX ALL) 2:4
		S: * ESEARCH (TAG …) MAX 4 ALL 2:4
		C: SEARCH $
		S: * SEARCH 2 3 4
		C: SEARCH RETURN (SAVE MIN COUNT) 5:6
		S: * ESEARCH (TAG …) MIN 5 COUNT 2
		C: UID STORE $ +FLAGS (x)
		S: * 5 FETCH (UID 5 FLAGS (x))
		S: * 6 FETCH (UID 6 FLAGS (x))
		C: UID COPY $ "Th&AbA- nh&AOE-p"
		A: OK [COPYUID
		C: SEARCH OR $ 1
		S: * SEARCH 1 5 6
		C: SEARCH NOT $ NOT UID $
		S: * SEARCH 1 2 3 4
		C: SEARCH $,1
		A: BAD
		C: SEARCH RETURN (SAVE) NONSENSE
		A: BAD
	`)
}

// TestSavedSearchEnds says when a saved result is gone, in whole or in part.
func TestSavedSearchEnds(t *testing.T) {
	t.Parallel()
	newScript(t).play(searched(t, 6), `
		C: SEARCH RETURN (SAVE) 5:6
		What is no command changes nothing; a search that fails leaves nothing behind.
		C: SEARCH $
		S: * SEARCH 5 6
		C: SEARCH RETURN (SAVE) CHARSET X-NONE ALL
		A: NO [BADCHARSET
		C: SEARCH $
		S: * SEARCH
		C: SORT RETURN (SAVE COUNT) (REVERSE ARRIVAL) UTF-8 5:6
		S: * ESEARCH (TAG …) COUNT 2
		C: SEARCH $
		S: * SEARCH 5 6
		C: UID STORE 5 +FLAGS.SILENT (\Deleted)
		C: EXPUNGE
		S: * 5 EXPUNGE
		C: SEARCH $
		S: * SEARCH 5
		C: MOVE $ "Th&APk-ng r&AOE-c"
		S: * OK [COPYUID …
		S: * 5 EXPUNGE
		C: FETCH $ UID
		C: STORE $ +FLAGS (x)
		C: COPY $ INBOX
		Another mailbox begins with nothing saved.
		C: SEARCH RETURN (SAVE) ALL
		C: SELECT INBOX
		S: * OK [CLOSED]…
		S: * FLAGS …
		S: * 4 EXISTS
		S: * 0 RECENT
		S: * OK [PERMANENTFLAGS …
		S: * OK [UIDVALIDITY …
		S: * OK [UIDNEXT 7]…
		S: * OK [HIGHESTMODSEQ …
		S: * OK [MAILBOXID …
		C: SEARCH $
		S: * SEARCH
	`)
}

func TestSearchCharsets(t *testing.T) {
	t.Parallel()
	newScript(t).play(searched(t, 4), `
		C: SEARCH CHARSET US-ASCII ALL
		S: * SEARCH 1 2 3 4
		C: SEARCH CHARSET "utf-8" SUBJECT «a»
		S: * SEARCH 1
		C: SEARCH CHARSET X-NONE ALL
		A: NO [BADCHARSET (UTF-8 US-ASCII ISO-8859-1 WINDOWS-1258 TCVN-5712 VISCII)]
		C: SORT (DATE) X-NONE ALL
		A: NO [BADCHARSET
		C: THREAD REFERENCES X-NONE ALL
		A: NO [BADCHARSET
		C: SEARCH CHARSET
		A: BAD
	`)
}

func TestSearchNumbers(t *testing.T) {
	t.Parallel()
	newScript(t).play(searched(t, 4), `
		C: SEARCH *
		S: * SEARCH 4
		C: SEARCH UID *
		S: * SEARCH 4
		C: SEARCH UID 100:*
		S: * SEARCH 4
		C: SEARCH UID 100
		S: * SEARCH
		C: SEARCH 1:100
		A: BAD
		C: SEARCH LARGER 4294967296
		S: * SEARCH
		C: SEARCH SMALLER 9223372036854775807
		S: * SEARCH 1 2 3 4
		C: SEARCH LARGER 9223372036854775808
		A: BAD
	`)
}

func TestSearchArguments(t *testing.T) {
	t.Parallel()
	newScript(t).play(searched(t, 4), `
		C: SEARCH YOUNGER 4294967295
		S: * SEARCH 1 2 3 4
		C: SEARCH YOUNGER 4294967296
		A: BAD
		C: SEARCH OLDER 0
		A: BAD
		C: SEARCH BEFORE 1-Jan-2009 SINCE "16-Nov-2009"
		S: * SEARCH
		C: SEARCH ON 31-Feb-2009
		A: BAD
		C: SEARCH ON 16-nov-2009
		S: * SEARCH 1 2 3 4
		C: SEARCH OR OR 1 2 (3 (NOT (4)))
		S: * SEARCH 1 2 3
		C: SEARCH ()
		A: BAD
		C: SEARCH (ALL
		A: BAD
		C: SEARCH NOT NOT NOT 1
		S: * SEARCH 2 3 4
		C: SEARCH KEYWORD \Seen
		A: BAD
		C: SEARCH FUZZY (SUBJECT a BODY x)
		S: * SEARCH 1
		C: SEARCH FUZZY
		A: BAD
		C: SEARCH HEADER Message-ID "" NOT HEADER X-None ""
		S: * SEARCH 1 2 3 4
		C: SEARCH EMAILID Mx THREADID Tx
		S: * SEARCH
		C: SEARCH SAVEDBEFORE 1-Jan-2000
		S: * SEARCH
	`)
}

// TestSearchInRev2: IMAP4rev2 knows the extended answer only.
func TestSearchInRev2(t *testing.T) {
	t.Parallel()
	newScript(t).play(searched(t, 4), `
		C: ENABLE IMAP4rev2
		S: * ENABLED IMAP4rev2
		C: SEARCH 2:3
		S: * ESEARCH (TAG …) ALL 2:3
		C: SEARCH NOT ALL
		S: * ESEARCH (TAG …)
		C: SEARCH SUBJECT "â"
		S: * ESEARCH (TAG …)
	`)
}

// found is what a search finds.
func (w *wire) found(query string) string {
	w.t.Helper()
	_, rest, _ := strings.Cut(strings.Join(w.ok("SEARCH CHARSET UTF-8 "+literals(query)), ""), "* SEARCH")
	return strings.TrimSpace(rest)
}

// wordForms are pairs of a text and a query, and whether it must find it.
var wordForms = []struct {
	text, query string
	found       bool
}{
	{"Đấu thầu", "đấu thầu", true}, {"Đấu thầu", "ĐẤU THẦU", true}, {"Đấu thầu", "dau thau", true}, {"Đấu thầu", "DAU", true},
	{"Đấu thầu", "dấu thầu", false}, // đ is no d where marks are given
	{"dấu hiệu", "đấu", false}, {"dấu hiệu", "dau", true}, {"đau đầu", "dâu", false}, {"dầu", "dau", true}, {"dầu", "dau dau", false},
	{"hội nghị", "hợi", false}, {"hội nghị", "hôi", false}, {"hội nghị", "hoi nghi", true}, {"hoi nghi", "hội", false}, {"hoi nghi", "hoi", true},
	{"hoà bình", "hòa bình", true}, {"hòa bình", "hoà bình", true}, {"Uỷ ban", "Ủy ban", true}, {"quý", "quý", true}, {"quý", "quy", true},
	{"việt nam", "vie\u0323\u0302t nam", true}, {"vie\u0323\u0302t nam", "việt", true}, {"vie\u0302\u0323t", "việt", true}, {"nghie\u0302n", "nghiên", true},
	{"Quảng Trị", "quang tri", true}, {"Quảng Trị", "quãng trị", false}, {"Quảng  \r\n Trị", "quảng trị", true}, {"Quảng\u00a0Trị", "quảng trị", true},
	{"Ðông Hà", "đông hà", true}, // the Eth of old converters
	{"kh\u00adoa h\u200bọc", "khoa học", true}, {"123/QĐ-UBND", "123/qđ-ubnd", true}, {"123/QĐ-UBND", "123/qd", true}, {"123/QĐ-UBND", "qd-ubnd", true},
	{"giấy mời", "iấy m", true}, {"giấy mời", "ấy mơi", false}, {"ÂU CƠ", "âu cơ", true}, {"ư", "u", true}, {"ư", "ơ", false},
	{"nội vụ 😀", "vụ 😀", true}, {"Straße", "strasse", false}, {"office ﬁle", "office", true},
}

// TestWordsAreFound looks for every word in subject, sender, plain text and HTML,
// in every encoding that mail has.
func TestWordsAreFound(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	w := h.login(alice)
	for i, c := range wordForms {
		_, err := h.store.CreateFolder(t.Context(), alice, fmt.Sprint("t", i), "")
		must(t, err)
		oneLine := strings.ReplaceAll(c.text, "\r\n", "")
		for _, m := range []string{
			"Subject: " + base64Word(oneLine) + "\r\n\r\n",
			"Subject: " + splitWords(oneLine) + "\r\n\r\n",
			"Subject: " + oneLine + "\r\n\r\n",
			"From: " + base64Word(oneLine) + " <a@x>\r\n\r\n",
			"Content-Type: text/plain; charset=utf-8\r\n\r\n(" + c.text + ")\r\n",
			"Content-Type: text/plain; charset=iso-8859-1\r\n\r\n(" + c.text + ")\r\n", // a lie
			"Content-Type: text/plain; charset=windows-1252\r\n\r\n(" + c.text + ")\r\n",
			"Content-Type: text/plain\r\n\r\n(" + c.text + ")\r\n",
			"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + softBroken(c.text),
			"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
				base64Of("<p>x<b>"+c.text[:0]+"</b> "+entities(c.text)+"</p>") + "\r\n--b--\r\n",
			"Content-Type: text/plain; charset=utf-16\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64Of(utf16Of(c.text)),
			"Content-Type: message/rfc822\r\n\r\nSubject: " + base64Word(oneLine) + "\r\n\r\n",
		} {
			h.put(alice, fmt.Sprint("t", i), m)
		}
		w.ok(fmt.Sprint("SELECT t", i))
		want := ""
		if c.found {
			want = "1 2 3 4 5 6 7 8 9 10 11 12"
		}
		if got := w.found(`TEXT "` + c.query + `"`); got != want {
			t.Errorf("%q in %q: TEXT %s", c.query, c.text, got)
		}
		if c.found {
			want = "5 6 7 8 9 10 11 12"
		}
		if got := w.found(`BODY "` + c.query + `"`); got != want {
			t.Errorf("%q in %q: BODY %s", c.query, c.text, got)
		}
		if c.found {
			want = "1 2 3"
		}
		if got := w.found(`SUBJECT "` + c.query + `"`); got != want {
			t.Errorf("%q in %q: SUBJECT %s", c.query, c.text, got)
		}
		if c.found {
			want = "4"
		}
		if got := w.found(`FROM "` + c.query + `"`); got != want {
			t.Errorf("%q in %q: FROM %s", c.query, c.text, got)
		}
	}
}

// TestFilesAreFoundByName looks for attached files by the names that they show.
func TestFilesAreFoundByName(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	attached := func(disposition string) string {
		return "Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nthân\r\n--b\r\nContent-Type: application/pdf\r\nContent-Disposition: " + disposition + "\r\n\r\nx\r\n--b--\r\n"
	}
	h.put(alice, "INBOX", attached("attachment; filename*=utf-8''K%E1%BA%BF%20ho%E1%BA%A1ch%20s%E1%BB%91%2015.pdf"))
	h.put(alice, "INBOX", attached(`attachment; filename="`+base64Word("Ke hoach so 15.pdf")+`"`))
	h.put(alice, "INBOX", attached("attachment"))
	w := h.login(alice)
	w.ok("SELECT INBOX")
	for query, want := range map[string]string{`BODY "kế hoạch số 15"`: "1", `TEXT "ke hoach so 15.pdf"`: "1 2", `BODY "kê hoạch"`: "", `TEXT "thân"`: "1 2 3"} {
		if got := w.found(query); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
}

// TestBodySearchFollowsTheMessage checks that copies, moves, flags and expunges
// leave the answers right.
func TestBodySearchFollowsTheMessage(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	for i := range 30 {
		text := "thư thường"
		if i%3 == 0 {
			text = "có chữ đấu thầu ở giữa"
		}
		h.put(alice, "INBOX", letter("một", text))
	}
	w := h.login(alice)
	newScript(t).play(w, `
		C: CREATE kho
		C: SELECT INBOX
		S: * FLAGS …
		S: * 30 EXISTS
		S: …
		S: …
		S: …
		S: …
		S: …
		S: …
		C: COPY 1:6 kho
		A: OK [COPYUID
		C: MOVE 7:9 kho
		S: * OK [COPYUID …
		S: * 7 EXPUNGE
		S: * 7 EXPUNGE
		S: * 7 EXPUNGE
		C: STORE 1:10 +FLAGS.SILENT (\Seen)
		C: UID SEARCH BODY "dau thau"
		S: * SEARCH 1 4 10 13 16 19 22 25 28
		C: UID STORE 1,2,10 +FLAGS.SILENT (\Deleted)
		C: UID SEARCH BODY "dau thau" UNDELETED
		S: * SEARCH 4 13 16 19 22 25 28
		C: UID EXPUNGE 1:10
		S: * 1 EXPUNGE
		S: * 1 EXPUNGE
		S: * 5 EXPUNGE
		C: UID SEARCH TEXT "dau thau"
		S: * SEARCH 4 13 16 19 22 25 28
		C: SEARCH BODY "thau dau"
		S: * SEARCH
		C: SELECT kho
		S: …
		S: …
		S: * 9 EXISTS
		S: …
		S: …
		S: …
		S: …
		S: …
		S: …
		C: UID SEARCH BODY "dau thau"
		S: * SEARCH 1 4 7
		C: UID SEARCH NOT BODY "dau thau"
		S: * SEARCH 2 3 5 6 8 9
	`)
}

// TestManyKeysFindTheSame: keys too many to be judged where the rows lie find
// what few find.
func TestManyKeysFindTheSame(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	for i := range 700 { // more than a page
		h.put(alice, "INBOX", benchLetter(i, 40))
	}
	w := h.login(alice)
	w.ok("SELECT INBOX")
	w.ok("STORE 1:50 +FLAGS (\\Flagged)")
	const word = `"chuyển đổi số"`
	for query, want := range map[string]int{
		"SUBJECT " + word:                                    7,
		"SUBJECT " + strings.Repeat("x", 20):                 0,
		`SUBJECT "chuyen doi so"`:                            70,
		"BODY " + word:                                       7,
		"TEXT " + word:                                       14,
		"NOT SUBJECT " + word:                                693,
		"NOT TEXT " + word:                                   686,
		"OR FLAGGED SUBJECT " + word:                         56,
		"FLAGGED TEXT " + word:                               2,
		"101:300 BODY " + word:                               2,
		"HEADER MESSAGE-ID 13@x.test":                        7,
		"UID 101:300 SENTSINCE 1-Jan-1990":                   0,
		"OR BODY " + word + " OR SUBJECT " + word + " UID 1": 15,
	} {
		for _, pad := range []string{"", strings.Repeat(" LARGER 1", maxJudged+4)} {
			got := w.ok("UID SEARCH RETURN (COUNT) CHARSET UTF-8 " + query + pad)
			if !strings.HasSuffix(got[0], fmt.Sprintf(" COUNT %d", want)) {
				t.Errorf("%s%s: %q, want %d", query, pad, got, want)
			}
		}
	}
}
