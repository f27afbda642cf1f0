package directory

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// maxDepth bounds every walk along parents or successors.
const maxDepth = 64

// Snapshot is the register at one moment. It never changes, so any number of
// readers may use it; slices that its methods return belong to the caller.
type Snapshot struct {
	version uint64
	updated time.Time
	facts   *facts

	agencies []Agency          // in Vietnamese order of name
	byID     map[ID]int        // into agencies
	children map[ID][]ID       // as the parent column says, or a relation of the past
	parents  map[ID][]Relation // of kind parent
	standby  map[ID][]Relation // of kind standing-office
	from, to map[ID][]Succession

	names     []Name
	namesOf   map[ID][]int
	nameByKey map[string][]int // nameKey -> names
	byFold    map[string][]int // nameKey without marks -> names

	groups     map[ID]parsedGroup
	groupByKey map[string][]ID

	addressesOf map[ID][]Address
	byAddress   map[string][]Address
	sample      bool

	officials   map[ID]Official
	officialsOf map[ID][]Official
	byDuty      map[string][]Official // by duty address

	provinces []province
	// apart holds, for a territory, when official names stood in its scope.
	apart  map[ID][]Validity
	search searchIndex
}

type parsedGroup struct {
	Group
	rule rule
}

// newSnapshot indexes f, which must have passed validation and must not change
// any more.
func newSnapshot(f *facts, version uint64, updated time.Time) *Snapshot {
	s := &Snapshot{version: version, updated: updated, facts: f}
	s.indexAgencies()
	s.indexRelations()
	s.indexNames()
	s.indexGroups()
	s.indexAddresses()
	s.indexOfficials()
	s.search = newSearchIndex(s)
	return s
}

func (s *Snapshot) indexAgencies() {
	s.agencies = s.facts.agencies.all()
	keys := make(map[ID][]byte, len(s.agencies))
	for _, a := range s.agencies {
		keys[a.ID] = viet.SortKey(a.Name)
	}
	slices.SortStableFunc(s.agencies, func(a, b Agency) int {
		if c := bytes.Compare(keys[a.ID], keys[b.ID]); c != 0 {
			return c
		}
		return strings.Compare(string(a.ID), string(b.ID))
	})
	s.byID = make(map[ID]int, len(s.agencies))
	s.children = make(map[ID][]ID)
	for i, a := range s.agencies {
		s.byID[a.ID] = i
		s.children[a.Parent] = append(s.children[a.Parent], a.ID)
	}
	s.from, s.to = make(map[ID][]Succession), make(map[ID][]Succession)
	for _, r := range s.facts.succession.all() {
		s.from[r.From] = append(s.from[r.From], r)
		s.to[r.To] = append(s.to[r.To], r)
	}
}

func (s *Snapshot) indexRelations() {
	s.parents, s.standby = make(map[ID][]Relation), make(map[ID][]Relation)
	for _, r := range s.facts.relations.all() {
		switch r.Kind {
		case kindParent:
			s.parents[r.Agency] = append(s.parents[r.Agency], r)
			if !slices.Contains(s.children[r.Other], r.Agency) {
				s.children[r.Other] = append(s.children[r.Other], r.Agency)
			}
		case kindStanding:
			s.standby[r.Agency] = append(s.standby[r.Agency], r)
		}
	}
}

func (s *Snapshot) indexNames() {
	s.names = s.facts.names.all()
	s.namesOf = make(map[ID][]int)
	s.nameByKey = make(map[string][]int, len(s.names))
	s.byFold = make(map[string][]int, len(s.names))
	s.apart = make(map[ID][]Validity)
	for i, n := range s.names {
		k := nameKey(n.Text)
		s.namesOf[n.Agency] = append(s.namesOf[n.Agency], i)
		s.nameByKey[k] = append(s.nameByKey[k], i)
		s.byFold[viet.Fold(k)] = append(s.byFold[viet.Fold(k)], i)
		if a, ok := s.Agency(n.Agency); ok && a.Type == typeTerritory {
			s.addProvince(k, n.Validity)
		}
		if t, ok := s.Agency(n.Scope); ok && t.Type == typeTerritory && n.Kind == "official" && !slices.Contains(s.apart[t.ID], n.Validity) {
			s.apart[t.ID] = append(s.apart[t.ID], n.Validity)
		}
	}
}

// province is the bare name of a territory, as a key, while it is in use.
type province struct {
	name string
	Validity
}

// addProvince remembers the bare name of a territory: "tỉnh quảng trị (cũ)" -> "quảng trị".
func (s *Snapshot) addProvince(key string, span Validity) {
	key, _, _ = strings.Cut(key, " (")
	p := province{strings.TrimPrefix(key, "tỉnh "), span}
	if p.name != "" && !slices.Contains(s.provinces, p) {
		s.provinces = append(s.provinces, p)
	}
}

func (s *Snapshot) indexGroups() {
	s.groups = make(map[ID]parsedGroup)
	s.groupByKey = make(map[string][]ID)
	for _, g := range s.facts.groups.all() {
		r, err := parseRule(g.Rule)
		if err != nil {
			r = rule{ask: true} // cannot happen after validation; asking is the safe answer
		}
		s.groups[g.ID] = parsedGroup{g, r}
		for _, form := range append([]string{g.Name}, g.Aliases...) {
			if k := nameKey(form); !slices.Contains(s.groupByKey[k], g.ID) {
				s.groupByKey[k] = append(s.groupByKey[k], g.ID)
			}
		}
	}
}

func (s *Snapshot) indexAddresses() {
	s.addressesOf, s.byAddress = make(map[ID][]Address), make(map[string][]Address)
	for _, a := range s.facts.addresses.all() {
		s.addressesOf[a.Agency] = append(s.addressesOf[a.Agency], a)
		s.byAddress[a.Address] = append(s.byAddress[a.Address], a)
		s.sample = s.sample || a.Status == "sample"
	}
	for _, list := range s.addressesOf {
		slices.SortStableFunc(list, func(a, b Address) int { return addressRank(a.Kind) - addressRank(b.Kind) })
	}
}

// addressRank puts the agency's own address first, then its desk.
func addressRank(kind string) int {
	return slices.Index([]string{"agency", "clerk-desk", "temporary-external", "unit"}, kind)
}

func (s *Snapshot) indexOfficials() {
	s.officials, s.officialsOf = make(map[ID]Official), make(map[ID][]Official)
	s.byDuty = make(map[string][]Official)
	for _, o := range s.facts.officials.all() {
		s.officials[o.ID] = o
		s.officialsOf[o.Agency] = append(s.officialsOf[o.Agency], o)
		if o.Address != "" {
			s.byDuty[o.Address] = append(s.byDuty[o.Address], o)
		}
	}
}

// Version is the number of the last event that the snapshot holds; 0 is an
// empty register.
func (s *Snapshot) Version() uint64 { return s.version }

// Updated is when the last event happened; zero for an empty register and for
// one that was loaded without a store.
func (s *Snapshot) Updated() time.Time { return s.updated }

// Sample reports whether any address is only sample data, which must never be
// taken for a real one.
func (s *Snapshot) Sample() bool { return s.sample }

// Agency returns one body, whenever it existed.
func (s *Snapshot) Agency(id ID) (Agency, bool) {
	i, ok := s.byID[id]
	if !ok {
		return Agency{}, false
	}
	return s.agencies[i], true
}

// Official returns the holder of a post, whenever that was.
func (s *Snapshot) Official(id ID) (Official, bool) {
	o, ok := s.officials[id]
	return o, ok
}

// GroupByID returns one group, whenever it holds.
func (s *Snapshot) GroupByID(id ID) (Group, bool) {
	g, ok := s.groups[id]
	g.Aliases = slices.Clone(g.Aliases)
	return g.Group, ok
}

// Groups returns the groups that hold on that day, in Vietnamese order of name.
func (s *Snapshot) Groups(on Date) []Group {
	var out []Group
	for _, g := range s.facts.groups.all() {
		if g.On(on) {
			g.Aliases = slices.Clone(g.Aliases)
			out = append(out, g)
		}
	}
	slices.SortStableFunc(out, func(a, b Group) int { return viet.Compare(a.Name, b.Name) })
	return out
}

// Agencies returns all bodies that exist on that day, in Vietnamese order of name.
func (s *Snapshot) Agencies(on Date) []Agency {
	var out []Agency
	for _, a := range s.agencies {
		if a.On(on) {
			out = append(out, a)
		}
	}
	return out
}

// AllAgencies returns every body that ever existed, in Vietnamese order of name.
func (s *Snapshot) AllAgencies() []Agency { return slices.Clone(s.agencies) }

// Names returns every form of an agency that holds on that day.
func (s *Snapshot) Names(id ID, on Date) []Name {
	var out []Name
	for _, i := range s.namesOf[id] {
		if s.names[i].On(on) {
			out = append(out, s.names[i])
		}
	}
	return out
}

// AllNames returns every form an agency ever had.
func (s *Snapshot) AllNames(id ID) []Name {
	var out []Name
	for _, i := range s.namesOf[id] {
		out = append(out, s.names[i])
	}
	return out
}

// Addresses returns the addresses of an agency that hold on that day: its own,
// then its desk, then others.
func (s *Snapshot) Addresses(id ID, on Date) []Address {
	var out []Address
	for _, a := range s.addressesOf[id] {
		if a.On(on) {
			out = append(out, a)
		}
	}
	return out
}

// AddressHistory returns every holding of an address, whenever it was.
func (s *Snapshot) AddressHistory(address string) []Address {
	return slices.Clone(s.byAddress[normalAddress(address)])
}

// ByAddress returns the agency whose official address this is on that day. Of
// several holders one that does not merely forward comes first.
func (s *Snapshot) ByAddress(address string, on Date) (Agency, bool) {
	var found ID
	for _, a := range s.byAddress[normalAddress(address)] {
		if !a.On(on) {
			continue
		}
		found = a.Agency
		if a.Status != "forward" {
			break
		}
	}
	return s.Agency(found)
}

// OfficialByAddress returns the official whose duty address this is on that day.
func (s *Snapshot) OfficialByAddress(address string, on Date) (Official, bool) {
	address = normalAddress(address)
	for _, o := range s.byDuty[address] {
		if o.On(on) {
			return o, true
		}
	}
	return Official{}, false
}

func normalAddress(a string) string {
	if len(a) > 4*maxAddress {
		return ""
	}
	return strings.ToLower(viet.Clean(a))
}

// Officials returns the holders of the agency's posts on that day.
func (s *Snapshot) Officials(id ID, on Date) []Official {
	var out []Official
	for _, o := range s.officialsOf[id] {
		if o.On(on) {
			out = append(out, o)
		}
	}
	return out
}

// Former returns the rows that lead to id: whom it follows.
func (s *Snapshot) Former(id ID) []Succession { return slices.Clone(s.to[id]) }

// Successors returns the rows that lead from id: who follows it.
func (s *Snapshot) Successors(id ID) []Succession { return slices.Clone(s.from[id]) }

// AllAddresses returns every address an agency ever held: its own, then its
// desk's, then others.
func (s *Snapshot) AllAddresses(id ID) []Address { return slices.Clone(s.addressesOf[id]) }
