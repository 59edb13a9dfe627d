package payments_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"lifecircle/feed"
	"lifecircle/internal/groupcommit"
	"lifecircle/internal/id"
	"lifecircle/internal/problem"
	"lifecircle/payments"
)

func TestATipIsOneTransferAnEventAndANewTotal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	author, post := w.posted()
	payer := w.people(1, 1000)[0]
	in := fen(521)
	in.Message = "for the tea"
	tip, err := w.money().Tip(t.Context(), payer, post, in, "k1")
	if err != nil {
		t.Fatal(err)
	}
	if tip.TipTotal != 521 || tip.From == nil || tip.From.ID != payer.User || tip.Message != "for the tea" || tip.Visibility != payments.Public {
		t.Errorf("%+v", tip)
	}
	if got := []int64{w.balance(payer), w.balance(author)}; got[0] != 479 || got[1] != 469 {
		t.Errorf("balances %v, want 479 and 469 (90 %% of 521, rounded for the author)", got)
	}
	if n := w.number(`SELECT sum(balance)::bigint FROM accounts WHERE kind IN ('platform', 'reserve')`); n != 52 {
		t.Errorf("the platform has %d", n)
	}
	events := w.ears.heard()
	last := events[len(events)-1]
	if !strings.HasPrefix(string(last.Data), `{"type":"tip.created","tip":{"id":"`+tip.ID.String()) || !strings.Contains(string(last.Data), `"tip_total":521`) {
		t.Errorf("event %s", last.Data)
	}
	if c := w.ears.counted(post); c.TipCount != 1 || c.TipTotal != 521 {
		t.Errorf("counts %+v", c)
	}
	if w.ears.told(payer) != 2 || w.ears.told(author) != 1 {
		t.Errorf("told %d and %d times of their wallets", w.ears.told(payer), w.ears.told(author))
	}
	w.sound()
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// What a tipper hides is in no event, and in the list only for whom he chose.
func TestWhoSeesATip(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	s := w.scene()
	partner, stranger := w.people(1, 0)[0], w.people(1, 0)[0]
	s.contract(s.post.Circle, s.author, partner, 8000, 1000, 1000, 0)
	handle := fmt.Sprintf("u%x", int64(s.payer.User))
	for _, v := range []payments.Visibility{payments.Public, payments.Receiver, payments.Anonymous} {
		in := fen(100)
		in.Message, in.Visibility = "secret tea for "+string(v), v
		tip, err := w.money().Tip(t.Context(), s.payer, s.post, in, string(v))
		if err != nil || tip.From == nil || tip.From.Handle != handle || tip.Message != in.Message {
			t.Errorf("the payer's answer: %+v %v", tip, err)
		}
	}
	for _, e := range w.ears.heard() {
		data := string(e.Data)
		public := strings.Contains(data, `"visibility":"public"`)
		for _, hidden := range []string{handle, s.payer.User.String(), "secret tea", "Person 0\"},\"message"} {
			if strings.Contains(data, "tip.created") && !public && strings.Contains(data, hidden) {
				t.Errorf("%q is told in %s", hidden, data)
			}
		}
	}
	all, pub := "anonymous receiver public", "public"
	for who, want := range map[string]struct {
		payments.Actor
		sees string
	}{
		"payer": {s.payer, all}, "author": {s.author, "receiver public"}, "partner": {partner, pub}, "stranger": {stranger, pub}, "guest": {payments.Actor{}, pub},
	} {
		page, err := w.money().Tips(t.Context(), want.Actor, s.post, payments.PageQuery{})
		if err != nil || len(page.Items) != 3 {
			t.Fatalf("%s: %+v %v", who, page, err)
		}
		var sees []string
		for _, tip := range page.Items {
			if tip.Amount != 100 || tip.TipTotal != 300 || len(tip.Split) != 3 {
				t.Errorf("%s: %+v", who, tip)
			}
			if (tip.From == nil) != (tip.Message == "") {
				t.Errorf("%s sees half of it: %+v", who, tip)
			}
			if tip.From != nil {
				sees = append(sees, string(tip.Visibility))
			}
		}
		if got := strings.Join(sees, " "); got != want.sees {
			t.Errorf("%s sees who gave %q, want %q", who, got, want.sees)
		}
	}
}

func TestPagesOfTips(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	s := w.scene()
	var want []string
	for range 7 {
		want = append([]string{s.tip(s.payer, s.post, 10).ID.String()}, want...)
	}
	var got []string
	q := payments.PageQuery{Limit: 3}
	for pages := 1; ; pages++ {
		page, err := w.money().Tips(t.Context(), payments.Actor{}, s.post, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, tip := range page.Items {
			got = append(got, tip.ID.String())
		}
		if q.Cursor = page.NextCursor; q.Cursor == "" {
			break
		}
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("pages hold %v, want %v", got, want)
	}
	_, err := w.money().Tips(t.Context(), payments.Actor{}, s.post, payments.PageQuery{Cursor: "forged"})
	w.refused(err, problem.BadCursor)
	_, err = w.money().Tips(t.Context(), payments.Actor{}, s.another(), payments.PageQuery{})
	w.refused(err, problem.PostNotFound)
	s.deleted()
	_, err = w.money().Tips(t.Context(), s.author, s.post, payments.PageQuery{})
	w.refused(err, problem.Deleted)
}

// One person may be two of those whom a tip concerns.
func TestSharesOfATip(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	for name, c := range map[string]struct {
		author, partner, platform int // shares
		who                       string
		toAuthor, toPartner, ours int64 // of 1,001 fen
	}{
		"standard":             {9000, 0, 1000, "", 901, 0, 100},
		"all to the author":    {10_000, 0, 0, "", 1001, 0, 0},
		"all to the platform":  {0, 0, 10_000, "", 0, 0, 1001},
		"three ways":           {6000, 3000, 1000, "partner", 601, 300, 100},
		"partner is author":    {6000, 3000, 1000, "author", 601, 300, 100},
		"partner is payer":     {6000, 3000, 1000, "payer", 601, 300, 100},
		"all to the partner":   {0, 10_000, 0, "partner", 0, 1001, 0},
		"a partner of nothing": {10_000, 0, 0, "partner", 1001, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := w.scene()
			partner := w.people(1, 0)[0]
			owner := s.author
			switch c.who {
			case "":
				partner = payments.Actor{}
			case "payer":
				partner = s.payer
			case "author": // of a post in somebody else's circle
				owner, partner = partner, s.author
				s.post = w.post(s.author, w.circle(owner))
			}
			if name != "standard" {
				s.contract(s.post.Circle, owner, partner, c.author, c.partner, c.platform, 0)
			}
			before := w.number(`SELECT sum(balance)::bigint FROM accounts WHERE kind IN ('platform', 'reserve')`)
			tip := s.tip(s.payer, s.post, 1001)
			want := map[payments.Actor]int64{s.payer: 10_000 - 1001}
			want[s.author] += c.toAuthor
			if partner.User != 0 {
				want[partner] += c.toPartner
			}
			for who, fen := range want {
				if w.balance(who) != fen {
					t.Errorf("%d fen, want %d", w.balance(who), fen)
				}
			}
			if ours := w.number(`SELECT sum(balance)::bigint FROM accounts WHERE kind IN ('platform', 'reserve')`) - before; ours != c.ours {
				t.Errorf("the platform got %d, want %d", ours, c.ours)
			}
			quote, err := w.money().Quote(t.Context(), payments.Actor{}, s.post, "1001")
			if err != nil || asJSON(t, quote.Split) != asJSON(t, tip.Split) {
				t.Errorf("quoted %+v (%v), shared %+v", quote, err, tip.Split)
			}
		})
	}
	w.sound()
}

func TestQuotesAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	s := w.scene()
	s.contract(s.post.Circle, s.author, payments.Actor{}, 9500, 0, 500, 700)
	if q, err := w.money().Quote(t.Context(), payments.Actor{}, s.post, "700"); err != nil || q.Contract != 1 || q.MaxTip != 700 || q.Amount.Amount != 700 {
		t.Errorf("%+v %v", q, err)
	}
	for text, code := range map[string]problem.Code{"701": problem.TipTooLarge, "0": problem.AmountNotPositive, "": problem.AmountMalformed, "1e2": problem.AmountMalformed} {
		_, err := w.money().Quote(t.Context(), payments.Actor{}, s.post, text)
		w.refused(err, code)
	}
	_, err := w.money().Quote(t.Context(), payments.Actor{}, s.another(), "1")
	w.refused(err, problem.PostNotFound)
}

// A withdrawal under way holds what it takes.
func TestATipCannotSpendWhatAWithdrawalHolds(t *testing.T) {
	t.Parallel()
	bank := newTill()
	bank.payout = pendingly
	w := newWorld(t, 1, withTill(bank))
	s := w.scene()
	if _, err := w.money().Withdraw(t.Context(), s.payer, out(9_950), "w"); err != nil {
		t.Fatal(err)
	}
	_, err := w.money().Tip(t.Context(), s.payer, s.post, fen(51), "k")
	w.refused(err, problem.FundsHeld)
	if p := problem.From(err); len(p.Rule) != 1 || !strings.Contains(p.Rule[0].How, "top up 1 fen") {
		t.Errorf("%+v", p)
	}
	s.tip(s.payer, s.post, 50)
	_, err = w.money().Withdraw(t.Context(), s.payer, out(1), "w2")
	w.refused(err, problem.FundsHeld)
	w.sound()
}

// TestATipAndTheDeletionOfItsPost: whichever comes first; no event of a tip
// follows that of the deletion, and no money moves after it.
func TestATipAndTheDeletionOfItsPost(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	author := w.people(1, 0)[0]
	circle := w.circle(author)
	payers := w.people(4, 1000)
	for range 15 {
		post := w.post(author, circle)
		var all sync.WaitGroup
		for i, p := range payers {
			all.Go(func() {
				if _, err := w.nodes[i%2].money.Tip(t.Context(), p, post, fen(1), id.New().String()); err != nil {
					w.refused(err, problem.Deleted)
				}
			})
		}
		all.Go(func() {
			if err := w.nodes[1].feed.DeletePost(t.Context(), feed.Actor(author), post); err != nil {
				t.Error(err)
			}
		})
		all.Wait()
	}
	if n := w.number(`SELECT count(*) FROM circle_events d JOIN circle_events t ON t.circle_id = d.circle_id AND t."offset" > d."offset"
		WHERE d.data::jsonb->>'type' = 'post.deleted' AND t.data::jsonb->'tip'->>'post_id' = d.data::jsonb->>'post_id'`); n != 0 {
		t.Errorf("%d tips follow the deletion of their posts", n)
	}
	w.sound()
}

// The newest page comes from memory, and yet is never behind a tip.
func TestTheNewestPageKnowsEveryTip(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	s := w.scene()
	for n := range int64(6) {
		for i, node := range w.nodes {
			page, err := node.feed.Posts(t.Context(), feed.Actor{}, s.post.Circle, feed.PageQuery{})
			if err != nil || len(page.Items) != 1 || page.Items[0].Counts.TipCount != n || page.Items[0].Counts.TipTotal != n*10 {
				t.Fatalf("node %d after %d tips: %+v %v", i, n, page.Items, err)
			}
			if head := w.number(`SELECT head_offset FROM circle_heads WHERE circle_id = $1`, s.post.Circle); page.Position.Offset != uint64(head) {
				t.Errorf("the page stands at %d, the log at %d", page.Position.Offset, head)
			}
		}
		s.tip(s.payer, s.post, 10)
	}
}

// Offsets of a circle that is tipped and written to on several nodes at once.
func TestTheLogHasEveryTipOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2, func(o *payments.Options) { o.Commit = groupcommit.Options{Lanes: 2} })
	author, post := w.posted()
	var all sync.WaitGroup
	for i, p := range w.people(20, 100) {
		all.Go(func() {
			n := w.nodes[i%2]
			for range 3 {
				if _, err := n.money.Tip(t.Context(), p, post, fen(2), id.New().String()); err != nil {
					t.Error(err)
				}
				if _, err := n.feed.CreatePost(t.Context(), feed.Actor(author), post.Circle, feed.NewPost{Text: "more tea"}, ""); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	told := map[uint64]string{}
	for _, e := range w.ears.heard() {
		if told[e.Offset] != "" {
			t.Errorf("offset %d is told twice", e.Offset)
		}
		told[e.Offset] = string(e.Data)
	}
	rows, err := w.pool.Query(t.Context(), `SELECT "offset", data FROM circle_events WHERE circle_id = $1 ORDER BY 1`, post.Circle)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	last, total := uint64(0), int64(0)
	for rows.Next() {
		var offset uint64
		var data string
		if err := rows.Scan(&offset, &data); err != nil {
			t.Fatal(err)
		}
		var e struct {
			Tip struct {
				TipTotal int64 `json:"tip_total"`
			}
		}
		_ = json.Unmarshal([]byte(data), &e)
		if offset != last+1 || told[offset] != data {
			t.Errorf("offset %d follows %d, told as %q, is %q", offset, last, told[offset], data)
		}
		if e.Tip.TipTotal != 0 {
			if e.Tip.TipTotal != total+2 {
				t.Errorf("offset %d: the total goes from %d to %d", offset, total, e.Tip.TipTotal)
			}
			total = e.Tip.TipTotal
		}
		last = offset
	}
	if rows.Err() != nil || total != 120 {
		t.Errorf("%d fen in all (%v)", total, rows.Err())
	}
	w.sound()
}
