package config

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestIdentity(t *testing.T) {
	t.Run("all", allOfIdentity)
	for name, c := range map[string]struct {
		env        map[string]string
		args, want string
	}{
		"half of mail":    {map[string]string{"LIFECIRCLE_SMTP_URL": "smtp://u:geheim@mail.example"}, "serve", "LIFECIRCLE_MAIL_FROM"},
		"play identities": {map[string]string{"DATABASE_URL": "postgres://h/d", "LIFECIRCLE_IDENTITY_SANDBOX": "on"}, "serve", "--dev"},
		"neither":         {map[string]string{"LIFECIRCLE_IDENTITY_SANDBOX": "maybe"}, "serve", "neither on nor off"},
		"no file":         {map[string]string{"LIFECIRCLE_IDENTITY_KEY": "/geheim/no/file"}, "staff pending", "LIFECIRCLE_IDENTITY_KEY"},
		"no case":         {nil, "staff show nonsense", "nonsense"},
		"no day":          {nil, "staff approve 0000000000002 --by ann --until soon", "--until"},
		"nobody":          {nil, "staff approve 0000000000002", "--by"},
		"no reason":       {nil, "staff revoke-identity ann", "--reason"},
		"real money":      {map[string]string{"LIFECIRCLE_IDENTITY_SANDBOX": "on", "LIFECIRCLE_PUBLIC_URL": "https://a.example", "LIFECIRCLE_STRIPE_SECRET_KEY": "sk_test_geheim", "LIFECIRCLE_STRIPE_WEBHOOK_SECRET": "whsec_geheim"}, "serve", "--dev"},
		"no such kind":    {nil, "staff domains add a.cn --kind club --name x", "kind"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := parse(t, c.env, strings.Fields(c.args)...); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "geheim") {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func allOfIdentity(t *testing.T) {
	c, err := parse(t, map[string]string{"LIFECIRCLE_SMTP_URL": "smtps://u:geheim@mail.example", "LIFECIRCLE_MAIL_FROM": "a@b.example", "LIFECIRCLE_IDENTITY_KEY": "geheim"}, "serve")
	if i := c.Server.Identity; err != nil || !i.UseSandbox(true, false) || !i.UseSandbox(false, true) || i.UseSandbox(false, false) || i.Key.Reveal() != "geheim" {
		t.Errorf("%+v, %v", i, err)
	}
	if strings.Contains(fmt.Sprintf("%v %+v %#v", c, c, c), "geheim") {
		t.Error("a secret is shown")
	}
	if c, err := parse(t, nil, "serve", "--identity-sandbox=off"); err != nil || c.Server.UseSandbox(true, true) {
		t.Errorf("switched off: %v", err)
	}
}

func TestStaff(t *testing.T) {
	for args, want := range map[string]Staff{
		"staff add ann":            {Handle: "ann"},
		"staff remove ann":         {Handle: "ann"},
		"staff list":               {},
		"staff pending":            {},
		"staff show 0000000000002": {Case: 1},
		"staff approve 0000000000002 --by=ann --until=2027-06-30":   {Case: 1, Handle: "ann", Until: time.Date(2027, 6, 30, 0, 0, 0, 0, shanghai)},
		"staff refuse 0000000000002 --by=ann --reason=unreadable":   {Case: 1, Handle: "ann", Reason: "unreadable"},
		"staff domains add wutong.edu.cn --kind=school --name=梧桐大学": {Domain: "wutong.edu.cn", Kind: "school", Name: "梧桐大学"},
		"staff domains remove wutong.edu.cn":                        {Domain: "wutong.edu.cn"},
		"staff revoke-identity @eve --reason=sold --by=ann":         {User: "@eve", Reason: "sold", Handle: "ann"},
		"staff revoke-identity 0000000000002 --reason=sold":         {User: "0000000000002", Reason: "sold"},
		"staff domains list": {},
	} {
		c, err := parse(t, nil, strings.Fields(args)...)
		if err != nil || !c.Staff.Until.Equal(want.Until) {
			t.Errorf("%s: %+v, %v", args, c.Staff, err)
		}
		if c.Staff.Until = want.Until; c.Staff != want || c.Database.DataDir == "" {
			t.Errorf("%s: %+v", args, c.Staff)
		}
	}
}

// Nobody proves his age to himself where money is real.
func TestWhatIsPlay(t *testing.T) {
	stripe := map[string]string{"LIFECIRCLE_PUBLIC_URL": "https://a.example", "LIFECIRCLE_STRIPE_SECRET_KEY": "sk_test_x", "LIFECIRCLE_STRIPE_WEBHOOK_SECRET": "whsec_x"}
	for name, c := range map[string]struct {
		env  map[string]string
		want bool
	}{
		"nothing set": {nil, true}, "a database": {map[string]string{"DATABASE_URL": "postgres://h/d"}, false}, "real money": {stripe, false},
	} {
		t.Run(name, func(t *testing.T) { // which gives the environment back
			if got, err := parse(t, c.env, "serve"); err != nil || got.Play() != c.want {
				t.Errorf("%v, %v", got.Play(), err)
			}
		})
	}
}

func TestTipsTakeAdultsByDefault(t *testing.T) {
	for args, want := range map[string]bool{"serve": true, "serve --adult-tips": true, "serve --no-adult-tips": false} {
		if c, err := parse(t, nil, strings.Fields(args)...); err != nil || c.Server.AdultTips != want {
			t.Errorf("%s: %v, %v", args, c.Server.AdultTips, err)
		}
	}
}
