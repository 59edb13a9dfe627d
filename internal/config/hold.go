package config

import (
	"fmt"
	"time"

	"lifecircle/internal/id"
)

// Hold holds the settings of hold place and hold release.
type Hold struct {
	User      id.ID
	Hold      id.ID      // release: which
	Amount    int64      // place: fen
	Reason    string     // place: what the owner reads
	ReleaseAt *time.Time // place: when it ends by itself; nil: when it is released
}

type holdPlace struct {
	Database `embed:""`
	User     string `name:"user" required:"" placeholder:"ID" help:"Whose wallet."`
	Amount   int64  `name:"amount" required:"" placeholder:"FEN" help:"How much of it, in fen."`
	Reason   string `name:"reason" required:"" help:"Why: the owner reads it."`
	Until    string `name:"until" placeholder:"2026-12-24T12:00:00Z" help:"When it ends by itself; else it is released by hand."`
}

type holdRelease struct {
	Database `embed:""`
	User     string `name:"user" required:"" placeholder:"ID" help:"Whose wallet."`
	Hold     string `name:"hold" required:"" placeholder:"ID" help:"Which hold, as place printed it."`
}

func (h holdPlace) into(c *Config) (err error) {
	c.Database = h.Database
	c.Hold = Hold{Amount: h.Amount, Reason: h.Reason}
	if c.Hold.User, err = id.Parse(h.User); err != nil {
		return fmt.Errorf("--user %q is not a user's id", h.User)
	}
	if h.Until != "" {
		at, err := time.Parse(time.RFC3339, h.Until)
		if err != nil {
			return fmt.Errorf("--until %q is not a time like 2026-12-24T12:00:00Z", h.Until)
		}
		c.Hold.ReleaseAt = &at
	}
	return nil
}

func (h holdRelease) into(c *Config) (err error) {
	c.Database = h.Database
	if c.Hold.User, err = id.Parse(h.User); err != nil {
		return fmt.Errorf("--user %q is not a user's id", h.User)
	}
	if c.Hold.Hold, err = id.Parse(h.Hold); err != nil {
		return fmt.Errorf("--hold %q is not a hold's id", h.Hold)
	}
	return nil
}
