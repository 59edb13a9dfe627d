package report

import (
	_ "embed" // the page's parts
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

var (
	//go:embed page.gohtml
	pageMarkup string
	//go:embed page.css
	pageStyle string
	//go:embed page.js
	pageScript string
)

var pageTemplate = template.Must(template.New("page").Parse(pageMarkup))

// page is what the template sees: figures are text already, so that the page
// and the terminal say them alike.
type page struct {
	Report
	Took       string
	Verdict    string
	Tone       string // good or bad
	Besides    string // a problem that the verdict does not name
	Examples   []string
	Highlights []Setting
	Plots      []plot
	Tables     []table

	Style      template.CSS
	Script     template.JS
	PlotStyle  template.CSS
	PlotScript template.JS // empty: the library was not there when the program was built
}

// table is one table of the page. The first cell of a row is its head.
type table struct {
	ID, Title, Note string
	Head            []string
	Rows            [][]string
	Folded          bool // long ones open when asked
}

// WriteHTML writes the report as one file that needs nothing else.
func (r Report) WriteHTML(w io.Writer) error {
	p := page{
		Report: r, Took: r.took(), Tone: "good", Highlights: r.highlights(), Plots: r.plots(), Tables: r.tables(),
		Style:  template.CSS(pageStyle), //nolint:gosec // page.css
		Script: template.JS(pageScript), //nolint:gosec // page.js
	}
	var good bool
	if p.Verdict, good = r.verdict(); !good {
		p.Tone = "bad"
	}
	p.Besides, p.Examples = r.besides(), r.examples()
	if len(p.Plots) > 0 {
		p.PlotScript, p.PlotStyle = plotting()
	}
	if err := pageTemplate.Execute(w, p); err != nil {
		return fmt.Errorf("write the report's page: %w", err)
	}
	return nil
}

// highlights are the figures that are looked for first.
func (r Report) highlights() []Setting {
	v := r.Result
	out := []Setting{{"viewers", whole(v.Viewers)}, {"deliveries", whole(v.Deliveries)}}
	add := func(name string, value float64, unit string) {
		if value > 0 {
			out = append(out, Setting{name, short(value) + " " + unit})
		}
	}
	add("delivery p50", v.Delivery.P50, "ms")
	add("delivery p99", v.Delivery.P99, "ms")
	for _, kind := range slices.Sorted(maps.Keys(v.Commands)) {
		add(kind+" p99", v.Commands[kind].Latency.P99, "ms")
	}
	add("recovery p99", v.Recovery.P99, "ms")
	for _, s := range r.Servers[:min(1, len(r.Servers))] {
		add("server CPU a delivery", s.PerDelivery, "µs")
		add("server memory a client", s.PerClient, "KiB")
	}
	return out
}

func (r Report) tables() []table {
	processes, notes := r.processes()
	notes = append([]string{
		"CPU is user and system time from the start of the measured part until all was delivered, divided by each count as if nothing else had been done." +
			" Memory is resident: before anybody connected, and when all were subscribed.",
	}, notes...)
	settings := [][]string{{"target", r.Target}, {"protocol", r.Protocol}, {"seed", strconv.FormatUint(r.Seed, 10)}}
	for _, s := range r.Settings {
		settings = append(settings, []string{s.Name, s.Value})
	}
	return []table{
		{ID: "latencies", Title: "Latency", Head: latencyHead, Rows: r.latencies()},
		{ID: "processes", Title: "CPU and memory", Note: strings.Join(notes, " "), Head: processHead, Rows: processes},
		{ID: "counts", Title: "Counted", Head: countHead, Rows: r.counts()},
		{ID: "settings", Title: "Settings", Head: []string{"setting", "value"}, Rows: settings},
		{ID: "seconds", Title: "Seconds", Head: secondHead, Rows: r.seconds(), Folded: true},
	}
}
