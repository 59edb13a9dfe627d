//go:build !linux

package hub

import (
	"context"
	"errors"
	"syscall"
)

// Elsewhere every client has a goroutine that reads, and every write may wait.

type kernelPoller struct{}

func newPoller() (*poller, error) { return &poller{needed: make(chan struct{})}, nil }

func (p *poller) watch(*socket, *Client) bool { return false }

func (p *poller) arm(*socket) error { return errors.ErrUnsupported }

func (p *poller) run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

func (p *poller) close() error { return nil }

type kernelWrite struct{}

func (k *kernelWrite) init() {}

func (s *socket) tryWrite(*kernelWrite, []byte) (int, error) { return 0, nil }

type kernelRead struct{}

func (k *kernelRead) init() {}

func (k *kernelRead) tryRead(syscall.RawConn, []byte) (int, error) { return 0, nil }
