package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const maxDrain = 10 * time.Minute // service managers give up sooner than that

func (c *Config) check() error {
	if err := c.Database.check(); err != nil {
		return err
	}
	if c.Command == Seed {
		return c.Server.Photos.check()
	}
	if c.Command != Serve && c.Command != Reconcile {
		return nil
	}
	if c.Server.Sandbox != "" && !c.Database.Local() && !c.Server.Dev {
		return errors.New("LIFECIRCLE_SANDBOX gives away play money, so together with DATABASE_URL it needs --dev")
	}
	if c.Server.IdentitySandbox == "on" && !c.Play() && !c.Server.Dev {
		return errors.New("LIFECIRCLE_IDENTITY_SANDBOX lets everybody be whoever he likes, so together with DATABASE_URL or a real payment provider it needs --dev")
	}
	if c.Command == Reconcile {
		return c.Server.Payments.check()
	}
	return c.Server.check()
}

func (d Database) check() error {
	if d.DataDir == "" {
		return errors.New("the data directory's name is empty; set --data-dir or leave it out")
	}
	if d.URL == "" {
		return nil
	}
	u, err := url.Parse(d.URL.Reveal())
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") || u.Host == "" && u.Query().Get("host") == "" {
		return errors.New("DATABASE_URL is not a URL like postgres://user:password@host:5432/database")
	}
	return nil
}

func (s *Server) check() error {
	if err := checkRedis(s.RedisURL); err != nil {
		return err
	}
	for _, a := range [][2]string{{"--listen", s.Listen}, {"--ops-listen", s.OpsListen}} {
		if err := checkAddress(a[0], a[1]); err != nil {
			return err
		}
	}
	if s.Drain < 0 || s.Drain > maxDrain {
		return fmt.Errorf("--drain is %s; it must lie between 0s and %s", s.Drain, maxDrain)
	}
	if err := s.Tracing.check(); err != nil {
		return err
	}
	if err := s.Limits.check(); err != nil {
		return err
	}
	if err := s.Payments.check(); err != nil {
		return err
	}
	if err := s.Identity.check(); err != nil {
		return err
	}
	if err := s.Photos.check(); err != nil {
		return err
	}
	for _, p := range s.TrustedProxy {
		prefix, err := parsePrefix(p)
		if err != nil {
			return fmt.Errorf("--trusted-proxy %q is neither an address nor a range like 10.0.0.0/8", p)
		}
		s.TrustedProxies = append(s.TrustedProxies, prefix)
	}
	for _, o := range s.AllowedOrigin {
		if err := checkOrigin(o); err != nil {
			return err
		}
	}
	return nil
}

func checkAddress(flag, address string) error {
	_, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return fmt.Errorf("%s %q is not an address like 127.0.0.1:8080", flag, address)
	}
	return nil
}

func parsePrefix(s string) (netip.Prefix, error) {
	if strings.Contains(s, "/") {
		p, err := netip.ParsePrefix(s)
		return p.Masked(), err
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, err
	}
	return netip.PrefixFrom(a, a.BitLen()), nil
}

func checkOrigin(o string) error {
	u, err := url.Parse(o)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil {
		return fmt.Errorf("--allowed-origin %q is not an origin like https://example.org", o)
	}
	return nil
}
