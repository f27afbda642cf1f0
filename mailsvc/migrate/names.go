package migrate

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/emersion/go-imap/v2"

	"quangtri.gov.vn/vanthu/internal/viet"
	"quangtri.gov.vn/vanthu/mailsvc"
)

const (
	inbox      = "INBOX"
	maxFolders = 5000
	maxDepth   = 20
	maxLevel   = 200 // bytes of one level of a name
)

// slash stands for a "/" inside of a name, which here divides levels: it looks
// the same to people.
const slash = "\u2215"

// oldFolder is a folder of the old server.
type oldFolder struct {
	wire       string   // as go-imap's client knows it
	shown      string   // as people know it there: readable, NFC, "/" between levels
	levels     []string // without the prefix of the person's namespace
	role       string   // \Sent and so on, "" for none
	all        bool     // shows the messages of all folders
	selectable bool
	subscribed bool
	to         string // what it becomes here
}

// folders lists the old server's folders, INBOX first, a folder of all messages
// last; skipped are those of others and mere views.
func (s *session) folders() (found []*oldFolder, skipped []string, err error) {
	s.w.mender.forget()
	var listed []*imap.ListData
	var spaces imap.NamespaceData
	err = s.await(func() (err error) {
		if s.Caps().Has(imap.CapNamespace) {
			if data, err := s.Namespace().Wait(); err == nil {
				spaces = *data
			}
		}
		var options *imap.ListOptions
		if s.Caps().Has(imap.CapListExtended) && s.Caps().Has(imap.CapSpecialUse) {
			options = &imap.ListOptions{ReturnSpecialUse: true}
		}
		listed, err = s.collect(s.List("", "*", options))
		return err
	})
	if err != nil {
		return nil, nil, s.said("máy chủ cũ không liệt kê được thư mục", err)
	}
	subscribed, err := s.subscriptions()
	if err != nil {
		return nil, nil, err
	}
	var view namespaces
	view.read(spaces)
	for _, l := range listed {
		raw, ok := s.w.mender.original(l.Mailbox)
		if !ok {
			raw = l.Mailbox
		}
		f := &oldFolder{wire: l.Mailbox, shown: shown(raw, l.Delim), subscribed: subscribed == nil || subscribed[raw],
			selectable: !slices.Contains(l.Attrs, imap.MailboxAttrNoSelect) && !slices.Contains(l.Attrs, imap.MailboxAttrNonExistent), all: isAll(l.Attrs)}
		levels, mine := view.levels(raw, l.Delim)
		if !mine || isView(l.Attrs) {
			skipped = append(skipped, f.shown)
			continue
		}
		f.levels = levels
		f.role = role(l.Attrs, levels)
		found = append(found, f)
	}
	stripCommonInbox(found)
	order(found)
	return found, skipped, nil
}

var errFolders = errors.New("too many folders")

func (s *session) collect(c interface {
	Next() *imap.ListData
	Close() error
}) ([]*imap.ListData, error) {
	var out []*imap.ListData
	for l := c.Next(); l != nil; l = c.Next() {
		if out = append(out, l); len(out) > maxFolders {
			s.w.Conn.Close()
			_ = c.Close()
			return nil, errFolders
		}
	}
	return out, c.Close()
}

// subscriptions asks with LSUB, which old and new servers know. A server that
// refuses it has none that we could keep: nil.
func (s *session) subscriptions() (map[string]bool, error) {
	var listed []*imap.ListData
	err := s.await(func() (err error) {
		s.w.mender.subscribed()
		listed, err = s.collect(s.List("", "*", nil))
		return err
	})
	var refused *imap.Error
	if errors.As(err, &refused) {
		return nil, nil
	}
	if err != nil {
		return nil, s.said("máy chủ cũ không cho biết thư mục đã đăng ký", err)
	}
	out := make(map[string]bool)
	for _, l := range listed {
		if raw, ok := s.w.mender.original(l.Mailbox); ok {
			out[raw] = true
		}
	}
	return out, nil
}

// namespaces are the prefixes of RFC 2342.
type namespaces struct{ mine, others []string }

func (n *namespaces) read(d imap.NamespaceData) {
	for _, p := range d.Personal {
		if p.Prefix != "" {
			n.mine = append(n.mine, p.Prefix)
		}
	}
	for _, p := range append(d.Other, d.Shared...) {
		if p.Prefix != "" {
			n.others = append(n.others, p.Prefix)
		}
	}
}

// levels divides a name of the server; mine is false for a folder of somebody else.
func (n *namespaces) levels(raw string, delimiter rune) (levels []string, mine bool) {
	for _, p := range n.others {
		if strings.HasPrefix(raw, p) || raw == strings.TrimSuffix(p, string(delimiter)) {
			return nil, false
		}
	}
	if strings.EqualFold(raw, inbox) {
		return []string{inbox}, true
	}
	for _, p := range n.mine {
		if rest, ok := strings.CutPrefix(raw, p); ok && rest != "" {
			raw = rest
			break
		}
	}
	return divide(raw, delimiter), true
}

// divide cuts a raw name into levels as they are called here: the delimiter is
// an ASCII character, so it is cut before decoding.
func divide(raw string, delimiter rune) []string {
	parts := []string{raw}
	if delimiter != 0 {
		parts = strings.Split(raw, string(delimiter))
	}
	var levels []string
	for _, p := range parts {
		if l := level(readable(p)); l != "" {
			levels = append(levels, l)
		}
	}
	if len(levels) > maxDepth {
		deep := strings.Join(levels[maxDepth-1:], " - ")
		levels = append(levels[:maxDepth-1:maxDepth-1], level(deep))
	}
	if len(levels) == 0 {
		levels = []string{"_"}
	}
	return levels
}

// level makes a name that every mail program can show and ask for.
func level(s string) string {
	s = viet.NFC(s)
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '/':
			return []rune(slash)[0]
		case r == '*' || r == '%': // wildcards of LIST
			return '_'
		case unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == utf8.RuneError:
			return ' '
		}
		return r
	}, s)
	s = strings.TrimSpace(s)
	for len(s) > maxLevel {
		_, n := utf8.DecodeLastRuneInString(s)
		s = strings.TrimSpace(s[:len(s)-n])
	}
	return s
}

// shown is the old name for people and for the ids of messages.
func shown(raw string, delimiter rune) string {
	if strings.EqualFold(raw, inbox) {
		return inbox
	}
	return strings.Join(divide(raw, delimiter), "/")
}

// stripCommonInbox lifts folders out of INBOX on servers that keep all folders
// below it and do not say that this is their namespace.
func stripCommonInbox(folders []*oldFolder) {
	for _, f := range folders {
		if !strings.EqualFold(f.levels[0], inbox) {
			return
		}
	}
	for _, f := range folders {
		if len(f.levels) > 1 {
			f.levels = f.levels[1:]
			if f.role == "" {
				f.role = role(nil, f.levels)
			}
		}
	}
}

func order(folders []*oldFolder) {
	rank := func(f *oldFolder) int {
		switch {
		case f.all:
			return 2
		case f.shown == inbox:
			return 0
		}
		return 1
	}
	slices.SortStableFunc(folders, func(a, b *oldFolder) int { return rank(a) - rank(b) })
}

// assign finds what each folder becomes here. Folders of the same role or the
// same name come together in one: nothing is lost by it, and nobody has two
// folders for sent mail. reserved is a top level that is not the account's own.
func assign(folders []*oldFolder, here []mailsvc.Folder, reserved string) {
	byRole := make(map[string]string)
	for _, f := range here {
		if f.SpecialUse != "" && byRole[f.SpecialUse] == "" {
			byRole[f.SpecialUse] = f.Name
		}
	}
	lifted := make(map[string]string) // old path -> name here, where the role decides
	for _, f := range folders {
		if name := byRole[f.role]; f.role != "" && name != "" {
			lifted[strings.Join(f.levels, "/")] = name
		}
	}
	for _, f := range folders {
		f.to = bounded(target(f, byRole, lifted, reserved))
	}
}

// maxName is what the store takes for a name, in bytes.
const maxName = 1000

// bounded brings a folder whose name has too many long levels to a place of its own.
func bounded(name string) string {
	if len(name) <= maxName {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return "Thư mục tên dài/" + name[strings.LastIndexByte(name, '/')+1:] + " " + hex.EncodeToString(sum[:4])
}

func target(f *oldFolder, byRole, lifted map[string]string, reserved string) string {
	if f.all && byRole[string(imap.MailboxAttrArchive)] != "" {
		return byRole[string(imap.MailboxAttrArchive)]
	}
	levels := slices.Clone(f.levels)
	if strings.EqualFold(levels[0], inbox) {
		levels[0] = inbox
	}
	if reserved != "" && levels[0] == reserved {
		levels[0] += " (cũ)"
	}
	for n := len(f.levels); n > 0; n-- { // the folder's own role, or that of one above
		if name, ok := lifted[strings.Join(f.levels[:n], "/")]; ok {
			return strings.Join(append([]string{name}, levels[n:]...), "/")
		}
	}
	return strings.Join(levels, "/")
}
