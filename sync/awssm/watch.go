package awssm

import (
	"context"
	"errors"
	"net"
	"net/http"
	stdsync "sync"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const (
	noteAfter = time.Second      // a shorter wait is not worth a word
	noteEvery = 10 * time.Second // and a long one not many
)

// watch stands in the SDK's middleware stack. It sends every attempt of a
// request through the limiter, says so when AWS's throttling makes it wait, and
// remembers of a request that failed whether it may have been carried out.
type watch struct {
	limits limiter
	note   func(string)

	mu    stdsync.Mutex
	noted time.Time
}

// request is what is known of a request over all its attempts.
type request struct {
	in       any // its parameters
	unproven int // attempts whose answer proves nothing

	lost    bool        // an attempt may have been carried out although it failed
	waiting *time.Timer // runs while the next attempt is held back
	holds   int         // how often it was; a timer of an earlier time says nothing
}

type requestKey struct{}

// lostError is the error of a request that may have been carried out all the
// same: a connection broke, or AWS answered with an error of its own.
type lostError struct{ err error }

func (e *lostError) Error() string { return e.err.Error() }
func (e *lostError) Unwrap() error { return e.err }

func lost(err error) bool {
	var l *lostError
	return errors.As(err, &l)
}

// install puts the watch around and below the SDK's retries.
func (w *watch) install(stack *middleware.Stack) error {
	whole := middleware.InitializeMiddlewareFunc("hci:request", w.whole)
	if err := stack.Initialize.Add(whole, middleware.After); err != nil {
		return err
	}
	return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("hci:attempt", w.attempt), "Retry", middleware.After)
}

func (w *watch) whole(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
	r := &request{in: in.Parameters}
	w.hold(ctx, r) // the adaptive retryer may hold back even the first attempt
	out, metadata, err := next.HandleInitialize(context.WithValue(ctx, requestKey{}, r), in)
	w.release(r)
	if err != nil && r.lost {
		err = &lostError{err}
	}
	return out, metadata, err
}

func (w *watch) attempt(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (out middleware.FinalizeOutput, metadata middleware.Metadata, err error) {
	r, _ := ctx.Value(requestKey{}).(*request)
	err = w.limits.wait(ctx, awsmiddleware.GetOperationName(ctx))
	w.release(r)
	if err != nil {
		return out, metadata, err
	}
	out, metadata, err = next.HandleFinalize(ctx, in)
	var unread *smithy.DeserializationError
	if err == nil && !proven(r.in, out.Result) || errors.As(err, &unread) {
		r.unproven++
		err = &unprovenError{last: r.unproven >= unprovenAttempts, answer: err}
	}
	if err != nil {
		r.lost = r.lost || !refused(err)
		if throttled(err) {
			w.hold(ctx, r)
		}
	}
	return out, metadata, err
}

// unprovenError is [errUnproven], of an attempt.
type unprovenError struct {
	last   bool
	answer error // that could not be read; nil if it was read
}

func (*unprovenError) Error() string     { return errUnproven.Error() }
func (e *unprovenError) Unwrap() []error { return []error{errUnproven, e.answer} }

// hold starts the time after which waiting is worth a word.
func (w *watch) hold(ctx context.Context, r *request) {
	operation := awsmiddleware.GetOperationName(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	r.holds++
	this := r.holds
	r.waiting = time.AfterFunc(noteAfter, func() { w.throttles(operation, r, this) })
}

// release ends that time. Nothing is told of it any more once it has returned.
func (w *watch) release(r *request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r.waiting.Stop()
	r.holds++
}

func (w *watch) throttles(operation string, r *request, hold int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r.holds != hold {
		return
	}
	if now := time.Now(); w.noted.IsZero() || now.Sub(w.noted) >= noteEvery {
		w.noted = now
		w.note("AWS throttles " + operation + "; waiting")
	}
}

// refused reports whether an attempt that failed certainly had no effect.
func refused(err error) bool {
	var unsigned *v4.SigningError
	var connection *net.OpError
	status := status(err)
	return status >= 400 && status < 500 || errors.As(err, &unsigned) || errors.As(err, &connection) && connection.Op == "dial"
}

// throttled reports whether an error is AWS's way to say "not so fast".
func throttled(err error) bool {
	if code(err) == quotaReached {
		return false
	}
	_, is := retry.DefaultThrottleErrorCodes[code(err)]
	return is || status(err) == http.StatusTooManyRequests
}

// status is the HTTP status of the answer that an error is about, or 0.
func status(err error) int {
	var answer *smithyhttp.ResponseError
	if errors.As(err, &answer) && answer.Response != nil {
		return answer.HTTPStatusCode()
	}
	return 0
}
