package hub

import "lifecircle/hub/wire"

// maxPresence is how many clients one answer names; the stats count all.
const maxPresence = 1000

// presenceChannel returns the channel if the client may ask who is there: who
// is subscribed to it, and the Handler offered it.
func (c *Client) presenceChannel(name string) (*channel, error) {
	if name == "" {
		return nil, DisconnectBadRequest
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	sub := c.subscriptionLocked(name)
	switch {
	case sub == nil || !sub.ready:
		return nil, ErrPermissionDenied
	case !sub.presence:
		return nil, ErrNotAvailable
	default:
		return sub.ch, nil
	}
}

// presence names the channel's clients on this node.
func (c *Client) presence(id uint32, name string) error {
	ch, err := c.presenceChannel(name)
	if err != nil {
		return err
	}
	clients := ch.clients()
	if len(clients) > maxPresence {
		clients = clients[:maxPresence]
	}
	result := &wire.PresenceResult{Presence: make(map[string]*wire.ClientInfo, len(clients))}
	for _, other := range clients {
		result.Presence[other.id] = &wire.ClientInfo{User: other.User(), Client: other.id}
	}
	return c.reply(&wire.Reply{ID: id, Presence: result})
}

// presenceStats counts the channel's clients, and the users among them, on this node.
func (c *Client) presenceStats(id uint32, name string) error {
	ch, err := c.presenceChannel(name)
	if err != nil {
		return err
	}
	clients := ch.clients()
	users := make(map[string]struct{})
	for _, other := range clients {
		users[other.User()] = struct{}{} // guests are one
	}
	return c.reply(&wire.Reply{ID: id, PresenceStats: &wire.PresenceStatsResult{
		NumClients: uint32(len(clients)), //nolint:gosec // sockets of one machine
		NumUsers:   uint32(len(users)),   //nolint:gosec // as above
	}})
}

func (ch *channel) clients() []*Client {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	clients := make([]*Client, len(ch.subs))
	for i, sub := range ch.subs {
		clients[i] = sub.client
	}
	return clients
}
