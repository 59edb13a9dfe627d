// Command openapigen writes the OpenAPI document of the routes to the file
// that it is given.
package main

import (
	"fmt"
	"os"

	"lifecircle/internal/httpapi"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "openapigen:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: openapigen <file>")
	}
	document, err := httpapi.Document()
	if err != nil {
		return err
	}
	return os.WriteFile(args[0], document, 0o644) //nolint:gosec // a source file, read by everybody
}
