// Package configs carries the files that vanthu ships with: the configuration
// explained, the sample directory of Quảng Trị, and the documents of the demo.
//
// Directory and documents are samples: the addresses in them are not real
// mailboxes (one is publicly attested, none may be written to), and every person
// in them is invented and carries the middle name "Mẫu".
package configs

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
)

// Files holds vanthu.toml, directory/*.csv and demo/*.
//
//go:embed vanthu.toml directory/*.csv demo
var Files embed.FS

// Directory holds the CSV files of the sample directory at its root.
func Directory() fs.FS {
	sub, err := fs.Sub(Files, "directory")
	if err != nil { // only for a name that is not valid
		return Files
	}
	return sub
}

// Document is a document written for the demo, and what must become of it when
// it is issued on its own date with the sample directory, before any answer of
// the clerk.
type Document struct {
	File   string `json:"file"`   // in Files
	Name   string `json:"name"`   // the name under which the clerk mails it
	Issuer string `json:"issuer"` // the directory's ID of the issuing agency
	Number string `json:"number"` // số, ký hiệu
	Date   string `json:"date"`   // ISO 8601
	// Verdict is "ok", or "secret" for the one that must be refused.
	Verdict string `json:"verdict"`
	// Lines are those of "Nơi nhận", none for a secret document.
	Lines []Line `json:"lines"`
	// Canaries are words that stand in a secret document and nowhere else: they
	// must be found in no file that vanthu writes.
	Canaries []string `json:"canaries,omitempty"`
}

// Line is one line of "Nơi nhận" and what must become of it.
type Line struct {
	Raw        string      `json:"raw"`
	Recipients []Recipient `json:"recipients"` // empty if nobody can be named without asking
	// Held says that the clerk is asked first; the recipients are then proposals.
	Held bool `json:"held,omitempty"`
	// Archive marks the line that is never sent.
	Archive bool `json:"archive,omitempty"`
}

// Recipient is one body that a line means.
type Recipient struct {
	Agency string `json:"agency"`
	State  string `json:"state"` // arrived (here), sent (to another server), paper (no address), held
}

// Demo returns the documents of the demo, in the order in which they are issued.
func Demo() ([]Document, error) {
	data, err := Files.ReadFile("demo/expected.json")
	if err != nil {
		return nil, fmt.Errorf("read demo: %w", err)
	}
	var documents []Document
	if err := json.Unmarshal(data, &documents); err != nil {
		return nil, fmt.Errorf("read demo: %w", err)
	}
	return documents, nil
}
