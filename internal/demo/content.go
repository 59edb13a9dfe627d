package demo

import (
	"embed"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"lifecircle/feed/policy"
)

// contentFiles hold what is said: people.txt, and one file for each circle.
//
// A circle's file begins with its facts (name: ..., may post: a rule) and goes on
// with sections:
//
//	# slots     dish: noodles | dumplings     what {dish} stands for
//	# posts     [noon weekday] Who wants {dish}?     moments, staff, fitted or by:lin,amy first; \n breaks the line
//	            > Me! The {dish} there are good.     a comment that fits this post
//	            >> See you at twelve.                its post's author answers
//	            >>> On my way.                       and the commenter again
//	# comments  Count me in{!| :)}                   fits any post; may have >> answers, too
//	# replies   Thank you!                           a post's author answers any comment
//
// slots.go tells what else stands in braces.
//
//go:embed content/*.txt
var contentFiles embed.FS

// script is what is known about a circle before anybody speaks.
type script struct {
	Circle
	activity float64 // posts in relation to other circles
	slots    map[string][]string
	posts    []line
	comments []line
	replies  []line
}

// line is something that can be said, with the turns that follow from it.
type line struct {
	text    string
	chinese bool
	when    []string // moments, all of which hold
	staff   bool     // said by the owner or a moderator
	by      []string // said by one of these; empty: by anybody
	fitted  bool     // comments that fit any post do not fit this one
	depth   int      // 0: a post, or a comment or reply for any post
	turns   []line   // in the order of the file, with their depths
}

// mustLoad reads the embedded content, which the tests hold to be right.
func mustLoad() ([]citizen, []*script) {
	people, err := loadPeople()
	if err != nil {
		panic(err)
	}
	scripts, err := loadScripts()
	if err != nil {
		panic(err)
	}
	return people, scripts
}

// loadScripts returns the circles, parents first, otherwise by key.
func loadScripts() ([]*script, error) {
	names, err := contentFiles.ReadDir("content")
	if err != nil {
		return nil, err
	}
	var parents, children []*script
	for _, n := range names {
		if n.Name() == peopleFile {
			continue
		}
		data, err := contentFiles.ReadFile(path.Join("content", n.Name()))
		if err != nil {
			return nil, err
		}
		s, err := parseScript(strings.TrimSuffix(n.Name(), ".txt"), string(data))
		if err != nil {
			return nil, fmt.Errorf("read content/%s: %w", n.Name(), err)
		}
		if s.ParentKey == "" {
			parents = append(parents, s)
		} else {
			children = append(children, s)
		}
	}
	return slices.Concat(parents, children), nil
}

func parseScript(key, data string) (*script, error) {
	s := &script{Circle: Circle{Key: key}, activity: 1, slots: map[string][]string{}}
	section := ""
	for i, l := range strings.Split(data, "\n") {
		l = strings.TrimSpace(l)
		if l == "" {
			continue
		}
		if name, ok := strings.CutPrefix(l, "# "); ok {
			section = name
			continue
		}
		if err := s.read(section, l); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	return s, s.checkSlots()
}

func (s *script) read(section, l string) error {
	switch section {
	case "":
		return s.readFact(l)
	case "slots":
		name, values, ok := strings.Cut(l, ":")
		if !ok {
			return fmt.Errorf("a slot without values: %s", l)
		}
		for _, v := range splitChoices(values) {
			s.slots[name] = append(s.slots[name], strings.TrimSpace(v))
		}
		return nil
	case "posts":
		return addLine(&s.posts, l)
	case "comments":
		return addLine(&s.comments, l)
	case "replies":
		return addLine(&s.replies, l)
	}
	return fmt.Errorf("unknown section %q", section)
}

func (s *script) readFact(l string) (err error) {
	name, value, _ := strings.Cut(l, ":")
	value = strings.TrimSpace(value)
	fields := map[string]*string{
		"name": &s.Name, "description": &s.Description, "category": &s.Category, "place": &s.Place, "parent": &s.ParentKey,
		"owner": &s.Owner, "partner": &s.Partner, "language": &s.Language,
	}
	switch {
	case fields[name] != nil:
		*fields[name] = value
	case strings.HasPrefix(name, "may "):
		if s.Rules == nil {
			s.Rules = map[policy.Action]string{}
		}
		s.Rules[policy.Action(strings.TrimPrefix(name, "may "))] = value
	case name == "tags":
		s.Tags = strings.Fields(value)
	case name == "moderators":
		s.Moderators = strings.Fields(value)
	case name == "activity":
		s.activity, err = strconv.ParseFloat(value, 64)
	default:
		return fmt.Errorf("unknown fact %q", name)
	}
	return err
}

// addLine reads a line of a section: a new one, or a turn of the last one.
func addLine(lines *[]line, raw string) error {
	text := strings.TrimLeft(raw, ">")
	l := line{depth: len(raw) - len(text), text: strings.TrimSpace(text)}
	if words, rest, ok := strings.Cut(l.text, "]"); ok && strings.HasPrefix(words, "[") {
		l.text = strings.TrimSpace(rest)
		for _, w := range strings.Fields(words[1:]) {
			handles, named := strings.CutPrefix(w, "by:")
			switch {
			case named:
				l.by = strings.Split(handles, ",")
			case w == "staff":
				l.staff = true
			case w == "fitted":
				l.fitted = true
			case moments[w] == nil:
				return fmt.Errorf("unknown moment %q", w)
			default:
				l.when = append(l.when, w)
			}
		}
	}
	l.text = strings.ReplaceAll(l.text, `\n`, "\n")
	l.chinese = isChinese(l.text)
	if l.depth == 0 {
		*lines = append(*lines, l)
		return nil
	}
	if len(*lines) == 0 {
		return fmt.Errorf("an answer to nothing: %s", raw)
	}
	last := &(*lines)[len(*lines)-1]
	last.turns = append(last.turns, l)
	return nil
}

func isChinese(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) })
}
