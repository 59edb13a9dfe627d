package feed

// Queued tells how many commands wait for a commit.
func (s *Service) Queued() int { return s.commits.Queued() }
