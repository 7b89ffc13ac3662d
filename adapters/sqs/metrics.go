package sqs

import (
	"io"
	"time"

	"wsecho/adapters/internal/emf"
	"wsecho/domain"
)

// writeMetrics writes what a run did. LagMs, from the acceptance of the message to the end of the run, is there if
// somebody got the message in it.
func writeMetrics(out io.Writer, function string, now time.Time, r domain.Report, lag time.Duration) error {
	dimensions := map[string]string{}
	if function != "" {
		dimensions["FunctionName"] = function
	}
	metrics := []emf.Metric{
		{Name: "Sent", Unit: emf.Count, Value: int64(r.Sent)},
		{Name: "Gone", Unit: emf.Count, Value: int64(r.Gone)},
		{Name: "Throttled", Unit: emf.Count, Value: int64(r.Throttled)},
		{Name: "Failed", Unit: emf.Count, Value: int64(r.Failed)},
		{Name: "Expired", Unit: emf.Count, Value: int64(r.Expired)},
		{Name: "Oversized", Unit: emf.Count, Value: int64(r.Oversized)},
		{Name: "Buried", Unit: emf.Count, Value: int64(r.Buried)},
	}
	if r.Sent > 0 {
		metrics = append(metrics, emf.Metric{Name: "LagMs", Unit: emf.Milliseconds, Value: lag.Milliseconds()})
	}
	return emf.Write(out, now, dimensions, metrics...)
}
