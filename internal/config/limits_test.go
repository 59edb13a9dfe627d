package config

import "testing"

// A limit of 0 is not one that was left out.
func TestLimits(t *testing.T) {
	c, err := parse(t, nil, "serve")
	if l := c.Server.Limits; err != nil || l.MaxSockets != 100_000 || l.MaxAddressSockets != nil || l.MaxUserSockets != nil {
		t.Errorf("left out: %+v, %v", l, err)
	}
	c, err = parse(t, map[string]string{"LIFECIRCLE_MAX_SOCKETS": "0", "LIFECIRCLE_MAX_ADDRESS_SOCKETS": "0"}, "serve", "--max-user-sockets=7")
	if l := c.Server.Limits; err != nil || l.MaxSockets != 0 || l.MaxAddressSockets == nil || *l.MaxAddressSockets != 0 || *l.MaxUserSockets != 7 {
		t.Errorf("given: %+v, %v", l, err)
	}
}
