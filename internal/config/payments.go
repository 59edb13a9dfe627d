package config

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"
)

// Payments says who moves money in and out.
type Payments struct {
	PublicURL string `name:"public-url" env:"LIFECIRCLE_PUBLIC_URL" placeholder:"https://..." help:"Where people and payment providers reach this server; needed with Alipay or Stripe."`
	Sandbox   string `name:"sandbox" env:"LIFECIRCLE_SANDBOX" placeholder:"HOW" help:"How the sandbox for payments behaves: manual (the default: its checkout page decides), at-once, slow, twice, disorder or never. With DATABASE_URL it is there with --dev only."`
	Alipay    Alipay `embed:"" prefix:"alipay-"`
	Stripe    Stripe `embed:"" prefix:"stripe-"`
}

// Alipay is an application at Alipay's open platform.
type Alipay struct {
	AppID      string `name:"app-id" env:"LIFECIRCLE_ALIPAY_APP_ID" placeholder:"ID" help:"Application at Alipay's open platform."`
	SellerID   string `name:"seller-id" env:"LIFECIRCLE_ALIPAY_SELLER_ID" placeholder:"2088..." help:"Account at Alipay that receives payments."`
	PrivateKey Secret `name:"private-key" env:"LIFECIRCLE_ALIPAY_PRIVATE_KEY" placeholder:"KEY|FILE" help:"The application's RSA key, or a path to it."`
	PublicKey  Secret `name:"public-key" env:"LIFECIRCLE_ALIPAY_PUBLIC_KEY" placeholder:"KEY|FILE" help:"Alipay's RSA key, or a path to it."`
	Gateway    string `name:"gateway" env:"LIFECIRCLE_ALIPAY_GATEWAY" placeholder:"https://..." help:"Where Alipay listens, if it is not the usual place: its own sandbox has another."`
}

// Used tells whether Alipay is set up.
func (a Alipay) Used() bool { return a.AppID != "" }

// Stripe is an account at Stripe.
type Stripe struct {
	SecretKey     Secret `name:"secret-key" env:"LIFECIRCLE_STRIPE_SECRET_KEY" placeholder:"KEY|FILE" help:"The account's secret key, or a path to it."`
	WebhookSecret Secret `name:"webhook-secret" env:"LIFECIRCLE_STRIPE_WEBHOOK_SECRET" placeholder:"KEY|FILE" help:"What Stripe signs notifications with, or a path to it."`
	Account       string `name:"account" env:"LIFECIRCLE_STRIPE_ACCOUNT" placeholder:"acct_..." help:"The account's id; without it, notifications that name an account are refused."`
	API           string `name:"api" env:"LIFECIRCLE_STRIPE_API" placeholder:"https://..." help:"Where Stripe listens, if it is not the usual place."`
}

// Used tells whether Stripe is set up.
func (s Stripe) Used() bool { return s.SecretKey != "" }

// check reads the keys that are given as files.
func (p *Payments) check() error {
	for name, s := range map[string]*Secret{
		"LIFECIRCLE_ALIPAY_PRIVATE_KEY": &p.Alipay.PrivateKey, "LIFECIRCLE_ALIPAY_PUBLIC_KEY": &p.Alipay.PublicKey,
		"LIFECIRCLE_STRIPE_SECRET_KEY": &p.Stripe.SecretKey, "LIFECIRCLE_STRIPE_WEBHOOK_SECRET": &p.Stripe.WebhookSecret,
	} {
		if err := s.fromFile(); err != nil {
			return fmt.Errorf("%s names a file that cannot be read: %w", name, err)
		}
	}
	a, s := p.Alipay, p.Stripe
	switch {
	case !allOrNone(a.AppID, a.SellerID, a.PrivateKey.Reveal(), a.PublicKey.Reveal()):
		return errors.New("Alipay is set up by halves; it takes LIFECIRCLE_ALIPAY_APP_ID, _SELLER_ID, _PRIVATE_KEY and _PUBLIC_KEY")
	case !allOrNone(s.SecretKey.Reveal(), s.WebhookSecret.Reveal()):
		return errors.New("Stripe is set up by halves; it takes LIFECIRCLE_STRIPE_SECRET_KEY and LIFECIRCLE_STRIPE_WEBHOOK_SECRET")
	case (a.Used() || s.Used()) && p.PublicURL == "":
		return errors.New("payment providers must know where they reach this server: set LIFECIRCLE_PUBLIC_URL")
	}
	for name, address := range map[string]string{"LIFECIRCLE_ALIPAY_GATEWAY": a.Gateway, "LIFECIRCLE_STRIPE_API": s.API} {
		if address != "" && !isBase(address, true) {
			return fmt.Errorf("%s is not a URL like https://example.org", name)
		}
	}
	if p.PublicURL != "" && !isBase(p.PublicURL, false) {
		return errors.New("LIFECIRCLE_PUBLIC_URL is not a URL like https://example.org, without a path")
	}
	return nil
}

func isBase(address string, path bool) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil && u.RawQuery == "" && u.Fragment == "" &&
		(path || u.Path == "" || u.Path == "/")
}

func allOrNone(values ...string) bool {
	set := 0
	for _, v := range values {
		if v != "" {
			set++
		}
	}
	return set == 0 || set == len(values)
}

// fromFile replaces a path by what is in the file. Neither a PEM block, base64
// of a key nor a Stripe key looks like one.
func (s *Secret) fromFile() error {
	path := s.Reveal()
	if !strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "./") && !strings.HasPrefix(path, "../") {
		return nil
	}
	text, err := os.ReadFile(path) //nolint:gosec // the operator names it
	if fault := (*fs.PathError)(nil); errors.As(err, &fault) {
		err = fault.Err // without the path, which might have been a key
	}
	*s = Secret(strings.TrimSpace(string(text)))
	return err
}
