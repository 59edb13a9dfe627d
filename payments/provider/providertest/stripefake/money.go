package stripefake

import (
	"fmt"
	"net/http"
	"net/url"
)

// Connected accounts.
const (
	GoodAccount    = "acct_1GoodCreator"
	LimitedAccount = "acct_1NoCapability"
	NoAccount      = "acct_1Nobody"
)

func (a *API) createRefund(_ *http.Request, p url.Values) (object, *failure) {
	intent := a.find(p.Get("payment_intent"))
	if intent == nil {
		return nil, missing("payment_intent", p.Get("payment_intent"))
	}
	charge := a.find(intent.text("latest_charge"))
	amount := number(p, "amount")
	paid, _ := charge["amount"].(int64)
	back, _ := charge["amount_refunded"].(int64)
	switch {
	case amount < 1:
		return nil, invalid("parameter_invalid_integer", "amount", "Invalid positive integer")
	case back == paid:
		return nil, invalid("charge_already_refunded", "", "Charge "+charge.text("id")+" has already been refunded.")
	case back+amount > paid:
		return nil, invalid("", "amount", fmt.Sprintf("Refund amount (%d) is greater than unrefunded amount on charge (%d)", amount, paid-back))
	}
	charge["amount_refunded"] = back + amount
	r := a.add("re", "refund", object{
		"amount": amount, "charge": charge["id"], "currency": "cny", "metadata": metadata(p, "metadata"), "payment_intent": intent["id"], "status": "succeeded",
		"reason": nil,
	})
	a.book("refund", r, -amount)
	return r, nil
}

func (a *API) createTransfer(_ *http.Request, p url.Values) (object, *failure) {
	amount, to := number(p, "amount"), p.Get("destination")
	switch {
	case amount < 1 || p.Get("currency") != "cny":
		return nil, invalid("parameter_invalid_integer", "amount", "Invalid positive integer")
	case to == LimitedAccount:
		return nil, invalid("insufficient_capabilities_for_transfer", "",
			"Your destination account needs to have at least one of the following capabilities enabled: transfers, crypto_transfers, legacy_payments")
	case to != GoodAccount:
		f := invalid("resource_missing", "destination", "No such destination: '"+to+"'")
		f.beforeItWasStarted = true
		return nil, f
	case a.balance < amount:
		return nil, invalid("balance_insufficient", "", "You have insufficient available funds in your Stripe account.")
	}
	t := a.add("tr", "transfer", object{
		"amount": amount, "amount_reversed": int64(0), "currency": "cny", "destination": to, "description": p.Get("description"), "livemode": false,
		"metadata": metadata(p, "metadata"), "reversed": false, "transfer_group": p.Get("transfer_group"),
	})
	a.book("transfer", t, -amount)
	return t, nil
}
