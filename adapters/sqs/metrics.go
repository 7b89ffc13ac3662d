package sqs

import (
	"io"
	"slices"
	"time"

	"wsecho/adapters/internal/emf"
	"wsecho/domain"
)

// Metrics returns what domain.FanOut tells of its runs, to have each written as a line in CloudWatch's embedded metric
// format. What did not occur is not there, since AWS charges for each metric that it hears of; LagMs, from the
// acceptance of the message to the end of the run, is there if somebody got the message in it. The only dimension is
// Stack; none if its name is empty. A line that cannot be written is lost.
func Metrics(out io.Writer, stack string) func(domain.Delivery, domain.Report) {
	dimensions := emf.Stack(stack)
	return func(d domain.Delivery, r domain.Report) {
		now := time.Now()
		if metrics := measured(r, now.Sub(d.AcceptedAt)); len(metrics) > 0 {
			_ = emf.Write(out, now, dimensions, metrics...)
		}
	}
}

func measured(r domain.Report, lag time.Duration) []emf.Metric {
	metrics := []emf.Metric{
		{Name: "Sent", Unit: emf.Count, Value: int64(r.Sent)},
		{Name: "Gone", Unit: emf.Count, Value: int64(r.Gone)},
		{Name: "Throttled", Unit: emf.Count, Value: int64(r.Throttled)},
		{Name: "Failed", Unit: emf.Count, Value: int64(r.Failed)},
		{Name: "Expired", Unit: emf.Count, Value: int64(r.Expired)},
		{Name: "Oversized", Unit: emf.Count, Value: int64(r.Oversized)},
		{Name: "DeadLettered", Unit: emf.Count, Value: int64(r.DeadLettered)},
		{Name: "Skipped", Unit: emf.Count, Value: int64(r.Skipped)},
	}
	metrics = slices.DeleteFunc(metrics, func(m emf.Metric) bool { return m.Value == 0 })
	if r.Sent > 0 {
		metrics = append(metrics, emf.Metric{Name: "LagMs", Unit: emf.Milliseconds, Value: lag.Milliseconds()})
	}
	return metrics
}
