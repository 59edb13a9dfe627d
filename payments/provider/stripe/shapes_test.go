package stripe

import (
	"bufio"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	sdk "github.com/stripe/stripe-go/v85"

	"lifecircle/internal/money"
	"lifecircle/payments/provider"
	"lifecircle/payments/provider/providertest"
)

// mock starts Stripe's own mock, which checks requests against Stripe's
// OpenAPI document and remembers nothing, and returns its address.
func mock(t *testing.T) string {
	t.Helper()
	binary, err := filepath.Abs("../../../.tools/bin/stripe-mock")
	must(t, err)
	cmd := exec.CommandContext(t.Context(), binary, "-http-addr", "127.0.0.1:0", "-https-addr", "127.0.0.1:0")
	out, err := cmd.StdoutPipe()
	must(t, err)
	if err := cmd.Start(); err != nil {
		t.Fatalf("start stripe-mock, which make tools installs: %v", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if address, ok := strings.CutPrefix(lines.Text(), "Listening for HTTP at address: "); ok {
			return "http://" + address
		}
	}
	t.Fatal("stripe-mock says no address")
	return ""
}

// TestShapes sends each of our requests to the mock. It refuses parameters
// that Stripe's document does not have.
func TestShapes(t *testing.T) {
	t.Parallel()
	s, err := New(Config{SecretKey: "sk_test_123", WebhookSecret: "whsec_x", APIBase: mock(t)})
	must(t, err)
	o := providertest.NewOrder(5_200)
	r := provider.Refund{ID: providertest.NewID(), Order: o, Amount: money.Fen(700)}
	p := provider.Payout{ID: providertest.NewID(), Amount: money.Fen(500), To: "acct_1032D82eZvKYlo2C", Title: "提现"}

	session, err := s.api.V1CheckoutSessions.Create(t.Context(), sessionParams(o))
	if err != nil || !strings.HasPrefix(session.ID, "cs_") {
		t.Errorf("a session: %+v, %v", session, err)
	}
	refund, err := s.api.V1Refunds.Create(t.Context(), refundParams("pi_123", r))
	if err != nil || !strings.HasPrefix(refund.ID, "re_") || refund.Amount != 700 {
		t.Errorf("a refund: %+v, %v", refund, err)
	}
	transfer, err := s.api.V1Transfers.Create(t.Context(), transferParams(p, 0))
	if err != nil || !strings.HasPrefix(transfer.ID, "tr_") || transfer.Amount != 500 {
		t.Errorf("a transfer: %+v, %v", transfer, err)
	}
	if _, err := s.Book(t.Context(), o.ExpiresAt, o.ExpiresAt); err != nil {
		t.Errorf("the balance: %v", err)
	}
	if _, err := s.findRefund(t.Context(), "pi_123", "none"); err != nil {
		t.Errorf("refunds: %v", err)
	}
	if _, _, err := s.sent(t.Context(), p); err != nil {
		t.Errorf("transfers: %v", err)
	}
	if _, err := s.Payment(t.Context(), provider.Order{ID: "a", Ref: "cs_test_123"}); err == nil || !strings.Contains(err.Error(), "is the session of") {
		t.Errorf("a session: %v", err) // the mock's is of nobody
	}
	if _, err := s.find(t.Context(), o); err == nil || strings.Contains(err.Error(), "answers") {
		t.Errorf("sessions: %v", err)
	}
	bad := sessionParams(o)
	bad.Mode = sdk.String("gift")
	if _, err := s.api.V1CheckoutSessions.Create(t.Context(), bad); err == nil {
		t.Error("the mock takes anything")
	}
}
