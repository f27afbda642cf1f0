package mime

// Words is the set of words of a message's text.
type Words []byte
