package httpapi

import (
	"encoding/json"
	"fmt"
)

// pictureOf chooses the picture of a post's preview: its first photo, unless
// one of them is sensitive or waits for a reviewer, since nobody can ask whether
// it is wanted there. Photos are read as every client reads them.
func pictureOf(photos any) (string, error) {
	raw, err := json.Marshal(photos)
	if err != nil {
		return "", fmt.Errorf("read the photos of a preview: %w", err)
	}
	var all []struct {
		URLs      struct{ Screen string }
		Sensitive bool
		Review    string
	}
	if err := json.Unmarshal(raw, &all); err != nil {
		return "", fmt.Errorf("read the photos of a preview: %w", err)
	}
	for _, p := range all {
		if p.Sensitive || p.Review == "pending" {
			return "", nil
		}
	}
	if len(all) == 0 {
		return "", nil
	}
	return all[0].URLs.Screen, nil
}
