package httpapi

// Feed is what the routes need of feed.Service.
type Feed interface {
	People
	Circles
	Members
	Rules
	Posts
	Comments
	Flags
}
