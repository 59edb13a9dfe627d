package config

import (
	"encoding/base64"
	"errors"
	"fmt"

	"lifecircle/internal/id"
)

// Desk holds what staff decides about scores.
type Desk struct {
	Appeal id.ID
	Note   string // what the person reads

	Name      string // of an issuer
	Algorithm string
	Key       []byte
	Kinds     []string

	User      id.ID // who was checked
	Community int32
	MaySeed   bool
}

type appeal struct {
	Database `embed:""`
	Appeal   string `arg:"" help:"Which, as list prints it."`
	Note     string `name:"note" help:"Why: the person reads it."`
}

type scoreIssuer struct {
	Database `embed:""`
	Name     string   `name:"name" required:"" help:"How it names itself in X-Issuer."`
	Ed25519  string   `name:"ed25519" placeholder:"BASE64" help:"Its public key."`
	Secret   Secret   `name:"secret" env:"LIFECIRCLE_ISSUER_SECRET" placeholder:"BASE64" help:"Or a shared secret of 32 to 64 bytes, for HMAC-SHA-256."`
	Kinds    []string `name:"kind" required:"" help:"A kind of events that is believed of it; may be repeated."`
}

type scoreSeed struct {
	Database  `embed:""`
	User      string `name:"user" required:"" placeholder:"ID" help:"Who was checked."`
	Community int32  `name:"community" required:"" help:"Number of the community that the person belongs to; each needs two."`
	MaySeed   bool   `name:"may-seed" help:"The identity is of level 3: trust may start here."`
}

func (a appeal) into(c *Config) (err error) {
	c.Database, c.Desk.Note = a.Database, a.Note
	if c.Desk.Appeal, err = id.Parse(a.Appeal); err != nil {
		return fmt.Errorf("%q is not an appeal's id", a.Appeal)
	}
	return nil
}

func (i scoreIssuer) into(c *Config) (err error) {
	c.Database, c.Desk.Name, c.Desk.Kinds = i.Database, i.Name, i.Kinds
	key := i.Ed25519
	c.Desk.Algorithm = "ed25519"
	if i.Secret != "" {
		c.Desk.Algorithm, key = "hmac-sha256", i.Secret.Reveal()
	}
	if (i.Ed25519 == "") == (i.Secret == "") {
		return errors.New("an issuer has either --ed25519 or --secret")
	}
	if c.Desk.Key, err = base64.StdEncoding.DecodeString(key); err != nil || len(c.Desk.Key) < 32 || len(c.Desk.Key) > 64 {
		return errors.New("the key of an issuer is 32 to 64 bytes in base64")
	}
	return nil
}

func (s scoreSeed) into(c *Config) (err error) {
	c.Database, c.Desk.Community, c.Desk.MaySeed = s.Database, s.Community, s.MaySeed
	if c.Desk.User, err = id.Parse(s.User); err != nil {
		return fmt.Errorf("--user %q is not a user's id", s.User)
	}
	return nil
}
