package engine

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"regexp"
	"strings"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // decodes clerks' mail in old charsets

	"quangtri.gov.vn/vanthu/internal/viet"
)

// Bounds on a clerk's mail. The mail as a whole is bounded by the SMTP intake.
const (
	maxMailParts = 100
	maxMailDepth = 10
	maxFiles     = 20
	maxMailText  = 256 << 10
)

// clerkMail is what the desk needs of a mail.
type clerkMail struct {
	messageID  string
	references string // In-Reply-To and References, raw
	key        string // names the mail: its Message-ID, or a digest of it
	automatic  bool   // sent by a machine
	forwards   bool   // another mail is attached
	text       string // with what is quoted
	flowed     bool   // text is format=flowed (RFC 3676)
	files      []Upload
	html       string
	parts      int
}

var errMailTooComplex = errors.New("mail has too many parts or levels")

func parseMail(data []byte) (clerkMail, error) {
	ent, err := message.Read(bytes.NewReader(data))
	if err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
		return clerkMail{}, err
	}
	h := ent.Header
	m := clerkMail{
		messageID:  plainID(h.Get("Message-Id")),
		references: h.Get("In-Reply-To") + " " + h.Get("References"),
	}
	if m.key = m.messageID; m.key == "" {
		sum := sha256.Sum256(data)
		m.key = hex.EncodeToString(sum[:])
	}
	auto := strings.ToLower(strings.TrimSpace(h.Get("Auto-Submitted")))
	m.automatic = auto != "" && auto != "no"
	if err := m.walk(ent, 0); err != nil {
		return clerkMail{}, err
	}
	if strings.TrimSpace(m.text) == "" && m.html != "" {
		m.text = htmlText(m.html)
	}
	m.html = ""
	return m, nil
}

// messageIDForm is a Message-ID that may be quoted in a header as it is.
var messageIDForm = regexp.MustCompile(`^[!-;=?-~]{1,250}$`)

func plainID(s string) string {
	s = strings.Trim(strings.TrimSpace(s), "<>")
	if !messageIDForm.MatchString(s) {
		return ""
	}
	return s
}

func (m *clerkMail) walk(ent *message.Entity, depth int) error {
	m.parts++
	if depth > maxMailDepth || m.parts > maxMailParts {
		return errMailTooComplex
	}
	mr := ent.MultipartReader()
	if mr == nil {
		return m.leaf(ent)
	}
	defer mr.Close()
	for {
		p, err := mr.NextPart()
		if err == io.EOF {
			return nil
		}
		if err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
			return err
		}
		if err := m.walk(p, depth+1); err != nil {
			return err
		}
	}
}

// leaf takes one part: a file, the person's text, or nothing of interest.
func (m *clerkMail) leaf(ent *message.Entity) error {
	t, params, _ := ent.Header.ContentType()
	disposition, dparams, _ := ent.Header.ContentDisposition()
	name := decodeWord(firstNonEmpty(dparams["filename"], params["name"]))
	switch {
	case strings.HasPrefix(t, "message/") || strings.HasSuffix(strings.ToLower(name), ".eml"):
		m.forwards = true
		return nil
	case m.ignored(t, disposition, ent.Header.Get("Content-Id")):
		return nil
	case name == "" && t == "text/plain" && disposition != "attachment":
		m.flowed = m.flowed || strings.EqualFold(params["format"], "flowed")
		return appendText(&m.text, ent.Body)
	case name == "" && t == "text/html" && disposition != "attachment":
		return appendText(&m.html, ent.Body)
	}
	body, err := io.ReadAll(ent.Body)
	if err != nil {
		return err
	}
	if len(m.files) == maxFiles {
		return errMailTooComplex
	}
	m.files = append(m.files, Upload{Name: viet.Clean(name), Type: t, Data: body})
	return nil
}

// ignored parts belong to the mail program, not to the document: signatures,
// cards, pictures that the HTML text shows.
func (m *clerkMail) ignored(t, disposition, contentID string) bool {
	switch t {
	case "application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature", "text/vcard", "text/x-vcard":
		return true
	}
	id := strings.Trim(strings.TrimSpace(contentID), "<>")
	return strings.HasPrefix(t, "image/") && disposition != "attachment" && id != "" && strings.Contains(m.html, "cid:"+id)
}

func appendText(to *string, r io.Reader) error {
	if len(*to) >= maxMailText {
		return nil
	}
	b, err := io.ReadAll(io.LimitReader(r, maxMailText))
	*to += viet.NFC(strings.ToValidUTF8(string(b), "\ufffd")) + "\n"
	if len(b) > 0 {
		return nil // a text cut short by bad encoding still says something
	}
	return err
}

func firstNonEmpty(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// decodeWord reads a file name that was written as RFC 2047 words in a parameter.
func decodeWord(s string) string {
	if !strings.Contains(s, "=?") {
		return s
	}
	d := message.Header{}
	d.Set("Subject", s)
	if t, err := d.Text("Subject"); err == nil {
		return t
	}
	return s
}
