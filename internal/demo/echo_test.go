package demo

import "testing"

func TestAnswersTakeUpWhatWasSaid(t *testing.T) {
	t.Parallel()
	english := exchange{}.and("I won {eleven sheep|a {prize}|nothing}.", "I won nothing.")
	chinese := exchange{}.and("它今天{睡了六个小时|吃了半条鱼}", "它今天吃了半条鱼")
	for _, tt := range []struct {
		answer string
		to     exchange
		want   bool
	}{
		{"Eleven is a lot", english, true},
		{"Nothing is fine", english, false},
		{"What prize?", english, false}, // the name of a slot, not a word of the text
		{"六个小时才刚够", chinese, true},
		{"半条鱼够吗", chinese, false},
		{"六个小时才刚够", chinese.and("睡了吗？", "它睡了六个小时吗？"), false},
	} {
		if got := tt.to.echoesUnsaid(tt.answer); got != tt.want {
			t.Errorf("%q after %q: %v", tt.answer, tt.to.said, got)
		}
	}
}
