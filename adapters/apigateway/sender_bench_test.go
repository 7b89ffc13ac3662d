package apigateway_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi"

	"wsecho/adapters/apigateway"
)

// stubVariable makes this test binary a server that answers every post after the latency that the variable holds: in
// a process of its own, it adds nothing to what is measured.
const stubVariable = "WSECHO_BENCH_STUB"

func TestMain(m *testing.M) {
	if latency, err := time.ParseDuration(os.Getenv(stubVariable)); err == nil {
		serveStub(latency)
		return
	}
	os.Exit(m.Run())
}

// serveStub prints its URL and certificate, and serves until its standard input ends.
func serveStub(latency time.Duration) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		time.Sleep(latency)
	}))
	defer server.Close()
	fmt.Println(server.URL, base64.StdEncoding.EncodeToString(server.Certificate().Raw))
	io.Copy(io.Discard, os.Stdin)
}

// startStub starts such a server, and returns its URL and the certificates to trust.
func startStub(b *testing.B, latency time.Duration) (url string, roots *x509.CertPool) {
	b.Helper()
	stub := exec.Command(os.Args[0])
	stub.Env = append(os.Environ(), stubVariable+"="+latency.String())
	stdin, _ := stub.StdinPipe()
	stdout, _ := stub.StdoutPipe()
	if err := stub.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		stdin.Close()
		stub.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	url, encoded, _ := strings.Cut(strings.TrimSpace(line), " ")
	raw, _ := base64.StdEncoding.DecodeString(encoded)
	certificate, err := x509.ParseCertificate(raw)
	if err != nil {
		b.Fatal(err)
	}
	roots = x509.NewCertPool()
	roots.AddCert(certificate)
	return url, roots
}

func benchConfig(client aws.HTTPClient) aws.Config {
	return aws.Config{
		Region:     "eu-central-1",
		HTTPClient: client,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	}
}

// trusting makes an SDK client trust the stub.
func trusting(client *awshttp.BuildableClient, roots *x509.CertPool) *awshttp.BuildableClient {
	return client.WithTransportOptions(func(t *http.Transport) { t.TLSClientConfig = &tls.Config{RootCAs: roots} })
}

// BenchmarkPosts compares Sender with what one writes first: the SDK's client as it comes, with as many workers.
// CPU is that of the posting process alone.
func BenchmarkPosts(b *testing.B) {
	for _, latency := range []time.Duration{0, 5 * time.Millisecond, 20 * time.Millisecond} {
		url, roots := startStub(b, latency)
		for _, workers := range []int{16, 64, 256} {
			sender := apigateway.NewSender(benchConfig(trusting(apigateway.NewTransport(workers), roots)), url+"/dev", workers)
			b.Run(fmt.Sprintf("latency=%v/workers=%d/sender", latency, workers), func(b *testing.B) {
				post(b, workers, func(ctx context.Context, id string, data []byte) error { return sender.Send(ctx, id, data) })
			})
			naive := apigatewaymanagementapi.NewFromConfig(benchConfig(trusting(awshttp.NewBuildableClient(), roots)),
				func(o *apigatewaymanagementapi.Options) { o.BaseEndpoint = aws.String(url + "/dev") })
			b.Run(fmt.Sprintf("latency=%v/workers=%d/naive", latency, workers), func(b *testing.B) {
				post(b, workers, func(ctx context.Context, id string, data []byte) error {
					_, err := naive.PostToConnection(ctx, &apigatewaymanagementapi.PostToConnectionInput{ConnectionId: &id, Data: data})
					return err
				})
			})
		}
	}
}

// post makes b.N posts with a number of workers.
func post(b *testing.B, workers int, send func(context.Context, string, []byte) error) {
	message := []byte(`{"type":"broadcast","data":"` + strings.Repeat("x", 200) + `"}`)
	b.ReportAllocs()
	before := cpuTime()
	work := make(chan struct{}, workers)
	var running sync.WaitGroup
	for range workers {
		running.Go(func() {
			for range work {
				if err := send(b.Context(), "PJqB0fHsqRcCHlw=", message); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for range b.N {
		work <- struct{}{}
	}
	close(work)
	running.Wait()
	cpu := cpuTime() - before
	b.ReportMetric(float64(cpu.Microseconds())/float64(b.N), "cpu-µs/post")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "posts/s")
}

// cpuTime is what this process has used.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
