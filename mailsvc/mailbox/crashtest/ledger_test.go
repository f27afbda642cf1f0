package crashtest

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// ledger is what children have been answered.
type ledger struct {
	held     map[string]bool   // "account blob": must be there, once
	maybe    map[string]bool   // being expunged: once or not at all
	instead  map[string]string // "account blob" being replaced: by which; one of them must be there
	gone     map[string]bool   // expunged: must not be there
	aborted  map[string]bool   // refused: must not be there
	flagged  map[string]bool
	uids     map[string]mailsvc.BlobID // "account validity uid": for ever this message's
	verified map[mailsvc.BlobID]bool   // bodies compared with their names
	tops     map[string][3]uint64      // "account folder": UIDVALIDITY, UIDNEXT, HIGHESTMODSEQ as last seen
	acks     int
	calls    int  // of the kind that was to fail, if the child came to its end
	worked   int  // those before the stores were closed
	full     bool // it said that the disk is full
	fatal    bool // it said that it must stop
	late     int  // answers after that
	ready    bool // it said that the stores are open
	dying    bool // the disk fails under the child: its complaints are right
}

func newLedger() *ledger {
	return &ledger{
		held: make(map[string]bool), maybe: make(map[string]bool), gone: make(map[string]bool), aborted: make(map[string]bool), flagged: make(map[string]bool),
		instead: make(map[string]string),
		uids:    make(map[string]mailsvc.BlobID), verified: make(map[mailsvc.BlobID]bool), tops: make(map[string][3]uint64),
	}
}

// note takes a line of a child. It returns what is wrong with it, if anything.
func (l *ledger) note(line string) error {
	f := strings.Fields(line)
	if len(f) == 0 {
		return nil
	}
	what := strings.Join(f[1:min(3, len(f))], " ")
	switch f[0] {
	case "aborted":
		l.aborted[what] = !l.held[what]
		return nil
	case "calls":
		l.calls, _ = strconv.Atoi(f[1])
		l.worked, _ = strconv.Atoi(f[2])
		return nil
	case "append":
		l.held[what] = true
		if f[4] != "0" {
			l.uids[f[1]+" "+f[3]+" "+f[4]] = mailsvc.BlobID(f[2])
		}
	case "deliver":
		l.held[what] = true
	case "flag":
		l.flagged[what] = true
	case "begin-expunge":
		l.maybe[what] = true
		delete(l.held, what)
	case "begin-replace":
		l.instead[what] = f[1] + " " + f[3]
		delete(l.held, what)
	case "replaced":
		l.held[l.instead[what]], l.gone[what] = true, true
		l.uids[f[1]+" "+f[4]+" "+f[5]] = mailsvc.BlobID(f[3])
		delete(l.instead, what)
	case "not-replaced":
		l.held[what], l.aborted[l.instead[what]] = true, true
		delete(l.instead, what)
		return nil
	case "expunged":
		l.gone[what] = true
		delete(l.maybe, what)
	case "ready":
		l.ready = true
		return nil
	case "recovered":
		return nil
	case "full":
		l.full = true
		return nil
	case "error", "fatal":
		l.fatal = l.fatal || f[0] == "fatal"
		if l.dying {
			return nil
		}
		fallthrough
	default:
		return fmt.Errorf("child says: %s", line)
	}
	if l.acks++; l.fatal {
		l.late++
	}
	return nil
}

// verify compares the stores with the ledger.
func (l *ledger) verify(s *stores) []error {
	ctx := context.Background()
	errs := s.mail.Check(ctx)
	errs = append(errs, s.mail.CheckPages(ctx)...)
	found := make(map[string]int)
	for _, account := range accounts {
		folders, err := s.mail.Folders(ctx, account, account)
		if err != nil {
			return append(errs, err)
		}
		for _, f := range folders {
			errs = append(errs, l.verifyFolder(s, &f, found)...)
		}
	}
	for what := range l.held {
		if found[what] == 0 {
			errs = append(errs, fmt.Errorf("LOST: %s", what))
		}
	}
	for old, now := range l.instead {
		if n := found[old] + found[now]; n != 1 {
			errs = append(errs, fmt.Errorf("HALF REPLACED: %s and what takes its place are there %d times", old, n))
		}
	}
	for what, n := range found {
		if n > 1 {
			errs = append(errs, fmt.Errorf("DUPLICATE: %s is there %d times", what, n))
		}
		if l.gone[what] {
			errs = append(errs, fmt.Errorf("BACK: %s was expunged", what))
		}
		if l.aborted[what] && !l.held[what] {
			errs = append(errs, fmt.Errorf("HALF VISIBLE: %s was refused", what))
		}
	}
	return errs
}

func (l *ledger) verifyFolder(s *stores, f *mailsvc.Folder, found map[string]int) []error {
	var errs []error
	at := f.Account + " " + f.Name
	top := [3]uint64{uint64(f.UIDValidity), uint64(f.UIDNext), uint64(f.HighestMod)}
	if was := l.tops[at]; top[0] < was[0] || top[1] < was[1] || top[2] < was[2] {
		errs = append(errs, fmt.Errorf("WENT BACK: %s from %v to %v", at, was, top))
	}
	l.tops[at] = top
	err := s.mail.Messages(context.Background(), f.Account, f.Account, f.ID, []mailsvc.Range{{From: 1}}, true, func(m *mailsvc.Message) bool {
		what := f.Account + " " + string(m.Blob)
		found[what]++
		if l.flagged[what] && !slices.Contains(m.Flags, `\Flagged`) {
			errs = append(errs, fmt.Errorf("FLAG LOST: %s", what))
		}
		if id, ok := l.uids[fmt.Sprint(f.Account, " ", f.UIDValidity, " ", m.UID)]; ok && id != m.Blob {
			errs = append(errs, fmt.Errorf("UID REUSED: %s UID %d was %s, is %s", at, m.UID, id, m.Blob))
		}
		if !l.verified[m.Blob] {
			if err := s.bodies.Verify(string(m.Blob)); err != nil {
				errs = append(errs, fmt.Errorf("BODY of %s: %w", what, err))
			}
			l.verified[m.Blob] = true
		}
		return true
	})
	if err != nil {
		errs = append(errs, err)
	}
	return errs
}
