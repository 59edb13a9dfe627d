package app

import "github.com/prometheus/client_golang/prometheus"

// alarms are the names by which payments calls for an operator. They are shown
// from the start: what begins with its first alarm has not risen.
var alarms = []string{
	"provider_mismatch", "webhook_refused", "payment_after_failure", "refund_unfunded", "reserve_paid", "reconciliation_difference", "payout_stuck",
}

func newAlarms() *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "lifecircle_payments_alarms_total", Help: "What an operator must look at, by what it is; the log has the details.",
	}, []string{"alarm"})
	for _, name := range alarms {
		c.WithLabelValues(name)
	}
	return c
}

// alarm is payments.Options.Alarm.
func (m *metrics) alarm(what string) { m.alarms.WithLabelValues(what).Inc() }
