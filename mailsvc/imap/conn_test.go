package imap

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/flate"
)

// The dialogues of this file are about the connection: logging in and out,
// literals, pipelining, IDLE, COMPRESS.

func TestLoginForms(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, func(o *Options) { o.Limits.LoginFailures = 100 })
	w := h.dial()
	newScript(t).play(w, `
		C: LOGIN `+alice+` «`+secret+`»
		C: UNAUTHENTICATE
		C: LOGIN «`+alice+`» «`+secret+`»
		C: LOGIN a b
		A: BAD
		C: UNAUTHENTICATE
		C: LOGIN "`+alice+`" "`+secret+`"
		C: UNAUTHENTICATE
		C: LOGIN `+strings.ToUpper(alice)+` "`+secret+`"
		C: UNAUTHENTICATE
		C: LOGIN `+alice+` "sai"
		A: NO [AUTHENTICATIONFAILED]
		C: LOGIN `+alice+`
		A: BAD
		C: LOGIN "" ""
		A: NO [AUTHENTICATIONFAILED]
		C: LOGIN `+alice+` "\x"
		A: BAD
		C: AUTHENTICATE PLAIN =
		A: BAD
		C: AUTHENTICATE PLAIN AAAA
		A: BAD
		C: AUTHENTICATE PLAIN `+base64Of(bob+"\x00"+alice+"\x00"+secret)+`
		A: NO [AUTHORIZATIONFAILED]
		C: AUTHENTICATE PLAIN `+base64Of(office+"\x00"+office+"\x00"+secret)+`
		A: NO [AUTHENTICATIONFAILED]
		C: AUTHENTICATE plain `+base64Of(alice+"\x00"+alice+"\x00"+secret)+`
		C: UNAUTHENTICATE
		C: UNAUTHENTICATE
		A: BAD
		C: SELECT INBOX
		A: BAD
	`)
	// A client that changes its mind, one that sends rubbish, and a line too long.
	for _, line := range []string{"*", "@@@@", strings.Repeat("A", 5000)} {
		w.send("x AUTHENTICATE PLAIN\r\n")
		if l := w.line(); l != "+ " {
			t.Fatalf("%q", l)
		}
		w.send(line + "\r\n")
		if _, a := w.until("x"); !strings.HasPrefix(a, "BAD") {
			t.Errorf("%.10s: %s", line, a)
		}
	}
	// Literals that the client waits with.
	w.send(fmt.Sprintf("y LOGIN {%d}\r\n", len(alice)))
	w.line()
	w.send(fmt.Sprintf("%s {%d}\r\n", alice, len(secret)))
	w.line()
	w.send(secret + "\r\n")
	if _, a := w.until("y"); !strings.HasPrefix(a, "OK [CAPABILITY ") {
		t.Error(a)
	}
}

// TestUnauthenticateForgetsEverything logs in again on the same connection.
func TestUnauthenticateForgetsEverything(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, func(o *Options) { o.Now = func() time.Time { return time.Unix(1, 0) } }) // dates stand still, deadlines do not
	h.put(alice, "INBOX", letter("một", "x"), `\Deleted`)
	w := h.login(alice)
	w.ok("ENABLE IMAP4rev2 QRESYNC UTF8=ACCEPT")
	w.ok("SELECT INBOX")
	w.ok("SEARCH RETURN (SAVE) ALL")
	w.ok("NOTIFY SET (PERSONAL (MessageNew MessageExpunge))")
	w.ok("UNAUTHENTICATE")
	if n := h.count(alice, "INBOX"); n != 1 {
		t.Error("UNAUTHENTICATE expunged")
	}
	newScript(t).play(w, `
		C: FETCH 1 FLAGS
		A: BAD
		C: NAMESPACE
		A: BAD
		C: LOGIN `+bob+` «`+secret+`»
		C: LIST "" "Th&AbA- nh*"
		S: * LIST (\HasNoChildren \Drafts) "/" "Th&AbA- nh&AOE-p"
		C: EXAMINE INBOX
		S: * FLAGS …
		S: * 0 EXISTS
		S: * 0 RECENT
		S: …
		S: …
		S: …
		S: …
		S: …
		C: SEARCH $
		S: * SEARCH
		C: SELECT INBOX (QRESYNC (1 1))
		A: BAD
	`)
	h.put(alice, "INBOX", letter("hai", "x"))
	if got := w.ok("NOOP"); len(got) != 0 {
		t.Errorf("the old NOTIFY lives on: %q", got)
	}
}

func TestLiterals(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	w := h.login(alice)
	newScript(t).play(w, `
		C: CREATE «Mua s&Aw3-m»
		C: RENAME «Mua s&Aw3-m» «b»
		C: STATUS «b» (MESSAGES)
		S: * STATUS "b" (MESSAGES 0)
		C: CREATE ~«nhị phân»
		C: CREATE «»
		A: NO
		C: CREATE «a⏎b»
		A: NO
		C: CREATE «a»b
		A: BAD
		C: CREATE "a"{3}
		A: BAD
		C: CREATE {-1+}
		A: BAD
		C: CREATE {1++}
		A: BAD
		C: CREATE {}
		A: BAD
		C: CREATE {3+
		A: BAD
		C: CREATE {4294967296}
		A: BAD [TOOBIG]
		A literal where none may be is read and not run.
		C: NOOP «z DELETE b⏎z DELETE b⏎»
		A: BAD
		C: SELECT b «z DELETE b⏎»
		A: BAD
		C: FETCH «1⏎z DELETE b⏎» FLAGS
		A: BAD
		C: STATUS b (MESSAGES) «z DELETE b⏎» «z DELETE b⏎»
		A: BAD
		C: STATUS b (MESSAGES)
		S: * STATUS "b" (MESSAGES 0)
		C: SEARCH «ALL»
		A: BAD
	`)
	// What stands in the line that ends an IDLE is no command either.
	w.send("i IDLE\r\n")
	w.line()
	w.send("NOT DONE {14+}\r\nz DELETE b\r\nxx\r\n")
	if got, a := w.until("i"); !strings.HasPrefix(a, "BAD") || len(got) > 0 {
		t.Errorf("%q %s", got, a)
	}
	w.ok("STATUS b (MESSAGES)")
	w.send("i IDLE\r\n")
	w.line()
	w.send(strings.Repeat("x", 10_000) + "\r\n")
	if _, a := w.until("i"); !strings.HasPrefix(a, "BAD") {
		t.Error(a)
	}
	w.send("i IDLE\r\nDONE\r\nj IDLE\r\ndone\r\nk NOOP\r\n") // all at once
	w.until("i")
	w.until("j")
	w.until("k")
}

func TestIDAndCapability(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	w := h.dial()
	s := newScript(t)
	s.play(w, `
		C: ID NIL
		S: * ID ("name" "vanthu")
		C: ID ("name" "Thunderbird" "version" NIL «os» «Linux»)
		S: * ID ("name" "vanthu")
		C: ID ()
		S: * ID ("name" "vanthu")
		C: ID ("name")
		A: BAD
		C: ID (NIL "x")
		A: BAD
		C: ID ("a" "b"`+strings.Repeat(` "a" "b"`, 40)+`)
		A: BAD
		C: CAPABILITY x
		A: BAD
		C: CAPABILITY
		S: * CAPABILITY IMAP4rev1 IMAP4rev2 SASL-IR ENABLE ID LITERAL+ AUTH=PLAIN
		C: STARTTLS
		A: BAD
		C: ENABLE CONDSTORE
		A: BAD
		C: LOGIN `+alice+` «`+secret+`»
		A: OK [CAPABILITY IMAP4rev1 IMAP4rev2 SASL-IR ENABLE ID LITERAL+ IDLE 
		C: ENABLE
		A: BAD
		C: NAMESPACE
		S: * NAMESPACE (("" "/")) NIL NIL
	`)
	have := " " + strings.TrimPrefix(w.ok("CAPABILITY")[0], "* CAPABILITY") + " "
	for _, want := range strings.Fields(`IMAP4rev1 IMAP4rev2 LITERAL+ SASL-IR ENABLE IDLE NAMESPACE ID UIDPLUS MOVE UNSELECT CHILDREN LIST-EXTENDED LIST-STATUS STATUS=SIZE
		SPECIAL-USE CREATE-SPECIAL-USE ESEARCH SEARCHRES WITHIN BINARY UTF8=ACCEPT CONDSTORE QRESYNC QUOTA QUOTA=RES-STORAGE ACL LIST-MYRIGHTS SORT SORT=DISPLAY
		THREAD=REFERENCES THREAD=ORDEREDSUBJECT MULTIAPPEND APPENDLIMIT=52428800 REPLACE PREVIEW SAVEDATE OBJECTID NOTIFY COMPRESS=DEFLATE SEARCH=FUZZY INPROGRESS UNAUTHENTICATE`) {
		if !strings.Contains(have, " "+want+" ") {
			t.Errorf("no %s in %s", want, have)
		}
	}
}

// TestCompressedConversation speaks DEFLATE in every way that clients do: small
// pieces, partial flushes, pipelined commands, literals.
func TestCompressedConversation(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	w := h.login(alice)
	// A command sent along with COMPRESS cannot be told from compressed data.
	w.send("a COMPRESS DEFLATE\r\nb NOOP\r\n")
	if _, a := w.until("a"); !strings.HasPrefix(a, "BAD") {
		t.Error(a)
	}
	w.until("b")
	w.fails("COMPRESS GZIP", "BAD")
	w.fails("COMPRESS", "BAD")
	if got := w.ok("CAPABILITY"); !strings.Contains(got[0], "COMPRESS=DEFLATE") {
		t.Error(got)
	}
	w.ok("COMPRESS DEFLATE")
	w.br = bufio.NewReader(flate.NewReader(w.c))
	var packed bytes.Buffer
	out := mustFlate(t, &packed)
	io.WriteString(out, fmt.Sprintf("c CAPABILITY\r\nd SELECT INBOX\r\ne APPEND INBOX {%d+}\r\n%s\r\nf FETCH 1 BODY.PEEK[TEXT]\r\ng IDLE\r\nDONE\r\nh LOGOUT\r\n", len(letter("một", "x")), letter("một", "x")))
	must(t, out.Flush())
	for _, b := range packed.Bytes() { // byte by byte
		_, err := w.c.Write([]byte{b})
		must(t, err)
	}
	if got, _ := w.until("c"); strings.Contains(got[0], "COMPRESS=DEFLATE") {
		t.Error(got)
	}
	if got, _ := w.until("f"); len(only(got, "x\r\n)")) != 1 {
		t.Errorf("%q", got)
	}
	w.until("h")
	w.ended()
}

// TestBrokenDeflate sends what is no DEFLATE: the connection ends, the server lives.
func TestBrokenDeflate(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	for _, rubbish := range []string{"\xff\xff\xff\xff", "\x06", "NOOP\r\nNOOP\r\n", "\x05\xe0\x81\x09"} {
		for _, before := range []string{"", "IDLE\r\n", "NOTIFY SET (PERSONAL (MessageNew MessageExpunge))\r\n"} {
			w := h.login(alice)
			w.ok("SELECT INBOX")
			w.ok("COMPRESS DEFLATE")
			out := mustFlate(t, w.c)
			if before != "" {
				io.WriteString(out, "x "+before)
				must(t, out.Flush())
			}
			w.c.Write([]byte(rubbish))
			w.c.(interface{ CloseWrite() error }).CloseWrite()
			io.Copy(io.Discard, w.c)
		}
	}
	h.login(alice).ok("NOOP")
}

// TestDeflateBomb sends a command that is small on the wire and huge in truth.
func TestDeflateBomb(t *testing.T) {
	h := newHouse(t, Plain, func(o *Options) { o.Limits.CommandAfter = 64 << 10 })
	w := h.login(alice)
	w.ok("COMPRESS DEFLATE")
	w.br = bufio.NewReader(flate.NewReader(w.c))
	out := mustFlate(t, w.c)
	before := heap()
	piece := strings.Repeat("x", 1<<20)
	io.WriteString(out, "a NOOP ")
	for range 32 {
		io.WriteString(out, piece)
	}
	io.WriteString(out, "\r\nb SEARCH SUBJECT {33554432+}\r\n")
	for range 32 {
		io.WriteString(out, piece)
	}
	io.WriteString(out, "\r\nc NOOP\r\n")
	must(t, out.Flush())
	for _, tag := range []string{"a", "b"} {
		if _, a := w.until(tag); !strings.HasPrefix(a, "BAD") {
			t.Error(a)
		}
	}
	w.until("c")
	if grown := heap() - before; grown > 24<<20 {
		t.Errorf("%d bytes more", grown)
	}
}

// TestUnauthenticateEndsCompression goes on in the clear, whatever ends the client's
// stream and whether the next command comes along (RFC 8437 section 4.1).
func TestUnauthenticateEndsCompression(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, func(o *Options) { o.Limits.Compressed = 1 })
	for range 2 {
		for name, end := range map[string]func(*flate.Writer) error{"flush": (*flate.Writer).Flush, "close": (*flate.Writer).Close} {
			for _, pipelined := range []bool{false, true} {
				w := h.login(alice)
				w.ok("SELECT INBOX")
				w.ok("COMPRESS DEFLATE")
				var packed bytes.Buffer
				out := mustFlate(t, &packed)
				io.WriteString(out, "a NOOP\r\nu UNAUTHENTICATE\r\n")
				must(t, end(out))
				login := fmt.Sprintf("l LOGIN %s {%d+}\r\n%s\r\n", bob, len(secret), secret)
				if pipelined {
					packed.WriteString(login)
				}
				w.send(packed.String())
				answers, err := io.ReadAll(flate.NewReader(w.br)) // no byte beyond the stream: it reads byte by byte
				if err != nil || string(answers) != "a OK NOOP completed\r\nu OK UNAUTHENTICATE completed\r\n" {
					t.Fatalf("%s: %q %v", name, answers, err)
				}
				if !pipelined {
					w.send(login)
				}
				if _, a := w.until("l"); !strings.HasPrefix(a, "OK") {
					t.Fatalf("%s: %s", name, a)
				}
				w.ok("COMPRESS DEFLATE") // anew
				packed.Reset()
				out.Reset(&packed)
				io.WriteString(out, "z LOGOUT\r\n")
				must(t, out.Flush())
				w.send(packed.String())
				io.Copy(io.Discard, w.br) // to its end, however that comes
			}
		}
	}
}

// TestCompressedAfterUnauthenticate: what is compressed still is nobody's command.
func TestCompressedAfterUnauthenticate(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	w := h.login(alice)
	w.ok("COMPRESS DEFLATE")
	var packed bytes.Buffer
	out := mustFlate(t, &packed)
	io.WriteString(out, "u UNAUTHENTICATE\r\nv NOOP\r\n")
	must(t, out.Flush())
	w.send(packed.String())
	got, _ := io.ReadAll(flate.NewReader(w.br)) // the goodbye may get lost: the server does not read to the end
	if s := string(got); s != "" && s != "* BYE [UNAVAILABLE] more is compressed after UNAUTHENTICATE\r\n" {
		t.Errorf("%q", got)
	}
}
