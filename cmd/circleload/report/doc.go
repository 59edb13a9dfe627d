// Package report says what a run of the load tester found: as a table for
// people at a terminal, as JSON for programs, and as one HTML file with plots
// that needs nothing else and asks no network for anything.
//
// It promises that a figure means the same in all three, and that nothing that
// comes from a scenario or a server is ever read as markup. Where the plotting
// library was not there when the program was built, the page has its tables
// and says how to get plots.
//
// It refuses to judge: what is a fault was decided by the one who ran the load.
//
// Where to start: report.go (what is told), page.go and page.gohtml (the page).
package report
