package imap

// states is a set of connection states (RFC 9051 section 3).
type states uint8

const (
	notAuthenticated states = 1 << iota
	authenticated
	selected

	loggedIn = authenticated | selected
	anyState = notAuthenticated | loggedIn
)

func (c *conn) state() states {
	switch {
	case !c.loggedIn:
		return notAuthenticated
	case c.view == nil:
		return authenticated
	}
	return selected
}

// command is a row of the command table.
type command struct {
	state states
	uid   bool // UID may stand before it
	run   func(*request) error
}

func commandTable() map[string]command {
	return map[string]command{
		"CAPABILITY": {anyState, false, (*request).capability},
		"NOOP":       {anyState, false, (*request).noop},
		"LOGOUT":     {anyState, false, (*request).logout},
		"ID":         {anyState, false, (*request).id},

		"STARTTLS":       {notAuthenticated, false, (*request).startTLS},
		"LOGIN":          {notAuthenticated, false, (*request).login},
		"AUTHENTICATE":   {notAuthenticated, false, (*request).authenticate},
		"UNAUTHENTICATE": {loggedIn, false, (*request).unauthenticate},

		"ENABLE":      {loggedIn, false, (*request).enable},
		"NAMESPACE":   {loggedIn, false, (*request).namespace},
		"LIST":        {loggedIn, false, (*request).list},
		"LSUB":        {loggedIn, false, (*request).lsub},
		"STATUS":      {loggedIn, false, (*request).status},
		"CREATE":      {loggedIn, false, (*request).create},
		"DELETE":      {loggedIn, false, (*request).delete},
		"RENAME":      {loggedIn, false, (*request).rename},
		"SUBSCRIBE":   {loggedIn, false, (*request).subscribe},
		"UNSUBSCRIBE": {loggedIn, false, (*request).unsubscribe},
		"SELECT":      {loggedIn, false, (*request).sel},
		"EXAMINE":     {loggedIn, false, (*request).examine},
		"APPEND":      {loggedIn, false, (*request).append},
		"IDLE":        {loggedIn, false, (*request).idle},
		"NOTIFY":      {loggedIn, false, (*request).notify},
		"COMPRESS":    {loggedIn, false, (*request).compress},

		"MYRIGHTS":     {loggedIn, false, (*request).myRights},
		"GETACL":       {loggedIn, false, (*request).getACL},
		"LISTRIGHTS":   {loggedIn, false, (*request).listRights},
		"SETACL":       {loggedIn, false, (*request).setACL},
		"DELETEACL":    {loggedIn, false, (*request).setACL},
		"GETQUOTA":     {loggedIn, false, (*request).getQuota},
		"GETQUOTAROOT": {loggedIn, false, (*request).getQuotaRoot},
		"SETQUOTA":     {loggedIn, false, (*request).setQuota},

		"CHECK":    {selected, false, (*request).noop},
		"CLOSE":    {selected, false, (*request).close},
		"UNSELECT": {selected, false, (*request).unselect},
		"EXPUNGE":  {selected, true, (*request).expunge},
		"FETCH":    {selected, true, (*request).fetch},
		"STORE":    {selected, true, (*request).store},
		"COPY":     {selected, true, (*request).copy},
		"MOVE":     {selected, true, (*request).move},
		"SEARCH":   {selected, true, (*request).search},
		"SORT":     {selected, true, (*request).sort},
		"THREAD":   {selected, true, (*request).thread},
		"REPLACE":  {selected, true, (*request).replace},
	}
}
