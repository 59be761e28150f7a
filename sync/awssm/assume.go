package awssm

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"hci/sync/secret"
)

// Role is a role that is assumed. What is empty is left to AWS.
type Role struct {
	ARN, SessionName, ExternalID, SourceIdentity string
	Duration                                     string // "1h"
	Policy                                       string // JSON
	PolicyARNs, TransitiveTagKeys                []string
	Tags                                         map[string]string
}

// WebIdentity is a role that is assumed with a token of an identity provider,
// which lies in TokenFile or is Token.
type WebIdentity struct {
	ARN, SessionName, Duration, Policy string
	PolicyARNs                         []string
	TokenFile                          string
	Token                              secret.Value
}

// durationError says that the code gives a duration that is none.
type durationError struct{ text string }

func (e *durationError) Error() string {
	return fmt.Sprintf("duration %q of a role is not one", e.text)
}

func duration(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, &durationError{text}
	}
	return d, nil
}

// assume lets the configuration's credentials be those of the roles.
func (o Options) assume(cfg *aws.Config) error {
	if w := o.WebIdentity; w != nil {
		provider, err := w.provider(o.sts(*cfg))
		if err != nil {
			return err
		}
		cfg.Credentials = aws.NewCredentialsCache(provider)
	}
	for _, role := range o.Roles {
		provider, err := role.provider(o.sts(*cfg))
		if err != nil {
			return err
		}
		cfg.Credentials = aws.NewCredentialsCache(provider)
	}
	return nil
}

// sts is a client with the credentials so far.
func (o Options) sts(cfg aws.Config) *sts.Client {
	return sts.NewFromConfig(cfg, func(so *sts.Options) {
		if o.STSRegion != "" {
			so.Region = o.STSRegion
		}
		if address, ok := endpoints(o.Endpoints).CodeEndpoint("STS"); ok {
			so.BaseEndpoint = &address
		}
	})
}

func (r Role) provider(client *sts.Client) (aws.CredentialsProvider, error) {
	d, err := duration(r.Duration)
	if err != nil {
		return nil, err
	}
	return &named{role: r.ARN, of: stscreds.NewAssumeRoleProvider(client, r.ARN, func(a *stscreds.AssumeRoleOptions) {
		a.RoleSessionName, a.Duration, a.TransitiveTagKeys = r.SessionName, d, r.TransitiveTagKeys
		a.ExternalID, a.SourceIdentity, a.Policy = optional(r.ExternalID), optional(r.SourceIdentity), optional(r.Policy)
		a.PolicyARNs = policies(r.PolicyARNs)
		for key, value := range r.Tags {
			a.Tags = append(a.Tags, types.Tag{Key: &key, Value: &value})
		}
	})}, nil
}

func (w WebIdentity) provider(client *sts.Client) (aws.CredentialsProvider, error) {
	d, err := duration(w.Duration)
	if err != nil {
		return nil, err
	}
	var token stscreds.IdentityTokenRetriever = stscreds.IdentityTokenFile(w.TokenFile)
	if w.Token.Len() > 0 {
		token = literalToken(w.Token)
	}
	return &named{role: w.ARN, of: stscreds.NewWebIdentityRoleProvider(client, w.ARN, token, func(a *stscreds.WebIdentityRoleOptions) {
		a.RoleSessionName, a.Duration, a.Policy, a.PolicyARNs = w.SessionName, d, optional(w.Policy), policies(w.PolicyARNs)
	})}, nil
}

type literalToken secret.Value

// GetIdentityToken implements [stscreds.IdentityTokenRetriever].
func (t literalToken) GetIdentityToken() ([]byte, error) {
	return []byte(secret.Value(t).Reveal()), nil
}

// named says which role could not be assumed.
type named struct {
	role string
	of   aws.CredentialsProvider
}

// Retrieve implements [aws.CredentialsProvider].
func (n *named) Retrieve(ctx context.Context) (aws.Credentials, error) {
	c, err := n.of.Retrieve(ctx)
	if err != nil {
		return c, fmt.Errorf("role %s can't be assumed: %w", n.role, err)
	}
	return c, nil
}

func policies(arns []string) []types.PolicyDescriptorType {
	var all []types.PolicyDescriptorType
	for _, arn := range arns {
		all = append(all, types.PolicyDescriptorType{Arn: &arn})
	}
	return all
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
