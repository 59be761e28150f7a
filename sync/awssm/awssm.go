// Package awssm keeps secrets in AWS Secrets Manager. It is the Store of
// package sync over the AWS SDK, and the only place that speaks to it.
//
// Reading takes BatchGetSecretValue, twenty names a call and several calls at a
// time, within AWS's quotas. What a batch cannot say of a secret is asked for
// singly: whether it is missing, has no value yet, or is scheduled for deletion.
//
// Writing loses nobody's write. The new value is put under a staging label,
// which changes nothing for readers; then AWSCURRENT is moved to it from the
// version that was seen. AWS refuses that if AWSCURRENT is elsewhere by then,
// and the error is [sync.ErrConflict]. The label is removed in either case, so
// that AWS prunes what is not used. It is the same label for every write: where
// it could not be removed, which is told to Options.Note, the next write moves
// it, so a secret never collects them.
//
// An answer is believed if it names the secret and the version that were asked
// for. Requests stay within AWS's quotas, and those that fail, or whose answer
// proves nothing, are repeated by the SDK with the same token. One that was
// taken although its answer was lost is recognized by looking at which version
// holds AWSCURRENT.
//
// Errors name actions and secrets. No value is ever in an error or a log.
package awssm

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	sm "github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"hci/sync"
	"hci/sync/awssm/reach"
)

var _ sync.Store = (*Store)(nil)

var (
	// ErrCredentials says that there are no credentials, or that they are not
	// accepted: expired, revoked, for another account.
	ErrCredentials = reach.ErrCredentials
	// ErrNoRegion says that nothing names the AWS region.
	ErrNoRegion error = noRegion{}
)

type noRegion struct{}

func (noRegion) Error() string {
	return "no AWS region: neither provider \"aws\", hci.hcl nor AWS_REGION names one"
}

// Next says where to name one.
func (noRegion) Next() string {
	return "write region = \"…\" into provider \"aws\" or into the environment's block in hci.hcl, or set AWS_REGION"
}

// maxAttempts of each request, with the SDK's pauses between them.
const maxAttempts = 8

// Store is Secrets Manager in one account and region. It is safe for
// concurrent use.
type Store struct {
	client *sm.Client
	note   func(string)
}

// Open loads the SDK's configuration. It makes no request.
//
// The profile given goes before AWS_PROFILE, as it does in Terraform. Where the
// shared configuration does not have it, or an endpoint of another kind is set
// (AWS_ENDPOINT_URL), and the environment holds an access key, that is used, and
// Note says so.
func Open(ctx context.Context, o Options) (*Store, error) {
	cfg, err := LoadConfig(ctx, o)
	if err != nil {
		return nil, err
	}
	return newStore(cfg, o.note), nil
}

// New returns the Store of a configuration that was loaded before. note may be
// nil.
func New(cfg aws.Config, note func(string)) *Store {
	if note == nil {
		note = func(string) {}
	}
	return newStore(cfg, note)
}

func newStore(cfg aws.Config, note func(string)) *Store {
	w := &watch{note: note}
	cfg.APIOptions = append(cfg.APIOptions, w.install)
	return &Store{client: sm.NewFromConfig(cfg, ownEndpoint(cfg)), note: note}
}

// Endpoint is the address of Secrets Manager where the environment, the shared
// configuration or Options sets one; "" for AWS's own.
func (s *Store) Endpoint() string { return aws.ToString(s.client.Options().BaseEndpoint) }

// newRetryer is retryer, but in tests under a fake clock: the adaptive one
// sleeps with a lock in its hand, at which that clock stands still.
var newRetryer = retryer

// retryer is the SDK's adaptive one. A quota that is reached is no throttling
// in this service, though the SDK takes the code for it: trying again is futile.
func retryer() aws.Retryer {
	return retry.NewAdaptiveMode(func(a *retry.AdaptiveModeOptions) {
		a.Throttles = []retry.IsErrorThrottle{retry.IsErrorThrottleFunc(func(err error) aws.Ternary { return aws.BoolTernary(throttled(err)) })}
		a.StandardOptions = append(a.StandardOptions, standard)
	})
}

// standard are the options of the retryer below the adaptive one.
func standard(s *retry.StandardOptions) {
	final := retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
		if code(err) == quotaReached {
			return aws.FalseTernary
		}
		if unproven, ok := errors.AsType[*unprovenError](err); ok {
			return aws.BoolTernary(!unproven.last)
		}
		return aws.UnknownTernary
	})
	s.MaxAttempts = maxAttempts
	s.RateLimiter = ratelimit.None // the attempts bound the retries, and the quotas their rate
	s.Retryables = append([]retry.IsErrorRetryable{final}, s.Retryables...)
}

// settleTimeout bounds, after a context ended, the requests that find out or
// clean up what an interrupted write left.
const settleTimeout = 15 * time.Second

// settling is a context for such requests.
func settling(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
}
