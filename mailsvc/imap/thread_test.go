package imap

import (
	"strings"
	"testing"
)

// TestThreadSteps are cases of RFC 5256 section 3 that are easily got wrong.
func TestThreadSteps(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		messages []string // id; subject; day; references
		want     string
	}{
		"a missing message has the subject of its earliest answer": {[]string{"a;;18;m", "b;d;5;m", "c;[l] d;8;n"}, "((2)(3)(1))"},
		"who answers nothing is nobody's answer":                   {[]string{"a;x;7;m", "b;Re: d;10;m c", "c;y;10;"}, "(1)(3 2)"},
		"an answer knows best what it answers":                     {[]string{"a;x;1;", "b;Re: x;2;a", "c;Re: x;3;b a"}, "(1 (2)(3))"},
		"loops are cut":                                            {[]string{"a;x;1;b", "b;Re: x;2;a"}, "(2 1)"},
		"one identifier, two messages":                             {[]string{"a;x;1;", "a;y;2;", "b;Re: x;3;a"}, "(1 3)(2)"},
		"answers without a question meet":                          {[]string{"a;Re: x;1;", "b;Re: x;2;"}, "((1)(2))"},
		"an answer joins its question":                             {[]string{"a;Re: x;1;", "b;x;2;"}, "(2 1)"},
		"no subject joins nothing":                                 {[]string{"a;;1;", "b;;2;", "c;Re: ;3;"}, "(1)(2)(3)"},
		"a missing one with one answer":                            {[]string{"a;Re: x;1;m"}, "(1)"},
		"a missing one between":                                    {[]string{"a;x;1;", "b;Re: x;2;a m"}, "(1 2)"},
		"two missing ones of one subject":                          {[]string{"a;x;1;m", "b;x;2;m", "c;x;3;n", "d;x;4;n"}, "((1)(2)(3)(4))"},
		"in the order of their first dates":                        {[]string{"a;x;9;", "b;y;3;", "c;Re: y;12;b", "d;z;1;"}, "(4)(2 3)(1)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, Plain, nil)
			for _, m := range c.messages {
				f := strings.Split(m, ";")
				refs := ""
				if f[3] != "" {
					refs = "References: <" + strings.ReplaceAll(f[3], " ", "@x> <") + "@x>\r\n"
				}
				h.put(alice, "INBOX", "Message-ID: <"+f[0]+"@x>\r\nSubject: "+f[1]+"\r\nDate: "+f[2]+" Nov 2009 08:00:00 +0700\r\n"+refs+"\r\nx")
			}
			w := h.login(alice)
			w.ok("SELECT INBOX")
			expect(t, w.ok("THREAD REFERENCES UTF-8 ALL"), "* THREAD "+c.want)
		})
	}
}

// TestBaseSubjects is RFC 5256 section 2.1, with what Vietnamese programs add.
func TestBaseSubjects(t *testing.T) {
	t.Parallel()
	for subject, want := range map[string]struct {
		base  string
		reply bool
	}{
		"x":                     {"x", false},
		" Re: re : RE[2]:  x  ": {"x", true},
		"[a] [b]Re: [c] x":      {"x", true},
		"[a]":                   {"[a]", false},
		"Re: [a]":               {"[a]", true},
		"x (fwd) (FWD)":         {"x", true},
		"[Fwd: x]":              {"x", true},
		"[fwd:]":                {"", true},
		"[fwd: [fwd: re: x]]":   {"x", true},
		"Fw: Fwd: x [y]":        {"x [y]", true},
		"Trả lời: Chuyển tiếp: Kế hoạch": {"Kế hoạch", true},
		"Recall: x": {"Recall: x", false},
		"re x":      {"re x", false},
		"(fwd)":     {"", true},
		"":          {"", false},
	} {
		if base, reply := baseSubject(subject); base != want.base || reply != want.reply {
			t.Errorf("%q: %q %v, want %q %v", subject, base, reply, want.base, want.reply)
		}
	}
}
