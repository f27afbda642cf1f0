package directory

// facts is everything the register holds, each kind in the order in which its
// rows first came. A row is found by what makes it the same row: a later row
// with the same key corrects it.
type facts struct {
	agencies   rows[ID, Agency]
	names      rows[nameRow, Name]
	succession rows[successionRow, Succession]
	groups     rows[ID, Group]
	addresses  rows[addressRow, Address]
	officials  rows[ID, Official]
	relations  rows[relationRow, Relation]
}

type nameRow struct {
	agency     ID
	text, kind string
	scope      ID
	from       Date
}

type successionRow struct {
	from, to ID
	date     Date
}

type addressRow struct {
	agency        ID
	address, kind string
	from          Date
}

type relationRow struct {
	agency, other ID
	kind          string
	from          Date
}

func (a Agency) row() ID          { return a.ID }
func (g Group) row() ID           { return g.ID }
func (o Official) row() ID        { return o.ID }
func (n Name) row() nameRow       { return nameRow{n.Agency, n.Text, n.Kind, n.Scope, n.From} }
func (a Address) row() addressRow { return addressRow{a.Agency, a.Address, a.Kind, a.From} }
func (s Succession) row() successionRow {
	return successionRow{s.From, s.To, s.Date}
}
func (r Relation) row() relationRow { return relationRow{r.Agency, r.Other, r.Kind, r.From} }

// rows is a table that keeps the order of first arrival.
type rows[K comparable, V any] struct {
	order []K
	byKey map[K]V
}

func (t *rows[K, V]) get(k K) (V, bool) {
	v, ok := t.byKey[k]
	return v, ok
}

func (t *rows[K, V]) put(k K, v V) {
	if t.byKey == nil {
		t.byKey = make(map[K]V)
	}
	if _, ok := t.byKey[k]; !ok {
		t.order = append(t.order, k)
	}
	t.byKey[k] = v
}

func (t *rows[K, V]) remove(k K) {
	if _, ok := t.byKey[k]; !ok {
		return
	}
	delete(t.byKey, k)
	for i, o := range t.order {
		if o == k {
			t.order = append(t.order[:i:i], t.order[i+1:]...)
			break
		}
	}
	if len(t.order) == 0 {
		*t = rows[K, V]{}
	}
}

func (t *rows[K, V]) all() []V {
	out := make([]V, 0, len(t.order))
	for _, k := range t.order {
		out = append(out, t.byKey[k])
	}
	return out
}

// clone copies t. An empty table is always the zero value, so that equal
// registers are deeply equal however they came about.
func (t *rows[K, V]) clone() rows[K, V] {
	if len(t.order) == 0 {
		return rows[K, V]{}
	}
	c := rows[K, V]{order: append([]K(nil), t.order...), byKey: make(map[K]V, len(t.byKey))}
	for k, v := range t.byKey {
		c.byKey[k] = v
	}
	return c
}

func (f *facts) clone() *facts {
	return &facts{
		agencies: f.agencies.clone(), names: f.names.clone(), succession: f.succession.clone(),
		groups: f.groups.clone(), addresses: f.addresses.clone(), officials: f.officials.clone(),
		relations: f.relations.clone(),
	}
}

// Change is one row as an event leaves it: exactly one pointer is set.
// Withdrawn marks a row that was entered by mistake and no longer holds; it
// stays in the journal.
type Change struct {
	Agency     *Agency     `json:"agency,omitempty"`
	Name       *Name       `json:"name,omitempty"`
	Succession *Succession `json:"succession,omitempty"`
	Group      *Group      `json:"group,omitempty"`
	Address    *Address    `json:"address,omitempty"`
	Official   *Official   `json:"official,omitempty"`
	Relation   *Relation   `json:"relation,omitempty"`
	Withdrawn  bool        `json:"withdrawn,omitempty"`
}

// apply makes f hold c.
func (f *facts) apply(c Change) {
	switch {
	case c.Agency != nil:
		settle(&f.agencies, c.Agency.row(), *c.Agency, c.Withdrawn)
	case c.Name != nil:
		settle(&f.names, c.Name.row(), *c.Name, c.Withdrawn)
	case c.Succession != nil:
		settle(&f.succession, c.Succession.row(), *c.Succession, c.Withdrawn)
	case c.Group != nil:
		settle(&f.groups, c.Group.row(), *c.Group, c.Withdrawn)
	case c.Address != nil:
		settle(&f.addresses, c.Address.row(), *c.Address, c.Withdrawn)
	case c.Official != nil:
		settle(&f.officials, c.Official.row(), *c.Official, c.Withdrawn)
	case c.Relation != nil:
		settle(&f.relations, c.Relation.row(), *c.Relation, c.Withdrawn)
	}
}

func settle[K comparable, V any](t *rows[K, V], k K, v V, withdrawn bool) {
	if withdrawn {
		t.remove(k)
		return
	}
	t.put(k, v)
}

// about lists the agencies, groups and officials that c speaks of.
func (c Change) about() []ID {
	switch {
	case c.Agency != nil:
		return []ID{c.Agency.ID}
	case c.Name != nil:
		return []ID{c.Name.Agency}
	case c.Succession != nil:
		return []ID{c.Succession.From, c.Succession.To}
	case c.Group != nil:
		return []ID{c.Group.ID}
	case c.Address != nil:
		return []ID{c.Address.Agency}
	case c.Official != nil:
		return []ID{c.Official.ID, c.Official.Agency}
	case c.Relation != nil:
		return []ID{c.Relation.Agency, c.Relation.Other}
	}
	return nil
}
