package main

// kind is something that is counted.
type kind int

const (
	connects kind = iota
	minutes
	received // Messages that clients sent.
	answers
	posts    // Requests to @connections.
	units    // What API Gateway bills of messages in both directions: each begun 32 KB.
	calls    // Of Lambdas.
	seconds  // That Lambdas ran.
	gigabyte // Seconds of a Lambda's memory.
	writes
	reads
	connectionWrites // Those of the writes that are to the rows of connections.
	headWrites       // Those that are to the heads of rooms.
	queue            // Requests to SQS.
	kinds
)

// usage is how much was used of everything.
type usage [kinds]float64

func (u usage) plus(o usage) usage {
	for k := range u {
		u[k] += o[k]
	}
	return u
}

func (u usage) times(n float64) usage {
	for k := range u {
		u[k] *= n
	}
	return u
}

func (u usage) minus(o usage) usage { return u.plus(o.times(-1)) }
