package wire

func (c *Command) fields(v visitor) {
	v.uint32(1, "id", &c.ID)
	optional(v, 4, "connect", &c.Connect)
	optional(v, 5, "subscribe", &c.Subscribe)
	optional(v, 6, "unsubscribe", &c.Unsubscribe)
	optional(v, 7, "publish", &c.Publish)
	optional(v, 8, "presence", &c.Presence)
	optional(v, 9, "presence_stats", &c.PresenceStats)
	optional(v, 10, "history", &c.History)
	optional(v, 11, "ping", &c.Ping)
	optional(v, 12, "send", &c.Send)
	optional(v, 13, "rpc", &c.RPC)
	optional(v, 14, "refresh", &c.Refresh)
	optional(v, 15, "sub_refresh", &c.SubRefresh)
}

func (r *ConnectRequest) fields(v visitor) {
	v.str(1, "token", &r.Token)
	v.raw(2, "data", &r.Data)
	v.str(4, "name", &r.Name)
	v.str(5, "version", &r.Version)
}

func (r *SubscribeRequest) fields(v visitor) {
	v.str(1, "channel", &r.Channel)
	v.str(2, "token", &r.Token)
	v.boolean(3, "recover", &r.Recover)
	v.str(6, "epoch", &r.Epoch)
	v.uint64(7, "offset", &r.Offset)
	v.raw(8, "data", &r.Data)
	v.boolean(9, "positioned", &r.Positioned)
	v.boolean(10, "recoverable", &r.Recoverable)
	v.boolean(11, "join_leave", &r.JoinLeave)
	v.str(12, "delta", &r.Delta)
	v.mark(13, "tf", &r.HasFilter)
	v.int64(14, "flag", &r.Flag)
	v.int32(15, "type", &r.Type)
}

func (r *UnsubscribeRequest) fields(v visitor) {
	v.str(1, "channel", &r.Channel)
}

func (r *PublishRequest) fields(v visitor) {
	v.str(1, "channel", &r.Channel)
	v.raw(2, "data", &r.Data)
}

func (r *PresenceRequest) fields(v visitor) {
	v.str(1, "channel", &r.Channel)
}

func (r *PresenceStatsRequest) fields(v visitor) {
	v.str(1, "channel", &r.Channel)
}

func (r *HistoryRequest) fields(v visitor) {
	v.str(1, "channel", &r.Channel)
	v.int32(7, "limit", &r.Limit)
	optional(v, 8, "since", &r.Since)
	v.boolean(9, "reverse", &r.Reverse)
}

func (p *StreamPosition) fields(v visitor) {
	v.uint64(1, "offset", &p.Offset)
	v.str(2, "epoch", &p.Epoch)
}

func (*PingRequest) fields(visitor) {}

func (r *SendRequest) fields(v visitor) {
	v.raw(1, "data", &r.Data)
}

func (r *RPCRequest) fields(v visitor) {
	v.raw(1, "data", &r.Data)
	v.str(2, "method", &r.Method)
}

func (r *RefreshRequest) fields(v visitor) {
	v.str(1, "token", &r.Token)
}

func (r *SubRefreshRequest) fields(v visitor) {
	v.str(1, "channel", &r.Channel)
	v.str(2, "token", &r.Token)
}
