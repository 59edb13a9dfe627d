package httpapi

import (
	"context"
	"net/http"

	"lifecircle/internal/problem"
	"lifecircle/payments"
)

// Webhooks is what the door of payment providers needs of payments.
type Webhooks interface {
	Webhook(ctx context.Context, provider string, header payments.Header, body []byte) (contentType, reply string, err error)
}

// WebhooksPath is where providers send notifications, before their names.
const WebhooksPath = "/v1/payments/webhooks/"

func (s *server) webhookRoutes() {
	register(s, route{
		id: "take_notification", method: http.MethodPost, path: WebhooksPath + "{provider}", tag: "providers", access: anybody, raw: true, text: true,
		summary: "Take a payment provider's notification",
		about:   "The provider's signature is checked on the body as it came. Repeated ones, and ones out of order, change nothing.",
		codes: []problem.Code{
			problem.NotFound, problem.WebhookSignature, problem.WebhookStale, problem.WebhookForeign, problem.WebhookMismatch, problem.WebhookMalformed,
		},
	}, s.takeNotification)
}

type takeNotification struct {
	Provider string `path:"provider" doc:"its name"`
}

// received is what the provider wants to read.
type received struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func (s *server) takeNotification(ctx context.Context, in *takeNotification) (*received, error) {
	about := callOf(ctx)
	kind, body, err := s.Payments.Webhook(ctx, in.Provider, payments.Header(about.header), about.raw)
	if err != nil {
		return nil, err
	}
	return &received{ContentType: kind, Body: []byte(body)}, nil
}
