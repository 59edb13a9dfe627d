package feed

import (
	"context"

	"lifecircle/internal/id"
)

// Service API, as it is being built (bodies follow).
type api interface {
	Run(ctx context.Context) error // group commit lanes; ends when ctx does, after what is queued is committed

	User(ctx context.Context, user id.ID) (User, error)
	UpdateUser(ctx context.Context, a Actor, c UserChange) (User, error)

	CreateCircle(ctx context.Context, a Actor, in NewCircle, key string) (CircleView, error)
	UpdateCircle(ctx context.Context, a Actor, circle id.ID, in CircleChange) (CircleView, error)
	Circle(ctx context.Context, a Actor, circle id.ID) (CircleView, error)
	Circles(ctx context.Context, a Actor, q CircleQuery) (Page[CircleView], error)
	Follow(ctx context.Context, a Actor, circle id.ID) (FollowState, error)
	Unfollow(ctx context.Context, a Actor, circle id.ID) (FollowState, error)
	SetMember(ctx context.Context, a Actor, circle, user id.ID, role string) (Member, error)
	RemoveMember(ctx context.Context, a Actor, circle, user id.ID) error

	CreatePost(ctx context.Context, a Actor, circle id.ID, in NewPost, key string) (PostView, error)
	UpdatePost(ctx context.Context, a Actor, post id.Post, in PostChange) (PostView, error)
	DeletePost(ctx context.Context, a Actor, post id.Post) error
	Post(ctx context.Context, a Actor, post id.Post) (PostView, error)
	Posts(ctx context.Context, a Actor, circle id.ID, q PageQuery) (PostPage, error)
	Home(ctx context.Context, a Actor, q PageQuery) (Page[PostView], error)
	Like(ctx context.Context, a Actor, post id.Post) (LikeState, error)
	Unlike(ctx context.Context, a Actor, post id.Post) (LikeState, error)
	Likes(ctx context.Context, a Actor, post id.Post, q PageQuery) (Page[Liker], error)

	CreateComment(ctx context.Context, a Actor, post id.Post, in NewComment, key string) (Comment, error)
	DeleteComment(ctx context.Context, a Actor, comment id.Comment) error
	Comments(ctx context.Context, a Actor, post id.Post, q PageQuery) (Page[Comment], error)
}
