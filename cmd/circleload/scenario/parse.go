package scenario

import (
	"errors"
	"fmt"

	"github.com/goccy/go-yaml"
)

const maxFile = 64 << 10 // bytes

// Parse reads a scenario. An error names the line, and shows it where the file
// does not say what it means.
func Parse(name string, file []byte) (Scenario, error) {
	s := Scenario{Name: name}
	if len(file) > maxFile {
		return s, fmt.Errorf("the file has %d bytes; %d are the most", len(file), maxFile)
	}
	if err := yaml.UnmarshalWithOptions(file, &s, yaml.Strict()); err != nil {
		var at yaml.Error
		if errors.As(err, &at) {
			return s, errors.New(at.FormatError(false, true))
		}
		return s, err
	}
	s.defaults()
	return s, s.Check()
}
