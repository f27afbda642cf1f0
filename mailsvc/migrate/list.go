package migrate

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// Row is one line of a list of mailboxes. At most one of the passwords is given.
type Row struct {
	Line         int // in the file, for messages
	User         string
	Account      string
	Password     string
	PasswordEnv  string // name of an environment variable
	PasswordFile string
}

// Bounds of a list.
const (
	maxListSize   = 16 << 20
	maxListErrors = 50
)

// columns are the names that a column may have, as [viet.Fold] sees them.
var columns = map[string]func(*Row) *string{
	"old": userOf, "tai khoan cu": userOf, "nguoi dung cu": userOf,
	"new": accountOf, "dia chi moi": accountOf, "tai khoan moi": accountOf,
	"password": passwordOf, "mat khau": passwordOf, "mat khau cu": passwordOf,
	"password_env":  func(r *Row) *string { return &r.PasswordEnv },
	"password_file": func(r *Row) *string { return &r.PasswordFile },
}

func userOf(r *Row) *string     { return &r.User }
func accountOf(r *Row) *string  { return &r.Account }
func passwordOf(r *Row) *string { return &r.Password }

// ParseList reads a CSV file with a line of column names: old, new, and one of
// password, password_env and password_file; or their Vietnamese names (tài khoản
// cũ, địa chỉ mới, mật khẩu). It is as spreadsheets write it: UTF-8 with or without
// a byte order mark, separated by comma, semicolon or tab. The error names every
// bad row, never a password. shared says that all rows are entered with one
// password (a master user), so that they have none.
func ParseList(r io.Reader, shared bool) ([]Row, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxListSize+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxListSize {
		return nil, errors.New("danh sách dài quá 16 MiB / the list is too long")
	}
	in := csv.NewReader(bufio.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\uFEFF")))))
	in.FieldsPerRecord = -1
	in.Comma = separator(data)
	head, err := in.Read()
	if err != nil {
		return nil, errors.New("dòng đầu phải là tên cột: old,password,new / the first line names the columns")
	}
	fields, err := header(head, shared)
	if err != nil {
		return nil, err
	}
	return rows(in, fields, shared)
}

func separator(data []byte) rune {
	first, _, _ := bytes.Cut(data, []byte("\n"))
	for _, c := range []byte{';', '\t'} {
		if bytes.IndexByte(first, c) >= 0 {
			return rune(c)
		}
	}
	return ','
}

func header(names []string, shared bool) ([]func(*Row) *string, error) {
	var fields []func(*Row) *string
	var probe Row
	for _, n := range names {
		f := columns[viet.Fold(n)]
		if f == nil {
			return nil, fmt.Errorf("cột %q không có; các cột là old, new, password, password_env, password_file / unknown column", n)
		}
		*f(&probe) += "x"
		fields = append(fields, f)
	}
	switch {
	case probe.User != "x" || probe.Account != "x":
		return nil, errors.New("cần đúng một cột old và một cột new / one column old and one column new are needed")
	case !shared && probe.Password+probe.PasswordEnv+probe.PasswordFile == "":
		return nil, errors.New("thiếu cột mật khẩu (password, password_env hoặc password_file), hoặc dùng --master / no column with passwords")
	}
	return fields, nil
}

func rows(in *csv.Reader, fields []func(*Row) *string, shared bool) ([]Row, error) {
	var out []Row
	var errs []error
	seen := make(map[[2]string]int)
	for len(errs) < maxListErrors {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, errors.Join(append(errs, errors.New("danh sách không phải CSV / not CSV: "+err.Error()))...)
		}
		line, _ := in.FieldPos(0)
		row := Row{Line: line}
		if why := row.fill(record, fields, shared); why != "" {
			errs = append(errs, fmt.Errorf("dòng %d: %s", line, why))
			continue
		}
		key := [2]string{row.User, row.Account}
		if first := seen[key]; first != 0 {
			errs = append(errs, fmt.Errorf("dòng %d: đã có ở dòng %d", line, first))
			continue
		}
		seen[key] = line
		out = append(out, row)
	}
	if len(out) == 0 && len(errs) == 0 {
		errs = append(errs, errors.New("danh sách không có dòng nào / the list is empty"))
	}
	return out, errors.Join(errs...)
}

// fill takes the values of a row and says what is wrong with it.
func (r *Row) fill(record []string, fields []func(*Row) *string, shared bool) string {
	if len(record) != len(fields) {
		return fmt.Sprintf("có %d ô, dòng đầu có %d", len(record), len(fields))
	}
	for i, v := range record {
		*fields[i](r) = v
	}
	r.User, r.Account = strings.TrimSpace(r.User), strings.TrimSpace(r.Account)
	given := 0
	for _, p := range []string{r.Password, r.PasswordEnv, r.PasswordFile} {
		if p != "" {
			given++
		}
	}
	switch {
	case r.User == "":
		return "thiếu tài khoản cũ"
	case r.Account == "":
		return "thiếu địa chỉ mới"
	case given > 1:
		return "có nhiều hơn một mật khẩu"
	case given == 0 && !shared:
		return "thiếu mật khẩu"
	}
	return ""
}
