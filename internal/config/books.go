package config

import (
	"fmt"
	"time"
)

// Books holds the settings of audit and reconcile.
type Books struct {
	JSON     bool
	Provider string    // reconcile: whose books
	Day      time.Time // reconcile: its beginning, in Asia/Shanghai
}

// reconcile is the command line of that command.
type reconcile struct {
	Database `embed:""`
	Payments `embed:""`
	Dev      bool   `name:"dev" env:"LIFECIRCLE_DEV" help:"Let the sandbox be compared with DATABASE_URL, too."`
	Provider string `name:"provider" required:"" placeholder:"NAME" help:"Whose books: sandbox, alipay or stripe."`
	Day      string `name:"day" required:"" placeholder:"2026-11-26" help:"Which day, in Asia/Shanghai."`
	JSON     bool   `name:"json" help:"Print one JSON object instead of lines."`
}

// shanghai is where days of the books begin and end.
var shanghai = time.FixedZone("Asia/Shanghai", 8*60*60)

func (r reconcile) into(c *Config) (err error) {
	c.Database, c.Server.Payments, c.Server.Dev = r.Database, r.Payments, r.Dev
	c.Books = Books{JSON: r.JSON, Provider: r.Provider}
	if c.Books.Day, err = time.ParseInLocation(time.DateOnly, r.Day, shanghai); err != nil {
		return fmt.Errorf("--day %q is not a day like 2026-11-26", r.Day)
	}
	return nil
}
