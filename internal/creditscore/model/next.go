package model

// DailyRise is how many points a score rises in a night, at most (section 3, cadence).
const DailyRise = 10

// Step is why a published score is set anew.
type Step uint8

// The steps.
const (
	First    Step = iota // a user's first score: not capped
	Night                // the nightly run: up by 10, down by whatever it is
	Sanction             // a penalty, at once: down only
	Appeal               // upheld, at once: up to what it was before, down never
)

// Change is a step and what it needs to know.
type Change struct {
	Step   Step
	Nights int // Night: since the last run; 1 unless runs were missed
	Before int // Appeal: what was published before the penalty
}

// Next returns what is published after previous, where computed is the score
// of the model.
//
// Only penalties take effect between the nightly runs. All other falls come
// with the run of the night, whole: so at a Sanction computed is that of the
// last run's inputs and the penalty, see WithPenalty, and not of the day's
// other events. A score that was still rising towards a higher one falls only
// as far as the penalty takes it below where it stands.
func Next(previous, computed int, c Change) int {
	switch c.Step {
	case Night:
		return min(computed, previous+DailyRise*max(0, c.Nights))
	case Sanction:
		return min(previous, computed)
	case Appeal:
		return max(previous, min(computed, c.Before))
	default:
		return computed
	}
}

// WithPenalty returns the inputs with one penalty more, as for a Sanction.
func (in Inputs) WithPenalty(p Penalty) Inputs {
	in.Penalties = append(in.Penalties[:len(in.Penalties):len(in.Penalties)], p)
	return in
}

// WithRevoked returns the inputs with the identity revoked, as for a Sanction:
// it is one, though it has no points.
func (in Inputs) WithRevoked() Inputs {
	in.Levels, in.Revoked = Inputs{}.Levels, true
	return in
}
