package ratelimit

import (
	"context"
	"fmt"
	"time"

	"lifecircle/internal/problem"
)

// Limit is the rate of one kind of action, counted for each subject: a user,
// an address, a handle. Every door to an action counts it under the same name.
type Limit struct {
	Name string
	Rate Rate
}

// The limits of what people do, counted by user.
var (
	Posts    = Limit{"posts", perMinute(30)}
	Comments = Limit{"comments", perMinute(60)}
	Likes    = Limit{"likes", perMinute(600)}
	Follows  = Limit{"follows", perMinute(120)}
	Circles  = Limit{"circles", Rate{Burst: 10, Count: 10, Per: time.Hour}}
	Changes  = Limit{"changes", perMinute(120)} // every other write: profiles, edits, removals, roles
	Tips     = Limit{"tips", perMinute(600)}
	Payments = Limit{"payments", perMinute(30)} // top-ups, withdrawals, refunds and contracts
	Uploads  = Limit{"uploads", perMinute(300)} // of photos, each piece that is sent by itself

	Verifications = Limit{"verifications", Rate{Burst: 10, Count: 10, Per: time.Hour}}
)

// The limits of who knocks. An address is that of a host, or an IPv6 /64.
var (
	Requests    = Limit{"requests", perMinute(6000)} // all of an address, reading too
	Logins      = Limit{"logins", perMinute(60)}     // of an address
	HandleLogin = Limit{"handle_logins", perMinute(10)}
	Registers   = Limit{"registers", Rate{Burst: 20, Count: 20, Per: time.Hour}} // of an address
	Refreshes   = Limit{"refreshes", perMinute(60)}                              // of an address
)

// VerificationMails limits the codes that are sent to a mailbox, by a hash of it.
var VerificationMails = Limit{"verification_mails", Rate{Burst: 5, Count: 5, Per: time.Hour}}

// All returns every limit, in the order in which they are shown.
func All() []Limit {
	return []Limit{Posts, Comments, Likes, Follows, Circles, Changes, Tips, Payments, Uploads, Verifications, VerificationMails, Requests, Logins, HandleLogin, Registers, Refreshes}
}

// Check counts one event of the subject. The error is a RateLimited problem
// that says when to come again, or that of the limiter. A nil limiter lifts
// every limit.
func (l Limit) Check(ctx context.Context, limiter Limiter, subject string) error {
	if limiter == nil {
		return nil
	}
	d, err := limiter.Allow(ctx, l.Name+":"+subject, l.Rate)
	if err != nil {
		return fmt.Errorf("count %s: %w", l.Name, err)
	}
	if !d.Allowed {
		return &problem.Problem{Code: problem.RateLimited, Detail: "Too many " + l.Name + " in a short time.", RetryAfter: d.RetryAfter}
	}
	return nil
}

func perMinute(n int) Rate { return Rate{Burst: n, Count: n, Per: time.Minute} }
