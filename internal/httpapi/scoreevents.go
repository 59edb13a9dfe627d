package httpapi

import (
	"context"
	"net/http"

	"lifecircle/internal/creditscore"
	"lifecircle/internal/problem"
)

// The headers of an issuer's message.
const (
	issuerHeader    = "X-Issuer"
	timestampHeader = "X-Timestamp"
	signatureHeader = "X-Signature"
)

func (s *server) scoreEventRoutes() {
	register(s, route{
		id: "take_score_events", method: http.MethodPost, path: "/v1/score-events", tag: "providers", access: anybody, raw: true,
		summary: "Take score events of an issuer",
		about: "The body is `{\"events\":[{\"id\",\"user\",\"kind\",\"counterparty\"?,\"code\"?,\"at\"?}]}`, signed as it is sent: the text of `X-Timestamp` (Unix seconds), " +
			"a full stop and the body, with the issuer's Ed25519 key or HMAC-SHA-256, in base64. All events are taken or none; sent again they change nothing.",
		codes: []problem.Code{
			problem.IssuerUnknown, problem.IssuerSignature, problem.IssuerStale, problem.IssuerKind, problem.MalformedJSON, problem.Invalid_, problem.UserNotFound,
		},
	}, s.takeScoreEvents)
}

type takeScoreEvents struct {
	Issuer    string `header:"X-Issuer" doc:"the issuer's name"`
	Timestamp string `header:"X-Timestamp" doc:"Unix seconds, of now"`
	Signature string `header:"X-Signature" doc:"base64"`
}

func (s *server) takeScoreEvents(ctx context.Context, _ *takeScoreEvents) (*reply[creditscore.Taken], error) {
	about := callOf(ctx)
	return answer(s.Scores.Take(ctx, creditscore.Message{
		Issuer: about.header.Get(issuerHeader), Timestamp: about.header.Get(timestampHeader), Signature: about.header.Get(signatureHeader), Body: about.raw,
	}))
}
