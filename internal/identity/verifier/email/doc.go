// Package email verifies students and employees by a mailbox: a code goes to an
// address of a school or company that we know, and comes back on a page. A code
// lives for 30 minutes, is kept as a keyed hash only, and is refused for good
// after a few wrong ones.
//
// Open email.go first, page.go for the page, mail.go for what is sent, smtp.go
// and catcher.go for where it goes.
package email
