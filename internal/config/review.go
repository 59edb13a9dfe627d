package config

import (
	"fmt"

	"lifecircle/internal/id"
)

// PhotoReview holds what a reviewer decides about a photo.
type PhotoReview struct {
	Photo  id.ID
	Handle string // of the reviewer
}

type photoReview struct {
	Database `embed:""`
	Photo    string `arg:"" help:"As pending printed it."`
	By       string `name:"by" required:"" placeholder:"HANDLE" help:"The member of staff who has looked."`
}

type photos struct {
	Pending struct {
		Database `embed:""`
	} `cmd:"" help:"Print the photos that wait for a reviewer."`
	Pass  photoReview `cmd:"" help:"It is rightly called sensitive, or not at all; its post may take tips."`
	Clear photoReview `cmd:"" help:"It is fit for everybody."`
	Flag  photoReview `cmd:"" help:"It is sensitive, and somebody is to pass it before its post takes tips."`
}

func (p photos) into(c *Config) (err error) {
	var r photoReview
	switch c.Command {
	case ApprovePhoto:
		r = p.Pass
	case ClearPhoto:
		r = p.Clear
	case FlagPhoto:
		r = p.Flag
	default:
		c.Database = p.Pending.Database
		return nil
	}
	c.Database, c.PhotoReview.Handle = r.Database, r.By
	if c.PhotoReview.Photo, err = id.Parse(r.Photo); err != nil {
		return fmt.Errorf("%q is not a photo as `lifecircle photos pending` prints it", r.Photo)
	}
	return nil
}
