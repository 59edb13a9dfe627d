package wire

func (r *Reply) fields(v visitor) {
	v.uint32(1, "id", &r.ID)
	optional(v, 2, "error", &r.Error)
	optional(v, 5, "connect", &r.Connect)
	optional(v, 6, "subscribe", &r.Subscribe)
	optional(v, 7, "unsubscribe", &r.Unsubscribe)
	optional(v, 8, "publish", &r.Publish)
	optional(v, 9, "presence", &r.Presence)
	optional(v, 10, "presence_stats", &r.PresenceStats)
	optional(v, 11, "history", &r.History)
	optional(v, 12, "ping", &r.Ping)
	optional(v, 13, "rpc", &r.RPC)
	optional(v, 14, "refresh", &r.Refresh)
	optional(v, 15, "sub_refresh", &r.SubRefresh)
}

func (e *Error) fields(v visitor) {
	v.uint32(1, "code", &e.Code)
	v.str(2, "message", &e.Message)
	v.boolean(3, "temporary", &e.Temporary)
}

func (r *ConnectResult) fields(v visitor) {
	v.str(1, "client", &r.Client)
	v.str(2, "version", &r.Version)
	v.boolean(3, "expires", &r.Expires)
	v.uint32(4, "ttl", &r.TTL)
	v.raw(5, "data", &r.Data)
	v.dict(6, "subs", (*dictOf[SubscribeResult, *SubscribeResult])(&r.Subs))
	v.uint32(7, "ping", &r.Ping)
	v.boolean(8, "pong", &r.Pong)
	v.str(9, "session", &r.Session)
	v.str(10, "node", &r.Node)
	v.int64(11, "time", &r.Time)
}

const fieldPublications = 7 // of SubscribeResult

func (r *SubscribeResult) fields(v visitor) {
	v.boolean(1, "expires", &r.Expires)
	v.uint32(2, "ttl", &r.TTL)
	v.boolean(3, "recoverable", &r.Recoverable)
	v.str(6, "epoch", &r.Epoch)
	if r.replay != nil {
		v.encoded(fieldPublications, "publications", r.replay)
	} else {
		publications(v, fieldPublications, &r.Publications)
	}
	v.boolean(8, "recovered", &r.Recovered)
	v.uint64(9, "offset", &r.Offset)
	v.boolean(10, "positioned", &r.Positioned)
	if r.validData {
		v.valid(11, "data", &r.Data)
	} else {
		v.raw(11, "data", &r.Data)
	}
	v.boolean(12, "was_recovering", &r.WasRecovering)
}

func (*UnsubscribeResult) fields(visitor) {}

func (*PublishResult) fields(visitor) {}

func (r *PresenceResult) fields(v visitor) {
	v.dict(1, "presence", (*dictOf[ClientInfo, *ClientInfo])(&r.Presence))
}

func (r *PresenceStatsResult) fields(v visitor) {
	v.uint32(1, "num_clients", &r.NumClients)
	v.uint32(2, "num_users", &r.NumUsers)
}

func (r *HistoryResult) fields(v visitor) {
	publications(v, 1, &r.Publications)
	v.str(2, "epoch", &r.Epoch)
	v.uint64(3, "offset", &r.Offset)
}

func (*PingResult) fields(visitor) {}

func (r *RPCResult) fields(v visitor) {
	v.raw(1, "data", &r.Data)
}

func (r *RefreshResult) fields(v visitor) {
	v.str(1, "client", &r.Client)
	v.str(2, "version", &r.Version)
	v.boolean(3, "expires", &r.Expires)
	v.uint32(4, "ttl", &r.TTL)
}

func (r *SubRefreshResult) fields(v visitor) {
	v.boolean(1, "expires", &r.Expires)
	v.uint32(2, "ttl", &r.TTL)
}
