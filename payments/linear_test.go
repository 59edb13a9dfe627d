package payments_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"lifecircle/internal/id"
	"lifecircle/internal/problem"
	"lifecircle/payments"
)

// What is done to the one wallet, and what came back.
type (
	walletCall struct {
		change int64 // fen; 0: it is read
	}
	walletAnswer struct {
		refused bool
		balance int64 // of a read
	}
)

// wallet is one balance that is never below zero.
var wallet = porcupine.Model{
	Init: func() any { return int64(0) },
	Step: func(state, input, output any) (bool, any) {
		balance, call, answer := state.(int64), input.(walletCall), output.(walletAnswer)
		switch {
		case call.change == 0:
			return answer.balance == balance, balance
		case answer.refused:
			return balance+call.change < 0, balance
		default:
			return balance+call.change >= 0, balance + call.change
		}
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v %+v", input, output) },
}

// What people see of a wallet is as if everything happened at one moment each,
// in an order that they agree on, on whatever node they are.
func TestWalletsAreLinearizable(t *testing.T) {
	t.Parallel()
	const nodes, people, calls = 2, 6, 12
	w := newWorld(t, nodes)
	owner, own := w.posted()
	other, others := w.posted()
	giver := w.people(1, 1_000_000)[0]
	terms := payments.NewContract{Shares: payments.Shares{Author: 10_000}}
	for who, circle := range map[payments.Actor]id.ID{owner: own.Circle, other: others.Circle} {
		if _, err := w.money().SignContract(t.Context(), who, circle, terms, ""); err != nil {
			t.Fatal(err)
		}
	}
	var (
		mu      sync.Mutex
		history []porcupine.Operation
		all     sync.WaitGroup
		begin   = time.Now()
	)
	for person := range people {
		all.Go(func() {
			money, rng := w.nodes[person%nodes].money, rand.New(rand.NewPCG(1, uint64(person)))
			for range calls {
				call, answer, at := walletCall{}, walletAnswer{}, time.Since(begin)
				var err error
				switch n := 1 + rng.Int64N(100); rng.IntN(3) {
				case 0:
					call.change = -n
					_, err = money.Tip(t.Context(), owner, others, fen(n), id.New().String())
				case 1:
					call.change = n
					_, err = money.Tip(t.Context(), giver, own, fen(n), id.New().String())
				default:
					var seen payments.Wallet
					seen, err = money.Wallet(t.Context(), owner)
					answer.balance = seen.Balance.Amount
				}
				answer.refused = problem.Has(err, problem.InsufficientFunds)
				if err != nil && !answer.refused {
					t.Error(err)
				}
				mu.Lock()
				history = append(history, porcupine.Operation{
					ClientId: person, Input: call, Output: answer, Call: at.Nanoseconds(), Return: time.Since(begin).Nanoseconds(),
				})
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if got := porcupine.CheckOperationsTimeout(wallet, history, patience); got != porcupine.Ok {
		t.Errorf("no order explains what %d calls saw: %s", len(history), got)
	}
}
