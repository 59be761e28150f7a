// Package ssm keeps secrets in the Parameter Store of AWS Systems Manager: come
// here for how parameters are read and written. It is a [sync.Store], as
// hci/sync/awssm is over Secrets Manager.
//
// The Parameter Store has no compare-and-swap. Before a parameter is written it
// is looked at again: a version other than the one that was compared is
// [sync.ErrConflict], and nothing is written. PutParameter then tells the new
// version. If it is not the next one, somebody else wrote in the moment between:
// that is a [*sync.OverwroteError], which names their version; AWS keeps it. A
// new parameter is made without Overwrite, which AWS refuses if there is one.
//
// A write sends the parameter's description, key, tier, data type and allowed
// pattern again as they are in AWS: those are Terraform's. hci puts no labels on
// versions, so that AWS can remove the oldest of its hundred.
//
// An answer is believed if it names the parameters that were asked for, and a
// version. A write whose answer was lost, or proves nothing, is not sent again
// before it is known that it was not carried out: the versions since are compared
// with the value.
package ssm

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	stdsync "sync"
	"time"

	"hci/internal/aws/client"
	"hci/sync"
	"hci/sync/awssm/reach"
)

var (
	_ sync.Store     = (*Store)(nil)
	_ sync.Lister    = (*Store)(nil)
	_ sync.History   = (*Store)(nil)
	_ sync.Versions  = (*Store)(nil)
	_ sync.Inspector = (*Store)(nil)
)

// Store is the Parameter Store of one account and region. It is safe for
// concurrent use.
type Store struct {
	client *client.Client
	pace   pace
}

// New returns the Store of a configuration that was loaded.
func New(cfg client.Config) *Store {
	return &Store{client: client.New(cfg, client.Service{
		Host: "ssm", Name: "ssm", Target: "AmazonSSM", Env: "AWS_ENDPOINT_URL_SSM", ID: "SSM",
	})}
}

// Endpoint is the address of Systems Manager where one is set; "" for AWS's own.
func (s *Store) Endpoint() string { return s.client.Endpoint() }

// Listing returns nothing: parameters are asked for by name, fifty at a time; see
// [Store.Inspect].
func (s *Store) Listing(context.Context, []string) (map[string]*sync.Facts, error) { return nil, nil }

// errUnproven is an answer that doesn't say what AWS says when it has carried a
// request out.
var errUnproven = fmt.Errorf("the answer names neither the parameter nor a version: %w", reach.ErrPage)

// attempts of a request whose answer proves nothing.
const attempts = 5

// pauseBefore is how long to wait before another attempt.
func pauseBefore(ctx context.Context, attempt int) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(100 * time.Millisecond << attempt):
		return nil
	}
}

// read sends a request that changes nothing until its answer is proven. out is
// made anew for each attempt.
func read[Out any](ctx context.Context, s *Store, operation string, in any, proven func(*Out) bool) (*Out, error) {
	for attempt := 0; ; attempt++ {
		if err := s.pace.wait(ctx, operation); err != nil {
			return nil, err
		}
		out := new(Out)
		err := s.client.Call(ctx, operation, in, out)
		if err == nil && proven(out) {
			return out, nil
		}
		if err == nil {
			err = errUnproven
		}
		if !errors.Is(err, reach.ErrPage) || attempt == attempts-1 {
			return nil, err
		}
		if err := pauseBefore(ctx, attempt); err != nil {
			return nil, err
		}
	}
}

// perSecond are requests per second that AWS allows an account in one region, or
// a cautious guess where it does not say. Reads share one.
//
// https://docs.aws.amazon.com/general/latest/gr/ssm.html#limits_ssm
func perSecond(operation string) (quota string, n int) {
	switch operation {
	case "GetParameter", "GetParameters":
		return "read", 40
	case "PutParameter":
		return operation, sync.ParameterWritesPerSecond
	}
	return operation, 10
}

// pace keeps requests within the quotas.
type pace struct {
	mu   stdsync.Mutex
	next map[string]time.Time // when a quota's next request may be sent, if the quota is used up
}

// wait returns when a request may be sent: a second's worth goes at once.
func (p *pace) wait(ctx context.Context, operation string) error {
	quota, n := perSecond(operation)
	p.mu.Lock()
	now, burst := time.Now(), time.Second-time.Second/time.Duration(n)
	at := p.next[quota]
	if at.Before(now.Add(-burst)) {
		at = now.Add(-burst)
	}
	if p.next == nil {
		p.next = map[string]time.Time{}
	}
	p.next[quota] = at.Add(time.Second / time.Duration(n) * 21 / 20) // requests arrive closer together than they leave
	p.mu.Unlock()
	d := at.Sub(now)
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// inWords says what a request is for.
var inWords = map[string]string{
	"GetParameter":        "reading the value",
	"GetParameters":       "reading the parameters",
	"GetParameterHistory": "listing its versions",
	"DescribeParameters":  "asking for its settings",
	"PutParameter":        "storing the new value",
}

const (
	parameterNotFound = "ParameterNotFound"
	alreadyExists     = "ParameterAlreadyExists"
)

func missing(err error) bool {
	return client.Code(err) == parameterNotFound || client.Code(err) == "ParameterVersionNotFound"
}

func denied(err error) bool {
	return client.Code(err) == "AccessDeniedException" || client.Code(err) == "AccessDenied"
}

// fatal returns an error that concerns all parameters alike, or nil.
func fatal(operation string, err error) error {
	var answered *client.Error
	switch {
	case err == nil, denied(err):
		return nil
	case !errors.As(err, &answered), errors.Is(err, client.ErrCredentials), client.Throttled(err), answered.Status >= http.StatusInternalServerError:
		return classify(operation, "", err)
	}
	return nil
}

// unavailableError is why the store as a whole can't be used.
type unavailableError struct{ err error }

func (e *unavailableError) Error() string   { return e.err.Error() }
func (e *unavailableError) Unwrap() []error { return []error{sync.ErrUnavailable, e.err} }

// classify makes an error of a request one of ours. Its text holds no values.
func classify(operation, name string, err error) error {
	switch {
	case err == nil:
		return nil
	case denied(err):
		return &sync.AccessError{Action: "ssm:" + operation, Name: name, Err: err}
	case errors.Is(err, client.ErrCredentials):
		return &unavailableError{err}
	case missing(err):
		return fmt.Errorf("parameter %q: %w", name, sync.ErrNotFound)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case name == "":
		return fmt.Errorf("%s failed: %w", inWords[operation], err)
	}
	return fmt.Errorf("parameter %q: %s failed: %w", name, inWords[operation], err)
}

func conflict(name string) error { return fmt.Errorf("parameter %q: %w", name, sync.ErrConflict) }
