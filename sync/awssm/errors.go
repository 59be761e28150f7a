package awssm

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go"

	"hci/sync"
	"hci/sync/awssm/reach"
)

// quotaReached is the code of a quota on things, such as labels; the quotas on
// requests have others.
const quotaReached = "LimitExceededException"

// inWords says what a request is for.
var inWords = map[string]string{
	"BatchGetSecretValue":      "reading the secrets",
	"GetSecretValue":           "reading the value",
	"DescribeSecret":           "asking for its versions",
	"CreateSecret":             "making it",
	"RestoreSecret":            "restoring it",
	"DeleteSecret":             "deleting it",
	"ListSecrets":              "listing the secrets",
	"ListSecretVersionIds":     "listing its versions",
	"PutSecretValue":           "storing the new value",
	"UpdateSecretVersionStage": "making the new value the current one",
}

func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

func denied(err error) bool {
	c := code(err)
	return c == "AccessDeniedException" || c == "AccessDenied"
}

func credentials(err error) bool {
	var unsigned *v4.SigningError // there are no credentials to sign with
	return errors.As(err, &unsigned) || errors.Is(reach.Explain(err), reach.ErrCredentials)
}

// fatal returns an error that concerns all secrets alike, or nil.
func fatal(action string, err error) error {
	if err == nil || denied(err) {
		return nil
	}
	if credentials(err) || throttled(err) || status(err) == http.StatusServiceUnavailable || code(err) == "" || errors.Is(err, context.Canceled) {
		return classify(action, "", err)
	}
	return nil
}

// unavailableError is why the store as a whole can't be used.
type unavailableError struct{ why, err error }

func (e *unavailableError) Error() string {
	if e.why == nil {
		return ErrCredentials.Error() + ": " + e.err.Error()
	}
	return e.why.Error()
}

func (e *unavailableError) Unwrap() []error {
	if e.why == nil {
		return []error{sync.ErrUnavailable, ErrCredentials, e.err}
	}
	return []error{sync.ErrUnavailable, e.why}
}

// classify makes an error of the SDK one of ours. The SDK's text names the
// operation and AWS's message, which hold no values.
func classify(action, name string, err error) error {
	words := inWords[action]
	if words == "" {
		words = action
	}
	switch {
	case err == nil:
		return nil
	case denied(err):
		return &sync.AccessError{Action: "secretsmanager:" + action, Name: name, Err: err}
	case credentials(err):
		return &unavailableError{reach.Explain(err), err}
	case errors.Is(reach.Explain(err), reach.ErrPage) && name == "":
		return &unavailableError{fmt.Errorf("%s failed: %w", words, reach.Explain(err)), err}
	case reach.Explain(err) != nil:
		err = reach.Explain(err)
	}
	switch {
	case name == "":
		return fmt.Errorf("%s failed: %w", words, err)
	default:
		return fmt.Errorf("secret %q: %s failed: %w", name, words, err)
	}
}
