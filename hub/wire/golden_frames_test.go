package wire

// Every message, each field with a value of its own so that none can be taken for another.

var commandFrames = []frame{
	{"connect", &Command{ID: 1, Connect: &ConnectRequest{
		Token: "a.b.c", Data: Raw(`{"app":"phone"}`), Name: "js", Version: "5.8.0",
	}}},
	{"connect, nothing set", &Command{ID: 1, Connect: &ConnectRequest{}}},
	{"subscribe", &Command{ID: 2, Subscribe: &SubscribeRequest{
		Channel: "circle:1", Token: "d.e.f", Recover: true, Epoch: "e1", Offset: 300, Data: Raw(`[1]`),
		Positioned: true, Recoverable: true, JoinLeave: true, Delta: "fossil", HasFilter: true, Flag: 2, Type: 1,
	}}},
	{"unsubscribe", &Command{ID: 3, Unsubscribe: &UnsubscribeRequest{Channel: "circle:1"}}},
	{"publish", &Command{ID: 4, Publish: &PublishRequest{Channel: "circle:1", Data: Raw(`"hello"`)}}},
	{"presence", &Command{ID: 5, Presence: &PresenceRequest{Channel: "circle:1"}}},
	{"presence_stats", &Command{ID: 6, PresenceStats: &PresenceStatsRequest{Channel: "circle:1"}}},
	{"history", &Command{ID: 7, History: &HistoryRequest{
		Channel: "circle:1", Limit: 50, Since: &StreamPosition{Offset: 7, Epoch: "e1"}, Reverse: true,
	}}},
	{"history, all", &Command{ID: 7, History: &HistoryRequest{Channel: "circle:1", Limit: -1}}},
	{"history, since the start", &Command{ID: 7, History: &HistoryRequest{Channel: "circle:1", Since: &StreamPosition{}}}},
	{"ping", &Command{ID: 8, Ping: &PingRequest{}}},
	{"send", &Command{Send: &SendRequest{Data: Raw(`{"typing":true}`)}}},
	{"rpc", &Command{ID: 4294967295, RPC: &RPCRequest{Method: "like", Data: Raw(`{"post_id":"p1"}`)}}},
	{"refresh", &Command{ID: 10, Refresh: &RefreshRequest{Token: "g.h.i"}}},
	{"sub_refresh", &Command{ID: 11, SubRefresh: &SubRefreshRequest{Channel: "circle:1", Token: "j.k.l"}}},
	{"pong", &Command{Pong: true}},
}

var (
	anna = &ClientInfo{User: "u1", Client: "c1", ConnInfo: Raw(`{"name":"安娜"}`), ChanInfo: Raw(`{"role":"owner"}`)}
	bert = &ClientInfo{User: "u2", Client: "c2"}

	first  = &Publication{Data: Raw(`{"type":"post.created"}`), Info: anna, Offset: 8, Tags: map[string]string{"b": "2", "a": "1"}}
	second = &Publication{Data: Raw(`null`), Offset: 9}
)

var replyFrames = []frame{
	{"error", &Reply{ID: 1, Error: &Error{Code: 100, Message: "internal server error", Temporary: true}}},
	{"connect", &Reply{ID: 1, Connect: &ConnectResult{
		Client: "c1", Version: "1.0", Expires: true, TTL: 900, Data: Raw(`{"hello":1}`),
		Subs: map[string]*SubscribeResult{"user:1": {Recoverable: true, Epoch: "e2"}, "news": {}},
		Ping: 25, Pong: true, Session: "s1", Node: "n1", Time: 1795406400123,
	}}},
	{"connect, guest", &Reply{ID: 1, Connect: &ConnectResult{Client: "c1", Ping: 25, Pong: true}}},
	{"subscribe", &Reply{ID: 2, Subscribe: &SubscribeResult{
		Expires: true, TTL: 60, Recoverable: true, Epoch: "e1", Publications: []*Publication{first, second},
		Recovered: true, Offset: 7, Positioned: true, Data: Raw(`{"viewers":3}`), WasRecovering: true,
	}}},
	{"subscribe, unpositioned", &Reply{ID: 2, Subscribe: &SubscribeResult{}}},
	{"unsubscribe", &Reply{ID: 3, Unsubscribe: &UnsubscribeResult{}}},
	{"publish", &Reply{ID: 4, Publish: &PublishResult{}}},
	{"presence", &Reply{ID: 5, Presence: &PresenceResult{Presence: map[string]*ClientInfo{"c1": anna, "c2": bert}}}},
	{"presence, nobody", &Reply{ID: 5, Presence: &PresenceResult{}}},
	{"presence_stats", &Reply{ID: 6, PresenceStats: &PresenceStatsResult{NumClients: 3, NumUsers: 2}}},
	{"history", &Reply{ID: 7, History: &HistoryResult{Publications: []*Publication{first, second}, Epoch: "e1", Offset: 9007199254740991}}},
	{"ping", &Reply{ID: 8, Ping: &PingResult{}}},
	{"rpc", &Reply{ID: 9, RPC: &RPCResult{Data: Raw(`{"likes":12}`)}}},
	{"refresh", &Reply{ID: 10, Refresh: &RefreshResult{Client: "c1", Version: "1.0", Expires: true, TTL: 900}}},
	{"sub_refresh", &Reply{ID: 11, SubRefresh: &SubRefreshResult{Expires: true, TTL: 60}}},
}

var pushFrames = []frame{
	{"pub", &Push{Channel: "circle:1", Pub: first}},
	{"pub, outside of the history", &Push{Channel: "circle:1", Pub: &Publication{Data: Raw(`{"type":"counts"}`)}}},
	{"join", &Push{Channel: "circle:1", Join: anna}},
	{"leave", &Push{Channel: "circle:1", Leave: bert}},
	{"unsubscribe", &Push{Channel: "circle:1", Unsubscribe: &Unsubscribe{Code: 2500, Reason: "insufficient state"}}},
	{"message", &Push{Message: &Message{Data: Raw(`[true]`)}}},
	{"subscribe", &Push{Channel: "user:1", Subscribe: &SubscribeResult{
		Recoverable: true, Epoch: "e1", Offset: 7, Positioned: true, Data: Raw(`{"n":1}`),
	}}},
	{"disconnect", &Push{Disconnect: &Disconnect{Code: 3001, Reason: "shutdown"}}},
	{"refresh", &Push{Refresh: &RefreshResult{Expires: true, TTL: 900}}},
}
