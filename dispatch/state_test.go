package dispatch

import (
	"math/rand/v2"
	"testing"
)

var allEvents = []Event{Answered, Declined, Transmitted, Stored, Bounced, Lost, NoAddress, Opening, Accepting, Refusing, Withdrawing, Publishing, Resending, OnPaper}

// Whatever happens in whatever order, a copy is in one of the known states, and
// an impossible event changes nothing.
func TestNextStaysInTheMachine(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		s := Held
		for range 30 {
			next, err := Next(s, allEvents[r.IntN(len(allEvents))])
			if err != nil && next != s {
				t.Fatalf("impossible event moved %s to %s", s, next)
			}
			if _, ok := transitions[next]; !ok {
				t.Fatalf("unknown state %q", next)
			}
			s = next
		}
	}
}

// An SMTP 250 never becomes "accepted": only the receiver's own word does.
func TestAcceptedOnlyByTheReceiver(t *testing.T) {
	t.Parallel()
	for s, events := range transitions {
		for e, to := range events {
			if to == Accepted && e != Accepting {
				t.Errorf("%s in %s leads to accepted", e, s)
			}
			if s == NotSent || s == Recalled {
				t.Errorf("%s is an end, but %s leaves it", s, e)
			}
		}
	}
}

func TestEveryStateHasWords(t *testing.T) {
	t.Parallel()
	for s := range transitions {
		if s.Vietnamese() == string(s) {
			t.Errorf("state %s has no Vietnamese words", s)
		}
	}
}

func TestViewLabels(t *testing.T) {
	t.Parallel()
	d := Document{Items: []Item{{Raw: "a", Line: 0}, {Raw: "b; c", Line: 1}, {Raw: "b; c", Line: 1}, {Raw: "d", Line: 5}}}
	held := func(id RecipientID, item int) Recipient { return Recipient{ID: id, Item: item, State: Held} }
	v := NewView(d, []Recipient{held(1, 0), held(2, 1), {ID: 3, Item: 2, State: Arrived}, held(4, 3)})
	for label, want := range map[string]int{"1": 0, "2a": 1, "2A": 1, "2b": 2, "2": 1, "3": 3} {
		if p, ok := v.Part(label); !ok || p.Index != want {
			t.Errorf("Part(%q) = %d, %v, want %d", label, p.Index, ok, want)
		}
	}
	if _, ok := v.Part("9"); ok {
		t.Error("a line that is not there was found")
	}
	if len(v.Waiting()) != 3 {
		t.Errorf("%d parts wait", len(v.Waiting()))
	}
	if letterOf(26) != "aa" || letterOf(27) != "ab" {
		t.Errorf("labels go on with %s, %s", letterOf(26), letterOf(27))
	}
}
