// Package fanout measures what the hub costs beside the least that the same
// work can cost on the machine at that moment: a bare loop, its floor. Figures
// drift by half between hours, ratios of one run much less; so every benchmark
// runs floor and hub in turn and reports medians and their ratio (x-floor).
//
// The server is this test's binary again, as a process on the first core with
// one P (child_test.go); the clients are on the last one, Redis with them. Both
// sides of a ratio have the same clients and the same schedule of publications
// of 300 bytes, made inside the server. The floor (floor_test.go) frames a
// publication once and writes it to each socket with write(2). A storm's floor
// (upgrade_test.go) is net/http, a hijack and an answer 101.
//
// CPU is user and system time of the server process. The loopback's receive
// path runs in it and is included. Latency counts from the planned moment of a
// publication until the client has it. Memory is what the process holds after a
// collection and FreeOSMemory; that of the kernel is not in it.
//
// One operation is one whole measurement: run it with -benchtime=1x. Flags
// (-fanout.clients and others, main_test.go) set sizes. fanout_test.go is the
// file to open first. The package is of tests only.
package fanout
