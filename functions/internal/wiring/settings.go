package wiring

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"

	"wsecho/adapters/apigateway"
	"wsecho/adapters/dynamodb"
	"wsecho/adapters/sqs"
	"wsecho/domain"
)

// Setting is what a function reads of its environment for one purpose.
type Setting struct {
	// Names are those of the variables.
	Names []string
	// fill sets the parts that the variables decide about. It reads no others.
	fill func(*Parts, environment) error
}

// The settings of the core.
var (
	table = Setting{[]string{"TABLE_NAME"}, func(p *Parts, env environment) error {
		name, err := env.required("TABLE_NAME")
		config, configErr := env.aws()
		*p = p.On(dynamodb.Table{Client: dynamodb.NewClient(config), Name: name})
		return errors.Join(err, configErr)
	}}
	connectionsPerUser = Setting{[]string{"CONNECTIONS_PER_USER"}, func(p *Parts, env environment) (err error) {
		p.MaxPerUser, err = env.limit("CONNECTIONS_PER_USER")
		return err
	}}
	messagesPerMinute = Setting{[]string{"MESSAGES_PER_MINUTE"}, func(p *Parts, env environment) (err error) {
		p.MessagesPerMinute, err = env.limit("MESSAGES_PER_MINUTE")
		return err
	}}
	// queue is for what is new: it has no other road for retries, and dead-letters nothing. queues has the road for retries,
	// allQueues the one for what is given up as well.
	queue     = Setting{[]string{"QUEUE_URL"}, fillQueue}
	queues    = Setting{[]string{"QUEUE_URL", "RETRY_QUEUE_URL"}, fillQueue}
	allQueues = Setting{[]string{"QUEUE_URL", "RETRY_QUEUE_URL", "DLQ_URL"}, fillQueue}
	// posts are what posting to connections takes.
	posts = Setting{[]string{"CALLBACK_URL", "CALLBACK_RATE", "MAX_CONCURRENCY"}, fillPosts}
	// whoMayConnect needs AUTH_MODE in every mode, and the rest as Auth says.
	whoMayConnect = Setting{
		[]string{"AUTH_MODE", "JWT_ISSUER", "JWT_AUDIENCE", "JWKS_URL", "JWT_DEFAULT_GRANTS", "ALLOWED_ORIGINS", "ALLOW_QUERY_TOKEN"},
		func(p *Parts, env environment) error {
			auth, err := env.auth()
			if err != nil {
				return err
			}
			return auth.Apply(p)
		},
	}
)

// speaking are what a function reads whose clients send messages to others.
func speaking() []Setting { return []Setting{table, queues, posts, messagesPerMinute} }

// RetryConcurrency is how many workers serve the queue of retries: the fewest that an event source can have.
// Source: AWS, Lambda API reference, ScalingConfig, MaximumConcurrency.
const RetryConcurrency = 2

// fillQueue makes the API's own queue.
func fillQueue(p *Parts, env environment) error {
	q := new(sqs.Queue)
	p.Queue = q
	return env.queue(q, &q.URL, &q.RetryURL, &q.DeadLetterURL)
}

func fillPosts(p *Parts, env environment) error {
	config, configErr := env.aws()
	url, urlErr := env.required("CALLBACK_URL")
	rate, rateErr := env.positive("CALLBACK_RATE")
	workers, workersErr := env.positive("MAX_CONCURRENCY")
	if err := errors.Join(configErr, urlErr, rateErr, workersErr); err != nil {
		return err
	}
	sender, err := apigateway.NewSender(config, url, PostConcurrency)
	if err != nil {
		return err
	}
	p.Sender = sender
	p.Limiter = domain.NewLimiter(rate / (2*workers + RetryConcurrency)) // The relay has as many as deliver.
	p.Rests = new(domain.Rests)
	return nil
}

// environment is what a setting may read.
type environment struct {
	getenv func(string) string
	names  []string
}

// value returns a variable. One that the setting does not name is a mistake in this program.
func (env environment) value(name string) string {
	if !slices.Contains(env.names, name) {
		panic("the variable " + name + " is not in the function's environment: add it to its settings")
	}
	return env.getenv(name)
}

// required returns a variable that must not be empty.
func (env environment) required(name string) (string, error) {
	value := env.value(name)
	if value == "" {
		return "", fmt.Errorf("the environment variable %s is missing", name)
	}
	return value, nil
}

// positive returns a variable that must be a positive number.
func (env environment) positive(name string) (float64, error) {
	text, err := env.required(name)
	if err != nil {
		return 0, err
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || value <= 0 {
		return 0, fmt.Errorf("the environment variable %s must be a positive number, not %q", name, text)
	}
	return value, nil
}

// limit returns a variable that must be a whole number, of which 0 is no limit.
func (env environment) limit(name string) (int, error) {
	text, err := env.required(name)
	if err != nil {
		return 0, err
	}
	value, err := strconv.Atoi(text)
	if err != nil || value < 0 {
		return 0, fmt.Errorf("the environment variable %s must be a whole number, 0 or more, not %q", name, text)
	}
	return value, nil
}

// flag returns a variable that is true or false; missing is false.
func (env environment) flag(name string) (bool, error) {
	switch value := env.value(name); value {
	case "true":
		return true, nil
	case "", "false":
		return false, nil
	default:
		return false, fmt.Errorf("the environment variable %s must be true or false, not %q", name, value)
	}
}

// queue makes a client for a queue, and reads as many of its URLs as the setting has.
func (env environment) queue(q *sqs.Queue, urls ...*string) error {
	config, err := env.aws()
	errs := []error{err}
	q.Client = sdk.NewFromConfig(config)
	for i, name := range env.names {
		*urls[i], err = env.required(name)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// auth reads who may connect.
func (env environment) auth() (Auth, error) {
	mode, modeErr := env.required("AUTH_MODE")
	queryToken, tokenErr := env.flag("ALLOW_QUERY_TOKEN")
	return Auth{
		Mode:          mode,
		Issuer:        env.value("JWT_ISSUER"),
		Audience:      env.value("JWT_AUDIENCE"),
		KeySet:        env.value("JWKS_URL"),
		DefaultGrants: env.value("JWT_DEFAULT_GRANTS"),
		Origins:       env.value("ALLOWED_ORIGINS"),
		QueryToken:    queryToken,
	}, errors.Join(modeErr, tokenErr)
}

// aws reads what the Lambda service always sets. The SDK's own loader looks in files and services that a Lambda does
// not have, which costs milliseconds at every cold start.
func (env environment) aws() (aws.Config, error) {
	region := env.getenv("AWS_REGION")
	if region == "" {
		return aws.Config{}, errors.New("the environment variable AWS_REGION is missing")
	}
	config := aws.Config{
		Region: region,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{
				AccessKeyID:     env.getenv("AWS_ACCESS_KEY_ID"),
				SecretAccessKey: env.getenv("AWS_SECRET_ACCESS_KEY"),
				SessionToken:    env.getenv("AWS_SESSION_TOKEN"),
				Source:          "environment",
			}, nil
		}),
	}
	if endpoint := env.getenv("AWS_ENDPOINT_URL"); endpoint != "" {
		config.BaseEndpoint = aws.String(endpoint)
	}
	config.ConfigSources = []any{endpoints(env.getenv)}
	return config, nil
}

// endpoints reads where single services are that are elsewhere than AWS has them: AWS_ENDPOINT_URL_DYNAMODB and so on.
// Source: AWS SDKs and Tools Reference Guide, "Service-specific endpoints".
type endpoints func(variable string) string

// GetServiceBaseEndpoint is what the SDK asks the sources of a config.
func (getenv endpoints) GetServiceBaseEndpoint(_ context.Context, service string) (url string, found bool, err error) {
	url = getenv("AWS_ENDPOINT_URL_" + strings.ToUpper(strings.ReplaceAll(service, " ", "_")))
	return url, url != "", nil
}
