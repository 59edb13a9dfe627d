package auth

import "testing"

// BenchmarkVerify checks one token again and again, from all processors.
func BenchmarkVerify(b *testing.B) {
	s, _, _ := keyedService(b)
	token, err := s.sign(b.Context(), 7, 8, MaxTokenTTL)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if _, err := s.Verify(b.Context(), token); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
