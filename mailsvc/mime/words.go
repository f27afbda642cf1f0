package mime

// Words is the set of words of a message's text.
type Words []byte

// Query is what Words is asked about.
type Query struct{}

// NewQuery prepares a query.
func NewQuery(s string) Query { return Query{} }

// Lacks reports that the text cannot contain the query.
func (w Words) Lacks(q *Query) bool { return false }

// Header reports whether the words of the header are in the set as well.
func (w Words) Header() bool { return false }
