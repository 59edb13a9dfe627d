package wire

import "google.golang.org/protobuf/encoding/protowire"

// pushEnvelope is a push as it travels: inside of a reply.
type pushEnvelope Push

func (e *pushEnvelope) fields(v visitor) {
	p := (*Push)(e)
	optional(v, 4, "push", &p)
}

// The pushes that share a type with a reply or with each other have lists of
// fields of their own: the protocol numbers them differently.
type (
	joinPush      ClientInfo
	subscribePush SubscribeResult
	refreshPush   RefreshResult
)

func (p *Push) fields(v visitor) {
	v.str(2, "channel", &p.Channel)
	optional(v, 4, "pub", &p.Pub)
	if present(v, 5, "join", &p.Join) {
		v.message((*joinPush)(p.Join))
	}
	if present(v, 6, "leave", &p.Leave) {
		v.message((*joinPush)(p.Leave))
	}
	optional(v, 7, "unsubscribe", &p.Unsubscribe)
	optional(v, 8, "message", &p.Message)
	if present(v, 9, "subscribe", &p.Subscribe) {
		v.message((*subscribePush)(p.Subscribe))
	}
	optional(v, 11, "disconnect", &p.Disconnect)
	if present(v, 12, "refresh", &p.Refresh) {
		v.message((*refreshPush)(p.Refresh))
	}
}

func (p *Publication) fields(v visitor) {
	v.raw(4, "data", &p.Data)
	optional(v, 5, "info", &p.Info)
	v.uint64(6, "offset", &p.Offset)
	v.tags(7, "tags", &p.Tags)
}

func publications(v visitor, num protowire.Number, p *[]*Publication) {
	v.list(num, "publications", (*listOf[Publication, *Publication])(p))
}

func (i *ClientInfo) fields(v visitor) {
	v.str(1, "user", &i.User)
	v.str(2, "client", &i.Client)
	v.raw(3, "conn_info", &i.ConnInfo)
	v.raw(4, "chan_info", &i.ChanInfo)
}

// fields wraps the client: {"info":{...}}.
func (j *joinPush) fields(v visitor) {
	info := (*ClientInfo)(j)
	optional(v, 1, "info", &info)
}

func (u *Unsubscribe) fields(v visitor) {
	v.uint32(2, "code", &u.Code)
	v.str(3, "reason", &u.Reason)
}

func (s *subscribePush) fields(v visitor) {
	v.boolean(1, "recoverable", &s.Recoverable)
	v.str(4, "epoch", &s.Epoch)
	v.uint64(5, "offset", &s.Offset)
	v.boolean(6, "positioned", &s.Positioned)
	v.raw(7, "data", &s.Data)
}

func (m *Message) fields(v visitor) {
	v.raw(1, "data", &m.Data)
}

func (d *Disconnect) fields(v visitor) {
	v.uint32(1, "code", &d.Code)
	v.str(2, "reason", &d.Reason)
}

func (r *refreshPush) fields(v visitor) {
	v.boolean(1, "expires", &r.Expires)
	v.uint32(2, "ttl", &r.TTL)
}
