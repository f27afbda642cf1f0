package identity

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// bucket maps an account's address to its row: eight hexadecimal digits of the
// CRC-32C of what follows, a space, and the record in JSON.
var bucket = []byte("accounts")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const sumLen = 8

// record is an account with its password hash.
type record struct {
	mailsvc.Account
	Password string `json:"password,omitempty"` // PHC string; "" = no login
}

func encode(r record) ([]byte, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	return append(fmt.Appendf(nil, "%08x ", crc32.Checksum(body, castagnoli)), body...), nil
}

func decode(row []byte) (record, error) {
	sum, body, ok := bytes.Cut(row, []byte(" "))
	if !ok || len(sum) != sumLen {
		return record{}, errors.New("row has no checksum")
	}
	want, err := hex.DecodeString(string(sum))
	if err != nil {
		return record{}, errors.New("row has no checksum")
	}
	if got := crc32.Checksum(body, castagnoli); !bytes.Equal(want, []byte{byte(got >> 24), byte(got >> 16), byte(got >> 8), byte(got)}) {
		return record{}, errors.New("row is damaged: its checksum does not match")
	}
	var r record
	if err := json.Unmarshal(body, &r); err != nil {
		return record{}, fmt.Errorf("row is damaged: %w", err)
	}
	return r, nil
}

// reachedBy lists the addresses that reach the account, its own first.
func (r record) reachedBy() []string {
	return append([]string{r.Address}, r.Aliases...)
}

// clone returns the account so that the caller may change it.
func (r record) clone() mailsvc.Account {
	a := r.Account
	a.Aliases = slices.Clone(a.Aliases)
	a.Grants = slices.Clone(a.Grants)
	return a
}

// rights returns what r may do with an agency's mailbox.
func (r record) rights(agency mailsvc.Account) mailsvc.Rights {
	if agency.Kind != mailsvc.Agency {
		return 0
	}
	for _, g := range r.Grants {
		if g.Agency == agency.Address {
			return g.Rights
		}
	}
	return 0
}
