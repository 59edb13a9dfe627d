package hub

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"lifecircle/hub/wire"
)

// maxCommands is how many commands of a client may wait. When it is reached the
// node stops reading from the client until one is done, and meanwhile does not
// expect its pong.
const maxCommands = 32

// submit queues a command behind the client's others. They are handled in
// order, apart from the reader, so that a slow one holds up no pong.
func (c *Client) submit(cmd wire.Command) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.commands) >= maxCommands && c.closing == nil {
		c.stalled = true
		c.room.Wait()
	}
	c.endStallLocked()
	if c.closing != nil || c.leaving != nil {
		return
	}
	c.commands = append(c.commands, cmd)
	if !c.working {
		c.working = true
		c.tasks.Go(c.work)
	}
}

// endStallLocked expects pongs again, which may lie behind what was not read meanwhile. It needs c.mu.
func (c *Client) endStallLocked() {
	if !c.stalled {
		return
	}
	c.stalled = false
	if c.closing == nil && !c.clock.pongBy.IsZero() {
		c.clock.pongBy = time.Now().Add(c.node.opts.PongTimeout)
		c.setDeadlineLocked()
	}
}

// work handles commands until none is left.
func (c *Client) work() {
	for {
		cmd, ok := c.nextCommand()
		if !ok {
			return
		}
		if cmd.RPC != nil && c.node.overloaded() && c.refuseLater(cmd.ID) {
			continue // it had room when it came, and waited behind others of the client
		}
		c.execute(&cmd)
	}
}

// nextCommand waits until the client has read most of the earlier answers, so
// that what waits for it stays bounded however much it asks.
func (c *Client) nextCommand() (cmd wire.Command, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.queue.bytes > c.node.opts.QueueBytes/2 && c.closing == nil {
		c.room.Wait()
	}
	if c.closing != nil || len(c.commands) == 0 {
		c.working, c.commands = false, nil
		if c.leaving != nil {
			c.disconnectLocked(c.leaving, false)
		}
		return cmd, false
	}
	cmd, c.commands = c.commands[0], c.commands[1:]
	c.room.Broadcast()
	return cmd, true
}

func (c *Client) execute(cmd *wire.Command) {
	defer func() {
		if v := recover(); v != nil {
			c.node.stats.panics.Add(1)
			c.refuse(cmd.ID, fmt.Errorf("panic: %v\n%s", v, debug.Stack()))
		}
	}()
	ctx, cancel := context.WithTimeout(c.node.ctx, c.node.opts.CommandTimeout)
	defer cancel()
	if !c.beginWork(cancel) {
		return
	}
	defer c.endWork()
	if err := c.handle(ctx, cmd); err != nil {
		c.refuse(cmd.ID, err)
		return
	}
	c.node.stats.commandsAnswered.Add(1)
}

// beginWork makes the command's context end with the connection. It returns false if that has ended.
func (c *Client) beginWork(cancel context.CancelFunc) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopWork = cancel
	return c.closing == nil
}

func (c *Client) endWork() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopWork = nil
}

// cancelWorkLocked ends the context of the command in work. It needs c.mu.
func (c *Client) cancelWorkLocked() {
	if c.stopWork != nil {
		c.stopWork()
	}
}

func (c *Client) handle(ctx context.Context, cmd *wire.Command) error {
	if err := c.pace(time.Now()); err != nil {
		return err
	}
	if cmd.Connect != nil {
		return c.connect(ctx, cmd.ID, cmd.Connect)
	}
	if !c.connected() {
		return DisconnectBadRequest
	}
	switch {
	case cmd.Subscribe != nil:
		return c.subscribe(ctx, cmd.ID, cmd.Subscribe)
	case cmd.Unsubscribe != nil:
		return c.unsubscribe(cmd.ID, cmd.Unsubscribe.Channel)
	case cmd.RPC != nil:
		return c.rpc(ctx, cmd.ID, cmd.RPC)
	case cmd.History != nil:
		return c.history(ctx, cmd.ID, cmd.History)
	case cmd.Presence != nil:
		return c.presence(cmd.ID, cmd.Presence.Channel)
	case cmd.PresenceStats != nil:
		return c.presenceStats(cmd.ID, cmd.PresenceStats.Channel)
	case cmd.Refresh != nil:
		return c.refresh(ctx, cmd.ID, cmd.Refresh.Token)
	case cmd.Publish != nil:
		return c.mayNot(cmd.Publish.Channel, ErrPermissionDenied) // clients do not publish
	case cmd.SubRefresh != nil:
		return c.subRefresh(cmd.SubRefresh.Channel)
	case cmd.Send != nil:
		return DisconnectNotAvailable // it has no reply that could refuse it
	case cmd.Ping != nil:
		return ErrNotAvailable
	default:
		return DisconnectBadRequest
	}
}

// mayNot refuses a command that needs a channel.
func (c *Client) mayNot(channel string, err *Error) error {
	if channel == "" {
		return DisconnectBadRequest
	}
	return err
}

// subRefresh refuses: subscriptions do not expire here.
func (c *Client) subRefresh(channel string) error {
	if c.subscription(channel) == nil {
		return c.mayNot(channel, ErrPermissionDenied)
	}
	return ErrNotAvailable
}

func (c *Client) rpc(ctx context.Context, id uint32, r *wire.RPCRequest) error {
	data, err := c.node.opts.Handler.RPC(ctx, c, r.Method, r.Data)
	if err != nil {
		return err
	}
	return c.reply(&wire.Reply{ID: id, RPC: &wire.RPCResult{Data: data}})
}

// refuse answers a command with the error that err is, closes if it is a
// disconnect, and says no more than "internal error" of anything else.
func (c *Client) refuse(id uint32, err error) {
	if d := asDisconnect(err); d != nil {
		c.disconnect(d)
		return
	}
	var e *Error
	if !errors.As(err, &e) {
		if c.leftUs() {
			return // the connection is gone, and that may be the reason
		}
		c.node.opts.Logger.Error("a command failed", "client", c.id, "user", c.User(), "error", err)
		e = ErrInternal
	}
	c.node.stats.commandsRefused.Add(1)
	_ = c.reply(&wire.Reply{ID: id, Error: &wire.Error{Code: e.Code, Message: e.Message, Temporary: e.Temporary}}) // holds no data that could fail
}

// reply queues r. It fails with DisconnectBadProtocol if the client's protocol cannot carry the data in it.
func (c *Client) reply(r *wire.Reply) error {
	f, err := c.encodeReply(r, 0)
	if err != nil {
		return err
	}
	c.send(item{bytes: f.bytes(), kind: required})
	return nil
}

// encodeReply makes r's frame; size is what r's large parts have together, if known.
func (c *Client) encodeReply(r *wire.Reply, size int) (frame, error) {
	const usual = 256
	p := c.format.protocol()
	f, err := encodeFrame(p, usual+size, func(dst []byte) ([]byte, error) { return wire.AppendReply(dst, p, r) })
	if err != nil {
		c.node.opts.Logger.Error("a reply does not fit the protocol", "client", c.id, "error", err)
		return nil, DisconnectBadProtocol
	}
	if c.format.compressed() {
		f = f.deflate(p, minDeflateReply)
	}
	return f, nil
}

func (c *Client) connected() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state == stateConnected
}
