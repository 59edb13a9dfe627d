package policy

import (
	"maps"
	"strconv"
	"strings"
	"unicode/utf8"

	"lifecircle/internal/problem"
)

// Title is what a template or a parameter is called.
type Title struct {
	English string `json:"en"`
	Chinese string `json:"zh"`
}

// Template is a set of rules to begin with. A parameter's place in the rules
// is its id in braces.
type Template struct {
	ID          string            `json:"id"`
	Title       Title             `json:"title"`
	Rules       map[Action]string `json:"rules"`
	Parameters  []Parameter       `json:"parameters,omitempty"`
	NeedsReason bool              `json:"needs_reason,omitempty" doc:"the rules depend on gender: say why, for readers to see"`
}

// Parameter is what a template asks for.
type Parameter struct {
	ID    string `json:"id"`
	Title Title  `json:"title"`
}

// MaxParameterLength is the length of what is put into a template, in characters.
const MaxParameterLength = 100

const trusted = "user.credit > 750 || can.post" // who comments where not everybody posts

// Templates returns what the form for a new circle offers.
func Templates() []Template {
	return []Template{
		{ID: "open", Title: Title{"Open to all", "对所有人开放"}, Rules: map[Action]string{}},
		{ID: "campus", Title: Title{"Campus: students post", "校园：学生发帖"}, Rules: map[Action]string{MakePost: "user.student", Comment: trusted}},
		{
			ID: "school", Title: Title{"One school", "本校学生"},
			Rules:      map[Action]string{MakePost: "user.student_of == {school}", Comment: trusted},
			Parameters: []Parameter{{ID: "school", Title: Title{"School", "学校"}}},
		},
		{ID: "white_collar", Title: Title{"White collar: employees post", "白领：在职者发帖"}, Rules: map[Action]string{MakePost: "user.employee", Comment: trusted}},
		{
			ID: "local", Title: Title{"Local: one city", "同城"},
			Rules:      map[Action]string{MakePost: "user.city == {city}", Comment: trusted},
			Parameters: []Parameter{{ID: "city", Title: Title{"City", "城市"}}},
		},
		{
			ID: "womens", Title: Title{"Women post", "女性发帖"}, NeedsReason: true,
			Rules: map[Action]string{MakePost: `user.gender == "female"`, Comment: "user.credit > 750"},
		},
		{
			ID: "mens", Title: Title{"Men post", "男性发帖"}, NeedsReason: true,
			Rules: map[Action]string{MakePost: `user.gender == "male"`, Comment: "user.credit > 750"},
		},
		{ID: "adults", Title: Title{"Adults only", "仅限成年人"}, Rules: map[Action]string{View: "user.age >= 18"}},
	}
}

// Fill returns the template's rules with the parameters in their places.
func (t Template) Fill(parameters map[string]string) (map[Action]string, error) {
	rules := maps.Clone(t.Rules)
	for _, p := range t.Parameters {
		v := strings.TrimSpace(parameters[p.ID])
		if v == "" || !utf8.ValidString(v) || utf8.RuneCountInString(v) > MaxParameterLength {
			return nil, problem.Invalid(problem.Invalid_, "body.parameters."+p.ID, "%s takes 1 to %d characters", p.Title.English, MaxParameterLength)
		}
		for a, text := range rules {
			rules[a] = strings.ReplaceAll(text, "{"+p.ID+"}", strconv.Quote(v))
		}
	}
	return rules, nil
}
