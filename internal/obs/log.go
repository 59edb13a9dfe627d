package obs

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"regexp"
	"strings"
)

const redacted = "[redacted]"

// NewLogger returns the log of the process: text for people when out is a
// terminal, a JSON object a line otherwise. level is debug, info, warn or
// error.
func NewLogger(out io.Writer, level string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("log level %q is not one of debug, info, warn, error", level)
	}
	o := &slog.HandlerOptions{Level: l, ReplaceAttr: redact}
	if isTerminal(out) {
		return slog.New(slog.NewTextHandler(out, o)), nil
	}
	return slog.New(slog.NewJSONHandler(out, o)), nil
}

func isTerminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok {
		return false
	}
	st, err := f.Stat()
	return err == nil && st.Mode()&os.ModeCharDevice != 0
}

// secretWords make a key secret when it ends in one of them: access_token,
// dbPassword, Set-Cookie.
var secretWords = []string{"token", "password", "passwd", "authorization", "secret", "cookie", "apikey", "privatekey"}

// addressPassword finds the password in postgres://user:password@host.
var addressPassword = regexp.MustCompile(`(://[^/\s:@]*:)[^/\s@]+@`)

var separators = strings.NewReplacer("_", "", "-", "", ".", "")

func redact(_ []string, a slog.Attr) slog.Attr {
	key := strings.TrimSuffix(separators.Replace(strings.ToLower(a.Key)), "s")
	for _, word := range secretWords {
		if strings.HasSuffix(key, word) {
			return slog.String(a.Key, redacted)
		}
	}
	switch v := a.Value.Any().(type) {
	case string:
		a.Value = slog.StringValue(hideAddress(v))
	case error:
		a.Value = slog.StringValue(hideAddress(v.Error()))
	case fmt.Stringer:
		if text := v.String(); addressPassword.MatchString(text) {
			a.Value = slog.StringValue(hideAddress(text))
		}
	}
	return a
}

func hideAddress(s string) string {
	if !strings.Contains(s, "://") {
		return s
	}
	return addressPassword.ReplaceAllString(s, "${1}"+redacted+"@")
}
