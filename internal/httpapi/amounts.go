package httpapi

import (
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"lifecircle/internal/money"
	"lifecircle/internal/problem"
)

// What an amount can be refused for.
var amounts = []problem.Code{problem.AmountMalformed, problem.AmountNotPositive, problem.AmountTooLarge}

// amountInput describes money.Input, which reads itself.
type amountInput struct{}

const unitKey = "x-unit" // on the schema of an amount that is sent

// Schema implements huma.SchemaProvider.
func (amountInput) Schema(huma.Registry) *huma.Schema {
	least, most := 1.0, float64(money.Max)
	return &huma.Schema{
		Type: huma.TypeInteger, Format: "int64", Minimum: &least, Maximum: &most, Description: "fen, in digits only",
		Extensions: map[string]any{unitKey: "fen"},
	}
}

// leaveAmounts takes amounts out of what is checked against the document, once
// that is written: money.Input says what is wrong with each value, and with
// none, by a code of its own.
func leaveAmounts(doc *huma.OpenAPI) {
	for _, s := range doc.Components.Schemas.Map() {
		for name, p := range s.Properties {
			if p.Extensions[unitKey] == nil {
				continue
			}
			*p = huma.Schema{}
			s.Required = slices.DeleteFunc(s.Required, func(needed string) bool { return needed == name })
			s.PrecomputeMessages()
		}
	}
}
