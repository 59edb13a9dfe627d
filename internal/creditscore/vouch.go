package creditscore

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/creditscore/model"
	"lifecircle/internal/creditscore/trust"
	"lifecircle/internal/id"
	"lifecircle/internal/idempotency"
	"lifecircle/internal/problem"
)

// Vouching is what somebody has said of a person, and may still say of others.
type Vouching struct {
	Person PersonCard `json:"person"`
	Since  time.Time  `json:"since"`
	Left   int        `json:"left" doc:"for how many people you may still vouch in these 365 days"`
}

// Vouch says that somebody is a human whom one knows: a link of three times the
// weight from the next night on. If that person is sanctioned, the voucher loses
// 20 points. Done again it changes nothing. It fails with UserNotFound,
// ContactUnsuitable, ScoreTooLow or VouchLimit.
func (s *Service) Vouch(ctx context.Context, voucher, user id.ID, key string) (Vouching, error) {
	if voucher == user {
		return Vouching{}, problem.New(problem.ContactUnsuitable, "Nobody vouches for oneself.")
	}
	req, err := idempotency.NewRequest(voucher, key, "vouch", user)
	if err != nil {
		return Vouching{}, err
	}
	return once(ctx, s, req, func(ctx context.Context, w *writer) (Vouching, error) { return w.vouch(ctx, voucher, user) })
}

func (w *writer) vouch(ctx context.Context, voucher, user id.ID) (v Vouching, err error) {
	if err := requireAccount(ctx, w.tx, voucher); err != nil {
		return v, err
	}
	row, err := w.lock(ctx, voucher) // which also keeps his other vouches waiting
	if err != nil {
		return v, err
	}
	if v.Person, err = readPerson(ctx, w.tx, user); err != nil {
		return v, err
	}
	score, have := 0, "none yet"
	if row != nil {
		score, have = row.score, strconv.Itoa(row.score)
	}
	given, err := countVouches(ctx, w.tx, voucher, w.now)
	if err != nil {
		return v, err
	}
	left := model.Inputs{Vouches: given}.VouchesLeft(score)
	switch v.Since, err = readVouch(ctx, w.tx, voucher, user); {
	case err != nil:
		return v, err
	case !v.Since.IsZero():
		v.Left = left
		return v, nil
	case score <= model.SuperGood:
		return v, &problem.Problem{
			Code: problem.ScoreTooLow, Detail: "Only who has a score above 700 may vouch for others.",
			Rule: []problem.Clause{{Clause: "user.credit > 700", Have: have, Need: "more than 700", How: "see /v1/me/credit for what raises a score"}},
		}
	case left == 0:
		return v, problem.New(problem.VouchLimit, "You have vouched for %d people in the last 365 days, and may for no more.", given)
	}
	if _, err := w.tx.Exec(ctx, `INSERT INTO vouches (user_id, voucher_id, created_at) VALUES ($1, $2, $3)`, user, voucher, w.now); err != nil {
		return v, fmt.Errorf("write a vouch: %w", err)
	}
	if err := w.tie(ctx, voucher, user, trust.Vouch); err != nil {
		return v, err
	}
	if _, err := w.append(ctx, []Event{{
		Event: model.Event{User: voucher, Kind: model.Vouched, Other: user, At: w.now}, Issuer: ours, Ref: "vouched-for:" + user.String(),
	}}); err != nil {
		return v, err
	}
	v.Since, v.Left = w.now, left-1
	return v, w.notify(ctx, user, Notification{Kind: NoteVouched, other: voucher})
}

const vouchYear = 365 * 24 * time.Hour

func countVouches(ctx context.Context, tx pgx.Tx, voucher id.ID, now time.Time) (n int, err error) {
	err = tx.QueryRow(ctx, `SELECT count(*) FROM vouches WHERE voucher_id = $1 AND created_at > $2`, voucher, now.Add(-vouchYear)).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count vouches: %w", err)
	}
	return n, nil
}

func readVouch(ctx context.Context, tx pgx.Tx, voucher, user id.ID) (since time.Time, err error) {
	err = tx.QueryRow(ctx, `SELECT created_at FROM vouches WHERE user_id = $1 AND voucher_id = $2`, user, voucher).Scan(&since)
	if err != nil && !missing(err) {
		return since, fmt.Errorf("read a vouch: %w", err)
	}
	return since, nil
}

// sanctionVouchers takes 20 points from each who vouched for a person who was
// sanctioned, once for each vouch, and ends its link.
func (w *writer) sanctionVouchers(ctx context.Context, e Event) (all []Event, err error) {
	rows, err := w.tx.Query(ctx, `WITH due AS (SELECT user_id, voucher_id FROM vouches WHERE user_id = $1 AND paid_at IS NULL ORDER BY voucher_id FOR UPDATE)
		UPDATE vouches v SET paid_at = $2 FROM due WHERE v.user_id = due.user_id AND v.voucher_id = due.voucher_id RETURNING v.voucher_id`, e.User, e.At)
	if err != nil {
		return nil, fmt.Errorf("find who vouched for %s: %w", e.User, err)
	}
	vouchers, err := pgx.CollectRows(rows, pgx.RowTo[id.ID])
	if err != nil {
		return nil, fmt.Errorf("find who vouched for %s: %w", e.User, err)
	}
	for _, voucher := range sorted(vouchers) {
		if err := w.untie(ctx, voucher, e.User, trust.Vouch); err != nil {
			return nil, err
		}
		one, err := w.sanction(ctx, Event{
			Event:  model.Event{ID: id.New(), User: voucher, Kind: model.Penalised, Code: model.VouchedSanctioned, Other: e.User},
			Issuer: ours, Ref: vouchedRef(e.ID),
		})
		if err != nil {
			return nil, err
		}
		all = append(all, one...)
	}
	return all, nil
}

func vouchedRef(event id.ID) string { return "vouched:" + event.String() }
