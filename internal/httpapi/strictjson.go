package httpapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/labstack/echo/v4"

	"lifecircle/internal/problem"
)

// maxJSONDepth bounds how deep arrays and objects may be nested.
const maxJSONDepth = 16

// jsonOut writes nil lists as [], members of maps in a fixed order, and no
// invalid UTF-8 whatever it is given.
var jsonOut = json.JoinOptions(json.Deterministic(true), jsontext.AllowInvalidUTF8(true))

// strictBody reads the body of c's request, refuses what is not one JSON text
// without doubt in it, and leaves it in memory for the handler.
func strictBody(c echo.Context) error {
	r := c.Request()
	if err := checkContentType(r.Header); err != nil {
		return err
	}
	body, err := readBody(c)
	if err != nil {
		return err
	}
	if len(body) == 0 {
		return problem.New(problem.MalformedJSON, "The body is empty; a JSON object is expected.")
	}
	if len(r.Header.Values("Content-Type")) == 0 {
		return errContentType
	}
	if err := checkJSON(body); err != nil {
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

var errContentType = problem.New(problem.BadContentType, "The body must be application/json in UTF-8, without a content coding.")

func checkContentType(h http.Header) error {
	values := h.Values("Content-Type")
	if len(values) > 1 || h.Get("Content-Encoding") != "" {
		return errContentType
	}
	if len(values) == 0 {
		return nil // refused later, unless there is no body either
	}
	kind, params, err := mime.ParseMediaType(values[0])
	if err != nil || kind != "application/json" {
		return errContentType
	}
	for name, value := range params {
		if name != "charset" || !strings.EqualFold(value, "utf-8") {
			return errContentType
		}
	}
	return nil
}

// readBody reads at most MaxBodyBytes within bodyTime.
func readBody(c echo.Context) ([]byte, error) {
	r, w := c.Request(), c.Response().Writer
	tooLarge := problem.New(problem.BodyTooLarge, "The body may have at most %d bytes.", MaxBodyBytes)
	if r.ContentLength > MaxBodyBytes {
		w.Header().Set("Connection", "close")
		return nil, tooLarge
	}
	deadline := http.NewResponseController(w)
	_ = deadline.SetReadDeadline(time.Now().Add(bodyTime)) // a recorder in a test has none
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBodyBytes))
	if big := (*http.MaxBytesError)(nil); errors.As(err, &big) {
		return nil, tooLarge
	}
	if err != nil {
		return nil, problem.New(problem.MalformedRequest, "The body did not arrive whole, or not within %s.", bodyTime)
	}
	_ = deadline.SetReadDeadline(time.Time{}) // or it would end the context of a slow handler
	return body, nil
}

// checkJSON accepts one value in valid UTF-8, with no member twice, nested at
// most maxJSONDepth deep, and nothing behind it.
func checkJSON(body []byte) error {
	d := jsontext.NewDecoder(bytes.NewReader(body))
	for first := true; first || d.StackDepth() > 0; first = false {
		if _, err := d.ReadToken(); err != nil {
			return malformed(err)
		}
		if d.StackDepth() > maxJSONDepth {
			return problem.New(problem.MalformedJSON, "The body is nested more than %d deep.", maxJSONDepth)
		}
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return problem.New(problem.MalformedJSON, "Something follows the JSON value in the body.")
	}
	return nil
}

func malformed(err error) error {
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return problem.New(problem.MalformedJSON, "An object in the body has the same member twice.")
	}
	if s := (*jsontext.SyntacticError)(nil); errors.As(err, &s) {
		return problem.New(problem.MalformedJSON, "The body is not well-formed JSON in UTF-8, at byte %d.", s.ByteOffset)
	}
	return problem.New(problem.MalformedJSON, "The body is not well-formed JSON.")
}

// jsonFormat is how huma reads and writes. Bodies have been checked by then.
var jsonFormat = huma.Format{Marshal: writeJSON, Unmarshal: readJSON}

func writeJSON(w io.Writer, v any) error {
	b, err := json.Marshal(v, jsonOut)
	if err != nil {
		return err
	}
	_, _ = w.Write(append(b, '\n')) // fails with the connection only
	return nil
}

// anyNumber lets a member be a number that no float64 holds, such as 1e309: it
// is infinite to the schema, and its text is there for a type that reads itself.
var anyNumber = json.WithUnmarshalers(json.UnmarshalFromFunc(func(d *jsontext.Decoder, v *any) error {
	if d.PeekKind() != '0' || d.StackDepth() == 0 {
		return errors.ErrUnsupported // by this one
	}
	number, err := d.ReadToken()
	if err != nil {
		return err
	}
	*v, _ = strconv.ParseFloat(number.String(), 64) // infinite with its error
	return nil
}))

// readJSON is called with the checked body, first for a validation against
// the schema, then for the input itself. An error of the second comes from a
// type that reads itself, such as an id, or from a member in other letters
// (huma takes Text for text); it names the member.
func readJSON(body []byte, v any) error {
	err := json.Unmarshal(body, v, json.RejectUnknownMembers(true), jsontext.AllowDuplicateNames(true), anyNumber)
	s := (*json.SemanticError)(nil)
	if !errors.As(err, &s) {
		return err
	}
	member := strings.ReplaceAll(strings.TrimPrefix(string(s.JSONPointer), "/"), "/", ".")
	if errors.Is(err, json.ErrUnknownName) {
		return fmt.Errorf("%s is no member of this", member)
	}
	return fmt.Errorf("%s cannot be read", member)
}
