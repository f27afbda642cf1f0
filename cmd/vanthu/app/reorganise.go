package app

import (
	"context"
	"fmt"

	"quangtri.gov.vn/vanthu/directory"
)

// DirectoryReorganise makes one change of the directory over time, as one event.
var DirectoryReorganise = Command[Reorganise, directory.Event]{"directory-reorganise", reorganise}

// Reorganise is one act on the directory. Of the parts below Act each kind uses
// those that it needs.
type Reorganise struct {
	Kind string // a key of acts
	Act  directory.Act
	// From are the bodies that change, To those that they become or that take
	// their work, or the one that then stands above.
	From     []directory.ID
	To       []directory.Body
	Survives bool // a body that is split goes on
	Close    bool // the address, name, term or standing office ends
	Address  directory.Address
	Name     directory.Name
	Official directory.Official
	Replaces directory.ID // the official whose term Official ends
	Standing directory.Relation
	Event    uint64 // the one to undo
}

var acts = map[string]func(context.Context, *directory.Register, Reorganise) (directory.Event, error){
	"found": func(ctx context.Context, r *directory.Register, in Reorganise) (directory.Event, error) {
		return r.Found(ctx, in.Act, in.To[0])
	},
	"rename": func(ctx context.Context, r *directory.Register, in Reorganise) (directory.Event, error) {
		return r.Rename(ctx, in.Act, in.From[0], in.To[0])
	},
	"merge": func(ctx context.Context, r *directory.Register, in Reorganise) (directory.Event, error) {
		return r.Merge(ctx, in.Act, in.From, in.To[0])
	},
	"split": func(ctx context.Context, r *directory.Register, in Reorganise) (directory.Event, error) {
		return r.Split(ctx, in.Act, in.From[0], in.To, in.Survives)
	},
	"dissolve": func(ctx context.Context, r *directory.Register, in Reorganise) (directory.Event, error) {
		return r.Dissolve(ctx, in.Act, in.From[0], ids(in.To))
	},
	"move": func(ctx context.Context, r *directory.Register, in Reorganise) (directory.Event, error) {
		return r.Move(ctx, in.Act, in.From[0], in.To[0].Agency.ID)
	},
	"address": func(ctx context.Context, r *directory.Register, in Reorganise) (directory.Event, error) {
		if in.Close {
			return r.CloseAddress(ctx, in.Act, in.Address.Agency, in.Address.Address)
		}
		return r.SetAddress(ctx, in.Act, in.Address)
	},
	"name": func(ctx context.Context, r *directory.Register, in Reorganise) (directory.Event, error) {
		if in.Close {
			return r.CloseName(ctx, in.Act, in.Name.Agency, in.Name.Text)
		}
		return r.AddName(ctx, in.Act, in.Name)
	},
	"official": func(ctx context.Context, r *directory.Register, in Reorganise) (directory.Event, error) {
		if in.Close {
			return r.EndOfficial(ctx, in.Act, in.Official.ID)
		}
		return r.SetOfficial(ctx, in.Act, in.Official, in.Replaces)
	},
	"standing": func(ctx context.Context, r *directory.Register, in Reorganise) (directory.Event, error) {
		if in.Close {
			return r.EndStanding(ctx, in.Act, in.Standing.Agency)
		}
		return r.SetStanding(ctx, in.Act, in.Standing)
	},
	"undo": func(ctx context.Context, r *directory.Register, in Reorganise) (directory.Event, error) {
		return r.Undo(ctx, in.Act, in.Event)
	},
}

// needs counts the bodies in From and To that a kind cannot do without.
var needs = map[string][2]int{"found": {0, 1}, "rename": {1, 1}, "merge": {1, 1}, "split": {1, 1}, "dissolve": {1, 0}, "move": {1, 1}}

func reorganise(ctx context.Context, a *App, in Reorganise) (directory.Event, error) {
	do, ok := acts[in.Kind]
	if n := needs[in.Kind]; !ok || len(in.From) < n[0] || len(in.To) < n[1] {
		return directory.Event{}, fmt.Errorf("%q: không có việc này hoặc thiếu cơ quan / unknown act, or no agency named", in.Kind)
	}
	return do(ctx, a.Directory, in)
}

func ids(bodies []directory.Body) []directory.ID {
	var out []directory.ID
	for _, b := range bodies {
		out = append(out, b.Agency.ID)
	}
	return out
}
