package localsm_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"

	"hci/sync/localsm"
)

// clock is a clock that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Now().UTC().Truncate(time.Second)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// start serves o on loopback and returns the real SDK's client for it.
func start(t testing.TB, o localsm.Options) (*localsm.Server, *secretsmanager.Client) {
	t.Helper()
	s := localsm.New(o)
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	return s, client(s, web.URL)
}

func client(s *localsm.Server, url string) *secretsmanager.Client {
	id, key, token := s.Credentials()
	return secretsmanager.New(secretsmanager.Options{
		Region:       s.Region(),
		BaseEndpoint: aws.String(url),
		Credentials:  credentials.NewStaticCredentialsProvider(id, key, token),
		Retryer:      retryer(),
	})
}

// retryer repeats nothing but what the SDK itself breaks: when an answer is
// there before its request's body was closed, the SDK lets net/http take the
// end of that body for an error, and the connection is closed while a long
// answer is still being read (smithy-go 1.28, safeWriteToReadCloser.WriteTo).
func retryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = 10
		o.Retryables = []retry.IsErrorRetryable{retry.RetryableConnectionError{}}
		o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		o.RateLimiter = ratelimit.None
	})
}

// at starts a server whose clock the test moves, and whose client signs with
// the same clock.
func at(t testing.TB) (*localsm.Server, *secretsmanager.Client, *clock) {
	t.Helper()
	c := newClock()
	s := localsm.New(localsm.Options{Now: c.now})
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	id, key, _ := s.Credentials()
	cl := secretsmanager.New(secretsmanager.Options{
		Region:       s.Region(),
		BaseEndpoint: aws.String(web.URL),
		Credentials:  credentials.NewStaticCredentialsProvider(id, key, ""),
		HTTPSignerV4: clockSigner{c},
		Retryer:      retryer(),
	})
	return s, cl, c
}

// clockSigner signs with the test's clock.
type clockSigner struct{ c *clock }

func (s clockSigner) SignHTTP(ctx context.Context, cred aws.Credentials, r *http.Request, hash, service, region string, _ time.Time, opts ...func(*v4.SignerOptions)) error {
	return v4.NewSigner().SignHTTP(ctx, cred, r, hash, service, region, s.c.now(), opts...)
}

// wantError checks the type and, unless it is empty, the message of an error.
func wantError[T error](t testing.TB, err error, message string) {
	t.Helper()
	target, ok := errors.AsType[T](err)
	if !ok {
		t.Fatalf("error %v, want a %T", err, target)
	}
	var api smithy.APIError
	if errors.As(err, &api) && message != "" && api.ErrorMessage() != message {
		t.Fatalf("message %q, want %q", api.ErrorMessage(), message)
	}
}

func isA[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}

// wantCode checks the code and message of an error that the SDK has no type for.
func wantCode(t testing.TB, err error, code, message string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code {
		t.Fatalf("error %v, want a %s", err, code)
	}
	if message != "" && api.ErrorMessage() != message {
		t.Fatalf("message %q, want %q", api.ErrorMessage(), message)
	}
}

func must[T any](out T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

var ctx = context.Background()
