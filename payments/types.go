package payments

import (
	"time"

	"lifecircle/internal/id"
	"lifecircle/internal/money"
)

// Actor is who asks. The zero Actor is a guest, who may do nothing here.
type Actor struct{ User id.ID }

// Visibility says who sees a tip's payer and message. Its amount is public.
type Visibility string

// The visibilities.
const (
	Public    Visibility = "public"    // everybody
	Receiver  Visibility = "receiver"  // the author of the post
	Anonymous Visibility = "anonymous" // nobody
)

// NewTip is what one sends to tip a post.
type NewTip struct {
	Amount     money.Input    `json:"amount"`
	Currency   money.Currency `json:"currency"`
	Message    string         `json:"message,omitempty" required:"false" doc:"at most 200 characters"`
	Visibility Visibility     `json:"visibility,omitempty" required:"false" doc:"public (the default), receiver or anonymous"`
}

// Part is what one receiver gets of a tip.
type Part struct {
	To     string `json:"to" enum:"author,partner,platform"`
	UserID *id.ID `json:"user_id,omitempty" doc:"absent for the platform"`
	Amount int64  `json:"amount" doc:"fen"`
}

// Tip is a tip as the one sees it who gets it: the payer, the author or anybody.
type Tip struct {
	ID         id.Comment     `json:"id"`
	PostID     id.Post        `json:"post_id"`
	CircleID   id.ID          `json:"circle_id"`
	Amount     int64          `json:"amount" doc:"fen"`
	Currency   money.Currency `json:"currency" enum:"CNY"`
	From       *Person        `json:"from" doc:"null for those who may not know"`
	Message    string         `json:"message" doc:"empty for those who may not read it"`
	Visibility Visibility     `json:"visibility" enum:"public,receiver,anonymous"`
	Refunded   int64          `json:"refunded,omitempty,omitzero" doc:"fen given back"`
	TipTotal   int64          `json:"tip_total" doc:"fen, of all tips of the post"`
	Split      []Part         `json:"split" nullable:"false"`
	CreatedAt  time.Time      `json:"created_at"`
}

// Quote is how a tip would be shared now.
type Quote struct {
	money.Amount
	Contract int    `json:"contract_version" doc:"0: the standard shares"`
	MaxTip   int64  `json:"max_tip" doc:"fen, of one tip in this circle"`
	Split    []Part `json:"split" nullable:"false"`
}

// Shares are ten-thousandths of each tip and sum to 10,000.
type Shares struct {
	Author   int `json:"author" minimum:"0" maximum:"10000" doc:"ten-thousandths"`
	Partner  int `json:"partner" minimum:"0" maximum:"10000" doc:"ten-thousandths"`
	Platform int `json:"platform" minimum:"0" maximum:"10000" doc:"ten-thousandths"`
}

// NewContract are terms that an owner or the partner signs. The same terms
// signed by the other one are in force.
type NewContract struct {
	Shares
	PartnerID *id.ID `json:"partner_id,omitempty" doc:"a partner of the circle; needed where partner is not 0"`
	MaxTip    int64  `json:"max_tip,omitempty" minimum:"0" maximum:"20000" doc:"fen, of one tip; 0 or absent: 20,000"`
}

// Contract is one version of a circle's terms.
type Contract struct {
	Version int `json:"version" doc:"0: the standard shares, which nobody signs"`
	Shares
	PartnerID       *id.ID     `json:"partner_id"`
	MaxTip          int64      `json:"max_tip" doc:"fen, of one tip"`
	OwnerSignedAt   *time.Time `json:"owner_signed_at"`
	PartnerSignedAt *time.Time `json:"partner_signed_at"`
	InForceAt       *time.Time `json:"in_force_at" doc:"null: it waits for a signature"`
}

// Contracts are a circle's terms: those in force, those that wait, and all there were.
type Contracts struct {
	Current Contract   `json:"current"`
	Pending *Contract  `json:"pending"`
	History []Contract `json:"history" nullable:"false" doc:"newest first, the current one among them; at most 50"`
}

// NewRefund asks to give back a tip or a part of it.
type NewRefund struct {
	Amount   *money.Input   `json:"amount,omitempty" required:"false" doc:"fen; absent: all that is left of the tip"`
	Currency money.Currency `json:"currency,omitempty" required:"false"`
	Reason   string         `json:"reason,omitempty" required:"false" doc:"at most 200 characters"`
}

// Refund is a tip, or a part of it, given back.
type Refund struct {
	ID    id.ID      `json:"id"`
	TipID id.Comment `json:"tip_id"`
	money.Amount
	Refunded  int64     `json:"refunded" doc:"fen, of the tip by now"`
	Reason    string    `json:"reason"`
	CreatedAt time.Time `json:"created_at"`
}

// Wallet is what somebody has.
type Wallet struct {
	Balance money.Amount `json:"balance" doc:"all of it, what is held included"`
	Held    int64        `json:"held" doc:"fen of the balance that are spoken for"`
	Holds   []Hold       `json:"holds" nullable:"false" doc:"why; at most 100, newest first"`
	Limits  Limits       `json:"limits"`
}

// Hold is an amount of a wallet that is spoken for.
type Hold struct {
	ID        id.ID      `json:"id"`
	Kind      string     `json:"kind" enum:"withdrawal,review"`
	Amount    int64      `json:"amount" doc:"fen"`
	Reason    string     `json:"reason"`
	ReleaseAt *time.Time `json:"release_at" doc:"when it ends by itself"`
	CreatedAt time.Time  `json:"created_at"`
}

// Limits are how much one may tip and has tipped.
type Limits struct {
	TipLimits
	SpentToday int64      `json:"spent_today" doc:"fen, since midnight in Asia/Shanghai"`
	SpentMonth int64      `json:"spent_month" doc:"fen, since the first of the month in Asia/Shanghai"`
	Next       *TipLimits `json:"next" doc:"raised limits that wait"`
	NextAt     *time.Time `json:"next_at" doc:"when they begin to hold"`
}

// TipLimits are in fen.
type TipLimits struct {
	PerTip   int64 `json:"per_tip"`
	PerDay   int64 `json:"per_day"`
	PerMonth int64 `json:"per_month"`
}

// LimitsChange sets limits: lower ones hold at once, higher ones after RaiseAfter.
type LimitsChange struct {
	PerTip   *money.Input `json:"per_tip,omitempty" required:"false" doc:"fen, 1 to 20,000"`
	PerDay   *money.Input `json:"per_day,omitempty" required:"false" doc:"fen"`
	PerMonth *money.Input `json:"per_month,omitempty" required:"false" doc:"fen"`
}

// Status of a top-up or withdrawal.
type Status string

// The states; Paid and Failed are final.
const (
	Pending Status = "pending"
	Paid    Status = "paid"
	Failed  Status = "failed"
)

// NewTopUp asks for money into one's wallet.
type NewTopUp struct {
	Amount   money.Input    `json:"amount"`
	Currency money.Currency `json:"currency"`
	Provider string         `json:"provider"`
}

// TopUp is money on its way into a wallet.
type TopUp struct {
	ID          id.ID          `json:"id"`
	Status      Status         `json:"status" enum:"pending,paid,failed"`
	Amount      int64          `json:"amount" doc:"fen"`
	Currency    money.Currency `json:"currency" enum:"CNY"`
	Provider    string         `json:"provider"`
	CheckoutURL string         `json:"checkout_url" doc:"where to pay"`
	Reason      string         `json:"reason,omitempty" doc:"why it failed"`
	CreatedAt   time.Time      `json:"created_at"`
	ExpiresAt   time.Time      `json:"expires_at"`
	EndedAt     *time.Time     `json:"ended_at"`
}

// NewWithdrawal asks for money out of one's wallet.
type NewWithdrawal struct {
	Amount      money.Input    `json:"amount"`
	Currency    money.Currency `json:"currency"`
	Provider    string         `json:"provider"`
	Destination string         `json:"destination,omitempty" required:"false" doc:"your account at the provider, 1 to 100 characters"`
}

// Withdrawal is money on its way out of a wallet.
type Withdrawal struct {
	ID          id.ID          `json:"id"`
	Status      Status         `json:"status" enum:"pending,paid,failed"`
	Amount      int64          `json:"amount" doc:"fen"`
	Currency    money.Currency `json:"currency" enum:"CNY"`
	Provider    string         `json:"provider"`
	Destination string         `json:"destination"`
	Reason      string         `json:"reason,omitempty" doc:"why it failed"`
	CreatedAt   time.Time      `json:"created_at"`
	EndedAt     *time.Time     `json:"ended_at"`
}

// StatementQuery asks for the statement of a month.
type StatementQuery struct {
	Month  string // such as 2026-11, in Asia/Shanghai; empty: this one
	Limit  int
	Cursor string
}

// Statement is what happened to a wallet in a month, oldest first.
type Statement struct {
	Month      string          `json:"month" example:"2026-11" doc:"in Asia/Shanghai"`
	Currency   money.Currency  `json:"currency" enum:"CNY"`
	Opening    int64           `json:"opening_balance" doc:"fen"`
	Closing    int64           `json:"closing_balance" doc:"fen, as of now or the end of the month"`
	Items      []StatementLine `json:"items" nullable:"false"`
	NextCursor string          `json:"next_cursor,omitempty"`
}

// StatementLine is one entry of a wallet. It never says who else took part in a tip.
type StatementLine struct {
	Version int64     `json:"version" doc:"1, 2, 3 ... without gaps"`
	At      time.Time `json:"at"`
	Kind    string    `json:"kind" enum:"tip_sent,tip_received,refund_received,refund_paid,topup,withdrawal,test"`
	Amount  int64     `json:"amount" doc:"fen; negative: it left the wallet"`
	Balance int64     `json:"balance" doc:"fen, after it"`
	Source  string    `json:"source" doc:"id of the tip, refund, top-up or withdrawal"`
	PostID  *id.Post  `json:"post_id,omitempty"`
}

// Page is one page of a list.
type Page[T any] struct {
	Items      []T    `json:"items" nullable:"false"`
	NextCursor string `json:"next_cursor,omitempty"`
}

// PageQuery asks for a page; the zero one for the first.
type PageQuery struct {
	Limit  int
	Cursor string
}

// Limits of what may be asked. They stand in /v1/limits.
const (
	MaxTip              = 20_000              // fen
	MaxTipMessage       = 200                 // characters
	DefaultTipsPerDay   = 500_000             // fen a payer
	DefaultTipsPerMonth = 2_000_000           // fen a payer
	MinTopUp            = 1                   // fen
	MaxTopUp            = 5_000_000           // fen
	MinWithdrawal       = 1                   // fen
	MaxWithdrawal       = 5_000_000           // fen
	MaxDestination      = 100                 // characters
	RaiseAfter          = 24 * time.Hour      // from asking for higher limits to having them
	RefundWindow        = 7 * 24 * time.Hour  // in which a payer may take a tip back
	RefundWindowAuthor  = 90 * 24 * time.Hour // in which an author may give it back
	TopUpLife           = 30 * time.Minute    // in which it can be paid
	DefaultPage         = 20
	MaxPage             = 100
	MaxStatementPage    = 1000
)

// StandardShares are those of circles that have agreed on nothing else.
var StandardShares = Shares{Author: 9000, Partner: 0, Platform: 1000}

const reserveShare = 2000 // ten-thousandths of the platform's part, which pay refunds

// shanghai is where days and months begin and end.
var shanghai = time.FixedZone("Asia/Shanghai", 8*60*60)
