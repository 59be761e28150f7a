package awssm

import (
	"context"
	stdsync "sync"
	"time"
)

// quotas are requests per second that AWS allows an account in one region.
// Operations with the same name on the right share one.
//
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
var quotas = map[string]struct {
	perSecond int
	shared    string
}{
	"GetSecretValue":           {10000, "GetSecretValue"},
	"DescribeSecret":           {40000, "DescribeSecret"},
	"BatchGetSecretValue":      {100, "BatchGetSecretValue"},
	"ListSecrets":              {100, "ListSecrets"},
	"ListSecretVersionIds":     {50, "ListSecretVersionIds"},
	"PutSecretValue":           {50, "write"},
	"UpdateSecret":             {50, "write"},
	"UpdateSecretVersionStage": {50, "write"},
	"CreateSecret":             {50, "CreateSecret"},
	"DeleteSecret":             {50, "DeleteSecret"},
	"RestoreSecret":            {50, "RestoreSecret"},
}

// otherQuota is that of the operations that are not listed, the lowest but one
// of those in AWS's table.
const otherQuota = 50

// quotaWindow is a bit more than the second that AWS counts, since requests
// arrive closer together than they leave.
const quotaWindow = 1050 * time.Millisecond

// limiter keeps requests within the quotas. It is safe for concurrent use.
type limiter struct {
	mu    stdsync.Mutex
	rates map[string]*window
}

// wait returns when a request of this operation may be sent, or with the
// context's error.
func (l *limiter) wait(ctx context.Context, operation string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	d := l.take(operation, time.Now())
	if d <= 0 {
		return nil
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

// take reserves a place for a request and says how long it is until then.
func (l *limiter) take(operation string, now time.Time) time.Duration {
	q, known := quotas[operation]
	if !known {
		q.perSecond, q.shared = otherQuota, operation
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.rates[q.shared]
	if w == nil {
		w = newWindow(q.perSecond)
		if l.rates == nil {
			l.rates = map[string]*window{}
		}
		l.rates[q.shared] = w
	}
	return w.take(now).Sub(now)
}

// window allows len(granted) requests in any stretch of time of its length: a
// few requests go at once, and many at the steady rate.
type window struct {
	length  time.Duration
	granted []time.Time // a ring of the last ones
	oldest  int
}

func newWindow(perSecond int) *window {
	w := &window{length: quotaWindow}
	for perSecond > 1000 { // the same rate with a shorter memory
		perSecond, w.length = perSecond/10, w.length/10
	}
	w.granted = make([]time.Time, perSecond)
	return w
}

func (w *window) take(now time.Time) time.Time {
	at := now
	if last := w.granted[w.oldest]; !last.IsZero() && last.Add(w.length).After(now) {
		at = last.Add(w.length)
	}
	w.granted[w.oldest] = at
	w.oldest = (w.oldest + 1) % len(w.granted)
	return at
}
