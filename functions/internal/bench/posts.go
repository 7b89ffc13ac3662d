package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi"

	"wsecho/adapters/apigateway"
)

// postWorkers is how many posts are under way at the same time.
const postWorkers = 64

// postsSettings are those of the role posts.
type postsSettings struct {
	Client string // One of postClients.
	Stub   string // The file in which the stub tells where it is.
	Posts  int
}

// postsFigures are what one measurement finds, for all posts.
type postsFigures struct {
	Posts         int
	Took          time.Duration
	Processor     time.Duration // The client's own.
	Objects, Heap uint64        // Allocated, in objects and bytes.
}

func (f postsFigures) processor() float64 { return microseconds(f.Processor) / float64(f.Posts) }
func (f postsFigures) objects() float64   { return float64(f.Objects) / float64(f.Posts) }
func (f postsFigures) kilobytes() float64 { return float64(f.Heap) / 1024 / float64(f.Posts) }
func (f postsFigures) perSecond() float64 { return float64(f.Posts) / f.Took.Seconds() }

// posts compares the program's way to post to a connection with what one writes first.
func (b *bench) posts(ctx context.Context) (section, error) {
	t := table{head: []string{"server's latency", "client", "client's processor µs a post", "allocations a post", "KB allocated a post",
		"posts/s", "wsEcho ÷ this: processor time"}}
	clients := []string{"wsEcho", "SDK"}
	for _, latency := range []time.Duration{5 * time.Millisecond, 20 * time.Millisecond} {
		figures, err := alternate(b.rounds, clients, func(client string) (postsFigures, error) {
			return b.postsOnce(ctx, client, latency)
		})
		if err != nil {
			return section{}, err
		}
		for i, client := range clients {
			t.row(latency.String(), client,
				middle(figures[i], postsFigures.processor).format("%.0f"), middle(figures[i], postsFigures.objects).format("%.0f"),
				middle(figures[i], postsFigures.kilobytes).format("%.1f"), middle(figures[i], postsFigures.perSecond).format("%.0f"),
				ratio(figures[0], figures[i], postsFigures.processor).unless(i == 0))
		}
	}
	return section{
		title: "Posts to connections",
		about: fmt.Sprintf("%d posts with %d workers over TLS, to a server in another process that answers after a while, as @connections does. "+
			"wsEcho is the sender of the program's functions, SDK the SDK's client as it comes. Connections that were opened before count for both.", b.postCount, postWorkers),
		commands: []string{b.made("-posts %d -rounds %d posts", b.postCount, b.rounds)},
		table:    t,
	}, nil
}

func (b *bench) postsOnce(ctx context.Context, client string, latency time.Duration) (f postsFigures, err error) {
	file := filepath.Join(b.work, "stub")
	stub, err := start(ctx, "stub", stubSettings{latency, file})
	if err != nil {
		return f, err
	}
	defer stub.stop()
	poster, err := start(ctx, "posts", postsSettings{client, file, b.postCount})
	if err != nil {
		return f, err
	}
	defer poster.stop()
	if err = poster.result(&f); err == nil {
		b.say("posts, %v, %s: %.0f µs, %.0f posts/s", latency, client, f.processor(), f.perSecond())
	}
	return f, err
}

// poster posts to a connection.
type poster func(ctx context.Context, connection string, data []byte) error

// postClients make the clients that are compared, which post to a stage's URL and trust certificates.
func postClients() map[string]func(url string, trusted *x509.CertPool) poster {
	return map[string]func(url string, trusted *x509.CertPool) poster{
		"wsEcho": func(url string, trusted *x509.CertPool) poster {
			sender, err := apigateway.NewSender(account(apigateway.NewTransport(postWorkers), trusted), url, postWorkers)
			if err != nil {
				panic(err) // The stub's own address.
			}
			return sender.Send
		},
		"SDK": func(url string, trusted *x509.CertPool) poster {
			api := apigatewaymanagementapi.NewFromConfig(account(awshttp.NewBuildableClient(), trusted),
				func(o *apigatewaymanagementapi.Options) { o.BaseEndpoint = &url })
			return func(ctx context.Context, connection string, data []byte) error {
				_, err := api.PostToConnection(ctx, &apigatewaymanagementapi.PostToConnectionInput{ConnectionId: &connection, Data: data})
				return err
			}
		},
	}
}

// account is a configuration with keys, so that posts are signed.
func account(client *awshttp.BuildableClient, trusted *x509.CertPool) aws.Config {
	return aws.Config{
		Region: "eu-central-1",
		HTTPClient: client.WithTransportOptions(func(t *http.Transport) {
			t.TLSClientConfig = &tls.Config{RootCAs: trusted}
		}),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	}
}

// playPosts plays the role posts.
func playPosts(ctx context.Context, s postsSettings, begin func()) (f postsFigures, err error) {
	var stub stubAddress
	text, err := os.ReadFile(s.Stub)
	if err == nil {
		err = json.Unmarshal(text, &stub)
	}
	if err != nil {
		return f, err
	}
	certificate, err := x509.ParseCertificate(stub.Certificate)
	if err != nil {
		return f, err
	}
	trusted := x509.NewCertPool()
	trusted.AddCert(certificate)
	post := postClients()[s.Client](stub.URL+"/dev", trusted)
	if err := postAll(ctx, post, s.Posts/5); err != nil {
		return f, err
	}
	begin()
	return meter(s.Posts, func() error { return postAll(ctx, post, s.Posts) })
}

func postAll(ctx context.Context, post poster, n int) error {
	data := []byte(`{"type":"broadcast","data":"` + strings.Repeat("x", 200) + `"}`)
	return together(postWorkers, n, func(int) error { return post(ctx, "PJqB0fHsqRcCHlw=", data) })
}

// meter tells what posts cost this process.
func meter(posts int, work func() error) (f postsFigures, err error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	used, err := processorTime(os.Getpid())
	if err != nil {
		return f, err
	}
	began := time.Now()
	if err := work(); err != nil {
		return f, err
	}
	f.Took, f.Posts = time.Since(began), posts
	f.Processor, err = processorTime(os.Getpid())
	f.Processor -= used
	runtime.ReadMemStats(&after)
	f.Objects, f.Heap = after.Mallocs-before.Mallocs, after.TotalAlloc-before.TotalAlloc
	return f, err
}
