// A module of its own, so that what wsEcho is compared with is no dependency of it.
module wsecho/functions/internal/bench/bare

go 1.26.8

require (
	github.com/aws/aws-lambda-go v1.55.1
	github.com/gobwas/ws v1.5.0
	github.com/lxzan/gws v1.8.9
)

require (
	github.com/dolthub/maphash v0.1.0 // indirect
	github.com/gobwas/httphead v0.1.0 // indirect
	github.com/klauspost/compress v1.17.9 // indirect
)
