package media

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
	"lifecircle/internal/pg"
	"lifecircle/internal/problem"
)

// Role is what somebody is to a photo that he flags.
type Role string

// The roles. A reviewer is a member of staff.
const (
	Author     Role = "author"
	Moderator  Role = "moderator" // or an owner, of the circle that shows it
	Reviewer   Role = "reviewer"
	Classifier Role = "classifier"
)

// Change is what somebody says of a photo; nil leaves a value as it is.
type Change struct {
	Sensitive *bool   `json:"sensitive,omitempty" doc:"to be shown blurred"`
	Review    *Review `json:"review,omitempty" enum:"passed" doc:"a reviewer has looked, and its post may take tips"`
}

var (
	errReviewersOnly = &problem.Problem{
		Code: problem.RoleRequired, Detail: "Only a reviewer may do this.",
		Rule: []problem.Clause{{Clause: "role", Have: "no reviewer", Need: "a reviewer", How: "wait until a reviewer has looked"}},
	}
	errReviewed = problem.New(problem.PhotoReviewed, "A reviewer has looked at this photo and found it fit for everybody.")
)

// Flag judges what somebody in a role says of the photo, and changes r if he
// may. Whoever calls a photo sensitive asks for a review by it, unless there was
// one; only a reviewer ends that, but for an author who has changed his mind.
// It fails with RoleRequired or PhotoReviewed.
func (r *Row) Flag(by Role, c Change) (changed bool, err error) {
	before := *r
	switch {
	case c.Review != nil && (by != Reviewer || *c.Review != Passed):
		return false, errReviewersOnly
	case c.Sensitive == nil:
	case *c.Sensitive:
		err = r.flag(by)
	case r.Sensitive:
		err = r.unflag(by)
	}
	if err != nil {
		return false, err
	}
	if c.Review != nil {
		r.Review = Passed
	}
	return r.Sensitive != before.Sensitive || r.Review != before.Review || r.FlaggedBy != before.FlaggedBy, nil
}

func (r *Row) flag(by Role) error {
	if by == Moderator && !r.Sensitive && r.Review == Passed {
		return errReviewed
	}
	if r.FlaggedBy == "" || r.FlaggedBy == Author { // an author must not take back what others say, too
		r.FlaggedBy = by
	}
	if r.Review == Unasked || by == Reviewer {
		r.Review = Pending
	}
	r.Sensitive = true
	return nil
}

func (r *Row) unflag(by Role) error {
	switch {
	case by == Reviewer:
		r.Review = Passed
	case by == Author && r.FlaggedBy == Author && r.Review == Pending:
		r.FlaggedBy, r.Review = "", Unasked
	default:
		return errReviewersOnly
	}
	r.Sensitive = false
	return nil
}

// ErrInUse says that a post has taken the photo, so that the feed changes it.
var ErrInUse = errors.New("the photo is in a post")

// FlagUnused changes a photo that no post has taken yet; its owner may, and
// reviewers, but nobody reviews his own. It fails with Banned, NotFound,
// RoleRequired or ErrInUse.
func (s *Service) FlagUnused(ctx context.Context, user, photo id.ID, c Change) (out Photo, err error) {
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		var (
			lock, write pgx.Batch
			rows        = Lock(&lock, []id.ID{photo})
			reviewers   = QueueReviewers(&lock, []id.ID{user})
			suspended   bool
		)
		lock.Queue(`SELECT EXISTS (SELECT FROM users WHERE id = $1 AND banned_at IS NOT NULL)`, user).
			QueryRow(func(row pgx.Row) error { return row.Scan(&suspended) })
		if err := tx.SendBatch(ctx, &lock).Close(); err != nil {
			return err
		}
		row, by := rows[photo], Author
		switch {
		case suspended:
			return errSuspended
		case row == nil || row.Gone || row.Owner != user && !reviewers[user]:
			return errNoPhoto
		case row.Used():
			return ErrInUse
		case row.Owner != user:
			by = Reviewer
		}
		changed, err := row.Flag(by, c)
		out = row.Photo
		if err != nil || !changed {
			return err
		}
		row.Write(&write)
		return tx.SendBatch(ctx, &write).Close()
	})
	return out, outward(err)
}

// QueueReviewers reads which of these people review photos: staff in good standing.
func QueueReviewers(q *pgx.Batch, people []id.ID) map[id.ID]bool {
	out := map[id.ID]bool{}
	if len(people) > 0 {
		q.Queue(`SELECT s.user_id FROM staff s JOIN users u ON u.id = s.user_id WHERE s.user_id = ANY($1::bigint[]) AND u.banned_at IS NULL`, people).
			Query(func(rows pgx.Rows) error {
				var user id.ID
				_, err := pgx.ForEachRow(rows, []any{&user}, func() error { out[user] = true; return nil })
				return err
			})
	}
	return out
}
