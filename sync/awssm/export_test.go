package awssm

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

// UseOneAttempt makes stores that try each request once. It returns what undoes
// that.
func UseOneAttempt() (undo func()) {
	before := newRetryer
	newRetryer = func() aws.Retryer { return aws.NopRetryer{} }
	return func() { newRetryer = before }
}

// UseFakeClock makes stores that can be tested under the fake clock of package
// synctest: their retries are not adaptive. It returns what undoes that.
func UseFakeClock() (undo func()) {
	before := newRetryer
	newRetryer = func() aws.Retryer { return retry.NewStandard(standard) }
	return func() { newRetryer = before }
}
