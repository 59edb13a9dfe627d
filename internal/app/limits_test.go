package app

import (
	"log/slog"
	"testing"

	"lifecircle/hub"
	"lifecircle/internal/config"
)

func TestLimits(t *testing.T) {
	t.Parallel()
	seven, none := 7, 0
	const files = 50_000
	tests := []struct {
		name                string
		set                 config.Server
		node, address, user int
		rate                int
	}{
		{"as they are", config.Server{Limits: config.Limits{MaxSockets: 100}}, 100, 10_000, 64, 30},
		{"for load tests", config.Server{Dev: true, Limits: config.Limits{MaxSockets: 100}}, 100, 0, 0, 0},
		{"for load tests of limits", config.Server{Dev: true, Limits: config.Limits{MaxSockets: 100, MaxAddressSockets: &seven, MaxUserSockets: &seven}}, 100, 7, 7, 0},
		{"lifted", config.Server{Limits: config.Limits{MaxSockets: 100, MaxAddressSockets: &none, MaxUserSockets: &none}}, 100, 0, 0, 30},
		{"more than files", config.Server{Limits: config.Limits{MaxSockets: 100_000}}, files - otherFiles, 10_000, 64, 30},
		{"as many as files", config.Server{}, files - otherFiles, 10_000, 64, 30},
	}
	for _, tt := range tests {
		o := newLimits(tt.set, files, slog.New(slog.DiscardHandler)).bind(hub.Options{Name: "kept"})
		got := [...]int{o.MaxConnections, o.MaxAddressConnections, o.MaxUserConnections, o.CommandRate}
		if want := [...]int{tt.node, tt.address, tt.user, tt.rate}; got != want {
			t.Errorf("%s: %v, want %v", tt.name, got, want)
		}
		if o.Name != "kept" || o.MaxSubscriptions != 128 || o.MaxMessageBytes != 64<<10 || o.QueueBytes != 1<<20 || o.ConnectTimeout != connectTime {
			t.Errorf("%s: %+v", tt.name, o)
		}
	}
	if n := newLimits(config.Server{}, 256, slog.New(slog.DiscardHandler)).NodeSockets; n != 128 {
		t.Errorf("with 256 files %d sockets", n)
	}
}
