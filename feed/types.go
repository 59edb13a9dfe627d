package feed

import (
	"time"

	"lifecircle/feed/policy"
	"lifecircle/internal/circlelog"
	"lifecircle/internal/id"
	"lifecircle/internal/media"
)

// Actor is who asks. The zero Actor is a guest, who may look and no more.
type Actor struct{ User id.ID }

// Guest tells whether nobody is signed in.
func (a Actor) Guest() bool { return a.User == 0 }

// Author is the card of a person beside what he wrote.
type Author struct {
	ID          id.ID  `json:"id"`
	Handle      string `json:"handle"`
	DisplayName string `json:"display_name"`
}

// User is a person's public page.
type User struct {
	Author
	Bio       string    `json:"bio"`
	CreatedAt time.Time `json:"created_at"`
}

// UserChange is what people may change of themselves; nil leaves a value as it is.
type UserChange struct {
	DisplayName *string `json:"display_name,omitempty" doc:"1 to 50 characters, one line"`
	Bio         *string `json:"bio,omitempty" doc:"at most 500 characters"`
}

// Circle is a circle as everybody sees it; it goes into events as it is.
type Circle struct {
	ID          id.ID     `json:"id"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Category    string    `json:"category"`
	Tags        []string  `json:"tags" nullable:"false"`
	Place       string    `json:"place"`
	Parent      *id.ID    `json:"parent,omitempty"`
	Followers   int64     `json:"followers"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`

	Rules        map[policy.Action]string `json:"rules" nullable:"false" doc:"CEL by action; an action left out is open to every account, view to guests too"`
	RulesReason  string                   `json:"rules_reason,omitempty"`
	RulesVersion int                      `json:"rules_version" doc:"0: there were never any"`
}

// CircleView is a circle as one viewer sees it.
type CircleView struct {
	Circle
	SubCircles []CircleCard `json:"sub_circles" nullable:"false"`
	Viewer     CircleViewer `json:"viewer"`

	closed bool // to the one who looks
}

// CircleCard names a circle in a list of another one.
type CircleCard struct {
	ID        id.ID  `json:"id"`
	Name      string `json:"name"`
	Followers int64  `json:"followers"`
}

// CircleViewer is what a circle is to the one who looks.
type CircleViewer struct {
	Following bool       `json:"following"`
	Role      string     `json:"role,omitempty" enum:"owner,moderator,partner"`
	Can       policy.Can `json:"can"`
}

// NewCircle is the input of CreateCircle.
type NewCircle struct {
	Name        string                   `json:"name" doc:"1 to 60 characters, one line"`
	Description string                   `json:"description" doc:"at most 2,000 characters"`
	Category    string                   `json:"category,omitempty" doc:"one of the categories in /v1/limits"`
	Tags        []string                 `json:"tags,omitempty" doc:"at most 10 of 1 to 30 characters"`
	Place       string                   `json:"place,omitempty" doc:"at most 100 characters"`
	Parent      *id.ID                   `json:"parent,omitempty" doc:"the circle that this one belongs to"`
	Rules       map[policy.Action]string `json:"rules,omitempty" doc:"CEL by action: view, like, comment, tip, post; one left out is open to every account"`
	RulesReason string                   `json:"rules_reason,omitempty" doc:"shown to readers; needed where posting depends on gender"`
}

// CircleChange is the input of UpdateCircle; nil leaves a value as it is.
type CircleChange struct {
	Name        *string   `json:"name,omitempty"`
	Description *string   `json:"description,omitempty"`
	Category    *string   `json:"category,omitempty"`
	Tags        *[]string `json:"tags,omitempty"`
	Place       *string   `json:"place,omitempty"`
}

// FollowState answers a follow or its end.
type FollowState struct {
	Following bool  `json:"following"`
	Followers int64 `json:"followers"`
}

// Member is one who has a role in a circle.
type Member struct {
	User      Author    `json:"user"`
	Role      string    `json:"role" enum:"owner,moderator,partner"`
	CreatedAt time.Time `json:"created_at"`
}

// Post is a post as everybody sees it; it goes into events as it is.
type Post struct {
	ID        id.Post       `json:"id"`
	CircleID  id.ID         `json:"circle_id"`
	Author    Author        `json:"author"`
	Text      string        `json:"text"`
	Photos    []media.Photo `json:"photos" nullable:"false" doc:"in the order that their author gave them"`
	Counts    Counts        `json:"counts"`
	CreatedAt time.Time     `json:"created_at"`
	EditedAt  *time.Time    `json:"edited_at"`
}

// Counts are a post's numbers at one moment. A lower Version is older.
type Counts struct {
	Version  int64 `json:"version"`
	Likes    int64 `json:"likes"`
	Comments int64 `json:"comments"`
	TipCount int64 `json:"tip_count"`
	TipTotal int64 `json:"tip_total" doc:"fen"`
}

// PostView is a post as one viewer sees it.
type PostView struct {
	Post
	Liked  bool       `json:"liked"`
	Can    policy.Can `json:"can"`
	Circle *CircleTag `json:"circle,omitempty" doc:"where the post stands among those of other circles, or alone"`
}

// CircleTag names the circle of a post.
type CircleTag struct {
	ID   id.ID  `json:"id"`
	Name string `json:"name"`
}

// NewPost is the input of CreatePost.
type NewPost struct {
	Text   string   `json:"text" doc:"1 to 5,000 characters; none are needed with photos"`
	Photos []string `json:"photos,omitempty" doc:"ids of at most 9 photos of yours that no post shows"`
}

// PostChange is the input of UpdatePost.
type PostChange struct {
	Text string `json:"text" doc:"1 to 5,000 characters; none are needed with photos"`
}

// LikeState answers a like or its end.
type LikeState struct {
	Liked bool  `json:"liked"`
	Likes int64 `json:"likes"`
}

// Liker is one who likes a post.
type Liker struct {
	User      Author    `json:"user"`
	CreatedAt time.Time `json:"created_at"`
}

// Comment is a comment on a post; it goes into events as it is.
type Comment struct {
	ID        id.Comment  `json:"id"`
	PostID    id.Post     `json:"post_id"`
	CircleID  id.ID       `json:"circle_id"`
	Author    Author      `json:"author"`
	Text      string      `json:"text"`
	ReplyTo   *id.Comment `json:"reply_to"`
	CreatedAt time.Time   `json:"created_at"`
}

// NewComment is the input of CreateComment.
type NewComment struct {
	Text    string      `json:"text" doc:"1 to 2,000 characters"`
	ReplyTo *id.Comment `json:"reply_to,omitempty" doc:"a comment of the same post"`
}

// PageQuery asks for a page of a list: at most Limit items (0: DefaultPage), after Cursor.
type PageQuery struct {
	Limit  int
	Cursor string
}

// CircleQuery asks for a page of the circles. Sort is "top" (most followers first, the default) or "new".
type CircleQuery struct {
	PageQuery
	Sort string
	Tag  string
}

// Page is a part of a list; NextCursor is empty at the end.
type Page[T any] struct {
	Items      []T    `json:"items" nullable:"false"`
	NextCursor string `json:"next_cursor,omitempty"`
}

// PostPage is a page of a circle's posts. Position was read before the page:
// who subscribes since it, and drops repeats by id, misses nothing.
type PostPage struct {
	Page[PostView]
	Position circlelog.Position `json:"position"`
}

// Limits of what people may send; served at /v1/limits.
const (
	MaxPostGraphemes        = 5000
	MaxCommentGraphemes     = 2000
	MaxCircleNameGraphemes  = 60
	MaxDescriptionGraphemes = 2000
	MaxBioGraphemes         = 500
	MaxPlaceGraphemes       = 100
	MaxDisplayNameGraphemes = 50
	MaxTags                 = 10
	MaxTagGraphemes         = 30
	MaxFollows              = 2000 // circles one person may follow; batches that run at the same moment may pass it by one each
	DefaultPage             = 20
	MaxPage                 = 100
)

// Categories a circle may have.
var Categories = []string{
	"campus", "work", "city", "outdoors", "food", "pets", "photography", "sports", "books", "technology",
	"family", "games", "music", "film", "travel", "crafts", "neighbourhood", "other",
}
