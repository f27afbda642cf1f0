package engine

import (
	"context"
	"sort"
	"strings"

	"go.etcd.io/bbolt"

	"quangtri.gov.vn/vanthu/directory"
	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/dispatch/recipients"
	"quangtri.gov.vn/vanthu/mailsvc"
)

// Learnt is one answer that is remembered for an agency.
type Learnt struct {
	Issuer   directory.ID   `json:"issuer"`
	Key      string         `json:"key"`  // under which it is found again
	Text     string         `json:"text"` // as the paper had it
	Agencies []directory.ID `json:"agencies"`
	question string
}

// remembered is a stored answer.
type remembered struct {
	Agencies []directory.ID `json:"agencies"`
	Text     string         `json:"text"`
	Question string         `json:"question"` // what the clerk was asked
}

func memoryKey(issuer directory.ID, key string) []byte {
	return []byte(string(issuer) + "\x00" + key)
}

// remember keeps whom the clerk meant. That a line was not sent is never
// remembered: the next document asks again.
func (e *Engine) remember(tx *bbolt.Tx, issuer directory.ID, it dispatch.Item, c choice) error {
	key := recipients.AnswerKey(it)
	if key == "" {
		return nil
	}
	return put(tx, bMemory, memoryKey(issuer, key), remembered{c.agencies, it.Text, recipients.Question(it)})
}

// Learnt lists what the clerks of an agency answered before, by key; "" lists
// all agencies'.
func (e *Engine) Learnt(issuer directory.ID) ([]Learnt, error) {
	var out []Learnt
	err := e.db.View(func(tx *bbolt.Tx) error {
		prefix := ""
		if issuer != "" {
			prefix = string(memoryKey(issuer, ""))
		}
		c := tx.Bucket(bMemory).Cursor()
		for k, v := c.Seek([]byte(prefix)); k != nil && strings.HasPrefix(string(k), prefix); k, v = c.Next() {
			id, key, _ := strings.Cut(string(k), "\x00")
			var r remembered
			if err := decode(v, &r); err != nil {
				return err
			}
			out = append(out, Learnt{directory.ID(id), key, r.Text, r.Agencies, r.Question})
		}
		return nil
	})
	sort.SliceStable(out, func(i, j int) bool { return out[i].Issuer < out[j].Issuer })
	return out, err
}

// Unlearn forgets one answer; documents issued since keep what they got.
// ErrNotFound if there is none.
func (e *Engine) Unlearn(ctx context.Context, issuer directory.ID, key string) error {
	return e.db.Update(ctx, func(tx *bbolt.Tx) error {
		k := memoryKey(issuer, key)
		if tx.Bucket(bMemory).Get(k) == nil {
			return &mailsvc.Error{Op: "unlearn", Subject: string(issuer), Kind: mailsvc.ErrNotFound}
		}
		return tx.Bucket(bMemory).Delete(k)
	})
}

// memory is what the recipients language asks for an agency's earlier answers.
func (e *Engine) memory(issuer directory.ID) recipients.Memory {
	answers := make(map[string]Learnt)
	learnt, err := e.Learnt(issuer)
	if err != nil {
		e.Logger.Error("remembered answers", "agency", issuer, "cause", err)
	}
	for _, l := range learnt {
		answers[l.Key] = l
	}
	return func(key string) (recipients.Answer, bool) {
		a, ok := answers[key]
		return recipients.Answer{Agencies: a.Agencies, Question: a.question}, ok && a.question != ""
	}
}
