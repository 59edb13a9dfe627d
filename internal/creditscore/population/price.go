package population

import (
	"fmt"
	"math"
)

// Prices are what an attacker pays, in fen. They are assumptions.
type Prices struct {
	Identity float64 // a rented identity of level 3
	Link     float64 // a link that an honest person accepts: 30 days of two-way acts
	Month    float64 // farming one fake for a month
}

// farmedMonths is how long a fake of Farmed has been kept.
const farmedMonths = 24

// Price returns what one fake above 750 costs, in fen, where this share of the
// fakes gets there; infinite where none does.
func (a Attack) Price(p Prices, share float64) float64 {
	if share == 0 {
		return math.Inf(1)
	}
	return (a.Rented*p.Identity + (a.Accepted+float64(a.OneWay))*p.Link + farmedMonths*p.Month) / share
}

// String describes the attack as the table of section 6 does.
func (a Attack) String() string {
	if a.OneWay > 0 {
		return fmt.Sprintf("%d one-way tips to the top 0.5 %%; %.0f %% rented", a.OneWay, 100*a.Rented)
	}
	return fmt.Sprintf("%g accepted links; %.0f %% rented", a.Accepted, 100*a.Rented)
}
