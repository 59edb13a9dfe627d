package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"lifecircle/cmd/circleload/report"
)

// outputs are the files that a run writes. They are made before it, under
// other names, so that hours of load do not end at a folder that is not there,
// and a run that fails leaves an older report alone.
type outputs []output

type output struct {
	path  string
	file  *os.File
	write func(report.Report, io.Writer) error
}

const reportMode = 0o644 // others may read it, as other files that programs write

func (f outputFlags) create() (outputs, error) {
	var made outputs
	for _, out := range []output{
		{path: f.JSON, write: report.Report.WriteJSON},
		{path: f.HTML, write: report.Report.WriteHTML},
	} {
		if out.path == "" {
			continue
		}
		var err error
		if out.file, err = os.CreateTemp(filepath.Dir(out.path), ".circleload-*"); err != nil {
			made.remove()
			return nil, fmt.Errorf("make the report's file: %w", err)
		}
		made = append(made, out)
	}
	return made, nil
}

// write fills the files and gives them their names.
func (o outputs) write(r report.Report) error {
	for _, out := range o {
		err := errors.Join(out.write(r, out.file), out.file.Chmod(reportMode), out.file.Close())
		if err == nil {
			err = os.Rename(out.file.Name(), out.path)
		}
		if err != nil {
			o.remove()
			return fmt.Errorf("write %s: %w", out.path, err)
		}
	}
	return nil
}

// remove leaves no half file behind; those that have their name are whole.
func (o outputs) remove() {
	for _, out := range o {
		_ = out.file.Close()
		_ = os.Remove(out.file.Name())
	}
}
