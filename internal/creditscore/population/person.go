package population

import (
	"math"
	"math/rand/v2"

	"lifecircle/internal/creditscore/model"
)

// Person is somebody. What he is like decides his history, what he is does not.
type Person struct {
	Traits Traits
	Level  model.Level
	Months int     // since he joined
	active float64 // how much goes on, about normal
	care   float64 // how reliable he is, about normal
}

// Traits are what no score may know.
type Traits struct {
	Name, Gender, AgeGroup, Region string
}

func newPerson(r *rand.Rand) Person {
	p := Person{active: r.NormFloat64()}
	p.care = 0.3*p.active + 0.95*r.NormFloat64()
	p.Months = int(min(60, 4+max(0, 24+7*p.active+12*r.NormFloat64())))
	switch x := r.NormFloat64() + 0.6*p.active; {
	case x < -2.3:
		p.Level = 0
	case x < -1.3:
		p.Level = model.LevelPhone
	case x < 0.95:
		p.Level = model.LevelDocument
	default:
		p.Level = model.LevelBank
	}
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	p.Traits = Traits{
		Name: pick("Li Wei", "Wang Fang", "Zhang Min", "Chen Jie"), Gender: pick("female", "male"),
		AgeGroup: pick("18-25", "26-35", "36-50", "51+"), Region: pick("north", "east", "south", "west"),
	}
	return p
}

// rate is a lognormal rate around its median, bounded.
func rate(median, spread, z, most float64) float64 {
	return min(most, median*math.Exp(spread*z))
}

func poisson(r *rand.Rand, mean float64) int {
	if mean > 30 {
		return max(0, int(math.Round(mean+math.Sqrt(mean)*r.NormFloat64())))
	}
	limit, product := math.Exp(-mean), r.Float64()
	n := 0
	for ; product > limit; n++ {
		product *= r.Float64()
	}
	return n
}
