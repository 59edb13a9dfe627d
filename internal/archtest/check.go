package archtest

import (
	"fmt"
	"slices"
	"strings"
)

// Package is what `go list -json` tells of a package, as far as it matters here.
type Package struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

func (p Package) name() string { return strings.TrimPrefix(p.ImportPath, Module+"/") }

func (p Package) tests() []string { return slices.Concat(p.TestImports, p.XTestImports) }

// Check returns a sentence for each rule of the table that the packages break.
func Check(packages []Package) (faults []string) {
	all := map[string]Package{}
	for _, p := range packages {
		all[p.ImportPath] = p
	}
	for _, p := range packages {
		faults = append(faults, checkLayer(p)...)
		faults = append(faults, checkHub(p)...)
		faults = append(faults, checkExclusive(p)...)
		faults = append(faults, checkBans(p, all)...)
	}
	slices.Sort(faults)
	return slices.Compact(faults)
}

func checkLayer(p Package) (faults []string) {
	if matches(testOnly, p.name()) || match(hub, p.name()) {
		return nil
	}
	own := layerOf(p.name())
	if own < 0 {
		return []string{p.name() + " is not in the table: add it to a layer"}
	}
	for _, path := range p.Imports {
		name, ours := strings.CutPrefix(path, Module+"/")
		if !ours {
			continue
		}
		switch at := layerOf(name); {
		case matches(testOnly, name):
			faults = append(faults, fmt.Sprintf("%s imports %s, which is for tests", p.name(), name))
		case match(hub, name):
			if own < floor(hubFloor) {
				faults = append(faults, fmt.Sprintf("%s (%s) imports %s, which is for %s and what follows", p.name(), layers[own].name, name, hubFloor))
			}
		case at > own, at == own && !layers[own].peers && !strings.HasPrefix(name, p.name()+"/"):
			faults = append(faults, fmt.Sprintf("%s (%s) imports %s (%s): imports point down", p.name(), layers[own].name, name, layers[at].name))
		}
	}
	return faults
}

// checkHub: its tests import nothing of ours either.
func checkHub(p Package) (faults []string) {
	if !match(hub, p.name()) {
		return nil
	}
	for _, path := range slices.Concat(p.Imports, p.tests()) {
		if name, ours := strings.CutPrefix(path, Module+"/"); ours && !match(hub, name) {
			faults = append(faults, fmt.Sprintf("%s imports %s: the hub imports nothing of the product", p.name(), name))
		}
	}
	for _, path := range p.Imports {
		if p.name() == "hub" && (path == Module+"/hub/redisbroker" || path == Module+"/hub/hubtest") {
			faults = append(faults, fmt.Sprintf("hub imports %s, which stands on it", path))
		}
	}
	return faults
}

func checkExclusive(p Package) (faults []string) {
	for library, importers := range exclusive {
		if matches(importers, p.name()) {
			continue
		}
		for _, path := range slices.Concat(p.Imports, p.tests()) {
			if match(library, path) {
				faults = append(faults, fmt.Sprintf("%s imports %s: only %s may", p.name(), path, strings.Join(importers, ", ")))
			}
		}
	}
	return faults
}

func checkBans(p Package, all map[string]Package) (faults []string) {
	for _, b := range bans {
		if !matches(b.packages, p.name()) {
			continue
		}
		reached := map[string]string{} // import -> the package of ours that has it
		reach(p, all, b.direct, reached)
		for path, by := range reached {
			if matches(b.imports, path) {
				faults = append(faults, fmt.Sprintf("%s may not import %s (%s does)", p.name(), path, by))
			}
		}
	}
	return faults
}

// reach collects the imports of p and, unless direct, of the packages of ours
// that it imports.
func reach(p Package, all map[string]Package, direct bool, reached map[string]string) {
	for _, path := range p.Imports {
		if _, seen := reached[path]; seen {
			continue
		}
		reached[path] = p.name()
		if next, ours := all[path]; ours && !direct {
			reach(next, all, direct, reached)
		}
	}
}

// CheckFolders returns a sentence for each folder that has no place at the top.
func CheckFolders(names []string) (faults []string) {
	for _, name := range names {
		if !strings.HasPrefix(name, ".") && !slices.Contains(folders, name) {
			faults = append(faults, fmt.Sprintf("the folder %s has no place at the top: %s", name, strings.Join(folders, ", ")))
		}
	}
	return faults
}

func layerOf(name string) int {
	return slices.IndexFunc(layers, func(l layer) bool { return matches(l.packages, name) })
}

func floor(name string) int {
	return slices.IndexFunc(layers, func(l layer) bool { return l.name == name })
}

func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return match(pattern, name) })
}

func match(pattern, name string) bool {
	if root, ok := strings.CutSuffix(pattern, "/..."); ok {
		return name == root || strings.HasPrefix(name, root+"/")
	}
	return name == pattern
}
