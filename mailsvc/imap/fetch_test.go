package imap

import (
	"fmt"
	"strings"
	"testing"
)

// The dialogues of this file are about what FETCH names and returns.

// nestedMessage has the parts of RFC 9051 section 6.4.5's example.
const nestedMessage = "From: Mẫu <a@x.test>\r\nSubject: ngoài\r\nContent-Type: multipart/mixed; boundary=out\r\n\r\nlời mở đầu\r\n" +
	"--out\r\nContent-Type: text/plain\r\n\r\nmột\r\n" +
	"--out\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\nAAECAwQF\r\n" +
	"--out\r\nContent-Type: message/rfc822\r\n\r\nSubject: trong\r\nX-In: 1\r\nContent-Type: multipart/mixed; boundary=in\r\n\r\n" +
	"--in\r\nContent-Type: text/plain\r\n\r\nba một\r\n--in\r\nContent-Type: application/pdf\r\n\r\nba hai\r\n--in--\r\n" +
	"--out\r\nContent-Type: multipart/alternative; boundary=alt\r\n\r\n" +
	"--alt\r\nContent-Type: image/gif\r\nContent-ID: <anh@x>\r\n\r\nbốn một\r\n" +
	"--alt\r\nContent-Type: message/rfc822\r\n\r\nSubject: sâu\r\nX-Deep: có\r\n\r\nbốn hai một\r\n--alt--\r\n" +
	"--out--\r\nlời kết\r\n"

func TestSectionsOfNestedMessages(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	h.put(alice, "INBOX", nestedMessage)
	h.put(alice, "INBOX", "Content-Type: message/rfc822\r\nX-Out: 1\r\n\r\nSubject: thư trong thư\r\n\r\nchữ\r\n")
	w := h.login(alice)
	w.ok("SELECT INBOX")
	newScript(t).play(w, `
		C: FETCH 1 BODY.PEEK[1]
		S: * 1 FETCH (BODY[1] «một»)
		C: FETCH 1 BODY.PEEK[3.HEADER]
		S: * 1 FETCH (BODY[3.HEADER] «Subject: trong⏎X-In: 1⏎Content-Type: multipart/mixed; boundary=in⏎⏎»)
		C: FETCH 1 BODY.PEEK[3.HEADER.FIELDS (x-in Subject)]
		S: * 1 FETCH (BODY[3.HEADER.FIELDS (x-in Subject)] «Subject: trong⏎X-In: 1⏎⏎»)
		C: FETCH 1 BODY.PEEK[3.HEADER.FIELDS.NOT (X-IN "Subject")]
		S: * 1 FETCH (BODY[3.HEADER.FIELDS.NOT (X-IN Subject)] «Content-Type: multipart/mixed; boundary=in⏎⏎»)
		C: FETCH 1 BODY.PEEK[3.TEXT]<0.4>
		S: * 1 FETCH (BODY[3.TEXT]<0> «--in»)
		C: FETCH 1 (BODY.PEEK[3.1] BODY.PEEK[3.2] BODY.PEEK[3.2.MIME])
		S: * 1 FETCH (BODY[3.1] «ba một» BODY[3.2] «ba hai» BODY[3.2.MIME] «Content-Type: application/pdf⏎⏎»)
		C: FETCH 1 (BODY.PEEK[4.1] BODY.PEEK[4.1.MIME])
		S: * 1 FETCH (BODY[4.1] «bốn một» BODY[4.1.MIME] «Content-Type: image/gif⏎Content-ID: <anh@x>⏎⏎»)
		C: FETCH 1 (BODY.PEEK[4.2.HEADER] BODY.PEEK[4.2.HEADER.FIELDS (X-Deep)] BODY.PEEK[4.2.TEXT] BODY.PEEK[4.2.1])
		S: * 1 FETCH (BODY[4.2.HEADER] «Subject: sâu⏎X-Deep: có⏎⏎» BODY[4.2.HEADER.FIELDS (X-Deep)] «X-Deep: có⏎⏎» BODY[4.2.TEXT] «bốn hai một» BODY[4.2.1] «bốn hai một»)
		What is not there is empty, the command goes on.
		C: FETCH 1 (BODY.PEEK[5] BODY.PEEK[1.1] BODY.PEEK[4.2.2] BODY.PEEK[1.HEADER] BODY.PEEK[1.2.HEADER.FIELDS (a)] BODY.PEEK[2.TEXT])
		S: * 1 FETCH (BODY[5] «» BODY[1.1] «» BODY[4.2.2] «» BODY[1.HEADER] «» BODY[1.2.HEADER.FIELDS (a)] «» BODY[2.TEXT] «»)
		C: FETCH 1 BODY.PEEK[HEADER.FIELDS (nothing)]
		S: * 1 FETCH (BODY[HEADER.FIELDS (nothing)] «⏎»)
		The same item twice, and partials beyond the end.
		C: FETCH 1 (BODY.PEEK[1] BODY.PEEK[1] BODY.PEEK[1]<2.100> BODY.PEEK[1]<5.1> BODY.PEEK[1]<4294967295.4294967295>)
		S: * 1 FETCH (BODY[1] «một» BODY[1] «một» BODY[1]<2> «`+"một"[2:]+`» BODY[1]<5> «» BODY[1]<4294967295> «»)
		A message that is nothing but another one.
		C: FETCH 2 (BODY.PEEK[1] BODY.PEEK[1.HEADER] BODY.PEEK[1.1] BODY.PEEK[1.MIME] BODY.PEEK[HEADER] BODY.PEEK[1.1.1])
		S: * 2 FETCH (BODY[1] «Subject: thư trong thư⏎⏎chữ⏎» BODY[1.HEADER] «Subject: thư trong thư⏎⏎» BODY[1.1] «chữ⏎» BODY[1.MIME] «Content-Type: message/rfc822⏎X-Out: 1⏎⏎» BODY[HEADER] «Content-Type: message/rfc822⏎X-Out: 1⏎⏎» BODY[1.1.1] «»)
		BINARY undoes base64, with its own partials.
		C: FETCH 1 (BINARY.SIZE[2] BINARY.PEEK[2] BINARY.PEEK[2]<2.3> BINARY.PEEK[2]<6.1> BINARY.SIZE[1])
		S: * 1 FETCH (BINARY.SIZE[2] 6 BINARY[2] ~«`+"\x00\x01\x02\x03\x04\x05"+`» BINARY[2]<2> ~«`+"\x02\x03\x04"+`» BINARY[2]<6> ~«» BINARY.SIZE[1] `+fmt.Sprint(len("một"))+`)
		C: FETCH 1 (BINARY.SIZE[])
		S: * 1 FETCH (BINARY.SIZE[] `+fmt.Sprint(len(nestedMessage))+`)
		C: FETCH 1 BINARY[2.MIME]
		A: BAD
		C: FETCH 1 BINARY[HEADER]
		A: BAD
		C: FETCH 1 BINARY.SIZE[2]<0.1>
		A: BAD
		C: FETCH 1 FLAGS
		S: * 1 FETCH (FLAGS ())
		C: UID FETCH 1 BINARY[2]
		S: * 1 FETCH (UID 1 FLAGS (\Seen) BINARY[2] …)
	`)
}

func TestBinaryOfEveryEncoding(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	part := func(encoding, body string) string {
		return "--b\r\nContent-Transfer-Encoding: " + encoding + "\r\n\r\n" + body + "\r\n"
	}
	h.put(alice, "INBOX", "Content-Type: multipart/mixed; boundary=b\r\n\r\n"+
		part("quoted-printable", "=C4=90=E1=BA=A5u th=\r\n=E1=BA=A7u=0D=0A =\t\r\nx=ZZ")+
		part("BASE64", "xJDhuqV1IHRo\r\n4bqndQ")+ // no padding
		part("base64", "YWJj\r\n!!!\r\nZGVm=\r\nZ2hp")+ // rubbish and padding within
		part("8bit", "thẳng")+
		part("x-uuencode", "#0V%T")+
		"--b--\r\n")
	w := h.login(alice)
	w.ok("SELECT INBOX")
	newScript(t).play(w, `
		C: FETCH 1 (BINARY.PEEK[1] BINARY.SIZE[1])
		S: * 1 FETCH (BINARY[1] «Đấu thầu⏎ x=ZZ» BINARY.SIZE[1] 20)
		C: FETCH 1 (BINARY.PEEK[2] BINARY.PEEK[2]<3.4> BINARY.SIZE[2])
		S: * 1 FETCH (BINARY[2] «Đấu thầu» BINARY[2]<3> «`+"Đấu thầu"[3:7]+`» BINARY.SIZE[2] 13)
		C: FETCH 1 (BINARY.PEEK[3] BINARY.PEEK[4])
		S: * 1 FETCH (BINARY[3] «abcdefghi» BINARY[4] «thẳng»)
		What cannot be undone is refused, the other items are there.
		C: FETCH 1 (BINARY.PEEK[5] BINARY.SIZE[5] BODY.PEEK[5])
		S: * 1 FETCH (BINARY[5] NIL BINARY.SIZE[5] 0 BODY[5] «#0V%T»)
		A: NO [UNKNOWN-CTE]
	`)
}

func TestFetchItems(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	h.put(alice, "INBOX", letter("một", "thân"), `\Flagged`, "$Done")
	h.put(alice, "INBOX", letter("hai", "thân"))
	w := h.login(alice)
	newScript(t).play(w, `
		C: FETCH 1 FLAGS
		A: BAD
		C: SELECT INBOX
		S: * FLAGS …
		S: * 2 EXISTS
		S: * 0 RECENT
		S: * OK [PERMANENTFLAGS (…\*)]…
		S: * OK [UIDVALIDITY <validity>]…
		S: * OK [UIDNEXT 3]…
		S: * OK [HIGHESTMODSEQ …
		S: * OK [MAILBOXID (<box>)]…
		A: OK [READ-WRITE]
		C: FETCH 1:2 FAST
		S: * 1 FETCH (FLAGS (\Flagged $Done) INTERNALDATE "16-Nov-2009 08:00:00 +0700" RFC822.SIZE …)
		S: * 2 FETCH (FLAGS () INTERNALDATE "16-Nov-2009 08:00:00 +0700" RFC822.SIZE …)
		C: FETCH 1 ALL
		S: * 1 FETCH (FLAGS (\Flagged $Done) INTERNALDATE "16-Nov-2009 08:00:00 +0700" RFC822.SIZE … ENVELOPE (NIL «một» ((«Mẫu» NIL "a" "x.test")) …)
		C: FETCH 1 (FAST)
		A: BAD
		C: FETCH 1 (FLAGS FLAGS UID UID)
		S: * 1 FETCH (UID 1 FLAGS (\Flagged $Done))
		C: FETCH 1 ()
		A: BAD
		C: FETCH 1 (EMAILID THREADID)
		S: * 1 FETCH (EMAILID (<mail>) THREADID (<thread>))
		C: COPY 1 INBOX
		S: * 3 EXISTS
		A: OK [COPYUID <validity> 1 3]
		A copy has the same EMAILID.
		C: FETCH 3 (EMAILID THREADID FLAGS)
		S: * 3 FETCH (FLAGS (\Flagged $Done) EMAILID (<mail>) THREADID (<thread>))
		C: STATUS INBOX (MAILBOXID)
		S: * STATUS "INBOX" (MAILBOXID (<box>))
	`)
}

func TestFetchSets(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	h.put(alice, "INBOX", letter("một", "thân"))
	h.put(alice, "INBOX", letter("hai", "thân"))
	w := h.login(alice)
	w.ok("SELECT INBOX")
	newScript(t).play(w, `
		C: FETCH 2,1,2:1 UID
		S: * 1 FETCH (UID 1)
		S: * 2 FETCH (UID 2)
		C: FETCH * UID
		S: * 2 FETCH (UID 2)
		C: FETCH *:1 UID
		S: * 1 FETCH (UID 1)
		S: * 2 FETCH (UID 2)
		C: FETCH 3 UID
		A: BAD
		C: FETCH 1:3 UID
		A: BAD
		C: FETCH 4294967296 UID
		A: BAD
		C: FETCH 99999999999999999999 UID
		A: BAD
		C: FETCH 0 UID
		A: BAD
		C: FETCH 1: UID
		A: BAD
		C: FETCH 1,,2 UID
		A: BAD
		C: UID FETCH 5:9 FLAGS
		C: UID FETCH 3:* UID
		S: * 2 FETCH (UID 2)
		C: UID FETCH 4294967295 UID
	`)
}

// TestFetchFromEmpty: an empty mailbox has no last message.
func TestFetchFromEmpty(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	w := h.login(alice)
	w.ok("SELECT INBOX")
	newScript(t).play(w, `
		C: SELECT "Th&AbA- nh&AOE-p"
		S: * OK [CLOSED]…
		S: * FLAGS …
		S: * 0 EXISTS
		S: * 0 RECENT
		S: * OK [PERMANENTFLAGS …
		S: * OK [UIDVALIDITY …
		S: * OK [UIDNEXT 1]…
		S: * OK [HIGHESTMODSEQ …
		S: * OK [MAILBOXID …
		C: FETCH 1:* FLAGS
		C: UID FETCH 1:* FLAGS
		C: FETCH 1 FLAGS
		A: BAD
		C: SEARCH ALL
		S: * SEARCH
		C: UID SEARCH *
		S: * SEARCH
		C: STORE 1:* +FLAGS (\Seen)
		C: UID COPY 1:* INBOX
		C: EXPUNGE
		C: SORT (DATE) UTF-8 ALL
		S: * SORT
		C: THREAD REFERENCES UTF-8 ALL
		S: * THREAD
		C: SELECT nowhere
		S: * OK [CLOSED]…
		A: NO [NONEXISTENT]
		Nothing is selected after that.
		C: FETCH 1:* FLAGS
		A: BAD
	`)
}

func TestStoreTellsTheFlags(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	for range 3 {
		h.put(alice, "INBOX", letter("một", "thân"))
	}
	w := h.login(alice)
	w.ok("SELECT INBOX")
	newScript(t).play(w, `
		C: STORE 1:2 +FLAGS (\Seen)
		S: * 1 FETCH (UID 1 FLAGS (\Seen))
		S: * 2 FETCH (UID 2 FLAGS (\Seen))
		RFC 9051 section 6.4.6: also those that had them already.
		C: STORE 1:3 +FLAGS (\Seen)
		S: * 1 FETCH (UID 1 FLAGS (\Seen))
		S: * 2 FETCH (UID 2 FLAGS (\Seen))
		S: * 3 FETCH (UID 3 FLAGS (\Seen))
		C: UID STORE 2 +FLAGS \Seen
		S: * 2 FETCH (UID 2 FLAGS (\Seen))
		C: STORE 1:3 +FLAGS.SILENT (\Seen)
		C: STORE 1 FLAGS ()
		S: * 1 FETCH (UID 1 FLAGS ())
		C: STORE 1 FLAGS (tu-khoa "x")
		A: BAD
		C: STORE 1 +FLAGS (\Recent)
		A: BAD
		C: STORE 1 +FLAGS (\Nonsense)
		A: BAD
		C: STORE 1 +FLAGS
		A: BAD
		C: STORE 1 FLAGS \Draft $Forwarded
		S: * 1 FETCH (UID 1 FLAGS (\Draft $Forwarded))
		C: STORE 1 -FLAGS (\draft $forwarded)
		S: * 1 FETCH (UID 1 FLAGS ())
	`)
}

func TestAppendForms(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	w := h.login(alice)
	newScript(t).play(w, `
		C: APPEND INBOX «A: b⏎⏎một»
		A: OK [APPENDUID <validity> 1]
		C: APPEND INBOX () «A: b⏎⏎hai»
		A: OK [APPENDUID <validity> 2]
		C: APPEND INBOX (\Seen $x) " 1-Feb-2009 23:59:59 -1200" «A: b⏎⏎ba»
		A: OK [APPENDUID <validity> 3]
		C: APPEND INBOX «A: b⏎⏎bốn» (\Flagged) «A: b⏎⏎năm» "31-Dec-1999 00:00:00 +1400" «A: b⏎⏎sáu»
		A: OK [APPENDUID <validity> 4:6]
		C: APPEND inbox ~«A: b⏎⏎a`+"\x00"+`b»
		A: OK [APPENDUID <validity> 7]
		C: APPEND INBOX "1-Feb-2009" «A: b»
		A: BAD
		C: APPEND INBOX "32-Feb-2009 00:00:00 +0700" «A: b»
		A: BAD
		C: APPEND INBOX (\Recent) «A: b»
		A: BAD
		C: APPEND "kh&APQ-ng" «A: b»
		A: NO [TRYCREATE]
		C: APPEND INBOX A: b
		A: BAD
		C: SELECT INBOX
		S: * FLAGS …
		S: * 7 EXISTS
		S: * 0 RECENT
		S: * OK [PERMANENTFLAGS …
		S: * OK [UIDVALIDITY <validity>]…
		S: * OK [UIDNEXT 8]…
		S: * OK [HIGHESTMODSEQ …
		S: * OK [MAILBOXID …
		C: FETCH 3:7 (FLAGS INTERNALDATE)
		S: * 3 FETCH (FLAGS (\Seen $x) INTERNALDATE "01-Feb-2009 23:59:59 -1200")
		S: * 4 FETCH …
		S: * 5 FETCH (FLAGS (\Flagged) …
		S: * 6 FETCH (FLAGS () INTERNALDATE "31-Dec-1999 00:00:00 +1400")
		S: * 7 FETCH …
		C: APPEND INBOX «A: b⏎⏎tám»
		S: * 8 EXISTS
		A: OK [APPENDUID <validity> 8]
		C: REPLACE 8 INBOX «A: b⏎⏎chín»
		S: * OK [APPENDUID <validity> 9]…
		S: * 8 EXPUNGE
		S: * 8 EXISTS
		C: UID REPLACE 9 "kh&APQ-ng" «A: b⏎⏎chín»
		A: NO [TRYCREATE]
		C: UID REPLACE 9 "Th&AbA- nh&AOE-p" (\Draft) "01-Jan-2010 00:00:00 +0700" «A: b⏎⏎mười»
		S: * OK [APPENDUID …
		S: * 8 EXPUNGE
		C: EXAMINE INBOX
		S: * OK [CLOSED]…
		S: * FLAGS …
		S: * 7 EXISTS
		S: * 0 RECENT
		S: * OK [PERMANENTFLAGS ()…
		S: * OK [UIDVALIDITY <validity>]…
		S: * OK [UIDNEXT 10]…
		S: * OK [HIGHESTMODSEQ …
		S: * OK [MAILBOXID …
		A: OK [READ-ONLY]
		C: REPLACE 1 INBOX «A: b⏎⏎x»
		A: NO
	`)
}

// TestPreviews is RFC 8970: at most 200 characters of readable text.
func TestPreviews(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	for _, m := range []string{
		letter("một", "Kính gửi các sở,\r\n\r\n> trích\r\nmời họp."),
		"Content-Type: text/html\r\n\r\n<html><head><title>t</title><style>p{}</style></head><body><p>Đấu</p> thầu&nbsp;!</body></html>",
		"Content-Type: application/pdf\r\n\r\n%PDF-",
		letter("dài", strings.Repeat("ữ", 300)),
		letter("x", "\x01\x02\u202ea\u200bb"),
	} {
		h.put(alice, "INBOX", m)
	}
	w := h.login(alice)
	w.ok("ENABLE UTF8=ACCEPT")
	w.ok("SELECT INBOX")
	newScript(t).play(w, `
		C: FETCH 1:5 PREVIEW
		S: * 1 FETCH (PREVIEW "Kính gửi các sở, mời họp.")
		S: * 2 FETCH (PREVIEW "Đấu thầu !")
		S: * 3 FETCH (PREVIEW "")
		S: * 4 FETCH (PREVIEW "`+strings.Repeat("ữ", 200)+`")
		S: * 5 FETCH (PREVIEW "ab")
		C: FETCH 1 (UID PREVIEW (LAZY) FLAGS)
		S: * 1 FETCH (UID 1 FLAGS () PREVIEW "Kính gửi các sở, mời họp.")
		C: FETCH 1 (PREVIEW (NONSENSE))
		A: BAD
	`)
}
