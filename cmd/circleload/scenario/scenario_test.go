package scenario

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const maxLines = 25 // of a built-in scenario, so that it is read before it is run

func TestBuiltInScenariosAreShortAndBounded(t *testing.T) {
	t.Parallel()
	all, err := BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	there, err := filepath.Glob("*.yaml")
	if err != nil || len(there) != len(all) {
		t.Errorf("%d scenarios are listed, %d files are there (%v)", len(all), len(there), err)
	}
	for _, s := range all {
		file, err := os.ReadFile(s.Name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		if lines := bytes.Count(file, []byte("\n")); lines > maxLines || !bytes.HasPrefix(file, []byte("# ")) {
			t.Errorf("%s has %d lines, or no comment at its head", s.Name, lines)
		}
		if s.About == "" || strings.Contains(s.About, "\n") {
			t.Errorf("%s is about %q", s.Name, s.About)
		}
		if s.Duration > time.Hour {
			t.Errorf("%s takes %s", s.Name, s.Duration)
		}
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	s, err := Parse("x", []byte("duration: 1m30s\nviewers: 5\nactors: 1\nactions:\n  - {kind: post, rate: 0.5}\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := Action{Kind: Post, Rate: 0.5, Over: Socket, Bytes: 300, Amount: 100}
	if (s.Reconnect != Reconnect{Min: 500 * time.Millisecond, Max: 20 * time.Second}) {
		t.Errorf("reconnect %+v", s.Reconnect)
	}
	if s, err := Parse("x", []byte("duration: 5s\nactors: 1\nactions:\n  - {kind: tip, rate: 1}\n")); err != nil || s.Actions[0].Bytes != 80 || s.Actions[0].Amount != 100 {
		t.Errorf("a tip: %+v %v", s.Actions, err)
	}
	if s.Duration != 90*time.Second || s.Circles != 1 || s.Each != 1 || s.Actions[0] != want {
		t.Errorf("got %+v", s)
	}
}

// TestRefused holds what a file may not say, with words of the answer.
func TestRefused(t *testing.T) {
	t.Parallel()
	const head = "duration: 10s\nviewers: 10\n"
	for file, want := range map[string][]string{
		"":                                                                   {"duration is 0"},
		head + "viewerz: 10\n":                                               {"[3:1]", `unknown field "viewerz"`},
		head + "slow: {viewer: 1}\n":                                         {"[3:8]", "viewer"},
		head + "viewers: 11\n":                                               {"[3:1]", "viewers", "already defined"},
		"viewers: ten\nduration: 1s\n":                                       {"[1:10]"},
		"viewers: [\n":                                                       {"[1:10]"},
		"duration: 30\nviewers: 1\n":                                         {"[1:11]"},
		"duration: 25h\nviewers: 1\n":                                        {"duration is 90000", "86400"},
		"duration: -5s\nviewers: 1\n":                                        {"duration is -5"},
		"duration: 5s\n":                                                     {"nobody comes"},
		"duration: 5s\nviewers: -1\n":                                        {"viewers is -1"},
		"duration: 5s\nviewers: 100000000\n":                                 {"viewers is 1e+08"},
		head + "circles: 2\neach: 3\n":                                       {"each is 3", "between 1 and 2"},
		head + "connect_rate: .nan\n":                                        {"connect_rate is NaN"},
		head + "connect_rate: .inf\n":                                        {"connect_rate is +Inf"},
		head + "actions: [{kind: sing}]\n":                                   {"action 1", `"sing"`},
		head + "actions: [{kind: post}]\n":                                   {"action 1", "nobody can do it"},
		head + "cuts: [{after: 1s}]\n":                                       {"cut 1", "neither"},
		head + "cuts: [{share: 1.5}]\n":                                      {"cut 1", "share is 1.5"},
		head + "cuts: [{share: 1, after: 11s}]\n":                            {"cut 1", "after is 11"},
		head + "reconnect: {max: 2h}\n":                                      {"reconnect.max is 7200"},
		head + "reconnect: {min: 5s, max: 1s}\n":                             {"reconnect.max is less"},
		head + "actors: 1\nactions: [{kind: like}]\n":                        {"action 1", "no rate"},
		head + "actors: 1\nactions: [{kind: like, rate: -1}]\n":              {"action 1", "rate is -1"},
		head + "actors: 1\nactions: [{kind: like, rate: 1, over: sms}]\n":    {"action 1", `"sms"`},
		head + "actors: 1\nactions: [{kind: post, rate: 1, bytes: 99999}]\n": {"action 1", "bytes is 99999"},
		head + "actors: 1\nactions: [{kind: tip, rate: 1, bytes: 201}]\n":    {"action 1", "bytes is 201"},
		head + "actors: 1\nactions: [{kind: tip, rate: 1, amount: 20001}]\n": {"action 1", "amount is 20001"},
		strings.Repeat("#", maxFile+1):                                       {"bytes"},
	} {
		_, err := Parse("x", []byte(file))
		if err == nil {
			t.Errorf("accepted:\n%.200s", file)
			continue
		}
		for _, w := range want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("of\n%.200s\nit says %q, want %q in it", file, err, w)
			}
		}
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	if s, err := Load("like-storm"); err != nil || s.Name != "like-storm" || s.Actions[0].Kind != Like {
		t.Errorf("Load(like-storm) = %+v, %v", s, err)
	}
	if _, err := Load("stormm"); err == nil || !strings.Contains(err.Error(), "viewers, storm, like-storm") {
		t.Errorf("an unknown name: %v", err)
	}
	path := filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(path, []byte("duration: 1s\nviewers: 1\nwrong: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "[3:1]") {
		t.Errorf("a wrong file: %v", err)
	}
	if err := os.WriteFile(path, []byte("duration: 1s\nviewers: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := Load(path); err != nil || s.Name != "mine" || s.Viewers != 1 {
		t.Errorf("Load(%s) = %+v, %v", path, s, err)
	}
}
