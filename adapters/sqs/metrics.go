package sqs

import (
	"io"
	"time"

	"wsecho/adapters/internal/emf"
	"wsecho/domain"
)

// Metrics returns what domain.FanOut tells of its runs, to have each written as a line in CloudWatch's embedded metric
// format. LagMs, from the acceptance of the message to the end of the run, is there if somebody got the message in it.
// The only dimension is FunctionName; none if the name is empty. A line that cannot be written is lost.
func Metrics(out io.Writer, function string) func(domain.Delivery, domain.Report) {
	dimensions := map[string]string{}
	if function != "" {
		dimensions["FunctionName"] = function
	}
	return func(d domain.Delivery, r domain.Report) {
		now := time.Now()
		_ = emf.Write(out, now, dimensions, measured(r, now.Sub(d.AcceptedAt))...)
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
		{Name: "Buried", Unit: emf.Count, Value: int64(r.Buried)},
		{Name: "Skipped", Unit: emf.Count, Value: int64(r.Skipped)},
	}
	if r.Sent > 0 {
		metrics = append(metrics, emf.Metric{Name: "LagMs", Unit: emf.Milliseconds, Value: lag.Milliseconds()})
	}
	return metrics
}
