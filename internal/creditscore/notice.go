package creditscore

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
	"lifecircle/internal/money"
)

// The kinds of notifications.
const (
	NotePenalty         = "score.penalty"
	NoteAppeal          = "score.appeal"
	NoteContactAsks     = "contact.asks"
	NoteContactAccepted = "contact.accepted"
	NoteVouched         = "score.vouched"
	NoteTip             = "tip.received"
)

// Notification is something that a person should hear of.
type Notification struct {
	ID        id.ID       `json:"id"`
	Kind      string      `json:"kind" enum:"score.penalty,score.appeal,contact.asks,contact.accepted,score.vouched,tip.received"`
	Person    *PersonCard `json:"person,omitempty" doc:"who it is about, where it is about somebody"`
	Data      NoteData    `json:"data"`
	CreatedAt time.Time   `json:"created_at"`

	other id.ID
}

// NoteData is what else there is to say.
type NoteData struct {
	Event    *id.ID        `json:"event_id,omitempty" doc:"of a penalty or an appeal: the score event"`
	Code     string        `json:"code,omitempty" doc:"of a penalty"`
	Appeal   string        `json:"appeal,omitempty" doc:"where one says that it is wrong"`
	Decision string        `json:"decision,omitempty" enum:"upheld,dismissed"`
	Note     string        `json:"note,omitempty" doc:"what the decision says"`
	PostID   *id.Post      `json:"post_id,omitempty" doc:"of a tip"`
	TipID    *id.Comment   `json:"tip_id,omitempty"`
	Amount   *money.Amount `json:"amount,omitempty"`
}

// PersonCard is somebody as others see him.
type PersonCard struct {
	ID          id.ID  `json:"id"`
	Handle      string `json:"handle"`
	DisplayName string `json:"display_name"`
}

// AppealsPath is where a person says that an event is wrong.
const AppealsPath = "/v1/me/credit/appeals"

func penaltyNote(e Event) NoteData {
	code := string(e.Code)
	if code == "" {
		code = kindNames[e.Kind]
	}
	return NoteData{Event: &e.ID, Code: code, Appeal: AppealsPath}
}

func tipNote(t tip) Notification {
	amount := money.Fen(t.amount)
	n := Notification{Kind: NoteTip, Data: NoteData{PostID: &t.post, Amount: &amount}}
	if name, err := id.ParseComment(t.name); err == nil {
		n.Data.TipID = &name
	}
	if t.visible {
		n.other = t.payer
	}
	return n
}

// notify adds to what somebody hears of.
func (w *writer) notify(ctx context.Context, user id.ID, n Notification) error {
	data, err := json.Marshal(n.Data)
	if err != nil {
		return fmt.Errorf("write a notification: %w", err)
	}
	_, err = w.tx.Exec(ctx, `INSERT INTO notifications (user_id, id, kind, other_id, data, created_at) VALUES ($1, $2, $3, nullif($4::bigint, 0), $5, $6)`,
		user, id.New(), n.Kind, n.other, string(data), w.now)
	if err != nil {
		return fmt.Errorf("notify %s: %w", user, err)
	}
	w.changed = append(w.changed, user)
	return nil
}

// Page is a part of a list; NextCursor is empty at the end.
type Page[T any] struct {
	Items      []T    `json:"items" nullable:"false"`
	NextCursor string `json:"next_cursor,omitempty"`
}

// PageQuery asks for a page of a list: at most Limit items (0: 20), after Cursor.
type PageQuery struct {
	Limit  int
	Cursor string
}

func (q PageQuery) limit() int {
	if q.Limit <= 0 {
		return 20
	}
	return min(q.Limit, 100)
}

// Notifications returns what a person should hear of, newest first.
func (s *Service) Notifications(ctx context.Context, user id.ID, q PageQuery) (page Page[Notification], err error) {
	list := "notifications " + user.String()
	place, err := s.cursors.Open(list, q.Cursor, 1)
	if err != nil {
		return page, err
	}
	before := id.ID(1<<63 - 1)
	if place != nil {
		before = id.ID(place[0])
	}
	rows, err := s.pool.Query(ctx, `SELECT n.id, n.kind, n.data, n.created_at, coalesce(u.id, 0), coalesce(u.handle, ''), coalesce(u.display_name, '')
		FROM (SELECT * FROM notifications WHERE user_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3) AS n
		LEFT JOIN users u ON u.id = n.other_id ORDER BY n.id DESC`, user, before, q.limit())
	if err != nil {
		return page, outward(fmt.Errorf("read notifications: %w", err))
	}
	page.Items, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (n Notification, err error) {
		var (
			p    PersonCard
			data string
		)
		if err := row.Scan(&n.ID, &n.Kind, &data, &n.CreatedAt, &p.ID, &p.Handle, &p.DisplayName); err != nil {
			return n, err
		}
		if p.ID != 0 {
			n.Person = &p
		}
		return n, json.Unmarshal([]byte(data), &n.Data)
	})
	if err != nil {
		return page, outward(fmt.Errorf("read notifications: %w", err))
	}
	if len(page.Items) == q.limit() {
		page.NextCursor = s.cursors.Seal(list, int64(page.Items[len(page.Items)-1].ID))
	}
	return page, nil
}
