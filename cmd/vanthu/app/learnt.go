package app

import (
	"context"
	"errors"
	"fmt"

	"quangtri.gov.vn/vanthu/directory"
	"quangtri.gov.vn/vanthu/dispatch/engine"
	"quangtri.gov.vn/vanthu/mailsvc"
)

// What clerks' answers taught, agency by agency.
var (
	LearntList   = Command[directory.ID, []Learnt]{"learnt-list", learntList}
	LearntForget = Command[Forget, None]{"learnt-forget", learntForget}
)

// Learnt is one remembered answer with the names of the bodies in it.
type Learnt struct {
	engine.Learnt
	IssuerName string   `json:"issuer_name"`
	Names      []string `json:"names"` // of Agencies
}

func learntList(_ context.Context, a *App, issuer directory.ID) ([]Learnt, error) {
	all, err := a.Engine.Learnt(issuer)
	if err != nil {
		return nil, err
	}
	dir := a.Directory.Snapshot()
	name := func(id directory.ID) string {
		if agency, ok := dir.Agency(id); ok {
			return agency.Name
		}
		return string(id)
	}
	var out []Learnt
	for _, l := range all {
		with := Learnt{Learnt: l, IssuerName: name(l.Issuer)}
		for _, id := range l.Agencies {
			with.Names = append(with.Names, name(id))
		}
		out = append(out, with)
	}
	return out, nil
}

// Forget asks for one remembered answer to be dropped.
type Forget struct {
	Issuer directory.ID
	Key    string
}

func learntForget(ctx context.Context, a *App, in Forget) (None, error) {
	err := a.Engine.Unlearn(ctx, in.Issuer, in.Key)
	if errors.Is(err, mailsvc.ErrNotFound) {
		return None{}, fmt.Errorf("không nhớ câu trả lời nào của %q với khóa %q; xem bằng: vanthu learnt list / nothing to forget", in.Issuer, in.Key)
	}
	return None{}, err
}
