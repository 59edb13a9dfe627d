package hub

import (
	"context"
	"fmt"

	"lifecircle/hub/wire"
)

// maxHistory bounds one answer, also when the client asks for everything.
const (
	maxHistory      = 1000      // publications
	maxHistoryBytes = 512 << 10 // of data
)

func (c *Client) history(ctx context.Context, id uint32, r *wire.HistoryRequest) error {
	if r.Channel == "" {
		return DisconnectBadRequest
	}
	if !validChannel(r.Channel) {
		return ErrBadRequest
	}
	if c.node.opts.Log == nil {
		return ErrNotAvailable
	}
	if err := c.node.opts.Handler.History(ctx, c, r.Channel); err != nil {
		return err
	}
	pubs, top, err := c.node.readLog(ctx, r.Channel, historyQuery(r))
	if err != nil {
		return fmt.Errorf("history of %q: %w", r.Channel, err)
	}
	if !continues(r, pubs, top) {
		return ErrUnrecoverable
	}
	result := &wire.HistoryResult{Epoch: top.Epoch, Offset: top.Offset, Publications: make([]*wire.Publication, len(pubs))}
	for i := range pubs {
		result.Publications[i] = wirePublication(&pubs[i])
	}
	return c.reply(&wire.Reply{ID: id, History: result})
}

// historyQuery is what to read for r. Offset 0 is the start, or in reverse the top.
func historyQuery(r *wire.HistoryRequest) ReadQuery {
	q := ReadQuery{Limit: int(r.Limit), MaxBytes: maxHistoryBytes, Reverse: r.Reverse}
	if q.Limit < 0 || q.Limit > maxHistory {
		q.Limit = maxHistory
	}
	if r.Since != nil && r.Since.Offset > 0 {
		q.Since = &r.Since.Offset
	}
	return q
}

// continues tells whether pubs follow the position asked for: in the same log, without a hole.
func continues(r *wire.HistoryRequest, pubs []Publication, top Position) bool {
	since := r.Since
	switch {
	case since == nil:
		return true
	case since.Epoch != "" && since.Epoch != top.Epoch:
		return false
	case r.Reverse:
		return since.Offset <= top.Offset+1
	case since.Offset > top.Offset:
		return false
	case since.Offset == 0 || r.Limit == 0 || since.Offset == top.Offset:
		return true
	default:
		return len(pubs) > 0 && pubs[0].Offset == since.Offset+1
	}
}
