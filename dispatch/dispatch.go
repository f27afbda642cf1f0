// Package dispatch carries an issued document from the clerk to every body
// named under "Nơi nhận", and knows what became of each copy.
//
// Read this file first. It holds the types and the contracts. The way of a
// document through the sub-packages is one-directional:
//
//	document    bytes of a file            -> Document (what the paper says)
//	recipients  Document + directory       -> []Line (who is meant, how surely, why)
//	engine      Document + []Line + clerk  -> one transaction, then delivery, then states
//	desk        the clerk's pages (later)
//
// # What always holds
//
// Every line of the block becomes a [Line]; nothing is dropped. Every (document,
// line, recipient) is in exactly one [State], and the states add up to the
// lines. Certain recipients leave by themselves; doubtful ones wait in [Held]
// until the clerk answers.
//
// A document that carries a mark of state secrecy ends at the gate: nothing of
// it is stored, indexed, logged or sent. There is no override.
//
// The state machine ([Next]) is pure: state, event and time in, state out. The
// engine's worker does the effects, and each effect can be repeated without
// harm because it carries the recipient's delivery id.
package dispatch

import (
	"time"

	"quangtri.gov.vn/vanthu/directory"
)

// Verdict is the reader's judgement on a file as a whole.
type Verdict string

const (
	OK       Verdict = "ok"       // read, nothing to ask
	Ask      Verdict = "ask"      // read, but a person must confirm something
	Secret   Verdict = "secret"   // carries a mark of state secrecy: refused
	Rejected Verdict = "rejected" // cannot be read; Problem says why
)

// Problem is one clear sentence for a person about a file that was refused.
type Problem struct {
	Code    string `json:"code"`    // stable, for machines: "damaged", "encrypted", "too-large", ...
	Message string `json:"message"` // Vietnamese: what is wrong and what to do
}

// Question is something a person must confirm before the reading may be trusted.
type Question struct {
	Code    string `json:"code"`
	Message string `json:"message"` // Vietnamese
	Field   string `json:"field"`   // a key of Fields, or ""
}

// Fields is what an issued document says of itself, after Nghị định 30/2020/NĐ-CP,
// Phụ lục I (and Thông tư 01/2011 for older ones). Strings are NFC with single
// spaces; absent fields are empty. Lists are in the order of the paper, without
// bullets and without the closing ";" or ".".
type Fields struct {
	IssuerParent  string         `json:"issuer_parent"`    // cơ quan chủ quản, box 2
	Issuer        string         `json:"issuer"`           // cơ quan ban hành, box 2
	Number        string         `json:"number"`           // số: "15"
	Symbol        string         `json:"symbol"`           // ký hiệu: "2009/CT-UBND"
	NumberSymbol  string         `json:"number_symbol"`    // "15/2009/CT-UBND"
	Place         string         `json:"place"`            // địa danh
	Date          directory.Date `json:"date"`             // ngày ban hành
	PlaceDateText string         `json:"place_date_text"`  // the line as printed
	Type          string         `json:"doc_type"`         // tên loại: "Chỉ thị"; "Công văn" when none is printed
	TypePrinted   bool           `json:"doc_type_printed"` // false for công văn
	Subject       string         `json:"subject"`          // trích yếu
	Secrecy       string         `json:"secrecy"`          // Mật, Tối mật, Tuyệt mật
	Urgency       string         `json:"urgency"`          // Khẩn, Thượng khẩn, Hỏa tốc, Hỏa tốc hẹn giờ
	Circulation   string         `json:"circulation"`      // LƯU HÀNH NỘI BỘ and the like
	KinhGui       []string       `json:"kinh_gui"`         // box 9a
	Recipients    []string       `json:"recipients"`       // box 9b, one element a line of the block
	SignLines     []string       `json:"sign_lines"`       // TM. ..., KT. ..., title
	SignerTitle   string         `json:"signer_title"`     // the last of SignLines
	Signer        string         `json:"signer"`           // họ tên
	Appendices    []string       `json:"appendices"`       // headings of appendices
	Copy          string         `json:"copy"`             // SAO Y, SAO LỤC, TRÍCH SAO: the block is then the copy's own
	// Articles holds the text of "Điều n" by number, for lines such as "Như Điều 3".
	Articles map[string]string `json:"articles,omitempty"`
}

// Reading is the answer of document.Read to one file.
type Reading struct {
	File       string             `json:"file"`
	Kind       string             `json:"kind"` // odt docx doc text-pdf signed-pdf scanned-pdf txt ...
	SHA256     string             `json:"sha256"`
	Verdict    Verdict            `json:"verdict"`
	Problem    *Problem           `json:"error"`
	Fields     Fields             `json:"fields"` // only Secrecy is set when Verdict is Secret
	Confidence map[string]float64 `json:"confidence,omitempty"`
	Sources    map[string]string  `json:"sources,omitempty"` // field -> where it stood ("table 1 row 1 column 1", "page 2 at 72,510")
	Asks       []Question         `json:"asks,omitempty"`
}

// Certainty says how far a recipient may be trusted without a person.
type Certainty string

const (
	Certain  Certainty = "certain"  // the directory knows it uniquely: leaves by itself
	Doubtful Certainty = "doubtful" // candidates are known: the clerk chooses
	None     Certainty = "none"     // nothing is known, or nothing is to be sent (archive)
)

// Kind says what sort of recipient a part of a line names.
type Kind string

const (
	KindAgency    Kind = "agency"
	KindGroup     Kind = "group"
	KindPerson    Kind = "person"
	KindOffice    Kind = "office"    // a unit or post inside an agency
	KindArchive   Kind = "archive"   // Lưu: never sent
	KindReference Kind = "reference" // Như trên, Như Điều n
	KindWeb       Kind = "web"       // to be published
	KindOther     Kind = "other"
)

// Item is one recipient that a line names. The items of a block together cover
// the whole text of the block.
type Item struct {
	Raw           string         `json:"raw"`            // the line it came from, as written
	Line          int            `json:"line"`           // index of that line in the block, from 0
	Text          string         `json:"text"`           // the part of the line that names it
	Kind          Kind           `json:"kind"`           //
	CanonicalName string         `json:"canonical_name"` // full name in Vietnamese
	Certainty     Certainty      `json:"certainty"`      //
	Agencies      []directory.ID `json:"agencies"`       // who is meant: one, or a group's members
	Candidates    []Candidate    `json:"candidates,omitempty"`
	Reason        string         `json:"reason"` // Vietnamese: why certain, why in doubt
	Purposes      []string       `json:"purposes,omitempty"`
	Copies        int            `json:"copies,omitempty"`
	Exceptions    []string       `json:"exceptions,omitempty"`
	Via           string         `json:"via,omitempty"`
	Channel       string         `json:"channel,omitempty"` // "điện tử", "giấy", "giấy và điện tử"
	NoSend        bool           `json:"no_send,omitempty"` // archive and pure references
	Note          string         `json:"note,omitempty"`    // a remark in parentheses that is not understood
	Once          bool           `json:"once,omitempty"`    // an answer holds for this document only
}

// Candidate is one possible meaning of a doubtful item, best first.
type Candidate struct {
	Agencies []directory.ID `json:"agencies"`
	Name     string         `json:"name"`   // Vietnamese, as shown to the clerk
	Reason   string         `json:"reason"` // Vietnamese
}

// State is what became of one copy. People read it through [State.Vietnamese].
type State string

const (
	Held      State = "held"      // chờ văn thư xác nhận
	Queued    State = "queued"    // đang gửi
	Sent      State = "sent"      // a remote server answered 250
	Arrived   State = "arrived"   // in the agency's mailbox here (code 01 of QĐ 28/2018)
	Opened    State = "opened"    // đã mở
	Accepted  State = "accepted"  // vào sổ (03); never from an SMTP 250
	Refused   State = "refused"   // 02, with a reason
	Failed    State = "failed"    // could not be sent, with a reason
	InDoubt   State = "indoubt"   // connection lost after the final dot
	Recalled  State = "recalled"  // đã lấy lại
	Paper     State = "paper"     // no address: printed list
	Published State = "published" // web
	NotSent   State = "none"      // Lưu
)

// DocumentID names a dispatched document for ever: a time-ordered random string.
type DocumentID string

// RecipientID is unique within its document and is part of the delivery id.
type RecipientID int

// Document is a document that was issued through this desk.
type Document struct {
	ID        DocumentID   `json:"id"`
	Issuer    directory.ID `json:"issuer"`
	Fields    Fields       `json:"fields"`
	File      File         `json:"file"`
	Annexes   []File       `json:"annexes,omitempty"`
	Clerk     string       `json:"clerk"`     // account that issued it
	Issued    time.Time    `json:"issued"`    // when this desk took it
	Directory uint64       `json:"directory"` // version of the directory it was resolved against
	Items     []Item       `json:"items"`
	Asks      []Question   `json:"asks,omitempty"`
	Version   int          `json:"version"` // rises with every answer that was taken
}

// File is one file of a document, stored untouched.
type File struct {
	Name   string `json:"name"` // the clerk's name for it, NFC
	Type   string `json:"type"` // media type
	Size   int64  `json:"size"` // bytes
	SHA256 string `json:"sha256"`
}

// Recipient is one copy on its way: an agency (or an unresolved item) of a line.
type Recipient struct {
	ID       RecipientID  `json:"id"`
	Item     int          `json:"item"`   // index into Document.Items
	Agency   directory.ID `json:"agency"` // "" while unresolved, and for archive lines
	Name     string       `json:"name"`
	Address  string       `json:"address"`
	State    State        `json:"state"`
	Reason   string       `json:"reason,omitempty"` // Vietnamese
	Changed  time.Time    `json:"changed"`
	Shares   RecipientID  `json:"shares,omitempty"` // the same agency was named before: that copy serves both
	History  []Transition `json:"history"`
	Delivery string       `json:"delivery"` // delivery id: repeated effects are no-ops
}

// Transition is one step of a recipient, kept for ever.
type Transition struct {
	From   State     `json:"from"`
	To     State     `json:"to"`
	Event  Event     `json:"event"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason,omitempty"`
}
