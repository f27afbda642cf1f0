package app

import (
	"bytes"
	"context"

	"quangtri.gov.vn/vanthu/configs"
	"quangtri.gov.vn/vanthu/directory"
)

// What the operator asks of the directory. Files travel with the command: the
// server may neither see nor be allowed to read the operator's.
var (
	DirectoryImport  = Command[Import, directory.Report]{"directory-import", directoryImport}
	DirectoryFind    = Command[Find, []Found]{"directory-find", directoryFind}
	DirectoryHistory = Command[directory.ID, []directory.Event]{"directory-history", history}
	DirectoryJournal = Command[Journal, []directory.Event]{"directory-journal", journal}
	DirectoryExport  = Command[Export, directory.CSV]{"directory-export", export}
)

// Import asks for CSV files to be read into the directory; none means the
// sample that comes with the program.
type Import struct {
	Files    directory.CSV
	Who, Why string
	Options  directory.ImportOptions
}

func directoryImport(ctx context.Context, a *App, in Import) (report directory.Report, err error) {
	if in.Files == nil {
		if in.Files, err = directory.ReadCSV(configs.Directory()); err != nil {
			return report, err
		}
	}
	report, err = a.Directory.ImportCSV(ctx, in.Files, in.Who, in.Why, in.Options)
	if len(report.Errors) > 0 {
		return report, nil // the rows say it better
	}
	return report, err
}

// Find asks for agencies as a person would search for them.
type Find struct {
	Query string
	On    directory.Date // empty: today
	Event uint64         // as known after that event; 0: now
}

// Found is one agency with the addresses that hold on the day.
type Found struct {
	Agency    directory.Agency    `json:"agency"`
	Territory string              `json:"territory"` // province or country it stands in
	Matched   string              `json:"matched"`
	Former    bool                `json:"former"`
	Ended     bool                `json:"ended"`  // the body is gone on that day
	Starts    bool                `json:"starts"` // the body is still to come
	Addresses []directory.Address `json:"addresses"`
	// Delivery says who takes its mail on that day, and Heirs the bodies that
	// Delivery names.
	Delivery directory.Delivery `json:"delivery"`
	Heirs    []Heir             `json:"heirs,omitempty"`
}

// Heir is a body that takes, or may take, the mail of another one.
type Heir struct {
	ID      directory.ID `json:"id"`
	Name    string       `json:"name"`
	Address string       `json:"address"`
}

const findLimit = 20

func directoryFind(_ context.Context, a *App, in Find) ([]Found, error) {
	if in.On == "" {
		in.On = a.today()
	}
	dir, err := a.known(in.Event)
	if err != nil {
		return nil, err
	}
	out := []Found{}
	for _, h := range dir.Find(in.Query, in.On, findLimit) {
		t, _ := dir.Agency(dir.Territory(h.Agency.ID))
		f := Found{
			Agency: h.Agency, Territory: t.Name, Matched: h.Matched, Former: h.Former, Ended: h.Agency.To != "" && h.Agency.To < in.On, Starts: h.Agency.From > in.On,
			Addresses: dir.Addresses(h.Agency.ID, in.On), Delivery: dir.Deliver(h.Agency.ID, in.On),
		}
		heirs := f.Delivery.Choices
		if !f.Delivery.Ask && f.Delivery.Agency != h.Agency.ID {
			heirs = []directory.ID{f.Delivery.Agency}
		}
		for _, id := range heirs {
			to, _ := dir.Agency(id)
			f.Heirs = append(f.Heirs, Heir{id, to.Name, dir.Deliver(id, in.On).Address})
		}
		out = append(out, f)
	}
	return out, nil
}

// known is the directory now, or as it was after an event.
func (a *App) known(event uint64) (*directory.Snapshot, error) {
	if event == 0 {
		return a.Directory.Snapshot(), nil
	}
	return a.Directory.KnownAt(event)
}

func history(_ context.Context, a *App, id directory.ID) ([]directory.Event, error) {
	return a.Directory.History(id)
}

// Journal asks for at most Limit events after one.
type Journal struct {
	After uint64
	Limit int
}

// journal returns events; without After the newest ones.
func journal(_ context.Context, a *App, in Journal) ([]directory.Event, error) {
	if newest := a.Directory.Snapshot().Version(); in.After == 0 && newest > uint64(in.Limit) {
		in.After = newest - uint64(in.Limit)
	}
	return a.Directory.Journal(in.After, in.Limit)
}

// Export asks for the CSV files of the register, as known after an event or now.
type Export struct{ Event uint64 }

func export(_ context.Context, a *App, in Export) (directory.CSV, error) {
	s, err := a.known(in.Event)
	if err != nil {
		return nil, err
	}
	out := make(directory.CSV)
	for _, name := range directory.Files() {
		var b bytes.Buffer
		if err := s.Export(&b, name); err != nil {
			return nil, err
		}
		out[name] = b.Bytes()
	}
	return out, nil
}
