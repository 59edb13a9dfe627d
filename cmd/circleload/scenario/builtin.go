package scenario

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

//go:embed *.yaml
var files embed.FS

// names are those built in, in the order in which they are listed.
var names = []string{"viewers", "storm", "like-storm", "tip-rain", "slow-clients", "soak"}

// BuiltIn returns the scenarios that need no file.
func BuiltIn() ([]Scenario, error) {
	all := make([]Scenario, 0, len(names))
	for _, name := range names {
		s, err := builtIn(name)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

func builtIn(name string) (Scenario, error) {
	file, err := files.ReadFile(name + ".yaml")
	if err != nil {
		return Scenario{}, fmt.Errorf("read the scenario %s: %w", name, err)
	}
	s, err := Parse(name, file)
	if err != nil {
		return s, fmt.Errorf("the scenario %s: %w", name, err)
	}
	return s, nil
}

// Load returns the built-in scenario of that name, or the one in that file: a
// path has a slash in it, or ends in .yaml or .yml.
func Load(nameOrPath string) (Scenario, error) {
	ending := filepath.Ext(nameOrPath)
	if ending != ".yaml" && ending != ".yml" && !strings.ContainsRune(nameOrPath, '/') {
		for _, name := range names {
			if name == nameOrPath {
				return builtIn(name)
			}
		}
		return Scenario{}, fmt.Errorf("there is no scenario %q; choose %s, or a file that ends in .yaml", nameOrPath, strings.Join(names, ", "))
	}
	file, err := os.ReadFile(nameOrPath) //nolint:gosec // the file that the user named
	if err != nil {
		return Scenario{}, fmt.Errorf("read the scenario: %w", err)
	}
	s, err := Parse(strings.TrimSuffix(filepath.Base(nameOrPath), ending), file)
	if err != nil {
		return s, fmt.Errorf("%s: %w", nameOrPath, err)
	}
	return s, nil
}
