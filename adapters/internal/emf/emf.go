// Package emf writes metrics as log lines in CloudWatch's embedded metric format: a Lambda that prints one needs no
// call and no right to have it counted.
// Source: AWS, "Specification: Embedded metric format" of the CloudWatch user guide.
package emf

import (
	"encoding/json"
	"io"
	"maps"
	"slices"
	"time"
)

// Namespace is where CloudWatch files the metrics.
const Namespace = "wsEcho"

// Units of metrics.
const (
	Count        = "Count"
	Milliseconds = "Milliseconds"
)

// Metric is a value at one point in time.
type Metric struct {
	Name, Unit string
	Value      int64
	// Values, if there are any, count instead of Value: up to 100.
	Values []int64
}

type definition struct{ Name, Unit string }

type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []definition
}

// Stack are the dimensions of what is counted for a CloudFormation stack; none if its name is empty.
func Stack(name string) map[string]string {
	if name == "" {
		return nil
	}
	return map[string]string{"Stack": name}
}

// Write writes metrics as one line. Dimensions, by name, tell them apart from others of the same name; every
// combination of values is a metric of its own that AWS charges for, so their values must be few.
func Write(out io.Writer, at time.Time, dimensions map[string]string, metrics ...Metric) error {
	line := map[string]any{}
	d := directive{Namespace: Namespace, Dimensions: [][]string{slices.AppendSeq([]string{}, maps.Keys(dimensions))}}
	slices.Sort(d.Dimensions[0])
	for name, value := range dimensions {
		line[name] = value
	}
	for _, m := range metrics {
		d.Metrics = append(d.Metrics, definition{m.Name, m.Unit})
		if line[m.Name] = m.Value; len(m.Values) > 0 {
			line[m.Name] = m.Values
		}
	}
	line["_aws"] = map[string]any{"Timestamp": at.UnixMilli(), "CloudWatchMetrics": []directive{d}}
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	_, err = out.Write(append(text, '\n'))
	return err
}
