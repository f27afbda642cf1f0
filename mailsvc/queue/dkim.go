package queue

import (
	"crypto"
	"errors"
	"io"
	"strings"

	"github.com/emersion/go-msgauth/dkim"
)

// Key is a DKIM signing key, RFC 6376: RSA, or Ed25519 (RFC 8463).
type Key struct {
	Domain   string
	Selector string
	Signer   crypto.Signer
}

// signed lists the fields that are signed, each once more than it should occur:
// adding another one breaks the signature (RFC 6376 section 8.15).
func signed() []string {
	var all []string
	for _, f := range []string{
		"From", "Sender", "Reply-To", "To", "Cc", "Subject", "Date", "Message-ID", "In-Reply-To", "References",
		"MIME-Version", "Content-Type", "Content-Transfer-Encoding",
	} {
		all = append(all, f, f)
	}
	return all
}

// DKIM returns an Options.Sign that makes one signature with each key.
func DKIM(keys ...Key) (func(io.Reader) (string, error), error) {
	options := make([]*dkim.SignOptions, len(keys))
	for i, k := range keys {
		options[i] = &dkim.SignOptions{
			Domain: k.Domain, Selector: k.Selector, Signer: k.Signer, HeaderKeys: signed(),
			HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
		}
		s, err := dkim.NewSigner(options[i])
		if err != nil {
			return nil, err
		}
		_ = s.Close() // it signed nothing
	}
	return func(m io.Reader) (string, error) { return sign(m, options) }, nil
}

// sign reads the message once for all keys.
func sign(m io.Reader, options []*dkim.SignOptions) (string, error) {
	var signers []*dkim.Signer
	var sinks []io.Writer
	var failed error
	for _, o := range options {
		s, err := dkim.NewSigner(o)
		if err != nil {
			failed = err
			break
		}
		signers, sinks = append(signers, s), append(sinks, s)
	}
	if failed == nil {
		_, failed = io.Copy(io.MultiWriter(sinks...), m)
	}
	var b strings.Builder
	for _, s := range signers { // each must be closed, or its goroutine stays
		if err := s.Close(); err != nil {
			failed = errors.Join(failed, err)
		} else if failed == nil {
			b.WriteString(s.Signature())
		}
	}
	if failed != nil {
		return "", failed
	}
	return b.String(), nil
}
