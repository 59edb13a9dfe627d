package creditscore

import (
	"context"
	"encoding/json"
	"time"

	"lifecircle/internal/creditscore/model"
	"lifecircle/internal/creditscore/trust"
	"lifecircle/internal/id"
)

const (
	pageSize = 1000            // rows of a source in a transaction
	settled  = 2 * time.Minute // what is older than this has been committed: transfers have ids from before their commit
)

// Collect appends what our own tables tell since it was last called, one node
// at a time. Posts, comments and deletions are read from the logs of circles,
// money from its transfers, so that neither knows of scores.
func (s *Service) Collect(ctx context.Context) error {
	for _, source := range []func(context.Context, *writer) (more bool, err error){collectTransfers, collectLogs} {
		for more := true; more; {
			err := s.write(ctx, func(ctx context.Context, w *writer) (err error) {
				more = false
				if mine, err := tryCollecting(ctx, w.tx); err != nil || !mine {
					return err
				}
				more, err = source(ctx, w)
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// tip is what a transfer of a tip, or its return, says.
type tip struct {
	name          string // of the tip
	payer, author id.ID
	at            time.Time
	returned      bool // all of it
	by            id.ID
	post          id.Post
	amount        int64 // fen; for the notice alone
	visible       bool  // the author may see who it was
}

// tipEvents are what tips make: a transaction of the author with the payer, who
// has appreciated something; a tip given is nothing for the giver. One that was
// given back is as if it had not been; taking it back is held against the payer.
func tipEvents(tips []tip) (made []Event, lifts []lift) {
	for _, t := range tips {
		if !t.returned {
			made = append(made,
				Event{Event: model.Event{User: t.author, Kind: model.Settled, Other: t.payer, At: t.at}, Ref: "tip:" + t.name},
				Event{Event: model.Event{User: t.author, Kind: model.Appreciated, Other: t.payer, At: t.at}, Ref: "tipped:" + t.name})
			continue
		}
		lifts = append(lifts, lift{t.author, "tip:" + t.name, t.at}, lift{t.author, "tipped:" + t.name, t.at})
		if t.by == t.payer {
			made = append(made, Event{Event: model.Event{User: t.payer, Kind: model.Reversed, Other: t.author, At: t.at}, Ref: "returned:" + t.name})
		}
	}
	return made, lifts
}

// lift is an event of ours that no longer counts.
type lift struct {
	user id.ID
	ref  string
	at   time.Time
}

// told is a line of a circle's log, as far as it matters here.
type told struct {
	Type string `json:"type"`
	Post struct {
		ID     string `json:"id"`
		Author struct {
			ID id.ID `json:"id"`
		} `json:"author"`
	} `json:"post"`
	Comment struct {
		ID     id.Comment `json:"id"`
		Author struct {
			ID id.ID `json:"id"`
		} `json:"author"`
		ReplyTo *id.Comment `json:"reply_to"`
	} `json:"comment"`
	PostID    *id.Post    `json:"post_id"`
	CommentID *id.Comment `json:"comment_id"`

	at time.Time
}

// said is what lines of logs come to.
type said struct {
	made     []Event
	answers  []answer
	posts    []id.Post // deleted
	comments []id.Comment
	at       map[string]time.Time // of deletions, by id
}

// answer is a comment that answers another one.
type answer struct {
	by      id.ID
	comment id.Comment // answered
	at      time.Time
}

func sayings(lines []told) said {
	s := said{at: map[string]time.Time{}}
	for _, l := range lines {
		switch {
		case l.Type == "post.created" && l.Post.Author.ID != 0:
			s.made = append(s.made, Event{Event: model.Event{User: l.Post.Author.ID, Kind: model.ItemPosted, At: l.at}, Ref: "post:" + l.Post.ID})
		case l.Type == "comment.created" && l.Comment.Author.ID != 0:
			s.made = append(s.made, Event{Event: model.Event{User: l.Comment.Author.ID, Kind: model.ItemPosted, At: l.at}, Ref: "comment:" + l.Comment.ID.String()})
			if l.Comment.ReplyTo != nil {
				s.answers = append(s.answers, answer{l.Comment.Author.ID, *l.Comment.ReplyTo, l.at})
			}
		case l.Type == "post.deleted" && l.PostID != nil:
			s.posts = append(s.posts, *l.PostID)
			s.at[l.PostID.String()] = l.at
		case l.Type == "comment.deleted" && l.CommentID != nil:
			s.comments = append(s.comments, *l.CommentID)
			s.at[l.CommentID.String()] = l.at
		}
	}
	return s
}

// deletion is a post or comment that is gone.
type deletion struct {
	circle     id.ID
	ref        string // of the event that posted it
	author, by id.ID  // by: 0 if nobody knows
	at         time.Time
}

// deletionEvents are what deletions make: what is gone no longer counts as
// posted, and that is all where the author did it himself. Where a moderator did
// it is held against the author, once in a month of each circle however much
// was removed there: one quarrel is one.
func deletionEvents(all []deletion) (made []Event, lifts []lift) {
	for _, d := range all {
		lifts = append(lifts, lift{d.author, d.ref, d.at})
		if d.by != 0 && d.by != d.author {
			made = append(made, Event{
				Event: model.Event{User: d.author, Kind: model.ItemRemoved, Other: d.by, At: d.at},
				Ref:   "removed:" + d.circle.String() + ":" + monthOf(d.at),
			})
		}
	}
	return made, lifts
}

// monthOf names a month by the calendar of Shanghai.
func monthOf(at time.Time) string { return at.In(shanghai).Format("2006-01") }

func parseLine(data string, at time.Time) (told, error) {
	l := told{}
	if err := json.Unmarshal([]byte(data), &l); err != nil {
		return l, err
	}
	l.at = at
	return l, nil
}

// meeting is two people of whom each has turned to the other.
type meeting struct {
	a, b id.ID
	at   time.Time
}

// meet ties people who have answered each other: a comment that addressed
// somebody, and the answer. To answer a stranger who did not ask ties nobody.
// They have appreciated each other as well, which counts once a month: a comment
// alone would not do, for it may be unfriendly, and a like has no time by which
// it could be found again.
func (w *writer) meet(ctx context.Context, all []meeting) error {
	var events []Event
	for _, m := range all {
		if err := w.tie(ctx, m.a, m.b, trust.AnsweredComment); err != nil {
			return err
		}
		for _, pair := range [2][2]id.ID{{m.a, m.b}, {m.b, m.a}} {
			answered := Event{Event: model.Event{User: pair[0], Kind: model.ContactAnswered, Other: pair[1], At: m.at}, Issuer: ours, Ref: "answered:" + pair[1].String()}
			appreciated := answered
			appreciated.Kind, appreciated.Ref = model.Appreciated, "met:"+pair[1].String()+":"+monthOf(m.at)
			events = append(events, answered, appreciated)
		}
	}
	_, err := w.append(ctx, events)
	return err
}

// appendOurs appends what our tables tell, and then lifts what they take back.
func (w *writer) appendOurs(ctx context.Context, made []Event, lifts []lift) error {
	for i := range made {
		made[i].Issuer = ours
	}
	if _, err := w.append(ctx, made); err != nil {
		return err
	}
	ids, err := findOurs(ctx, w.tx, lifts)
	if err != nil {
		return err
	}
	var events []Event
	for _, l := range lifts {
		if found, ok := ids[liftKey{l.user, l.ref}]; ok {
			events = append(events, Event{Event: model.Event{User: l.user, Kind: model.Lifted, Lifts: found, At: l.at}, Issuer: ours, Ref: "lifted:" + l.ref})
		}
	}
	_, err = w.append(ctx, events)
	return err
}
