package httpapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"lifecircle/payments"
)

type getStatement struct {
	Month  string `query:"month" doc:"in Asia/Shanghai; absent: this one" example:"2026-11"`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"at most so many items"`
	Cursor string `query:"cursor" doc:"next_cursor of the page before; absent: the first page"`
	Format string `query:"format" enum:"json,csv" doc:"absent: as the Accept header wishes"`
}

func (s *server) getStatement(ctx context.Context, in *getStatement) (*reply[payments.Statement], error) {
	return answer(s.Payments.Statement(ctx, payer(ctx), payments.StatementQuery{Month: in.Month, Limit: in.Limit, Cursor: in.Cursor}))
}

// wantsCSV tells whether r asks for a list to keep, not for a page of it.
func wantsCSV(r *http.Request) bool {
	if format := r.URL.Query().Get("format"); format != "" {
		return format == "csv"
	}
	return strings.Contains(r.Header.Get("Accept"), "text/csv")
}

// answerCSV has the route answer in CSV, in one of the places that reads have.
func (s *server) answerCSV(c echo.Context, rt route) error {
	gate := s.gateOf(rt)
	if err := gate.enter(c.Request().Context()); err != nil {
		return err
	}
	defer gate.leave()
	return rt.csv(c)
}

func (s *server) statementCSV(c echo.Context) error {
	ctx, month := c.Request().Context(), c.QueryParam("month")
	name := "statement.csv"
	if month != "" {
		name = "statement-" + month + ".csv" // of digits, once something is written
	}
	return s.Payments.WriteStatement(ctx, payer(ctx), month, &csvFile{to: c.Response(), name: name})
}

// csvFile sets its headers with the first byte, so that before it a refusal can
// still be answered.
type csvFile struct {
	to    http.ResponseWriter
	name  string
	begun bool
}

func (f *csvFile) Write(b []byte) (int, error) {
	if !f.begun {
		f.begun = true
		f.to.Header().Set("Content-Type", "text/csv; charset=utf-8")
		f.to.Header().Set("Content-Disposition", `attachment; filename="`+f.name+`"`)
		f.to.WriteHeader(http.StatusOK)
	}
	return f.to.Write(b)
}
