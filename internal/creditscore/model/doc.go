// Package model is score model lc-1, pure: what a user's events come to at a
// date, and why. The section numbers in comments are those of the model's
// specification.
//
//	350 + History(210) + Fulfilment(150) + Conduct(120) + Identity(90) + Connections(30) - penalties = raw
//	score = raw, ended by two gates, within 350 and 950
//
// It promises that the same events, trust and date give the same score and the
// same bytes of its explanation on every machine; that parts, penalties and 350
// add up to raw and items to their part; that each gain it names is what Score
// then gives. It refuses to know a trait of a person or an amount of money: no
// event has room for one.
//
// Decided here, where the specification is open:
//   - Rounding: curves to a millionth of a point, a part to the nearest point,
//     half up; items by largest remainder. A penalty to the nearest point.
//   - Months: calendar months of the date's location, complete ones; so a score
//     does not fall on the first of a month. A month is clean with 3 settled
//     transactions and without reversal or penalty in it. Transactions,
//     obligations and items count in the same 36 months and the current one,
//     appreciating people as the mean of the last 12 complete months.
//   - tau is the mean trust of the distinct counterparties of that window,
//     0 without any, wherever it stands; cp*tau is the sum of their trust, and
//     of appreciating people the sum of theirs. Trust counts at most once the
//     median.
//   - The months of Identity and Conduct are those since joining.
//   - Wilson's bound is the lower end of the two-sided 90 % interval.
//   - A verification that has expired is none: the next lower level counts that
//     has not. Revoking ends all levels and the gate stands at 0 (so the score
//     at 350) until a document is verified anew.
//   - Half-lives count whole days of 24 hours. An upheld report that is a
//     penalty as well comes as two events. An item that a moderator removed is an
//     upheld report times his trust, one a month and circle at most. What a vouched person's sanction
//     takes from the voucher, 20, is a penalty like the others.
//   - "Downward at once only for penalties": see Next. A revoked identity is
//     one. An upheld appeal gives back at once, or it would take weeks of +10.
//   - Somebody at exactly 700 has the band from 700 up; what is for the super
//     good (vouching) asks for more than 700.
//   - The hash of the inputs names the table of trust and not its values, which
//     could be guessed from it.
//
// Open score.go; event.go and fold.go say what comes in, curves.go is the
// table, explain.go and reach.go what a user is told.
package model
