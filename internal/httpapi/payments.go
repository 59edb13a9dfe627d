package httpapi

import (
	"context"

	"lifecircle/payments"
)

// Payments is what the routes need of payments.Service.
type Payments interface {
	Tips
	Wallet
	Contracts
	Webhooks
	Providers() []string // the names of those that can be used
}

func payer(ctx context.Context) payments.Actor { return payments.Actor(actor(ctx)) }

func (p Paged) ofPayments() payments.PageQuery {
	return payments.PageQuery{Limit: p.Limit, Cursor: p.Cursor}
}
