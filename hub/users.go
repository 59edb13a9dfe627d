package hub

// Users returns who has subscribed to the channel on this node, each user once;
// one that is empty stands for all guests.
func (n *Node) Users(channel string) []string {
	ch := n.lookup(channel)
	if ch == nil {
		return nil
	}
	ch.mu.Lock()
	subs := make([]*subscription, len(ch.subs))
	copy(subs, ch.subs)
	ch.mu.Unlock()
	seen := make(map[string]struct{}, len(subs))
	users := make([]string, 0, len(subs))
	for _, sub := range subs {
		user := sub.client.User()
		if _, twice := seen[user]; !twice {
			seen[user] = struct{}{}
			users = append(users, user)
		}
	}
	return users
}
