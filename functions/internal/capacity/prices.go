package main

// price is what a service charges for what is counted, in dollars a million.
type price struct {
	service string
	each    map[kind]float64
}

// prices are AWS's of us-east-1, on arm64, without what an account has free and without discounts for many. They are the
// public ones as known in November 2026, as those of docs/operations.md are. Sources: the price pages of API Gateway
// (WebSocket APIs, the first billion messages), Lambda (arm64, the first 7.5 billion GB-seconds), DynamoDB (on demand),
// SQS (standard queues), CloudWatch (logs) and X-Ray; for how many bytes a call logs, docs/operations.md.
var prices = []price{
	{"messages", map[kind]float64{units: 1.00}},
	{"connection minutes", map[kind]float64{minutes: 0.25}},
	{"Lambda", map[kind]float64{calls: 0.20, gigabyte: 13.3334}},
	{"table", map[kind]float64{writes: 0.625, reads: 0.125}},
	{"queues", map[kind]float64{queue: 0.40}},
	{"logs, traces", map[kind]float64{calls: 1.7*0.50 + 0.25}},
}

// of is the price of what was used, in dollars.
func (p price) of(u usage) float64 {
	sum := 0.0
	for k, each := range p.each {
		sum += u[k] * each / 1e6
	}
	return sum
}

// cost is that of all services.
func cost(u usage) float64 {
	sum := 0.0
	for _, p := range prices {
		sum += p.of(u)
	}
	return sum
}

// quota is what an account, or a part of the table, takes unless AWS raised it.
type quota struct {
	name  string
	limit float64
	use   func(forecast) float64
}

// quotas are those of us-east-1, as known in November 2026. Sources: AWS, "Quotas for configuring and running a WebSocket
// API in API Gateway"; "Lambda quotas"; "Quotas in Amazon DynamoDB", table-level read and write throughput on demand;
// "DynamoDB burst and adaptive capacity", limits of a partition.
var quotas = []quota{
	{"connects/s", 500, func(f forecast) float64 { return f.perSecond(connects) }},
	{"requests/s", 10_000, forecast.requests},
	{"Lambdas at once", 1_000, func(f forecast) float64 { return f.perSecond(seconds) }},
	{"writes/s", 40_000, func(f forecast) float64 { return f.perSecond(writes) }},
	{"reads/s", 40_000, func(f forecast) float64 { return f.perSecond(reads) }},
	{"writes/s of a partition", 1_000, forecast.busiest},
}
