package e2e

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const patience = 30 * time.Second // for anything that should happen soon, on a loaded machine

// node is a Node process that does what it is told, one JSON object a line,
// and tells what happens; it ends with its test.
type node struct {
	t       testing.TB
	events  func(raw []byte) // takes what is no answer; called by one goroutine
	ended   chan struct{}    // closed when nothing more is said
	process *os.Process

	mu      sync.Mutex // guards what follows
	stdin   io.WriteCloser
	calls   int // numbers them
	answers map[int]chan nodeAnswer
	faults  []string // what was thrown where nobody catches
}

// nodeError is an error of the npm package, with its number if it has one.
type nodeError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (e *nodeError) Error() string { return fmt.Sprintf("%d %s", e.Code, e.Message) }

type nodeAnswer struct {
	OK    json.RawMessage `json:"ok"`
	Error *nodeError      `json:"error"`
}

func startNode(t testing.TB, script string, events func([]byte), env ...string) *node {
	t.Helper()
	for _, input := range []string{script, "node/lines.mjs"} { // seen by Go, so that a change of them runs the tests again
		if _, err := os.Stat(input); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(needTool(t, "node"), script)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Env = environment(env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	n := &node{t: t, events: events, process: cmd.Process, stdin: stdin, ended: make(chan struct{}), answers: map[int]chan nodeAnswer{}}
	go n.listen(stdout)
	t.Cleanup(func() {
		_ = stdin.Close() // then it ends by itself
		select {
		case <-n.ended:
		case <-time.After(patience):
			t.Errorf("%s does not end", script)
			_ = cmd.Process.Kill()
			<-n.ended
		}
		if err := cmd.Wait(); err != nil || stderr.Len() > 0 || len(n.faults) > 0 {
			t.Errorf("%s ended with %v: %s%v", script, err, &stderr, n.faults)
		}
	})
	return n
}

// listen hands on what Node says until it ends.
func (n *node) listen(stdout io.Reader) {
	defer close(n.ended)
	lines := bufio.NewReader(stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var said struct {
			Re    *int   `json:"re"`
			Fault string `json:"fault"`
			nodeAnswer
		}
		if err := json.Unmarshal(line, &said); err != nil {
			n.t.Errorf("Node says %q: %v", line, err)
			continue
		}
		switch {
		case said.Re != nil:
			n.answer(*said.Re, said.nodeAnswer)
		case said.Fault != "":
			n.mu.Lock()
			n.faults = append(n.faults, said.Fault)
			n.mu.Unlock()
		default:
			n.events(line)
		}
	}
}

func (n *node) answer(call int, a nodeAnswer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if waiting, ok := n.answers[call]; ok {
		waiting <- a // has room
		delete(n.answers, call)
	}
}

// call tells Node to do something with what is named of, and waits for the answer.
func (n *node) call(do, of string, args map[string]any) (json.RawMessage, error) {
	answer, err := n.send(do, of, args)
	if err != nil {
		return nil, err
	}
	select {
	case a := <-answer:
		if a.Error != nil {
			return nil, a.Error
		}
		return a.OK, nil
	case <-n.ended:
		return nil, errors.New("Node has ended")
	case <-time.After(patience):
		return nil, fmt.Errorf("no answer to %s", do)
	}
}

func (n *node) send(do, of string, args map[string]any) (<-chan nodeAnswer, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.calls++
	command := map[string]any{}
	maps.Copy(command, args)
	command["id"], command["of"], command["do"] = n.calls, of, do
	line, err := json.Marshal(command)
	if err != nil {
		return nil, err
	}
	answer := make(chan nodeAnswer, 1)
	n.answers[n.calls] = answer
	_, err = n.stdin.Write(append(line, '\n'))
	return answer, err
}
