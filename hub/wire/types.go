package wire

import "encoding/json"

// Protocol is the encoding of one connection, chosen at the handshake.
type Protocol uint8

// The two encodings: JSON in text frames, Protobuf in binary ones.
const (
	JSON Protocol = iota
	Protobuf
)

// Command is what a client sends. Exactly one request is set, or Pong.
type Command struct {
	ID            uint32
	Connect       *ConnectRequest
	Subscribe     *SubscribeRequest
	Unsubscribe   *UnsubscribeRequest
	Publish       *PublishRequest
	Presence      *PresenceRequest
	PresenceStats *PresenceStatsRequest
	History       *HistoryRequest
	Ping          *PingRequest
	Send          *SendRequest
	RPC           *RPCRequest
	Refresh       *RefreshRequest
	SubRefresh    *SubRefreshRequest
	Pong          bool // the empty command: answer to a server ping
}

// Raw is application data: one JSON value in JSON, any bytes in Protobuf.
type Raw = json.RawMessage

type (
	// ConnectRequest is the first command of a connection.
	ConnectRequest struct {
		Token   string
		Data    Raw
		Name    string
		Version string
	}
	// SubscribeRequest asks for a channel, with Recover from a position.
	SubscribeRequest struct {
		Channel     string
		Token       string
		Recover     bool
		Epoch       string
		Offset      uint64
		Data        Raw
		Positioned  bool
		Recoverable bool
		JoinLeave   bool
		Delta       string
		HasFilter   bool // a tags filter (tf) was sent; we offer none
		Flag        int64
		Type        int32
	}
	// UnsubscribeRequest leaves a channel.
	UnsubscribeRequest struct{ Channel string }
	// PublishRequest publishes into a channel.
	PublishRequest struct {
		Channel string
		Data    Raw
	}
	// PresenceRequest asks who is in a channel.
	PresenceRequest struct{ Channel string }
	// PresenceStatsRequest asks how many are in a channel.
	PresenceStatsRequest struct{ Channel string }
	// HistoryRequest reads a channel's history. Limit 0 asks for the position only, -1 for all.
	HistoryRequest struct {
		Channel string
		Limit   int32
		Since   *StreamPosition
		Reverse bool
	}
	// PingRequest is a client's ping.
	PingRequest struct{}
	// SendRequest is a message without a reply.
	SendRequest struct{ Data Raw }
	// RPCRequest calls a method of the application.
	RPCRequest struct {
		Method string
		Data   Raw
	}
	// RefreshRequest brings a fresh connect token.
	RefreshRequest struct{ Token string }
	// SubRefreshRequest brings a fresh subscription token.
	SubRefreshRequest struct {
		Channel string
		Token   string
	}
	// StreamPosition is a place in a channel's history.
	StreamPosition struct {
		Offset uint64
		Epoch  string
	}
)

// Reply answers the command with the same ID. Exactly one of the others is set.
type Reply struct {
	ID            uint32
	Error         *Error
	Connect       *ConnectResult
	Subscribe     *SubscribeResult
	Unsubscribe   *UnsubscribeResult
	Publish       *PublishResult
	Presence      *PresenceResult
	PresenceStats *PresenceStatsResult
	History       *HistoryResult
	Ping          *PingResult
	RPC           *RPCResult
	Refresh       *RefreshResult
	SubRefresh    *SubRefreshResult
}

// Error is a refusal of one command; the connection goes on.
type Error struct {
	Code      uint32
	Message   string
	Temporary bool
}

type (
	// ConnectResult answers connect. Expires with TTL seconds only when the client must refresh.
	ConnectResult struct {
		Client  string
		Version string
		Expires bool
		TTL     uint32 // seconds
		Data    Raw
		Subs    map[string]*SubscribeResult
		Ping    uint32 // seconds between the server's pings
		Pong    bool
		Session string
		Node    string
		Time    int64 // milliseconds since 1970
	}
	// SubscribeResult answers subscribe.
	SubscribeResult struct {
		Expires       bool
		TTL           uint32 // seconds
		Recoverable   bool
		Epoch         string
		Publications  []*Publication
		Recovered     bool
		Offset        uint64
		Positioned    bool
		Data          Raw
		WasRecovering bool

		replay    []byte // see SetReplay
		validData bool   // see SetValidData
	}
	// UnsubscribeResult is empty.
	UnsubscribeResult struct{}
	// PublishResult is empty.
	PublishResult struct{}
	// PresenceResult names the clients of a channel.
	PresenceResult struct{ Presence map[string]*ClientInfo }
	// PresenceStatsResult counts the clients and users of a channel.
	PresenceStatsResult struct {
		NumClients uint32
		NumUsers   uint32
	}
	// HistoryResult is a part of a channel's history and its top position.
	HistoryResult struct {
		Publications []*Publication
		Epoch        string
		Offset       uint64
	}
	// PingResult is empty.
	PingResult struct{}
	// RPCResult is what the application's method returned.
	RPCResult struct{ Data Raw }
	// RefreshResult answers refresh; Client must be set, the JS SDK takes its id from it.
	RefreshResult struct {
		Client  string
		Version string
		Expires bool
		TTL     uint32 // seconds
	}
	// SubRefreshResult answers sub_refresh.
	SubRefreshResult struct {
		Expires bool
		TTL     uint32 // seconds
	}
)

// Push is what the server sends unasked on a channel. Exactly one of the others is set.
type Push struct {
	Channel     string
	Pub         *Publication
	Join        *ClientInfo
	Leave       *ClientInfo
	Unsubscribe *Unsubscribe
	Subscribe   *SubscribeResult
	Message     *Message
	Disconnect  *Disconnect
	Refresh     *RefreshResult
}

type (
	// Publication is one message of a channel; Offset 0 means outside its history.
	Publication struct {
		Data   Raw
		Info   *ClientInfo
		Offset uint64
		Tags   map[string]string
	}
	// ClientInfo describes a client in presence, join and leave.
	ClientInfo struct {
		User     string
		Client   string
		ConnInfo Raw
		ChanInfo Raw
	}
	// Unsubscribe ends a subscription from the server's side.
	Unsubscribe struct {
		Code   uint32
		Reason string
	}
	// Message is data outside of any channel.
	Message struct{ Data Raw }
	// Disconnect says why the connection is about to be closed.
	Disconnect struct {
		Code   uint32
		Reason string
	}
)
