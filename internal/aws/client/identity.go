package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// Identity is who the credentials stand for.
type Identity struct {
	Account string `json:"account"` // twelve digits
	ARN     string `json:"arn"`
}

// WhoAmI asks STS for the identity of the credentials. It fails with
// [ErrCredentials] if AWS doesn't take them.
//
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
func WhoAmI(ctx context.Context, cfg Config) (Identity, error) {
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return Identity{}, fmt.Errorf("%w: %w", ErrCredentials, err)
	}
	out, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	var failed smithy.APIError
	if errors.As(err, &failed) {
		return Identity{}, &Error{Operation: "GetCallerIdentity", Code: failed.ErrorCode(), Message: failed.ErrorMessage()}
	}
	if err != nil {
		return Identity{}, err
	}
	id := Identity{}
	if out.Account != nil && out.Arn != nil {
		id = Identity{Account: *out.Account, ARN: *out.Arn}
	}
	return id, nil
}
