package sqs

import (
	"encoding/json"
	"io"
	"time"

	"wsecho/domain"
)

// namespace is where CloudWatch files the metrics.
const namespace = "wsEcho"

// metric is the definition of a metric in CloudWatch's embedded format.
// Source: AWS, "Specification: Embedded metric format" of the CloudWatch user guide.
type metric struct {
	Name string
	Unit string
}

// directive tells CloudWatch which members of the line are metrics, and by which ones they are told apart.
type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []metric
}

// writeMetrics writes what a run did as one line, from which CloudWatch makes metrics when it is logged. LagMs, from
// the acceptance of the message to the end of the run, is there if somebody got the message in it.
func writeMetrics(out io.Writer, function string, now time.Time, r domain.Report, lag time.Duration) error {
	line := map[string]any{}
	d := directive{Namespace: namespace, Dimensions: [][]string{{}}}
	if function != "" {
		d.Dimensions = [][]string{{"FunctionName"}}
		line["FunctionName"] = function
	}
	add := func(name, unit string, value int64) {
		d.Metrics = append(d.Metrics, metric{name, unit})
		line[name] = value
	}
	add("Sent", "Count", int64(r.Sent))
	add("Gone", "Count", int64(r.Gone))
	add("Throttled", "Count", int64(r.Throttled))
	add("Failed", "Count", int64(r.Failed))
	add("Expired", "Count", int64(r.Expired))
	add("Oversized", "Count", int64(r.Oversized))
	add("Buried", "Count", int64(r.Buried))
	if r.Sent > 0 {
		add("LagMs", "Milliseconds", lag.Milliseconds())
	}
	line["_aws"] = map[string]any{"Timestamp": now.UnixMilli(), "CloudWatchMetrics": []directive{d}}
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	_, err = out.Write(append(text, '\n'))
	return err
}
