package picture

// Sides tells how many pixels the longer side of each size has at most.
func Sides() map[Size]int {
	sides := make(map[Size]int, len(formats))
	for _, f := range formats {
		sides[f.size] = f.side
	}
	return sides
}
