package identity

import "context"

// Look does once what Run does again and again.
func (s *Service) Look(ctx context.Context) error { return s.look(ctx) }
