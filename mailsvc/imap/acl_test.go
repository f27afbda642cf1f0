package imap

import (
	"testing"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// TestFlagsWithoutTheRightAreLeftOut: to append and copy does not fail for a flag
// that the person may not set there (RFC 4314 section 4).
func TestFlagsWithoutTheRightAreLeftOut(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	h.people.change(bob, grant(mailsvc.Read|mailsvc.Write))
	h.put(bob, "INBOX", letter("một", "x"), `\Deleted`, `\Flagged`)
	h.put(bob, "INBOX", letter("hai", "x"), `\Deleted`, "x")
	w := h.login(bob)
	w.ok("ENABLE UTF8=ACCEPT")
	w.ok("SELECT INBOX")
	w.ok("COPY 1 " + officeInbox)
	w.ok("APPEND " + officeInbox + " (\\Deleted \\Seen y) {4+}\r\nA: b")
	w.ok("MOVE 2 " + officeInbox)
	expect(t, w.ok("FETCH 1 FLAGS"), `* 1 FETCH (FLAGS (\Flagged \Deleted))`) // the original stays as it is
	w.ok("SELECT " + officeInbox)
	expect(t, w.ok("FETCH 1:* FLAGS"), `* 1 FETCH (FLAGS (\Flagged))`, `* 2 FETCH (FLAGS (\Seen y))`, `* 3 FETCH (FLAGS (x))`)
}

// TestReadersAreToldSo: whoever may change nothing that others see has the mailbox
// read-only (RFC 4314 section 5.2), and still marks for himself what he has read.
func TestReadersAreToldSo(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	h.put(office, "INBOX", letter("một", "x"))
	for rights, want := range map[mailsvc.Rights]string{
		mailsvc.Read:                  "OK [READ-ONLY]",
		mailsvc.Read | mailsvc.Write:  "OK [READ-WRITE]",
		mailsvc.Read | mailsvc.Delete: "OK [READ-WRITE]",
	} {
		h.people.change(bob, grant(rights))
		w := h.login(bob)
		w.ok("ENABLE UTF8=ACCEPT")
		w.fails("SELECT "+officeInbox, want)
		w.ok("FETCH 1 BODY[]")
		expect(t, w.ok("FETCH 1 FLAGS"), `* 1 FETCH (FLAGS (\Seen))`)
		w.ok(`STORE 1 -FLAGS (\Seen)`)
		w.c.Close()
	}
}

func TestAccessControlCommands(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	newScript(t).play(h.login(alice), `
		C: SETACL INBOX `+bob+` lrswikxtea
		A: NO [NOPERM]
		C: SETACL INBOX `+bob+` +cd
		A: NO [NOPERM]
		C: SETACL INBOX `+bob+` ""
		A: NO [NOPERM]
		A right that is none is no refusal but a mistake.
		C: SETACL INBOX `+bob+` lrQ
		A: BAD
		C: SETACL INBOX `+bob+` lrq
		A: BAD
		C: SETACL INBOX "" lr
		A: BAD
		C: DELETEACL INBOX ""
		A: BAD
		C: DELETEACL INBOX `+bob+`
		A: NO [NOPERM]
		C: LISTRIGHTS INBOX ""
		A: BAD
		C: LISTRIGHTS INBOX anyone
		S: * LISTRIGHTS "INBOX" "anyone" "" lrs wikc xted
		C: SETACL nowhere `+bob+` lr
		A: NO [NONEXISTENT]
	`)
}
