package mailboxtest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// HistoriesVariable is the environment variable that sets how many random
// histories are played (default 25), and so how long that takes.
const HistoriesVariable = "VANTHU_HISTORIES"

const stepsPerHistory = 60

func runRandom(t *testing.T, open Open) {
	n := 25
	if v, err := strconv.Atoi(os.Getenv(HistoriesVariable)); err == nil {
		n = v
	}
	for seed := range n {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			p := &player{harness: start(t, open), r: rand.New(rand.NewPCG(uint64(seed), 7)), model: make(model)}
			for _, name := range []string{an, binh, agency} {
				p.model[name] = newModelAccount(name)
				p.model[name].make("Văn bản đi", `\Sent`, 1)
				p.model[name].make("Thùng rác", `\Trash`, 1)
			}
			for step := range stepsPerHistory {
				p.step()
				if step%6 == 5 {
					p.compare()
				}
			}
			p.compare()
		})
	}
}

// player plays one history on a store and on the model.
type player struct {
	*harness
	r     *rand.Rand
	model model
	next  int // number of the next message
	ids   identities
	marks []point // moments to ask ChangesSince about
	log   []string
}

// point is a moment of a folder, as both sides number it.
type point struct {
	account string
	folder  *modelFolder
	id      mailsvc.FolderID
	model   int
	store   mailsvc.ModSeq
}

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

func (p *player) did(format string, args ...any) {
	p.log = append(p.log, fmt.Sprintf(format, args...))
}

// want ends the test with the history that led here.
func (p *player) want(ok bool, format string, args ...any) {
	p.Helper()
	if ok {
		return
	}
	for _, l := range p.log {
		p.Log(l)
	}
	p.Fatalf(format, args...)
}

func (p *player) account() *modelAccount { return p.model[pick(p.r, an, binh, agency, agency)] }

func (p *player) person() string { return pick(p.r, an, binh, agency) }

func (p *player) someFolder(a *modelAccount) *modelFolder { return pick(p.r, a.folders...) }

func (p *player) id(a *modelAccount, f *modelFolder) mailsvc.FolderID {
	p.Helper()
	return p.folder(a.name, a.name, f.name).ID
}

func (p *player) ranges(f *modelFolder) []mailsvc.Range {
	var out []mailsvc.Range
	for range p.r.IntN(4) {
		from := mailsvc.UID(p.r.IntN(int(f.uidNext) + 2))
		to := from + mailsvc.UID(p.r.IntN(30))
		if p.r.IntN(6) == 0 {
			to = 0
		}
		out = append(out, mailsvc.Range{From: max(from, 1), To: to})
	}
	return out
}

func (p *player) flags() []string {
	var out []string
	for range p.r.IntN(4) {
		out = append(out, pick(p.r, `\Seen`, `\Seen`, `\seen`, `\Deleted`, `\Flagged`, `\Answered`, `\Draft`, "$Label1", "$label1", "k2"))
	}
	return out
}

func (p *player) name() string {
	return pick(p.r, "a", "b", "a/b", "a/b/c", "b/c", "Sở Nội vụ", "inbox", "INBOX/x", "Thùng rác", "Văn bản đi")
}

// failed compares the kind of a failure.
func (p *player) failed(err, kind error) {
	p.Helper()
	if kind == nil {
		p.want(err == nil, "unexpected error: %v", err)
		return
	}
	p.want(errors.Is(err, kind), "error %v, want %v", err, kind)
}

func (p *player) step() {
	a := p.account()
	f := p.someFolder(a)
	switch n := p.r.IntN(104); {
	case n < 22:
		p.playAppend(a, f)
	case n < 32:
		p.playDeliver()
	case n < 50:
		p.playFlags(a, f)
	case n < 59:
		p.playExpunge(a, f)
	case n < 72:
		p.playCopy(a, f, p.r.IntN(2) == 0)
	case n < 78:
		p.playReplace(a, f)
	case n < 84:
		p.playCreate(a)
	case n < 89:
		p.playRename(a)
	case n < 92:
		p.playDeleteFolder(a)
	case n < 95:
		p.playSubscribe(a, f)
	case n < 99:
		p.playQuota(a)
	case n < 100:
		p.playDeleteAccount(a)
	case n < 101:
		p.did("restart")
		p.restart()
	default:
		p.marks = append(p.marks, point{a.name, f, p.id(a, f), f.highest, p.folder(a.name, a.name, f.name).HighestMod})
	}
}

func (p *player) newMessage() mailsvc.NewMessage {
	p.next++
	m := msg(p.next, p.flags()...)
	if p.r.IntN(3) == 0 {
		return m
	}
	m.Refs = append(m.Refs, fmt.Sprint(p.next))
	for range p.r.IntN(3) {
		m.Refs = append(m.Refs, fmt.Sprint(1+p.r.IntN(p.next)))
	}
	return m
}

// over is ErrOverQuota if that many bytes more are too many for an account.
func over(a *modelAccount, more int64) error {
	if a.over(more) {
		return mailsvc.ErrOverQuota
	}
	return nil
}

func (p *player) playAppend(a *modelAccount, f *modelFolder) {
	msgs := make([]mailsvc.NewMessage, p.r.IntN(5)*p.r.IntN(10))
	for i := range msgs {
		msgs[i] = p.newMessage()
	}
	p.did("append %d to %s %q", len(msgs), a.name, f.name)
	var size int64
	for i := range msgs {
		size += (&modelMessage{new: msgs[i]}).size()
	}
	failure := over(a, size)
	got, err := p.Append(p.ctx, a.name, p.id(a, f), msgs)
	p.failed(err, failure)
	var want []mailsvc.UID
	if len(msgs) > 0 && failure == nil {
		mod := a.change()
		for _, m := range msgs {
			want = append(want, a.insert(f, m, m.Flags, mod))
		}
	}
	p.want(slices.Equal(got, want), "append: UIDs %v, want %v", got, want)
}

func (p *player) playDeliver() {
	d := mailsvc.Delivery{Message: p.newMessage(), Always: p.r.IntN(5) == 0}
	if p.r.IntN(2) == 0 {
		d.ID = fmt.Sprint("vb-", p.r.IntN(5))
	}
	for range 1 + p.r.IntN(4) {
		d.Targets = append(d.Targets, mailsvc.Target{Account: p.account().name, Prefix: []byte(pick(p.r, "", "a", "aa", "aba", "Return-Path: <a>\r\nDelivered-To: an\r\n", "Return-Path: <a>\r\nDelivered-To: binh\r\n")), Flags: p.flags(), Folder: pick(p.r, "", "", "Mới/Đến")})
	}
	p.did("deliver %q (always %v) to %+v", d.ID, d.Always, d.Targets)
	errs := p.Deliver(p.ctx, d)
	mods := make(map[string]int)
	for i, t := range d.Targets {
		a := p.model[t.Account]
		if d.ID != "" && a.delivered[d.ID] {
			p.failed(errs[i], nil)
			continue
		}
		n := d.Message
		n.Prefix = t.Prefix
		failure := over(a, (&modelMessage{new: n}).size())
		if d.Always {
			failure = nil
		}
		if p.failed(errs[i], failure); failure != nil {
			continue
		}
		if d.ID != "" {
			a.delivered[d.ID] = true
		}
		if mods[a.name] == 0 {
			mods[a.name] = a.change()
		}
		name := t.Folder
		if name == "" {
			name = "INBOX"
		}
		f := a.find(name)
		if f == nil {
			f = a.make(name, "", mods[a.name])
		}
		a.insert(f, n, t.Flags, mods[a.name])
	}
}

func (p *player) playFlags(a *modelAccount, f *modelFolder) {
	person, ranges, flags := p.person(), p.ranges(f), p.flags()
	c := mailsvc.FlagChange{Op: mailsvc.FlagOp(p.r.IntN(3)), Flags: flags}
	since := 0
	for _, m := range p.marks {
		if m.folder == f && p.r.IntN(2) == 0 {
			since, c.UnchangedSince = m.model, m.store
		}
	}
	p.did("%s sets flags of %s %q %v: %+v", person, a.name, f.name, ranges, c)
	changed, kept, err := p.SetFlags(p.ctx, person, a.name, p.id(a, f), ranges, c)
	p.failed(err, nil)
	wantChanged, wantKept := a.setFlags(f, person, ranges, c.Op, flags, since)
	p.want(slices.Equal(uids(changed), wantChanged), "changed %v, want %v", uids(changed), wantChanged)
	p.want(slices.Equal(kept, wantKept), "kept %v, want %v", kept, wantKept)
	for _, m := range changed {
		i := slices.IndexFunc(f.messages, func(mm *modelMessage) bool { return mm.uid == m.UID })
		p.want(flagString(m.Flags) == f.messages[i].shown(person), "UID %d: flags %q, want %q", m.UID, m.Flags, f.messages[i].shown(person))
	}
}

func (p *player) playExpunge(a *modelAccount, f *modelFolder) {
	ranges := p.ranges(f)
	in := ranges
	if p.r.IntN(2) == 0 {
		ranges, in = nil, everything
	} else if ranges == nil {
		ranges = []mailsvc.Range{}
	}
	p.did("expunge %s %q %v", a.name, f.name, ranges)
	got, err := p.Expunge(p.ctx, a.name, p.id(a, f), ranges)
	p.failed(err, nil)
	var gone []*modelMessage
	for _, m := range f.in(in) {
		if m.flags[`\deleted`] {
			gone = append(gone, m)
		}
	}
	if len(gone) > 0 {
		f.remove(gone, a.change())
	}
	p.want(slices.Equal(got, uidsOf(gone)), "expunged %v, want %v", got, uidsOf(gone))
}

func (p *player) playCopy(a *modelAccount, f *modelFolder, move bool) {
	person, ranges := p.person(), p.ranges(f)
	b := a
	if p.r.IntN(3) == 0 {
		b = p.account()
	}
	to := p.someFolder(b)
	p.did("%s copies (move %v) %s %q %v to %s %q", person, move, a.name, f.name, ranges, b.name, to.name)
	call := p.Copy
	if move {
		call = p.Move
	}
	all := f.in(ranges)
	var failure error
	if !move || a != b {
		failure = over(b, sizeOf(all))
	}
	src, dst, err := call(p.ctx, person, a.name, p.id(a, f), ranges, b.name, p.id(b, to))
	if p.failed(err, failure); failure != nil {
		return
	}
	want := uidsOf(all)
	var wantDst []mailsvc.UID
	switch {
	case len(all) == 0:
	case a == b && move:
		wantDst = a.move(f, to, all, a.change())
	case a == b:
		wantDst = a.copyWithin(to, all, a.change())
	default:
		wantDst = b.copyTo(to, person, all)
		if move {
			f.remove(all, a.change())
		}
	}
	p.want(slices.Equal(src, want) && slices.Equal(dst, wantDst), "%v became %v, want %v and %v", src, dst, want, wantDst)
}

func (p *player) playReplace(a *modelAccount, f *modelFolder) {
	old, to, m := mailsvc.UID(1+p.r.IntN(int(f.uidNext)+2)), p.someFolder(a), p.newMessage()
	if len(f.messages) > 0 && p.r.IntN(4) > 0 {
		old = pick(p.r, f.messages...).uid
	}
	p.did("replace %s %q UID %d by one of %d bytes in %q", a.name, f.name, old, m.BlobSize, to.name)
	got, err := p.Replace(p.ctx, a.name, p.id(a, f), old, p.id(a, to), m)
	want, failure := a.replace(f, old, to, m)
	p.failed(err, failure)
	p.want(got == want, "replace: UID %d, want %d", got, want)
}

// playQuota sets a limit around what the account holds.
func (p *player) playQuota(a *modelAccount) {
	a.limit = 0
	if p.r.IntN(4) > 0 {
		a.limit = max(a.usage()+int64(p.r.IntN(4000))-500, 1)
	}
	p.did("quota %s %d", a.name, a.limit)
	p.quotas.set(a.name, a.limit)
}

func (p *player) playSubscribe(a *modelAccount, f *modelFolder) {
	name, on := f.name, p.r.IntN(2) == 0
	if p.r.IntN(2) == 0 {
		name = p.name()
	}
	p.did("subscribe %s %q %v", a.name, name, on)
	err := p.Subscribe(p.ctx, a.name, name, on)
	name = modelName(name)
	switch f := a.find(name); {
	case f != nil:
		p.failed(err, nil)
		f.unsub = !on
	case a.gone[name]:
		p.failed(err, nil)
		if !on {
			delete(a.gone, name)
		}
	default:
		p.failed(err, mailsvc.ErrNotFound)
	}
}

func (p *player) playCreate(a *modelAccount) {
	name := p.name()
	p.did("create %s %q", a.name, name)
	_, err := p.CreateFolder(p.ctx, a.name, name, "")
	if a.find(modelName(name)) != nil {
		p.failed(err, mailsvc.ErrExists)
		return
	}
	p.failed(err, nil)
	a.make(modelName(name), "", a.change())
}

func (p *player) playRename(a *modelAccount) {
	from, to := p.name(), p.name()
	p.did("rename %s %q to %q", a.name, from, to)
	p.failed(p.RenameFolder(p.ctx, a.name, from, to), a.rename(from, to))
}

func (p *player) playDeleteFolder(a *modelAccount) {
	name := p.name()
	p.did("delete %s %q", a.name, name)
	err := p.DeleteFolder(p.ctx, a.name, name)
	f := a.find(modelName(name))
	switch {
	case modelName(name) == "INBOX":
		p.failed(err, mailsvc.ErrNotAllowed)
	case f == nil:
		p.failed(err, mailsvc.ErrNotFound)
	default:
		p.failed(err, nil)
		a.delete(f)
		p.marks = slices.DeleteFunc(p.marks, func(m point) bool { return m.folder == f })
	}
}

func (p *player) playDeleteAccount(a *modelAccount) {
	p.did("delete account %s and make it anew", a.name)
	p.failed(p.DeleteAccount(p.ctx, a.name), nil)
	p.failed(p.CreateAccount(p.ctx, a.name, nil), nil)
	fresh := newModelAccount(a.name)
	fresh.limit = a.limit
	p.model[a.name] = fresh
	p.marks = slices.DeleteFunc(p.marks, func(m point) bool { return m.account == a.name })
}
