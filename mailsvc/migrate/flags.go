package migrate

import (
	"slices"
	"strings"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// change is what happened to the flags of some messages on the old server.
type change struct{ added, removed string }

// carry brings flags that changed on the old server since the last run over, as
// changes: what a person changed here meanwhile stays. Messages that are no longer
// where they were put are left alone.
func (c *copier) carry(changed []item) error {
	if len(changed) == 0 {
		return nil
	}
	here, err := c.whereabouts(changed)
	if err != nil {
		return err
	}
	groups := make(map[change][]mailsvc.Range)
	for _, it := range changed {
		e := c.journal.find(it.uid)
		if places := here[e.body]; int(e.nth) < len(places) {
			d := difference(c.journal.flags.sets[e.flags], c.journal.flags.sets[it.flags])
			uid := places[e.nth]
			groups[d] = append(groups[d], mailsvc.Range{From: uid, To: uid})
			c.report.Reflag++
		}
	}
	for d, ranges := range groups {
		slices.SortFunc(ranges, func(a, b mailsvc.Range) int { return int(int64(a.From) - int64(b.From)) })
		if err := c.setFlags(ranges, mailsvc.FlagsAdd, d.added); err != nil {
			return err
		}
		if err := c.setFlags(ranges, mailsvc.FlagsRemove, d.removed); err != nil {
			return err
		}
	}
	return c.noteFlags(changed)
}

// whereabouts finds the messages here by their bodies, equal ones in order.
func (c *copier) whereabouts(changed []item) (map[hash][]mailsvc.UID, error) {
	wanted := make(map[hash][]mailsvc.UID)
	for _, it := range changed {
		wanted[c.journal.find(it.uid).body] = nil
	}
	r, account := c.run, c.run.job.Account
	err := r.o.Store.Messages(r.ctx, account, account, c.folder, []mailsvc.Range{{From: 1}}, false, func(m *mailsvc.Message) bool {
		h := bodyHash(m.Blob)
		if places, ok := wanted[h]; ok {
			wanted[h] = append(places, m.UID)
		}
		return true
	})
	return wanted, err
}

func (c *copier) setFlags(ranges []mailsvc.Range, op mailsvc.FlagOp, flags string) error {
	if flags == "" {
		return nil
	}
	r, account := c.run, c.run.job.Account
	_, _, err := r.o.Store.SetFlags(r.ctx, account, account, c.folder, ranges, mailsvc.FlagChange{Op: op, Flags: strings.Fields(flags)})
	return err
}

func (c *copier) noteFlags(changed []item) error {
	lines := make([]string, 0, len(changed))
	for _, it := range changed {
		c.journal.find(it.uid).flags = it.flags
		lines = append(lines, line("flags", it.uid, c.journal.flags.sets[it.flags]))
	}
	return c.journal.add(lines...)
}

func difference(was, is string) change {
	before, after := strings.Fields(was), strings.Fields(is)
	return change{added: without(after, before), removed: without(before, after)}
}

func without(words, these []string) string {
	var left []string
	for _, w := range words {
		if !slices.Contains(these, w) {
			left = append(left, w)
		}
	}
	return strings.Join(left, " ")
}
