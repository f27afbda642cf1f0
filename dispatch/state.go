package dispatch

import "fmt"

// Event is something that happened to one copy.
type Event string

const (
	Answered    Event = "answered"    // the clerk chose who is meant
	Declined    Event = "declined"    // the clerk said: do not send electronically
	Transmitted Event = "transmitted" // a remote server answered 250
	Stored      Event = "stored"      // it is in the agency's mailbox here
	Bounced     Event = "bounced"     // refused for good, or out of time
	Lost        Event = "lost"        // connection or process lost after the final dot
	NoAddress   Event = "no-address"  // the address is gone
	Opening     Event = "opening"     // the recipient opened it
	Accepting   Event = "accepting"   // the recipient registered it (03)
	Refusing    Event = "refusing"    // the recipient refused it (02)
	Withdrawing Event = "withdrawing" // taken back with consent (13/15)
	Publishing  Event = "publishing"  // it is on the web
	Resending   Event = "resending"   // the clerk sends a failed or unsure copy again
	OnPaper     Event = "on-paper"    // the clerk sends this copy on paper
	// Joining is the step of a held copy to whatever state the copy has that it
	// turned out to share. It is the one event without a place in the machine.
	Joining Event = "joining"
)

// transitions is the whole machine: what each event makes of each state. A pair
// that is missing is not possible and changes nothing.
var transitions = map[State]map[Event]State{
	Held:      {Answered: Queued, Declined: NotSent, OnPaper: Paper, NoAddress: Paper, Publishing: Published},
	Queued:    {Transmitted: Sent, Stored: Arrived, Bounced: Failed, Lost: InDoubt, NoAddress: Paper, Withdrawing: Recalled},
	Sent:      {Opening: Opened, Accepting: Accepted, Refusing: Refused, Withdrawing: Recalled, Bounced: Failed},
	Arrived:   {Opening: Opened, Accepting: Accepted, Refusing: Refused, Withdrawing: Recalled},
	Opened:    {Accepting: Accepted, Refusing: Refused, Withdrawing: Recalled},
	Accepted:  {Withdrawing: Recalled},
	Failed:    {Resending: Queued, OnPaper: Paper},
	InDoubt:   {Transmitted: Sent, Resending: Queued, OnPaper: Paper, Opening: Opened, Accepting: Accepted, Refusing: Refused, Bounced: Failed},
	Paper:     {Resending: Queued},
	Refused:   {Resending: Queued, OnPaper: Paper},
	Recalled:  {},
	Published: {Withdrawing: Recalled},
	NotSent:   {},
}

// Next is the state machine of one copy. It is pure. An impossible event is an
// error, and the state stays as it was.
func Next(s State, e Event) (State, error) {
	to, ok := transitions[s][e]
	if !ok {
		return s, fmt.Errorf("event %q is not possible in state %q", e, s)
	}
	return to, nil
}

// Final reports whether no work of the desk's own remains for this copy.
func (s State) Final() bool { return s != Held && s != Queued }

var stateWords = map[State]string{
	Held:      "chờ văn thư xác nhận",
	Queued:    "đang gửi",
	Sent:      "máy chủ nơi nhận đã nhận",
	Arrived:   "đã đến",
	Opened:    "đã mở",
	Accepted:  "đã tiếp nhận, vào sổ",
	Refused:   "từ chối",
	Failed:    "không gửi được",
	InDoubt:   "không rõ đã đến hay chưa",
	Recalled:  "đã lấy lại",
	Paper:     "gửi bản giấy",
	Published: "đã đăng",
	NotSent:   "không gửi",
}

// Vietnamese is the phrase that people read.
func (s State) Vietnamese() string {
	if w, ok := stateWords[s]; ok {
		return w
	}
	return string(s)
}
