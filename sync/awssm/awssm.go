// Package awssm keeps secrets in AWS Secrets Manager. It is the Store of
// package sync over the AWS SDK, and the only place that speaks to it.
//
// Reading takes BatchGetSecretValue, twenty names a call and several calls at a
// time, within AWS's quotas. What a batch cannot say of a secret is asked for
// singly: whether it is missing, has no value yet, or is scheduled for deletion.
//
// Writing loses nobody's write. The new value is put under a staging label of
// its own, which changes nothing for readers; then AWSCURRENT is moved to it
// from the version that was seen. AWS refuses that if AWSCURRENT is elsewhere
// by then, and the error is [sync.ErrConflict]. The label is removed in either
// case, so that AWS prunes what is not used.
//
// Requests stay within AWS's quotas, and those that fail are repeated by the SDK,
// with the same token. One that was taken although its answer was lost is
// recognized by looking at which version holds AWSCURRENT. A label that could
// not be removed is told to Options.Note, and the next write to the secret
// removes it.
//
// Errors name actions and secrets. No value is ever in an error or a log.
package awssm

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	sm "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go/logging"

	"hci/sync"
)

var _ sync.Store = (*Store)(nil)

var (
	// ErrCredentials says that there are no credentials, or that they are not
	// accepted: expired, revoked, for another account.
	ErrCredentials = errors.New("no usable AWS credentials")
	// ErrNoRegion says that nothing names the AWS region.
	ErrNoRegion = errors.New("no AWS region: neither provider \"aws\", hci.hcl nor AWS_REGION names one")
)

// ProfileError says that the AWS configuration has no such profile.
type ProfileError struct{ Profile string }

func (e *ProfileError) Error() string {
	return fmt.Sprintf("%v: there is no profile %q in the AWS configuration", ErrCredentials, e.Profile)
}

// Unwrap returns [ErrCredentials].
func (e *ProfileError) Unwrap() error { return ErrCredentials }

// Options of [Open].
type Options struct {
	Region  string // "" leaves it to the SDK: AWS_REGION, the profile
	Profile string // of the shared configuration; "" leaves it to the SDK
	// Note is told, in one sentence, what was decided besides. It may be nil.
	Note func(string)
	// HTTPClient sends the requests; nil stands for the SDK's own.
	HTTPClient *http.Client
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

// LoadConfig loads the SDK's configuration as [Open] does, for other services
// of the same account.
func LoadConfig(ctx context.Context, o Options) (aws.Config, error) {
	load := []func(*config.LoadOptions) error{config.WithRetryer(newRetryer), config.WithLogger(logging.Nop{})}
	if o.HTTPClient != nil {
		load = append(load, config.WithHTTPClient(o.HTTPClient))
	}
	if o.Region != "" {
		load = append(load, config.WithRegion(o.Region))
	}
	profile := o.Profile
	if profile != "" && localEndpoint() && hasKeys() {
		o.note("profile " + profile + " is not used: an endpoint and an access key are set in the environment")
		profile = ""
	}
	cfg, err := loadConfig(ctx, load, profile)
	var missing config.SharedConfigProfileNotExistError
	if errors.As(err, &missing) && hasKeys() {
		o.note("there is no profile " + profile + " here: using the access key of the environment")
		cfg, err = loadConfig(ctx, load, "")
	}
	switch {
	case errors.As(err, &missing):
		return cfg, &ProfileError{Profile: missing.Profile}
	case err != nil:
		return cfg, fmt.Errorf("%w: %w", ErrCredentials, err)
	}
	if cfg.Region == "" {
		return cfg, ErrNoRegion
	}
	return cfg, nil
}

func loadConfig(ctx context.Context, load []func(*config.LoadOptions) error, profile string) (aws.Config, error) {
	if profile != "" {
		load = append(load, config.WithSharedConfigProfile(profile))
	}
	return config.LoadDefaultConfig(ctx, load...)
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
	return &Store{client: sm.NewFromConfig(cfg), note: note}
}

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
		return aws.UnknownTernary
	})
	s.MaxAttempts = maxAttempts
	s.RateLimiter = ratelimit.None // the attempts bound the retries, and the quotas their rate
	s.Retryables = append([]retry.IsErrorRetryable{final}, s.Retryables...)
}

func (o Options) note(text string) {
	if o.Note != nil {
		o.Note(text)
	}
}

func hasKeys() bool {
	return os.Getenv("AWS_ACCESS_KEY_ID") != "" && os.Getenv("AWS_SECRET_ACCESS_KEY") != ""
}

func localEndpoint() bool {
	return os.Getenv("AWS_ENDPOINT_URL") != "" || os.Getenv("AWS_ENDPOINT_URL_SECRETS_MANAGER") != ""
}

// settleTimeout bounds, after a context ended, the requests that find out or
// clean up what an interrupted write left.
const settleTimeout = 15 * time.Second

// settling is a context for such requests.
func settling(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
}
