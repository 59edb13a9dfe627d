package config

import "fmt"

// Limits are those that depend on the machine and on who its clients are. 0 is no limit.
type Limits struct {
	MaxSockets        int  `name:"max-sockets" env:"LIFECIRCLE_MAX_SOCKETS" default:"100000" help:"Sockets of this node, at some 10 to 40 KiB of memory each; more are answered 503. 0: no limit."`
	MaxAddressSockets *int `name:"max-address-sockets" env:"LIFECIRCLE_MAX_ADDRESS_SOCKETS" placeholder:"N" help:"Sockets of one address, or of one IPv6 /64; more are answered 429. By default 10000, with --dev no limit."`
	MaxUserSockets    *int `name:"max-user-sockets" env:"LIFECIRCLE_MAX_USER_SOCKETS" placeholder:"N" help:"Sockets of one user; more are closed with 3504. By default 64, with --dev no limit."`
}

func (l Limits) check() error {
	for flag, n := range map[string]*int{
		"--max-sockets": &l.MaxSockets, "--max-address-sockets": l.MaxAddressSockets, "--max-user-sockets": l.MaxUserSockets,
	} {
		if n != nil && *n < 0 {
			return fmt.Errorf("%s is %d; it must be 0, which is no limit, or more", flag, *n)
		}
	}
	return nil
}
