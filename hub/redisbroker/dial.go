package redisbroker

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

const (
	networkTime = time.Second // for each dial, write and answer
	writeBuffer = 4 << 10     // bytes; more are written in several pieces
)

var errDialed = errors.New("the connection has ended")

// dialer makes clients of one server. Who uses one gives it up at its first
// failure: after a few, the library refuses for a second even when the server is there.
type dialer struct{ options redis.Options }

// newDialer takes over what options say of the way to a server; timeouts and
// retries are replaced.
func newDialer(options redis.Options) dialer {
	o := options
	o.Protocol = 2
	o.MaxRetries, o.DialerRetries = -1, 1
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = networkTime, networkTime, networkTime
	o.ContextTimeoutEnabled = true
	o.DisableIdentity = true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	o.WriteBufferSize = writeBuffer
	if o.Dialer == nil { // with TLS it asks all servers for a certificate of the first one's name
		o.Dialer = redis.NewDialer(&o)
	}
	return dialer{o}
}

// client makes a client of the server at addr.
func (d dialer) client(addr string) *redis.Client {
	o := d.options
	o.Addr, o.NodeAddress = addr, addr
	return redis.NewClient(&o)
}

// once is client, but it dials one time: left alone, the library connects and
// subscribes again behind our back before it says that something failed.
func (d dialer) once(addr string) *redis.Client {
	dial := d.options.Dialer
	var dialed atomic.Bool
	d.options.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if dialed.Swap(true) {
			return nil, errDialed
		}
		return dial(ctx, network, addr)
	}
	return d.client(addr)
}
