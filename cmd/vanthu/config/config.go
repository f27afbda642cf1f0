// Package config reads vanthu.toml: the operator's settings, checked as a whole
// before anything starts.
//
// What always holds: a [Config] that [Load] returns is complete (defaults and
// derived values filled in, file names absolute) and possible (every value
// checked, also against the others). Anything else is an [Error] that names the
// file, the line, the key and what to do; an unknown key is never ignored.
//
// configs/vanthu.toml explains every setting; a test holds it against this
// package.
package config

import (
	"log/slog"
	"time"
	_ "time/tzdata" // the time zone must be there on a machine without a zone database
)

// Config is what vanthu.toml says.
type Config struct {
	Domain   string `toml:"domain"`   // mail domain, lower case: the part after "@"
	Hostname string `toml:"hostname"` // this server's name in SMTP, IMAP and HTTP; "mail." + Domain if absent
	DataDir  string `toml:"data_dir"` // absolute after Load
	Timezone string `toml:"timezone"` // IANA name

	Listen   Listen   `toml:"listen"`
	TLS      TLS      `toml:"tls"`
	DKIM     []DKIM   `toml:"dkim"` // one signature is made for each
	Outgoing Outgoing `toml:"outgoing"`
	Limits   Limits   `toml:"limits"`
	Dispatch Dispatch `toml:"dispatch"`
	Log      Log      `toml:"log"`
}

// Listen holds the addresses, "host:port" each, on which the services listen. An
// empty list turns a service off; an empty host means every interface.
type Listen struct {
	MX          []string `toml:"mx"`          // SMTP from other servers, STARTTLS offered; RFC 5321
	Submission  []string `toml:"submission"`  // SMTP from people, STARTTLS required; RFC 6409
	Submissions []string `toml:"submissions"` // SMTP from people, TLS from the first byte; RFC 8314
	IMAP        []string `toml:"imap"`        // STARTTLS required before a password; RFC 9051
	IMAPS       []string `toml:"imaps"`       // TLS from the first byte; RFC 8314
	HTTP        []string `toml:"http"`
	HTTPS       []string `toml:"https"`
}

// TLS names the certificate that all services present.
type TLS struct {
	CertFile string `toml:"cert_file"` // PEM: leaf first, then intermediates
	KeyFile  string `toml:"key_file"`  // PEM
}

// DKIM is one signing key, RFC 6376 (RSA) or RFC 8463 (Ed25519).
type DKIM struct {
	Selector string `toml:"selector"` // the DNS name is SELECTOR._domainkey.DOMAIN
	KeyFile  string `toml:"key_file"` // PEM, PKCS #8
}

// Outgoing says how mail for other domains leaves.
type Outgoing struct {
	Smarthost Smarthost `toml:"smarthost"`
	// Routes sends mail for a domain to a fixed "host:port", before MX and smarthost.
	Routes map[string]string `toml:"routes"`
	// GiveUpAfter is the age at which an undelivered message is returned; RFC 5321 section 4.5.4.1.
	GiveUpAfter Duration `toml:"give_up_after"`
}

// Smarthost is a relay that takes all outgoing mail. Empty Address: none, MX is used.
type Smarthost struct {
	Address      string `toml:"address"`  // "host:port"
	Security     string `toml:"security"` // "tls", "starttls" or "none"
	User         string `toml:"user"`     // "" = no authentication
	PasswordFile string `toml:"password_file"`
}

// Limits bounds what one client, or all together, can take. All are at least 1.
type Limits struct {
	MessageSize            Size `toml:"message_size"` // one mail, as transmitted
	IntakeSize             Size `toml:"intake_size"`  // one mail to the issue address; held in memory until judged
	Recipients             int  `toml:"recipients"`   // RCPT of one mail
	SMTPConnections        int  `toml:"smtp_connections"`
	SMTPConnectionsPerIP   int  `toml:"smtp_connections_per_ip"`
	IMAPConnections        int  `toml:"imap_connections"`
	IMAPConnectionsPerIP   int  `toml:"imap_connections_per_ip"`
	IMAPConnectionsPerUser int  `toml:"imap_connections_per_user"`
	HTTPConnections        int  `toml:"http_connections"`
}

// Dispatch says how issued documents are taken and sent.
type Dispatch struct {
	IssueAddress    string `toml:"issue_address"`    // local part; documents are mailed to IssueAddress@Domain
	MaxAttachment   Size   `toml:"max_attachment"`   // above it a link is sent instead of the file
	PublicURL       string `toml:"public_url"`       // base of links, no trailing slash; "https://" + Hostname if absent
	SampleDirectory bool   `toml:"sample_directory"` // load the sample directory into an empty register
	// AsOf, an ISO 8601 day, is taken for today when mail is delivered: for exercises
	// with the sample directory. "" is the real day.
	AsOf string `toml:"as_of"`
}

// Log says what is written to standard error.
type Log struct {
	Level  string `toml:"level"`  // debug, info, warn, error
	Format string `toml:"format"` // text, json
}

// Default returns the settings of an empty file. It lacks what only the operator
// can know (Domain) and what follows from that.
func Default() Config {
	return Config{
		DataDir:  "/var/lib/vanthu",
		Timezone: "Asia/Ho_Chi_Minh",
		Listen: Listen{
			MX:          []string{":25"},
			Submission:  []string{":587"},
			Submissions: []string{":465"},
			IMAP:        []string{":143"},
			IMAPS:       []string{":993"},
			HTTP:        []string{":80"},
			HTTPS:       []string{":443"},
		},
		Outgoing: Outgoing{
			Smarthost:   Smarthost{Security: "starttls"},
			GiveUpAfter: Duration{5 * 24 * time.Hour},
		},
		Limits: Limits{
			MessageSize:            50 << 20,
			IntakeSize:             50 << 20,
			Recipients:             1000,
			SMTPConnections:        1000,
			SMTPConnectionsPerIP:   50,
			IMAPConnections:        10000,
			IMAPConnectionsPerIP:   2000,
			IMAPConnectionsPerUser: 50,
			HTTPConnections:        2000,
		},
		Dispatch: Dispatch{
			IssueAddress:  "phathanh",
			MaxAttachment: 10 << 20,
		},
		Log: Log{Level: "info", Format: "text"},
	}
}

// Location is the time zone in which days begin and times are shown. It cannot
// fail for a Config that came from [Load].
func (c Config) Location() *time.Location {
	l, err := time.LoadLocation(c.Timezone)
	if err != nil {
		return time.UTC
	}
	return l
}

// IssueMailbox is the full address to which clerks mail documents.
func (c Config) IssueMailbox() string { return c.Dispatch.IssueAddress + "@" + c.Domain }

// SlogLevel is Level in the terms of log/slog.
func (l Log) SlogLevel() slog.Level {
	var level slog.Level
	if level.UnmarshalText([]byte(l.Level)) != nil {
		return slog.LevelInfo
	}
	return level
}
