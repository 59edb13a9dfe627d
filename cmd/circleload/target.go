package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"lifecircle/cmd/circleload/player"
	"lifecircle/cmd/circleload/scenario"
)

const (
	defaultURL = "http://127.0.0.1:8080"
	socketPath = "/connection/websocket"
)

// target is the server under load, ready to be played against: ours has its
// users and circles by then.
type target struct {
	name     string   // for people
	api      string   // http://host:port of ours, else ""
	sockets  []string // ws://host:port/path
	channels []string
	world    player.World       // of ours
	publish  *player.Template   // on others, if they take publications
	tokens   player.TokenSource // of viewers on others; nil: none
}

// check looks at addresses before anything is sent to them.
func (f targetFlags) check() error {
	if len(f.SocketURL) == 0 {
		if f.PublishURL != "" || f.Token != "" {
			return errors.New("--publish-url and --token are for other servers: give --socket-url, too")
		}
		return f.checkAll(f.ours(), "http", "https")
	}
	if len(f.URL) > 0 {
		return errors.New("--url is for a Life Circle server, --socket-url for another: give one of them")
	}
	if !strings.Contains(f.Channel, "{{n}}") {
		return fmt.Errorf("--channel %q has no {{n}}: all channels would be one", f.Channel)
	}
	if err := f.checkAll(f.SocketURL, "ws", "wss"); err != nil {
		return err
	}
	if f.PublishURL == "" {
		return nil
	}
	for _, h := range f.Header {
		if name, _, found := strings.Cut(h, ":"); !found || strings.TrimSpace(name) == "" {
			return fmt.Errorf("--publish-header %q is not like 'X-API-Key: secret'", h)
		}
	}
	return f.checkAll([]string{strings.ReplaceAll(f.PublishURL, "{{channel}}", "x")}, "http", "https")
}

func (f targetFlags) ours() []string {
	if len(f.URL) == 0 {
		return []string{defaultURL}
	}
	return f.URL
}

func (f targetFlags) checkAll(addresses []string, schemes ...string) error {
	for _, a := range addresses {
		u, err := url.Parse(a)
		if err != nil || u.Host == "" || u.Scheme != schemes[0] && u.Scheme != schemes[1] {
			return fmt.Errorf("%q is not an address like %s://127.0.0.1:8080", a, schemes[0])
		}
		if !f.AllowRemote && !onLoopback(u.Hostname()) {
			return fmt.Errorf("%s is not on this machine's loopback; if it is yours and is to be loaded, give --allow-remote", u.Host)
		}
	}
	return nil
}

// onLoopback does not resolve names: what a name means may change.
func onLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap().IsLoopback()
}

// prepare makes on the target what the scenario needs to be there.
func (f targetFlags) prepare(ctx context.Context, s scenario.Scenario) (target, error) {
	if len(f.SocketURL) > 0 {
		t, err := f.other(s)
		if err == nil {
			err = answers(ctx, f.SocketURL)
		}
		return t, err
	}
	urls := f.ours()
	t := target{name: strings.Join(urls, ", "), api: strings.TrimRight(urls[0], "/")}
	for _, u := range urls {
		t.sockets = append(t.sockets, "ws"+strings.TrimPrefix(strings.TrimRight(u, "/"), "http")+socketPath)
	}
	if err := f.isDev(ctx, t.api); err != nil {
		return t, err
	}
	setup := player.Setup{API: t.api, Users: 1 + users(s), Circles: s.Circles, Prefix: "load", Balance: wallet(s)}
	var err error
	if t.world, err = setup.Make(ctx); err != nil {
		return t, fmt.Errorf("make %d users and %d circles: %w", setup.Users, setup.Circles, err)
	}
	t.channels = t.world.Channels()
	return t, nil
}

// answers tries a bare connection: clients would try again and again for the
// whole time that they have to come.
func answers(ctx context.Context, sockets []string) error {
	for _, s := range sockets {
		u, err := url.Parse(s)
		if err != nil {
			return err
		}
		port := u.Port()
		if port == "" {
			port = map[string]string{"ws": "80", "wss": "443"}[u.Scheme]
		}
		dialer := net.Dialer{Timeout: askTimeout}
		c, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
		if err != nil {
			return fmt.Errorf("reach the server: %w", err)
		}
		_ = c.Close()
	}
	return nil
}

// isDev asks for no user at all, which a server with --dev refuses by 422.
func (f targetFlags) isDev(ctx context.Context, api string) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, api+"/v1/dev/users", strings.NewReader(`{"count":0}`))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return fmt.Errorf("%s does not answer within %s", api, askTimeout)
		}
		return fmt.Errorf("reach the server: %w", err)
	}
	if err := answer.Body.Close(); err != nil {
		return fmt.Errorf("reach the server: %w", err)
	}
	if answer.StatusCode == http.StatusNotFound {
		return fmt.Errorf("%s makes no users to test with: start the server with --dev (it answers 404 to /v1/dev/users)", api)
	}
	return nil
}

// other is a server that is not ours; nothing can be prepared there.
func (f targetFlags) other(s scenario.Scenario) (target, error) {
	t := target{name: strings.Join(f.SocketURL, ", "), sockets: f.SocketURL}
	for n := range s.Circles {
		t.channels = append(t.channels, strings.ReplaceAll(f.Channel, "{{n}}", strconv.Itoa(n+1)))
	}
	if f.Token != "" {
		t.tokens = func(context.Context, int) (string, error) { return f.Token, nil }
	}
	for _, a := range s.Actions {
		if a.Kind != scenario.Post {
			return t, fmt.Errorf("the scenario has %ss, which only a Life Circle server knows", a.Kind)
		}
	}
	if len(s.Actions) == 0 {
		return t, nil
	}
	if f.PublishURL == "" {
		return t, errors.New("the scenario posts: say with --publish-url how to publish on this server, or set --rate 0")
	}
	t.publish = &player.Template{Method: http.MethodPost, URL: f.PublishURL, Body: f.PublishBody, Refused: f.Refused, Header: http.Header{}}
	for _, h := range f.Header {
		name, value, _ := strings.Cut(h, ":")
		t.publish.Header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	return t, nil
}
