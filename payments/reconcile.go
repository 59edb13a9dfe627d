package payments

import "context"

func (s *Service) watchBooks(ctx context.Context) error {
	<-ctx.Done()
	return nil
}
