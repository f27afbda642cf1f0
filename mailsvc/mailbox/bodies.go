// Package mailbox joins the body store of internal/blob to the contract of
// package mailsvc. Its sub-packages hold the stores of folders and messages:
// bolt is the one that serves, mailboxtest the suite that each must pass.
package mailbox

import (
	"errors"

	"quangtri.gov.vn/vanthu/internal/blob"
	"quangtri.gov.vn/vanthu/mailsvc"
)

// Bodies makes a blob.Store a mailsvc.Blobs, with mailsvc's kinds of failure.
type Bodies struct{ Store *blob.Store }

var _ mailsvc.Blobs = Bodies{}

// Create implements mailsvc.Blobs. Errors: ErrFull.
func (b Bodies) Create() (mailsvc.BlobWriter, error) {
	w, err := b.Store.Create()
	if err != nil {
		return nil, translate("create body", "", err)
	}
	return writer{w}, nil
}

// Begin implements mailsvc.Blobs. Errors: ErrFull.
func (b Bodies) Begin(body []byte) func() (mailsvc.BlobID, int64, error) {
	wait := b.Store.Begin(body)
	return func() (mailsvc.BlobID, int64, error) { return named(wait()) }
}

// Open implements mailsvc.Blobs. Errors: ErrNotFound, ErrInvalid.
func (b Bodies) Open(id mailsvc.BlobID) (mailsvc.Blob, error) {
	f, err := b.Store.Open(string(id))
	if err != nil {
		return nil, translate("open body", string(id), err)
	}
	return f, nil
}

type writer struct{ *blob.Writer }

func (w writer) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	if err != nil {
		err = translate("write body", "", err)
	}
	return n, err
}

func (w writer) Commit() (mailsvc.BlobID, int64, error) {
	return named(w.Writer.Commit())
}

func named(id string, size int64, err error) (mailsvc.BlobID, int64, error) {
	if err != nil {
		return "", 0, translate("commit body", "", err)
	}
	return mailsvc.BlobID(id), size, nil
}

func translate(op, subject string, err error) error {
	kind := mailsvc.ErrUnknown
	for from, to := range map[error]error{
		blob.ErrNotFound: mailsvc.ErrNotFound,
		blob.ErrInvalid:  mailsvc.ErrInvalid,
		blob.ErrFull:     mailsvc.ErrFull,
		blob.ErrDamaged:  mailsvc.ErrDamaged,
		blob.ErrClosed:   mailsvc.ErrClosed,
	} {
		if errors.Is(err, from) {
			kind = to
		}
	}
	return &mailsvc.Error{Op: op, Subject: subject, Kind: kind, Cause: err}
}
