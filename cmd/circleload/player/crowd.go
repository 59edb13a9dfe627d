package player

import "context"

// Crowd is viewers without a schedule, for tests that drive a server themselves.
//
//	crowd, err := player.NewCrowd(player.Crowd{...})
//	crowd.Join(viewers); crowd.Ready(ctx); ... crowd.Cut(0.5) ...
//	heads, err := crowd.Heads(ctx); crowd.Settle(ctx, heads); result := crowd.Close(heads)
type Crowd struct{}

// CrowdOptions say how a crowd behaves.
type CrowdOptions struct {
	Dial      Dial
	Reconnect Backoff
	Seed      uint64
}

// Head is the end of a channel's log.
type Head struct {
	Offset uint64
	Epoch  string
}

// NewCrowd returns an empty crowd. Close must follow.
func NewCrowd(o CrowdOptions) (*Crowd, error) { return nil, nil }

// Join makes the viewers come, in the background.
func (c *Crowd) Join(v Viewers) error { return nil }

// Ready waits until every viewer who joined is subscribed to all of his channels, or is gone for good.
func (c *Crowd) Ready(ctx context.Context) error { return nil }

// Cut aborts the connections of n viewers, chosen at random, and returns how many there were to cut.
func (c *Crowd) Cut(n int) int { return 0 }

// Heads asks the server where the channels of the crowd end, as a fresh subscriber.
func (c *Crowd) Heads(ctx context.Context) (map[string]Head, error) { return nil, nil }

// Settle waits until every viewer has come to the heads, and fails when ctx ends before.
func (c *Crowd) Settle(ctx context.Context, heads map[string]Head) error { return nil }

// Snapshot tells how the crowd stands.
func (c *Crowd) Snapshot() Snapshot { return Snapshot{} }

// Close sends the viewers home and judges: what up to the heads has not come is lost.
func (c *Crowd) Close(heads map[string]Head) Result { return Result{} }
