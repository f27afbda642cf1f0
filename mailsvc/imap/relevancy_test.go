package imap

import "testing"

// TestRelevancy: a fuzzy search can tell how well each message fits, and sort by
// that (RFC 6203).
func TestRelevancy(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	h.put(alice, "INBOX", letter("một", "chỉ trong thân: đấu thầu"))
	h.put(alice, "INBOX", letter("một", "không có"))
	h.put(alice, "INBOX", letter("Đấu thầu", "x"))
	h.put(alice, "INBOX", "From: Phòng Đấu thầu <a@x.test>\r\nSubject: hai\r\n\r\nx")
	w := h.login(alice)
	w.ok("SELECT INBOX")
	newScript(t).play(w, `
		C: SEARCH RETURN (ALL RELEVANCY) FUZZY TEXT "dau thau"
		S: * ESEARCH (TAG …) ALL 1,3:4 RELEVANCY (50 100 75)
		C: UID SEARCH RETURN (RELEVANCY) FUZZY (TEXT "dau thau" NOT 3)
		S: * ESEARCH (TAG …) UID RELEVANCY (50 75)
		C: SEARCH RETURN (COUNT RELEVANCY) FUZZY SUBJECT nonesuch
		S: * ESEARCH (TAG …) COUNT 0
		C: SEARCH RETURN (MAX RELEVANCY) OR FUZZY SUBJECT "dau thau" 2
		S: * ESEARCH (TAG …) MAX 3 RELEVANCY (50 100)
		C: SEARCH RETURN (RELEVANCY) FUZZY UNSEEN 1
		S: * ESEARCH (TAG …) RELEVANCY (1)
		C: SORT (RELEVANCY) UTF-8 FUZZY TEXT "dau thau"
		S: * SORT 3 4 1
		C: UID SORT RETURN (ALL RELEVANCY) (REVERSE RELEVANCY) UTF-8 FUZZY TEXT "dau thau"
		S: * ESEARCH (TAG …) UID ALL 1,4,3 RELEVANCY (50 75 100)
		C: SORT RETURN (MIN SAVE) (RELEVANCY) UTF-8 FUZZY TEXT "dau thau"
		S: * ESEARCH (TAG …) MIN 3
		What was saved is what was told (RFC 5182 section 2.4).
		C: SEARCH $
		S: * SEARCH 3
		C: SORT RETURN (MIN MAX SAVE) (RELEVANCY) UTF-8 FUZZY TEXT "dau thau"
		S: * ESEARCH (TAG …) MIN 3 MAX 1
		C: SEARCH $
		S: * SEARCH 1 3
		C: SEARCH RETURN (RELEVANCY) TEXT x
		A: BAD
		C: SORT (RELEVANCY) UTF-8 TEXT x
		A: BAD
		C: SEARCH FUZZY
		A: BAD
	`)
}
