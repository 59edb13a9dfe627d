package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPayments(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(file, []byte("geheim\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Run("unset", func(t *testing.T) {
		c, err := parse(t, nil, "serve")
		if p := c.Server.Payments; err != nil || p != (Payments{}) || p.Alipay.Used() || p.Stripe.Used() {
			t.Errorf("%+v, %v", p, err)
		}
	})
	t.Run("all", func(t *testing.T) {
		c, err := parse(t, map[string]string{
			"LIFECIRCLE_PUBLIC_URL": "https://circle.example", "DATABASE_URL": "postgres://h/d",
			"LIFECIRCLE_ALIPAY_APP_ID": "1", "LIFECIRCLE_ALIPAY_SELLER_ID": "2", "LIFECIRCLE_ALIPAY_PRIVATE_KEY": file, "LIFECIRCLE_ALIPAY_PUBLIC_KEY": "MIIgeheim",
			"LIFECIRCLE_STRIPE_SECRET_KEY": "sk_geheim", "LIFECIRCLE_STRIPE_WEBHOOK_SECRET": file,
		}, "serve", "--stripe-api=http://localhost:1/v1", "--stripe-account=acct_1", "--sandbox=slow", "--dev")
		if err != nil {
			t.Fatal(err)
		}
		p := c.Server.Payments
		if p.Alipay.PrivateKey.Reveal() != "geheim" || p.Stripe.WebhookSecret.Reveal() != "geheim" || p.Alipay.PublicKey.Reveal() != "MIIgeheim" || p.Sandbox != "slow" {
			t.Error("a key was not read as it is meant")
		}
		if strings.Contains(fmt.Sprintf("%v %+v %#v", c, c, c), "geheim") {
			t.Error("a key is shown")
		}
	})
	alipay := map[string]string{
		"LIFECIRCLE_ALIPAY_APP_ID": "1", "LIFECIRCLE_ALIPAY_SELLER_ID": "2", "LIFECIRCLE_ALIPAY_PRIVATE_KEY": "geheim", "LIFECIRCLE_ALIPAY_PUBLIC_KEY": "geheim",
	}
	for name, c := range map[string]struct {
		env        map[string]string
		args, want string
	}{
		"half of Alipay":      {map[string]string{"LIFECIRCLE_ALIPAY_APP_ID": "1"}, "", "_SELLER_ID, _PRIVATE_KEY and _PUBLIC_KEY"},
		"half of Stripe":      {map[string]string{"LIFECIRCLE_STRIPE_SECRET_KEY": "sk_geheim"}, "", "LIFECIRCLE_STRIPE_WEBHOOK_SECRET"},
		"no way back":         {alipay, "", "LIFECIRCLE_PUBLIC_URL"},
		"no file":             {map[string]string{"LIFECIRCLE_STRIPE_SECRET_KEY": "/geheim/no/file"}, "", "LIFECIRCLE_STRIPE_SECRET_KEY names a file that cannot be read"},
		"a way back's path":   {nil, "--public-url=https://a.example/circle", "without a path"},
		"a way back's scheme": {nil, "--public-url=circle.example", "https://example.org"},
		"a gateway":           {nil, "--alipay-gateway=openapi.alipay.com", "LIFECIRCLE_ALIPAY_GATEWAY"},
		"play money":          {map[string]string{"DATABASE_URL": "postgres://h/d", "LIFECIRCLE_SANDBOX": "manual"}, "", "--dev"},
		"misspelt":            {map[string]string{"LIFECIRCLE_STRIPE_SECRET": "sk_geheim"}, "", "did you mean LIFECIRCLE_STRIPE_SECRET_KEY?"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse(t, c.env, append([]string{"serve"}, strings.Fields(c.args)...)...)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "geheim") || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}
