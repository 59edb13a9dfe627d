package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// usageNow is what a process has used until now.
type usageNow struct {
	at      time.Time
	cpu     time.Duration // user and system, all threads, ended ones too
	memory  int64         // resident, KiB
	highest int64         // the most it was since its start, KiB
}

// tick is the unit of times in /proc, the same on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// Places in /proc/PID/stat, after the program's name in brackets.
const (
	statUser   = 11
	statSystem = 12
)

// readUsage asks the kernel, by /proc.
func readUsage(pid int) (usageNow, error) {
	u := usageNow{at: time.Now()}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return u, gone(pid, err)
	}
	// The name may hold spaces and brackets: what follows its last one is numbers.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) <= statSystem {
		return u, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	for _, place := range []int{statUser, statSystem} {
		ticks, err := strconv.ParseInt(fields[place], 10, 64)
		if err != nil {
			return u, fmt.Errorf("read /proc/%d/stat: %w", pid, err)
		}
		u.cpu += time.Duration(ticks) * tick
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return u, gone(pid, err)
	}
	u.memory, u.highest = kib(status, "VmRSS:"), kib(status, "VmHWM:")
	return u, nil
}

// programName is how the kernel calls the process.
func programName(pid int) string {
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	if err != nil {
		return "process"
	}
	return strings.TrimSpace(string(name))
}

func gone(pid int, err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("there is no process %d, or no /proc to see it", pid)
	}
	return fmt.Errorf("look at process %d: %w", pid, err)
}

// kib finds a line like "VmRSS:   1234 kB"; a process that is ending has none.
func kib(status []byte, name string) int64 {
	_, rest, _ := strings.Cut(string(status), "\n"+name)
	line, _, _ := strings.Cut(rest, "\n")
	n, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(line), " kB"), 10, 64)
	return n
}
