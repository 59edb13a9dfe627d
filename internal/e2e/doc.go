// Package e2e tests the assembled server as outsiders meet it: the program
// itself in a process of its own, with real Postgres and Redis, spoken to over
// HTTP, by the npm SDK in Node and by a browser. It promises that no test
// reaches into the server: what they know comes from its doors, its exit
// status, its log, and (for what must be on the disk) from its database.
//
// It refuses to skip: a tool that is missing is a failure that names the make
// target which installs it.
//
// Where to start: program_test.go runs the server, api_test.go speaks HTTP to
// it, sdk_test.go the npm SDK (sdk/driver.mjs does what Go tells it),
// page_test.go a browser (browser/driver.mjs), proxy_test.go cuts and filters
// connections. The tests are in files named after what they hold: connect,
// call, recovery, text, counts, nodes, chaos, browser, demo, shutdown.
//
// LIFECIRCLE_BIN names a program to test instead of building one, TESTDATA_DIR
// a folder of texts to post beside our own, -chaos.rounds how often
// everything is killed, -screenshot where to leave the picture of the README.
// A browser test that fails leaves pictures in bin/e2e.
package e2e
