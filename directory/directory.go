// Package directory knows who exists: agencies, their names, groups, officials
// and official addresses, each with the days on which it holds.
//
// Read this file first. It holds the types and the contracts; the other files
// of the package implement them, one subject a file. The sub-packages (web, and
// later ldap, carddav, export) are read-only public faces and never change
// anything.
//
// # What always holds
//
// Time is part of every fact. A fact has a first and a last day (both
// inclusive) and is never rewritten: a correction is a new event that says who
// made it, when and why. So every query takes the day it asks about.
//
// Readers never wait and never see half a change: a [Snapshot] is immutable,
// and [Register.Snapshot] returns the newest one with a single atomic load.
//
// A name has a meaning only where it is used. Names and groups carry a scope,
// an agency or territory; the form has its meaning when the issuer is that body
// or stands below it, and the narrowest scope that contains the issuer wins.
//
// Nothing here knows a document, a mailbox or a protocol.
package directory

import "time"

// ID names an agency, group or official for ever. It is an ASCII slug such as
// "qt.ubnd.huyen-hai-lang"; IDs are never reused.
type ID string

// Date is a civil day in ISO 8601 form, "2009-07-12". The empty Date means
// "open": before the register begins when it is a first day, still valid when
// it is a last day. Dates compare as strings.
type Date string

// DateOf returns the civil day of t in t's own location.
func DateOf(t time.Time) Date { return Date(t.Format(time.DateOnly)) }

// Validity is the span of days on which a fact holds, both ends inclusive.
type Validity struct {
	From Date `json:"valid_from,omitempty"`
	To   Date `json:"valid_to,omitempty"`
}

// On reports whether d lies within v. An empty d is within no closed span and
// is treated as the far future, so only open-ended facts hold on it.
func (v Validity) On(d Date) bool {
	if d == "" {
		return v.To == ""
	}
	return (v.From == "" || v.From <= d) && (v.To == "" || d <= v.To)
}

// Agency is a body of the State, the Party, an association or an enterprise
// that can issue or receive documents, or a territory (type "dia-ban"), the
// root of a chain of bodies, which takes no mail.
type Agency struct {
	ID        ID     `json:"id"`
	Name      string `json:"name"`   // official name, NFC
	Type      string `json:"type"`   // one of the closed set in types.go
	Level     string `json:"level"`  // trung-uong, tinh, huyen, xa
	Parent    ID     `json:"parent"` // the body above, or ""
	Code      string `json:"code,omitempty"`
	Certainty string `json:"certainty,omitempty"`
	Note      string `json:"note,omitempty"`
	Validity
}

// Name is one form under which documents call an agency.
type Name struct {
	Agency ID     `json:"agency"`
	Text   string `json:"name"`  // as written, NFC
	Kind   string `json:"kind"`  // official, short, abbreviation, alias, symbol
	Scope  ID     `json:"scope"` // where the form has this meaning; "" = anywhere in the province
	Note   string `json:"note,omitempty"`
	Validity
}

// Group is a set of agencies given by a rule over type, level and parent, such
// as "UBND các huyện, thị xã". Rule "ask" means that nobody but the clerk can
// say who belongs to it.
type Group struct {
	ID      ID       `json:"id"`
	Name    string   `json:"name"`
	Aliases []string `json:"aliases,omitempty"`
	Scope   ID       `json:"scope"`
	Rule    string   `json:"rule"` // grammar in rule.go
	Note    string   `json:"note,omitempty"`
	Validity
}

// Address is an e-mail address at which mail reaches an agency.
type Address struct {
	Agency  ID     `json:"agency"`
	Address string `json:"address"` // lower case
	Kind    string `json:"kind"`    // agency, clerk-desk, unit, temporary-external
	Status  string `json:"status"`  // attested, sample, forward
	Validity
}

// Official is the holder of a post on the days of its validity.
type Official struct {
	ID         ID     `json:"id"`
	Name       string `json:"name"`
	Agency     ID     `json:"agency"`
	Title      string `json:"title"`
	Authorised bool   `json:"authorised"` // may be published
	Address    string `json:"duty_address,omitempty"`
	Note       string `json:"note,omitempty"`
	Validity
}

// Succession says that To follows From since Date, its first day.
type Succession struct {
	From     ID     `json:"from"`
	To       ID     `json:"to"`
	Date     Date   `json:"date"`
	Kind     string `json:"kind"` // renamed, merged, dissolved-into, split, re-established
	Decision string `json:"decision,omitempty"`
	Note     string `json:"note,omitempty"`
}

// Relation ties a body to another on the days of its validity. Kind "parent"
// is a body above that [Agency].Parent has replaced since; kind
// "standing-office" is the body that takes the mail of a steering body. Of a
// standing office with certainty "V" the mail follows by itself, of others a
// person is asked.
type Relation struct {
	Agency    ID     `json:"agency"`
	Other     ID     `json:"to"`   // "" for a parent: it stood at the top
	Kind      string `json:"kind"` // parent, standing-office
	Certainty string `json:"certainty,omitempty"`
	Decision  string `json:"decision,omitempty"`
	Note      string `json:"note,omitempty"`
	Validity
}

// Match is what a written form means to an issuer on a day.
type Match struct {
	// Agencies has exactly one element when the form is known uniquely in the
	// narrowest scope that contains the issuer; then Certain is true. Else it
	// holds the candidates, best first, perhaps from other scopes or days.
	Agencies []ID
	Certain  bool
	// Reason says in one Vietnamese sentence why the match is in doubt; "" if certain.
	Reason string
	// Kind is the kind of the name that matched (official, short, ...).
	Kind string
}

// Delivery says where mail for an agency goes today.
type Delivery struct {
	Agency  ID     // who takes the mail: the agency or its single successor
	Address string // "" when there is none: paper
	Kind    string // kind of the address
	// Moved is set when the body that was asked for has ended and Agency
	// follows it. (A unit without an address is served by the agency above, a
	// steering body by its standing office: then Agency differs too, but Moved
	// is nil.)
	Moved *Succession
	// Ask is set when nobody but a person can choose: the body was split, or its
	// standing office is not certain. Choices then holds the bodies to choose from.
	Ask     bool
	Choices []ID
	// Reason says in Vietnamese, as part of a sentence, why a person is asked or
	// why another body takes the mail; "" when id takes it itself.
	Reason string
}

// Hit is one result of a search by people.
type Hit struct {
	Agency  Agency
	Matched string // the name, address or former name that matched
	Former  bool   // the match is a name or body of the past
	Score   int    // higher is better
}

// The queries of a Snapshot. They are methods of a concrete immutable type;
// this is their contract, kept here in prose.
//
//	Agency(id) (Agency, bool)            one body, whenever it existed
//	Official(id) (Official, bool)
//	GroupByID(id) (Group, bool)
//	Agencies(on) []Agency                all bodies valid on that day, in Vietnamese order of name
//	Children(id, on) []Agency            direct children valid on that day
//	Under(id, ancestor) bool             id is ancestor or stands below it, at any depth
//	Territory(id) ID                     the root of id's chain
//	Names(id, on) []Name                 every form of an agency valid on that day
//	Addresses(id, on) []Address          addresses valid on that day, agency before clerk-desk before others
//	Officials(id, on) []Official
//	Lookup(form, issuer, on) Match       what an agency's written form means
//	LookupGroup(form, issuer, on) (Group, bool)
//	Members(group, issuer, on) ([]Agency, error)
//	                                     the bodies of a group on that day, below the group's scope if it has
//	                                     one, the issuer itself left out; ErrAsk if only a person can say
//	Role(agency, title, on) []Official   holders of a post; short forms (CT, PCT, CVP) are known
//	Deliver(id, today) Delivery          where mail for id goes today (succession followed)
//	ByAddress(address, on) (Agency, bool) whose official address this is
//	Issuer(name, parent, on) Match       the agency that a document's head names (capitals, two lines)
//	Find(query, on, limit) []Hit         search by people: with or without marks, by short form, old name, address
//	Former(id), Successors(id) []Succession
//
// Beyond these: StandingOffice(id, on), Version, Updated, Sample, Home(on), Parent(id, on),
// UnderOn(id, ancestor, on), Groups(on), AllAgencies, AllNames(id),
// AllAddresses(id), AddressHistory(address), OfficialByAddress(address, on),
// Export(w, file) and ExportPublic(w, file).
//
// A [Register] is changed by Import and Replace (CSV files) and by operations,
// one event each: Found, Rename, Merge, Split, Dissolve, Move, SetStanding,
// SetAddress, CloseAddress, SetOfficial, EndOfficial, AddName, CloseName,
// Withdraw, Undo. History(id) and Journal(after, limit) show the events; KnownAt(seq)
// is the snapshot as it was after an earlier event.
