package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"hci/sync/awssm/reach"
)

// Identity is who the credentials stand for.
type Identity struct {
	Account string `json:"account"` // twelve digits
	ARN     string `json:"arn"`
	Alias   string `json:"alias,omitempty"` // of the account, where IAM told it
}

// Named is an account as people are told it: "123456789012 (shop-prod)", without an
// alias the number alone.
func Named(account, alias string) string {
	if alias == "" {
		return account
	}
	return account + " (" + alias + ")"
}

// WhoAmI asks STS for the identity of the credentials. It fails with
// [ErrCredentials] if AWS doesn't take them.
//
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
func WhoAmI(ctx context.Context, cfg Config) (Identity, error) {
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return Identity{}, noCredentials(err)
	}
	out, err := sts.NewFromConfig(cfg, ownEndpoint(cfg)).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	var failed smithy.APIError
	if errors.As(err, &failed) {
		return Identity{}, &Error{Operation: "GetCallerIdentity", Code: failed.ErrorCode(), Message: failed.ErrorMessage()}
	}
	var unread *smithy.DeserializationError
	if errors.As(err, &unread) { // a page, with status 200
		return Identity{}, reached(fmt.Errorf("GetCallerIdentity: %w", reach.ErrPage))
	}
	if err != nil {
		return Identity{}, reached(err)
	}
	id := Identity{}
	if out.Account != nil && out.Arn != nil {
		id = Identity{Account: *out.Account, ARN: *out.Arn}
	}
	return id, nil
}

// STSEndpoint returns the address of STS where the environment, the shared
// configuration or the Terraform code sets one; "" for AWS's own.
func STSEndpoint(cfg Config) string {
	if e := sts.NewFromConfig(cfg, ownEndpoint(cfg)).Options().BaseEndpoint; e != nil {
		return *e
	}
	return ""
}

// codeEndpoints are addresses of services that the Terraform code sets, among
// the sources of a configuration.
type codeEndpoints interface {
	CodeEndpoint(service string) (address string, ok bool)
}

// codeEndpoint returns the address that the code sets for a service, by its SDK
// id.
func codeEndpoint(cfg Config, service string) (string, bool) {
	for _, source := range cfg.ConfigSources {
		if e, ok := source.(codeEndpoints); ok {
			return e.CodeEndpoint(service)
		}
	}
	return "", false
}

// ownEndpoint sets the code's endpoint also where AWS_ENDPOINT_URL is set, for
// which the SDK passes its sources over.
func ownEndpoint(cfg Config) func(*sts.Options) {
	return func(o *sts.Options) {
		if address, ok := codeEndpoint(cfg, "STS"); ok {
			o.BaseEndpoint = &address
		}
	}
}
