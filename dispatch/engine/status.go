package engine

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"

	"go.etcd.io/bbolt"

	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/mailsvc"
)

// View returns a document as people follow it.
func (e *Engine) View(id dispatch.DocumentID) (dispatch.View, error) {
	doc, rows, err := e.load(id)
	if err != nil {
		return dispatch.View{}, err
	}
	return dispatch.NewView(doc.Document, rows), nil
}

// FindNumber returns the documents with a number and symbol, newest first,
// whatever their issuer and year. Marks of case and tone placement do not matter.
func (e *Engine) FindNumber(number string) ([]dispatch.DocumentID, error) {
	var out []dispatch.DocumentID
	want := plainNumber(number)
	err := e.db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(bNumbers).ForEach(func(k, v []byte) error {
			if parts := strings.SplitN(string(k), "\x00", 3); len(parts) == 3 && parts[2] == want || string(v) == number {
				out = append(out, dispatch.DocumentID(v))
			}
			return nil
		})
	})
	sort.Slice(out, func(i, j int) bool { return out[i] > out[j] })
	return out, err
}

// Documents returns all documents, oldest first.
func (e *Engine) Documents() ([]dispatch.DocumentID, error) {
	var out []dispatch.DocumentID
	err := e.db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(bDocuments).ForEach(func(k, _ []byte) error {
			out = append(out, dispatch.DocumentID(k))
			return nil
		})
	})
	return out, err
}

// Public is what a document's public page shows.
type Public struct {
	Issuer string
	Fields dispatch.Fields
	Files  []dispatch.File
}

// Public returns the document behind a link token; false if there is none.
func (e *Engine) Public(token string) (Public, bool) {
	var doc record
	err := e.db.View(func(tx *bbolt.Tx) error {
		id := tx.Bucket(bTokens).Get([]byte(token))
		if id == nil {
			return mailsvc.ErrNotFound
		}
		var err error
		doc, err = getRecord(tx, dispatch.DocumentID(id))
		return err
	})
	if err != nil {
		return Public{}, false
	}
	agency, _ := e.Directory().Agency(doc.Issuer)
	return Public{agency.Name, doc.Fields, append([]dispatch.File{doc.File}, doc.Annexes...)}, true
}

// PublicPath is the path of a document's public page; false if it has none.
func (e *Engine) PublicPath(id dispatch.DocumentID) (string, bool) {
	doc, _, err := e.load(id)
	return "/vb/" + doc.Token, err == nil && doc.Token != ""
}

// OpenFile opens a file of a document; the caller closes it.
func (e *Engine) OpenFile(f dispatch.File) (io.ReadSeeker, io.Closer, error) {
	b, err := e.Blobs.Open(mailsvc.BlobID(f.SHA256))
	if err != nil {
		return nil, nil, err
	}
	return io.NewSectionReader(b, 0, b.Size()), b, nil
}

// Holds reports whether a blob is a file of some document, so that a sweep of
// orphans leaves it alone.
func (e *Engine) Holds() (map[string]bool, error) {
	held := make(map[string]bool)
	err := e.db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(bDocuments).ForEach(func(k, v []byte) error {
			var doc record
			if err := decode(v, &doc); err != nil {
				return fmt.Errorf("document %s: %w", k, err)
			}
			held[doc.File.SHA256] = true
			for _, a := range doc.Annexes {
				held[a.SHA256] = true
			}
			return nil
		})
	})
	return held, err
}

// Check verifies the invariants of the store: every row readable, every copy in
// exactly one known state that its history leads to, sharers equal to what they
// share, the work index equal to the queued copies. It returns what is broken.
func (e *Engine) Check() []error {
	var broken []error
	err := e.db.View(func(tx *bbolt.Tx) error {
		work := 0
		err := tx.Bucket(bDocuments).ForEach(func(k, _ []byte) error {
			n, errs := checkDocument(tx, dispatch.DocumentID(k))
			work += n
			broken = append(broken, errs...)
			return nil
		})
		if got := tx.Bucket(bWork).Stats().KeyN; got != work {
			broken = append(broken, fmt.Errorf("work index has %d entries for %d queued copies", got, work))
		}
		return err
	})
	if err != nil {
		broken = append(broken, err)
	}
	return broken
}

func checkDocument(tx *bbolt.Tx, id dispatch.DocumentID) (work int, broken []error) {
	doc, err := getRecord(tx, id)
	if err != nil {
		return 0, []error{err}
	}
	rows, err := getRecipients(tx, id)
	if err != nil {
		return 0, []error{err}
	}
	seen := make(map[int]bool)
	for _, r := range rows {
		seen[r.Item] = true
		if r.State == dispatch.Queued && r.Shares == 0 {
			work++
			if tx.Bucket(bWork).Get(recipientKey(id, r.ID)) == nil {
				broken = append(broken, fmt.Errorf("document %s recipient %d is queued but not in the work index", id, r.ID))
			}
		}
		if r.Shares != 0 && (int(r.Shares) > len(rows) || rows[r.Shares-1].State != r.State) {
			broken = append(broken, fmt.Errorf("document %s recipient %d differs from the copy it shares", id, r.ID))
		}
		if n := len(r.History); n > 0 && r.History[n-1].To != r.State {
			broken = append(broken, fmt.Errorf("document %s recipient %d: state is not what its history leads to", id, r.ID))
		}
		for i, h := range r.History {
			to, err := dispatch.Next(h.From, h.Event)
			if h.Event == dispatch.Joining && h.From == dispatch.Held && r.Shares != 0 {
				to, err = h.To, nil
			}
			if err != nil || to != h.To || i > 0 && r.History[i-1].To != h.From {
				broken = append(broken, fmt.Errorf("document %s recipient %d: impossible history", id, r.ID))
			}
		}
	}
	for i := range doc.Items {
		if !seen[i] {
			broken = append(broken, fmt.Errorf("document %s item %d has no recipient row", id, i))
		}
	}
	return work, broken
}

// Settle waits until every copy of a document that goes to a mailbox here has
// left state queued, or ctx ends, and returns the document as it then is. Run
// must be running.
func (e *Engine) Settle(ctx context.Context, id dispatch.DocumentID) (dispatch.View, error) {
	changed, stop := e.Watch()
	defer stop()
	for {
		_, rows, err := e.load(id)
		if err != nil {
			return dispatch.View{}, err
		}
		waiting := slices.ContainsFunc(queued(rows), func(r dispatch.Recipient) bool { return domainOf(r.Address) == e.Domain })
		if !waiting {
			return e.View(id)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return e.View(id)
		}
	}
}
