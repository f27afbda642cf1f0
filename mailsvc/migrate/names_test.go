package migrate

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// here is an account as every one begins.
func accountFolders() (out []mailsvc.Folder) {
	for name, use := range map[string]string{"INBOX": "", "Thư nháp": `\Drafts`, "Thư đã gửi": `\Sent`, "Lưu trữ": `\Archive`, "Thư rác": `\Junk`, "Thùng rác": `\Trash`} {
		out = append(out, mailsvc.Folder{Name: name, SpecialUse: use})
	}
	return out
}

func TestReadable(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"INBOX": "INBOX", "S&Ht8- KH&-CN": "Sở KH&CN", "Sở KH&CN": "Sở KH&CN", "R&D": "R&D", "a&b-c": "a&b-c", "&": "&", "&-": "&", "&Jjo": "&Jjo",
		"&AGE-": "a", "&2D0-": "&2D0-", "caf\xe9": "café", "&U,BTFw-&ZeVnLIqe-": "台北日本語",
	} {
		if got := readable(raw); got != want {
			t.Errorf("%q: %q, want %q", raw, got, want)
		}
	}
}

func TestNamesHere(t *testing.T) {
	t.Parallel()
	list := func(delimiter rune, others []string, names ...string) []*oldFolder {
		var out []*oldFolder
		n := namespaces{others: others}
		for _, raw := range names {
			raw, attr, _ := strings.Cut(raw, " \\")
			levels, mine := n.levels(raw, delimiter)
			if !mine {
				continue
			}
			var attrs []imap.MailboxAttr
			if attr != "" {
				attrs = append(attrs, imap.MailboxAttr(`\`+attr))
			}
			out = append(out, &oldFolder{shown: shown(raw, delimiter), levels: levels, role: role(attrs, levels), all: isAll(attrs), selectable: true})
		}
		stripCommonInbox(out)
		assign(out, accountFolders(), "Hộp thư cơ quan")
		return out
	}
	for name, tt := range map[string]struct {
		delimiter rune
		others    []string
		names     []string
		want      []string
	}{
		"exchange, english":    {'/', nil, []string{"INBOX", "Sent Items", "Deleted Items", "Junk E-mail", "Drafts", "Archive/2009"}, []string{"INBOX", "Thư đã gửi", "Thùng rác", "Thư rác", "Thư nháp", "Archive/2009"}},
		"exchange, vietnamese": {'/', nil, []string{"Hộp thư đến", "Mục đã gửi", "M&Hu0-c &AREA4w- x&APM-a", "Bản nháp", "Email Rác"}, []string{"Hộp thư đến", "Thư đã gửi", "Thùng rác", "Thư nháp", "Thư rác"}},
		"roles are told":       {'/', nil, []string{`INBOX`, `Gui di \Sent`, `Gui di/2009`, `Sent`}, []string{"INBOX", "Thư đã gửi", "Thư đã gửi/2009", "Thư đã gửi"}},
		"all below inbox":      {'.', nil, []string{"INBOX", "INBOX.Sent", "INBOX.Vi&Hsc-c.N&AQM-m 2010", "INBOX.a/b"}, []string{"INBOX", "Thư đã gửi", "Việc/Năm 2010", "a∕b"}},
		"some below inbox":     {'/', nil, []string{"INBOX", "INBOX/Việc", "inbox/việc", "Khác"}, []string{"INBOX", "INBOX/Việc", "INBOX/việc", "Khác"}},
		"others' mail":         {'/', []string{"Shared/", "user/"}, []string{"INBOX", "Shared", "Shared/a", "user/b/Sent"}, []string{"INBOX"}},
		"no hierarchy":         {0, nil, []string{"INBOX", "a/b.c"}, []string{"INBOX", "a∕b.c"}},
		"odd names":            {'/', nil, []string{"INBOX", "/", "a//b", " x ", "100% *sao*", "a\x01b", "Hộp thư cơ quan/Sở"}, []string{"INBOX", "_", "a/b", "x", "100_ _sao_", "a b", "Hộp thư cơ quan (cũ)/Sở"}},
		"not composed":         {'/', nil, []string{"So\u031b\u0309"}, []string{"Sở"}},
		"all mail":             {'/', nil, []string{"INBOX", `All Mail \All`}, []string{"INBOX", "Lưu trữ"}},
		"ambiguous":            {'/', nil, []string{"INBOX", "Rác", "Việc/Sent"}, []string{"INBOX", "Rác", "Việc/Sent"}},
	} {
		var got []string
		for _, f := range list(tt.delimiter, tt.others, tt.names...) {
			got = append(got, f.to)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
	long := strings.Repeat("ế", 500)
	deep := list('/', nil, "INBOX", strings.Repeat(long+"/", 40)+"a", strings.Repeat("b/", 40)+"c")
	for _, f := range deep {
		if len(f.to) > maxName || strings.Count(f.to, "/") >= maxDepth {
			t.Errorf("%d bytes, %d levels", len(f.to), strings.Count(f.to, "/"))
		}
	}
}

// TestOldNamesOnTheWire: names of every kind are opened by the very bytes that the
// server listed them with, also those that are no modified UTF-7.
func TestOldNamesOnTheWire(t *testing.T) {
	t.Parallel()
	h, f := newHouse(t), newFake(t)
	f.caps = "IMAP4rev1 IMAP4rev2 NAMESPACE"
	f.list = []string{`* LIST (\HasNoChildren) "." INBOX`, `* LIST (\HasNoChildren) "." "R&D"`, "* LIST (\\HasNoChildren) \".\" \"caf\xe9\"", `* LIST (\x{ \Sent) "." G&Hu0-i`,
		"* LIST () \".\" {9}\r\nlite\"ral\\", `* LIST () NIL "a \"b\" \\"`, `* list (\noselect) "." nothing`, `* LIST () "." Sở.KH&CN ("CHILDINFO" ("SUBSCRIBED"))`}
	f.lsub = []string{`* LSUB () "." "R&D"`, `* LSUB () "." INBOX`}
	var opened []string
	f.say = func(c *fakeConn, tag, command string) bool {
		switch {
		case command == "NAMESPACE":
			c.line(`* NAMESPACE (("" ".")) NIL NIL`)
		case strings.HasPrefix(command, "EXAMINE "):
			c.mu.Lock()
			opened = append(opened, strings.TrimPrefix(command, "EXAMINE "))
			c.mu.Unlock()
			return false
		default:
			return false
		}
		c.line("%s OK", tag)
		return true
	}
	r := f.run(h, f.serve())
	want := []string{`"INBOX"`, `"R&D"`, "\"caf\xe9\"", `"G&Hu0-i"`, `"lite\"ral\\"`, `"a \"b\" \\"`, `"Sở.KH&CN"`}
	if !slices.Equal(opened, want) || !r.Complete() {
		t.Errorf("opened %q, want %q; %+v", opened, want, r)
	}
	for _, name := range []string{"R&D", "café", `lite"ral\`, `a "b" \`, "Sở/KH&CN"} {
		fo, err := h.store.Folder(t.Context(), lan, lan, name)
		if err != nil || fo.Subscribed != (name == "R&D") {
			t.Errorf("%s: %+v, %v", name, fo, err)
		}
	}
}

// TestAllMail: a folder that shows everything brings only what no other had.
func TestAllMail(t *testing.T) {
	t.Parallel()
	h, f := newHouse(t), newFake(t)
	inboxLetters, allLetters := plainLetters(3), plainLetters(5)
	f.list = []string{`* LIST (\All) "/" "Tất cả"`, `* LIST (\Flagged) "/" "Sao"`, `* LIST () "/" INBOX`}
	f.say = func(c *fakeConn, _, command string) bool {
		if strings.HasPrefix(command, "EXAMINE") {
			c.letters = inboxLetters
			if !strings.Contains(command, "INBOX") {
				c.letters = allLetters
			}
		}
		return false
	}
	s := f.serve()
	for range 2 {
		r := f.run(h, s)
		if n := len(h.folder(t, "Lưu trữ")); n != 2 || len(h.inbox(t)) != 3 || !r.Complete() || !slices.Equal(r.Skipped, []string{"Sao"}) {
			t.Errorf("%d in the archive, %+v", n, r)
		}
	}
	before := f.conns
	if r := f.run(h, s); f.conns != before+1 || r.Folders[1].Present != 5 {
		t.Errorf("%+v", r)
	}
}

// TestStop: a run that is stopped ends at once, whatever the server does, and says
// how to go on.
func TestStop(t *testing.T) {
	t.Parallel()
	h, f := newHouse(t), newFake(t, plainLetters(3)...)
	ctx, stop := context.WithCancel(t.Context())
	f.say = func(_ *fakeConn, _, command string) bool {
		if strings.HasPrefix(command, "EXAMINE") {
			stop()
			return true
		}
		return false
	}
	began := time.Now()
	r := Run(ctx, Job{Server: f.serve(), User: "lan", Password: "x", Account: lan}, h.options())
	if !strings.Contains(r.Error, "chạy lại") || time.Since(began) > h.options().Patience/2 {
		t.Errorf("%+v", r)
	}
}
