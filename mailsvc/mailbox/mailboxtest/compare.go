package mailboxtest

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// compare asks the store everything that the model knows.
func (p *player) compare() {
	p.Helper()
	for _, name := range []string{an, binh, agency} {
		a := p.model[name]
		for _, person := range []string{an, binh, agency} {
			p.compareFolders(a, person)
		}
		p.compareUsage(a)
		p.compareSubscriptions(a)
		for _, f := range a.folders {
			p.compareRows(a, f)
		}
	}
	for _, m := range p.marks {
		p.compareChanges(m)
	}
	errs := p.Check(p.ctx)
	p.want(len(errs) == 0, "check: %v", errs)
}

// pairs are one-to-one between what the model and what the store calls a thing.
type pairs[M, S comparable] struct {
	stores map[M]S
	models map[S]M
}

// agree reports whether both names meant each other whenever they were met.
func (p *pairs[M, S]) agree(m M, s S) bool {
	if p.stores == nil {
		p.stores, p.models = make(map[M]S), make(map[S]M)
	}
	was, known := p.stores[m]
	of, taken := p.models[s]
	if !known && !taken {
		p.stores[m], p.models[s] = s, m
		return true
	}
	return known && taken && was == s && of == m
}

// object is an email or a thread of the model.
type object struct {
	account *modelAccount // one that was deleted and made anew is another
	number  int
}

// inAccount is a number that the store gives within an account.
type inAccount struct {
	account string
	number  uint64
}

// identities are the stable ids (RFC 8474) of a whole history: what keeps its
// identity keeps its id, and no id is ever another's.
type identities struct {
	emails     pairs[object, uint64]
	threads    pairs[object, uint64]
	folders    pairs[*modelFolder, inAccount]
	validities pairs[*modelFolder, inAccount]
}

func (p *player) compareSubscriptions(a *modelAccount) {
	p.Helper()
	got, err := p.Subscriptions(p.ctx, a.name)
	p.failed(err, nil)
	want := slices.Sorted(maps.Keys(a.gone))
	p.want(slices.Equal(got, want), "%s: subscriptions without a folder %q, want %q", a.name, got, want)
}

func (p *player) compareUsage(a *modelAccount) {
	p.Helper()
	want := a.usage()
	got, err := p.Usage(p.ctx, a.name)
	p.failed(err, nil)
	p.want(got == want, "%s: usage %d, want %d", a.name, got, want)
}

func (p *player) compareFolders(a *modelAccount, person string) {
	p.Helper()
	got, err := p.Folders(p.ctx, person, a.name)
	p.failed(err, nil)
	p.want(len(got) == len(a.folders), "%s: %d folders, want %d", a.name, len(got), len(a.folders))
	for _, g := range got {
		f := a.find(g.Name)
		p.want(f != nil, "%s: folder %q", a.name, g.Name)
		want := mailsvc.Folder{
			Account: a.name, Name: f.name, SpecialUse: f.specialUse, Subscribed: !f.unsub,
			UIDNext: f.uidNext, Messages: uint32(len(f.messages)),
			ID: g.ID, UIDValidity: g.UIDValidity, HighestMod: g.HighestMod,
		}
		for _, m := range f.messages {
			want.Size += m.size()
			if !m.seenBy(person) {
				want.Unseen++
			}
			if m.flags[`\deleted`] {
				want.Deleted++
			}
		}
		p.want(g == want, "%s sees %+v, want %+v", person, g, want)
		p.want(p.ids.folders.agree(f, inAccount{a.name, uint64(g.ID)}), "%s %q: MAILBOXID %d was another's, or its own another", a.name, g.Name, g.ID)
		p.want(p.ids.validities.agree(f, inAccount{a.name, uint64(g.UIDValidity)}), "%s %q: UIDVALIDITY %d was another's, or its own another", a.name, g.Name, g.UIDValidity)
	}
}

// compareRows compares a folder's messages, for one person, in all three forms.
func (p *player) compareRows(a *modelAccount, f *modelFolder) {
	p.Helper()
	person := p.person()
	rows := p.rows(person, a.name, f.name)
	p.want(slices.Equal(uids(rows), uidsOf(f.messages)), "%s %q: UIDs %v, want %v", a.name, f.name, uids(rows), uidsOf(f.messages))
	i := 0
	err := p.Flags(p.ctx, person, a.name, p.id(a, f), everything, func(m *mailsvc.Message) bool {
		p.want(m.UID == rows[i].UID && m.ModSeq == rows[i].ModSeq && flagString(m.Flags) == flagString(rows[i].Flags) && m.Size == rows[i].Size &&
			m.EmailID == rows[i].EmailID && m.Saved.Equal(rows[i].Saved), "short form %+v of %+v", m, rows[i])
		i++
		return true
	})
	p.failed(err, nil)
	p.want(i == len(rows), "short form has %d rows, want %d", i, len(rows))
	for i, got := range rows {
		p.compareRow(a, f.messages[i], &got, person)
		p.compareIDs(a, f, f.messages[i], &got)
	}
	p.compareOrder(f, rows)
	folder, all, err := p.UIDs(p.ctx, person, a.name, p.id(a, f))
	p.failed(err, nil)
	p.want(slices.Equal(all, uids(rows)) && folder.Name == f.name, "UIDs %v of %+v", all, folder)
}

func (p *player) compareRow(a *modelAccount, m *modelMessage, got *mailsvc.Message, person string) {
	p.Helper()
	n := &m.new
	p.want(flagString(got.Flags) == m.shown(person), "%s UID %d: %s sees flags %q, want %q", a.name, m.uid, person, got.Flags, m.shown(person))
	ok := got.Blob == n.Blob && bytes.Equal(got.Prefix, n.Prefix) && bytes.Equal(got.Index, n.Index) &&
		got.Size == m.size() && got.Internal.Equal(n.Internal)
	p.want(ok, "%s UID %d: %+v, want %+v", a.name, m.uid, got, n)
}

func (p *player) compareIDs(a *modelAccount, f *modelFolder, m *modelMessage, got *mailsvc.Message) {
	p.Helper()
	at := fmt.Sprintf("%s %q UID %d", a.name, f.name, got.UID)
	p.want(p.ids.emails.agree(object{a, m.email}, got.EmailID), "%s: EMAILID %x was another's, or its own another", at, got.EmailID)
	p.want(p.ids.threads.agree(object{a, m.thread}, got.ThreadID), "%s: THREADID %x was another's, or its own another", at, got.ThreadID)
	if m.saved.IsZero() {
		m.saved = got.Saved
	}
	p.want(!got.Saved.IsZero() && m.saved.Equal(got.Saved), "%s: saved %v, before %v", at, got.Saved, m.saved)
}

// compareOrder wants MODSEQs in the order and with the equalities of the model.
func (p *player) compareOrder(f *modelFolder, rows []mailsvc.Message) {
	p.Helper()
	type pair struct {
		model int
		store mailsvc.ModSeq
	}
	var all []pair
	for i := range rows {
		all = append(all, pair{f.messages[i].mod, rows[i].ModSeq})
	}
	slices.SortFunc(all, func(a, b pair) int { return a.model - b.model })
	for i := 1; i < len(all); i++ {
		a, b := all[i-1], all[i]
		p.want((a.model == b.model) == (a.store == b.store) && a.store <= b.store, "%q: MODSEQs %d, %d, want the order of %d, %d", f.name, a.store, b.store, a.model, b.model)
	}
}

func (p *player) compareChanges(at point) {
	p.Helper()
	person := p.person()
	got, err := p.ChangesSince(p.ctx, person, at.account, at.id, at.store)
	p.failed(err, nil)
	var changed, vanished []mailsvc.UID
	var flags, gotFlags []string
	for _, m := range at.folder.messages {
		if m.mod > at.model {
			changed = append(changed, m.uid)
			flags = append(flags, m.shown(person))
		}
	}
	for _, v := range at.folder.vanished {
		if v.mod > at.model {
			vanished = append(vanished, v.uid)
		}
	}
	slices.Sort(vanished)
	for _, m := range got.Changed {
		gotFlags = append(gotFlags, flagString(m.Flags))
	}
	p.want(slices.Equal(uids(got.Changed), changed) && strings.Join(gotFlags, ",") == strings.Join(flags, ","), "%q changed %v %q, want %v %q", at.folder.name, uids(got.Changed), gotFlags, changed, flags)
	p.want(slices.Equal(got.Vanished, vanished), "%q vanished %v, want %v", at.folder.name, got.Vanished, vanished)
}
