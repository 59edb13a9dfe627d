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
// connections, line_test.go is the network of a phone, balancer_test.go a load
// balancer. The tests are in files named after what they hold: connect, call,
// recovery, text, counts, nodes, mobile, chaos, browser, demo, shutdown;
// story_page_test.go walks a whole evening with two people. What is promised at
// scale is in promise_*_test.go, with crowds of the load tester's player as
// viewers; scale_test.go says how a crowd is led. Each of these tests has a
// small size, and a full one for a machine of its own.
//
// LIFECIRCLE_BIN names a program to test instead of building one, TESTDATA_DIR
// a folder of texts to post beside our own, -chaos.rounds how often
// everything is killed, -chaos.full asks for the full sizes, -chaos.seed
// repeats what was random. A browser test that fails leaves pictures in bin/e2e.
package e2e
