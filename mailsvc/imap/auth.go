package imap

import (
	"encoding/base64"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	imap "github.com/emersion/go-imap/v2"
	"github.com/emersion/go-sasl"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// capsAlways are announced in every state, capsLoggedIn after login only: a
// stranger need not know, and the greeting stays short.
var (
	capsAlways = []imap.Cap{imap.CapIMAP4rev1, imap.CapIMAP4rev2, imap.CapSASLIR, imap.CapEnable, imap.CapID, imap.CapLiteralPlus}

	capsLoggedIn = []imap.Cap{
		imap.CapIdle, imap.CapNamespace, imap.CapUIDPlus, imap.CapMove, imap.CapUnselect, imap.CapChildren,
		imap.CapListExtended, imap.CapListStatus, imap.CapStatusSize, imap.CapSpecialUse, imap.CapCreateSpecialUse,
		imap.CapESearch, imap.CapSearchRes, imap.CapWithin, imap.CapBinary, imap.CapUTF8Accept, imap.CapCondStore,
		imap.CapQResync, imap.CapMultiAppend, imap.CapObjectID, imap.CapSaveDate, imap.CapPreview, imap.CapUnauthenticate,
		imap.CapQuota, imap.Cap("QUOTA=RES-" + imap.QuotaResourceStorage), imap.CapACL, "RIGHTS=kxte", imap.CapListMyRights,
		imap.CapSearchFuzzy, imap.CapSort, imap.CapSortDisplay, imap.CapESort,
		"THREAD=" + imap.Cap(imap.ThreadReferences), "THREAD=" + imap.Cap(imap.ThreadOrderedSubject),
		imap.CapReplace, imap.CapInProgress, imap.CapNotify,
	}
)

// capabilities returns what follows CAPABILITY in the present state.
func (c *conn) capabilities() string {
	var b strings.Builder
	for i, k := range capsAlways {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(string(k))
	}
	if c.loggedIn {
		for _, k := range capsLoggedIn {
			b.WriteString(" " + string(k))
		}
		if !c.compressed {
			b.WriteString(" COMPRESS=DEFLATE")
		}
		b.WriteString(" " + string(imap.CapAppendLimit) + "=" + strconv.FormatInt(c.s.limits.MaxMessage, 10))
		return b.String()
	}
	if !c.secure {
		b.WriteString(" " + string(imap.CapStartTLS) + " " + string(imap.CapLoginDisabled))
	} else {
		b.WriteString(" " + string(imap.AuthCap(sasl.Plain)))
	}
	return b.String()
}

func (r *request) capability() error {
	if err := r.p.end(); err != nil {
		return err
	}
	r.c.w.str("* CAPABILITY ", r.c.capabilities(), "\r\n")
	return nil
}

func (r *request) noop() error { return r.p.end() }

func (r *request) logout() error {
	if err := r.p.end(); err != nil {
		return err
	}
	r.c.w.status("*", imap.StatusResponseTypeBye, "", "see you")
	r.c.closed = true
	return nil
}

// maxID bounds the pairs of ID (RFC 2971 section 3.3).
const maxID = 30

func (r *request) id() error {
	p := r.p
	if p.peek() == '(' {
		n := 0
		p.list(func() {
			p.text()
			p.sp()
			p.nstring()
			if n++; n > maxID {
				p.fail("too many fields")
			}
		})
	} else if p.word() != "NIL" {
		p.fail("expected a list or NIL")
	}
	if err := p.end(); err != nil {
		return err
	}
	r.c.w.str("* ID (\"name\" \"vanthu\")\r\n")
	return nil
}

// startTLS begins TLS. What was sent in the clear after the command is a
// smuggling attempt, and nothing of it is executed.
func (r *request) startTLS() error {
	c := r.c
	if err := r.p.end(); err != nil {
		return err
	}
	if c.secure || c.mode != StartTLS {
		return bad("TLS is already on or not offered")
	}
	if c.r.br.Buffered() > 0 {
		c.bye("", "text after STARTTLS")
		return bad("text after STARTTLS")
	}
	c.w.status(r.tag, imap.StatusResponseTypeOK, "", "begin TLS")
	if c.w.flush() != nil || !c.handshake() {
		c.closed = true
	}
	r.answered = true
	return nil
}

func (r *request) login() error {
	p := r.p
	user := p.astring()
	p.sp()
	password := p.astring()
	if err := p.end(); err != nil {
		return err
	}
	return r.enter(user, password)
}

// maxSASL bounds a line of a SASL exchange.
const maxSASL = 4 << 10

func (r *request) authenticate() error {
	p, c := r.p, r.c
	mech := upper(p.atom())
	initial, given := "", false
	if p.more() {
		initial, given = p.span(func(b byte) bool { return b > ' ' && b < 0x7F }), true
	}
	if err := p.end(); err != nil {
		return err
	}
	if mech != sasl.Plain {
		return no(imap.ResponseCodeCannot, "unknown mechanism")
	}
	if !c.secure {
		return no(imap.ResponseCodePrivacyRequired, "STARTTLS first")
	}
	if !given {
		c.proceed("")
		line, err := c.r.line(maxSASL)
		if err == errLong {
			return bad("response too long")
		}
		if err != nil {
			p.failIO(err)
			return err
		}
		initial = string(line)
	}
	if initial == "*" {
		return bad("cancelled")
	}
	if initial == "=" {
		initial = ""
	}
	resp, err := base64.StdEncoding.DecodeString(initial)
	if err != nil {
		return bad("not base64")
	}
	return r.plain(resp)
}

// plain checks a PLAIN message (RFC 4616).
func (r *request) plain(resp []byte) error {
	var result error
	server := sasl.NewPlainServer(func(identity, user, password string) error {
		if identity != "" && !strings.EqualFold(identity, user) {
			result = no(imap.ResponseCodeAuthorizationFailed, "nobody may act for another")
			return result
		}
		result = r.enter(user, password)
		return result
	})
	if _, done, err := server.Next(resp); err != nil && result == nil {
		return bad("not a PLAIN message")
	} else if !done && result == nil {
		return bad("not a PLAIN message")
	}
	return result
}

// enter logs in.
func (r *request) enter(user, password string) error {
	c := r.c
	if !c.secure {
		return no(imap.ResponseCodePrivacyRequired, "STARTTLS first")
	}
	a, err := c.s.o.Identities.Authenticate(c.ctx(), user, password, c.ip)
	if err != nil {
		if !errors.Is(err, mailsvc.ErrNotAllowed) {
			c.s.log.Error("imap: login", "remote", c.ip, "err", err)
			return no(imap.ResponseCodeUnavailable, "try again later")
		}
		if c.failures++; c.failures >= c.s.limits.LoginFailures {
			c.bye("", "too many failed logins")
		}
		return no(imap.ResponseCodeAuthenticationFailed, "wrong address or password")
	}
	if !c.s.enterUser(a.Address) {
		return no(imap.ResponseCodeLimit, "too many connections of this account")
	}
	c.account, c.loggedIn = a, true
	c.s.log.Info("imap: login", "account", a.Address, "remote", c.ip)
	r.code = "CAPABILITY " + c.capabilities()
	r.text = "logged in"
	return nil
}

// unauthenticate returns to the state after the greeting (RFC 8437).
func (r *request) unauthenticate() error {
	c := r.c
	if err := r.p.end(); err != nil {
		return err
	}
	c.endNotify()
	c.s.leaveUser(c.account.Address)
	c.account, c.loggedIn, c.view = mailsvc.Account{}, false, nil
	c.utf8, c.rev2, c.condstore, c.qresync, c.w.utf8, c.quiet = false, false, false, false, false, 0
	c.began = time.Now()
	return r.endCompression()
}

// enable turns extensions on (RFC 5161); what is unknown is passed over.
func (r *request) enable() error {
	p, c := r.p, r.c
	var caps []string
	for {
		if caps = append(caps, upper(p.atom())); !p.more() || len(caps) > 100 {
			break
		}
	}
	if err := p.end(); err != nil {
		return err
	}
	c.w.str("* ENABLED")
	had := c.condstore
	for i, k := range caps {
		if c.turnOn(k) && !slices.Contains(caps[:i], k) {
			c.w.str(" ", strings.Replace(k, "REV", "rev", 1)) // IMAP4rev2 is spelled so
		}
	}
	c.w.str("\r\n")
	if c.condstore && !had {
		c.condstore = false
		c.enableCondstore()
	}
	return nil
}

func (c *conn) turnOn(capability string) bool {
	switch imap.Cap(capability) {
	case imap.CapUTF8Accept:
		c.utf8, c.w.utf8 = true, true
	case "IMAP4REV2":
		c.rev2, c.utf8, c.w.utf8 = true, true, true
	case imap.CapCondStore:
		c.condstore = true
	case imap.CapQResync:
		c.condstore, c.qresync = true, true
	default:
		return false
	}
	return true
}

func (r *request) namespace() error {
	if err := r.p.end(); err != nil {
		return err
	}
	// Agency mailboxes stand below a folder of the personal namespace: mail
	// programs hide namespaces that they do not use.
	r.c.w.str("* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n")
	return nil
}
